"""JSON as dataclasses: every key there, none unknown, every value of its field's type."""

from __future__ import annotations

import dataclasses
import math
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")

_WORDS = {int: "a whole number", float: "a finite number", str: "a text", tuple: "a list"}


def read_as(kind: type[T], tree: object) -> T:
    """What `json.loads` gave, as a dataclass of int, float, str, Any, tuples, dicts, other such dataclasses, or None.

    Raises:
        ValueError: a key is missing or unknown, or a value has another type or is not finite.
        OverflowError: a number is too large.
    """
    return _read(kind, tree, "the file")  # type: ignore[no-any-return]  # `kind` says what it is


def _read(kind: Any, tree: object, where: str) -> Any:  # noqa: ANN401 - a type as a value
    if kind is Any or (kind in {int, str} and type(tree) is kind):
        return tree
    if kind is float and type(tree) in {int, float} and math.isfinite(tree):  # type: ignore[arg-type]  # just checked
        return float(tree)  # type: ignore[arg-type]  # just checked
    if get_origin(kind) is UnionType:
        return None if tree is None else _read(_only_kind(kind), tree, where)
    if isinstance(tree, dict) and dataclasses.is_dataclass(kind):
        return _read_dataclass(kind, tree, where)
    if isinstance(tree, dict) and get_origin(kind) is dict:
        return {key: _read(get_args(kind)[1], value, f"{where}: {key}") for key, value in tree.items()}
    if isinstance(tree, list) and get_origin(kind) is tuple:
        return _read_tuple(get_args(kind), tree, where)
    expected = _WORDS.get(get_origin(kind) or kind, "an object with keys")
    raise ValueError(f"{where}: expected {expected}, found {str(tree)[:40]!r}")


def _only_kind(union: UnionType) -> Any:  # noqa: ANN401 - a type as a value
    """Of `kind | None` the kind."""
    [kind] = set(get_args(union)) - {NoneType}
    return kind


def _read_dataclass(kind: Any, tree: dict[str, object], where: str) -> Any:  # noqa: ANN401 - a type as a value
    hints = get_type_hints(kind)
    no_default = dataclasses.MISSING
    needed = [f.name for f in dataclasses.fields(kind) if f.default is no_default and f.default_factory is no_default]
    missing, unknown = [key for key in needed if key not in tree], [key for key in tree if key not in hints]
    if missing or unknown:
        raise ValueError(f"{where}: missing keys {missing}, unknown keys {unknown}")
    return kind(**{key: _read(hints[key], value, f"{where}: {key}") for key, value in tree.items()})


def _read_tuple(kinds: tuple[Any, ...], tree: list[object], where: str) -> tuple[Any, ...]:
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(tree)
    if len(kinds) != len(tree):
        raise ValueError(f"{where}: expected {len(kinds)} values, found {len(tree)}")
    return tuple(_read(kind, value, f"{where}[{i}]") for i, (kind, value) in enumerate(zip(kinds, tree, strict=True)))
