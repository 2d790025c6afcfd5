"""JSON from somebody we do not trust: one object, every key once, only what can be written as JSON again. Pure."""

from __future__ import annotations

import json
import math
from typing import Any


def object_from(content: bytes, deepest: int) -> dict[str, Any]:
    """The JSON object that `content` is, in UTF-8 and at most `deepest` levels deep, itself counted.

    Raises:
        ValueError: it is none, names a key twice, or holds what is no JSON: NaN, half of a surrogate pair, 1e999. The
            message tells what was expected and the kind of what came, never its content: there may be a PIN in it.
    """
    try:
        tree = json.loads(
            content.decode(), object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite_float
        )
        json.dumps(tree, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        # The decoder's own words could quote a PIN; of them only the kind is told.
        raise ValueError(f"expected a JSON object in UTF-8 ({type(error).__name__})") from None
    if not isinstance(tree, dict):
        raise ValueError(f"expected a JSON object, got {type(tree).__name__}")  # noqa: TRY004 - the message is what counts
    if _is_deeper(tree, deepest):
        raise ValueError(f"expected JSON of at most {deepest} levels, got more")
    return tree


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) < len(pairs):
        raise ValueError("a key is given twice")
    return tree


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _is_deeper(tree: dict[str, Any], deepest: int) -> bool:
    level: list[Any] = [tree]
    for _ in range(deepest):
        level = [below for above in level for below in _below(above)]
    return bool(level)


def _below(value: object) -> list[Any]:
    """The objects and lists in an object or a list."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [item for item in inside if isinstance(item, dict | list)]
