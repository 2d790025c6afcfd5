"""What all payloads have in common, and the kinds of values in them."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

Timestamp: TypeAlias = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$",
            "description": "Time by the clock on the wall: ISO 8601, UTC",
        }
    ),
]
"""What we tell is not checked again: a damaged row goes out all the same"""

RowId: TypeAlias = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{32}$"})]

Seq: TypeAlias = Annotated[int, Field(ge=1)]

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]

AnyObject: TypeAlias = Annotated[dict[str, Any], WithJsonSchema({"type": "object"})]
"""What is in it is somebody else's to say"""

Never: TypeAlias = SkipJsonSchema[None]
"""Beside the type of a key that may be left out, and is never null"""


class Payload(BaseModel):
    """One JSON object: frozen, strict about types; the bare string under a field is its description."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        json_schema_extra={"additionalProperties": False},
    )

    def as_json(self) -> str:
        """As it is published; a key that may be left out is left out where it says nothing."""
        return self.model_dump_json(exclude_defaults=True)
