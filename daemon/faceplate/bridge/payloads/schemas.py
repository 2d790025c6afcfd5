"""What goes over MQTT as machines read it: a JSON Schema of each payload, and an AsyncAPI document of it all.

`python -m faceplate.bridge.payloads.schemas docs/mqtt` writes them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from faceplate.bridge.payloads import asyncapi
from faceplate.bridge.payloads.channels import CHANNELS, Channel

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class _Generator(GenerateJsonSchema):
    """Says no titles, which are the fields' names, and no defaults: their descriptions say what a missing key means."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - as pydantic calls it
        return False

    def literal_schema(self, schema: core_schema.LiteralSchema) -> JsonSchemaValue:
        made = super().literal_schema(schema)
        if "const" in made:
            made.pop("enum", None)  # pydantic before 2.10 says it twice
        return made

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def schema_of(channel: Channel) -> dict[str, Any]:
    """JSON Schema of what is told there; of plain text as if it were a JSON text."""
    schema = TypeAdapter(channel.payload).json_schema(schema_generator=_Generator)
    return {"$schema": DIALECT, "title": channel.topic, "description": f"{channel.tells}."} | {
        key: value for key, value in schema.items() if key not in {"title", "description"}
    }


def documents() -> dict[str, str]:
    """All of them, by the names of their files."""
    schemas = {
        asyncapi.schema_file(channel): json.dumps(schema_of(channel), indent=2, ensure_ascii=False) + "\n"
        for channel in CHANNELS
        if channel.payload is not bytes
    }
    return schemas | {"asyncapi.yaml": asyncapi.text()}


def main(arguments: list[str]) -> None:
    """Write all of it into a folder; what else is there of ours is removed."""
    [folder] = map(Path, arguments)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.schema.json"):
        old.unlink()
    for name, text in documents().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
