"""Reading a YAML file of sections: every fault of the file reported together, each with its path, no secret shown.

config.yaml is such a file, and so are the trainer's recipes.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from faceplate.config import Config, Section
from faceplate.errors import ConfigError

_S = TypeVar("_S", bound=Section)


class _Loader(yaml.SafeLoader):
    """YAML as an owner expects it: 1e-5 is a number, and a key given twice is a fault."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's own signature
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a plain word", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def load_config(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read the configuration at `path`, with `overrides` such as `door.release_time=3` laid over it.

    Raises:
        ConfigError: the file is missing or is not YAML, or any value is wrong; all faults in one message.
    """
    text = _text_of(path, "configuration", "Name one with --config FILE.")
    return sections_from(Config, _tree_of(text, str(path), overrides), base=path.resolve().parent, where=str(path))


def written_keys(path: Path, overrides: Sequence[str] = ()) -> frozenset[str]:
    """Which keys the file at `path` and the overrides themselves give a value, such as people.margin.

    Raises:
        ConfigError: as `load_config`, as far as it is about YAML.
    """
    return frozenset(_leaves(_tree_of(_text_of(path, "configuration"), str(path), overrides)))


def load_sections(
    kind: type[_S], path: Path, overrides: Sequence[str] = (), *, what: str, base: Path | None = None
) -> _S:
    """Read another file of sections, say a recipe, as `load_config` does.

    Args:
        kind: the sections the file may have.
        path: the file.
        overrides: laid over it.
        what: names it in messages.
        base: what relative paths are relative to; None: the file's folder.

    Raises:
        ConfigError: as `load_config`.
    """
    tree = _tree_of(_text_of(path, what), str(path), overrides)
    return sections_from(kind, tree, base=base or path.resolve().parent, where=str(path))


def config_from(tree: Mapping[str, Any], *, base: Path, where: str) -> Config:
    """Check `tree`, as parsed from the file `where`; relative paths are relative to `base`."""
    return sections_from(Config, tree, base=base, where=where)


def sections_from(kind: type[_S], tree: Mapping[str, Any], *, base: Path, where: str) -> _S:
    """Check `tree` against its kind, as `config_from` does."""
    try:
        return kind.model_validate(tree, context={"base": base})
    except ValidationError as error:
        raise ConfigError(_all_faults(error, where, kind)) from None  # the cause would print secrets


def _text_of(path: Path, what: str, advice: str = "") -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the {what} {path}: {error}. {advice}".rstrip()) from error


def _tree_of(text: str, where: str, overrides: Sequence[str]) -> dict[str, Any]:
    tree = _parse(text, where)
    for override in overrides:
        _lay_over(tree, override)
    return tree


def _leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{name}.")
        elif value is not None:
            yield f"{above}{name}"


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        tree = _read_yaml(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where} is not valid YAML: {error}") from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{where}: expected sections such as `door:`, found {type(tree).__name__}")
    return tree


def _read_yaml(text: str) -> object:
    """Parse YAML; whatever is wrong with it is a YAMLError that does not quote the text, which may hold a password."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise yaml.YAMLError(f"{error.problem or error.context}{place}") from None
    except yaml.reader.ReaderError as error:
        raise yaml.YAMLError(f"character {error.position + 1}: {error.reason}") from None
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        # PyYAML lets these out of a value such as 2026-13-45, which looks like a date and is none.
        raise yaml.YAMLError(f"a value is not what it looks like, put it in quotes: {error}") from None
    except RecursionError:
        raise yaml.YAMLError("it is nested too deeply") from None


def _lay_over(tree: dict[str, Any], override: str) -> None:
    path, equals, value = override.partition("=")
    *sections, key = path.strip().split(".")
    if not equals or not sections:
        raise ConfigError(f"--set expects SECTION.KEY=VALUE such as door.release_time=3, got {override!r}")
    for name in sections:
        below = tree.setdefault(name, {})
        if not isinstance(below, dict):
            raise ConfigError(f"--set {override}: {name} is not a section")
        tree = below
    tree[key] = _parse_value(value, override)


def _parse_value(value: str, override: str) -> object:
    try:
        return _read_yaml(value)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {override}: {value!r} is not a YAML value: {error}") from None


def _all_faults(error: ValidationError, where: str, kind: type[BaseModel]) -> str:
    faults: dict[str, list[str]] = {}
    for fault in error.errors(include_url=False):
        faults.setdefault(_path_of(fault["loc"], kind), []).append(_complaint(fault))
    lines = [f"{where} has {len(faults)} fault{'s' if len(faults) > 1 else ''}:"]
    lines += [f"  {path}: {', or '.join(complaints)}" for path, complaints in faults.items()]
    return "\n".join(lines)


def _path_of(location: tuple[int | str, ...], kind: type[BaseModel]) -> str:
    """Path of a fault in the file, without the names of a union's branches that pydantic adds."""
    names: list[str] = []
    section: type[BaseModel] | None = kind
    for name in map(str, location):
        names.append(name)
        if section is None or name not in section.model_fields:
            break
        section = _section_in(section.model_fields[name].annotation)
        if section is None:
            break
    return ".".join(names) or "the file"


def _section_in(annotation: object) -> type[BaseModel] | None:
    """The section a field holds, also where it may be null instead."""
    kinds = [kind for kind in (get_args(annotation) or (annotation,)) if kind is not type(None)]
    return kinds[0] if len(kinds) == 1 and isinstance(kinds[0], type) and issubclass(kinds[0], BaseModel) else None


def _complaint(fault: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        return "there is no such key; look for a typing mistake"
    if fault["type"] == "model_type":
        return f"expected a section with keys below it, got {_shown(fault['input'])}"
    received = fault["input"]
    return message if isinstance(received, dict | BaseModel) else f"{message}, got {_shown(received)}"


def _shown(value: object) -> str:
    """A value as it may be printed: without user and password of an address."""
    return re.sub(r"://.*@", "://***@", repr(value), flags=re.DOTALL)
