"""What may come over MQTT: the envelope of a command. Pure; whether there is such a command the daemon knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from faceplate.bridge.payloads.answers import RefusalReason
from faceplate.strict_json import object_from

LONGEST: Final = 16 * 1024
"""Bytes of a request, with its correlation data"""

_DEEPEST: Final = 8
"""Levels of its JSON"""

_LONGEST_WORD: Final = 64

_EXPECTED: Final = (
    f'expected {{"id": 1 to {_LONGEST_WORD} characters, "ts": when it was sent, in ISO 8601 with a time zone, '
    f'"command": 1 to {_LONGEST_WORD} characters, and its arguments}}'
)

_KINDS: Final = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}


@dataclass(frozen=True, slots=True)
class Request:
    """A command that somebody sent."""

    id: str
    """The answer carries it, too"""

    command: str

    arguments: Mapping[str, Any] = field(repr=False)
    """Never shown: there may be a PIN in them"""

    sent: datetime
    """As its sender says; with a time zone"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is nothing to be done, for the sender and the journal."""

    reason: RefusalReason

    message: str
    """What was expected and what came. It repeats nothing that was sent"""

    id: str | None = None
    command: str | None = None
    """As far as they could be read"""


def request_from(payload: bytes) -> Request | Refusal:
    """Read a request of at most `LONGEST` bytes."""
    try:
        tree = object_from(payload, _DEEPEST)
    except ValueError as error:
        return Refusal(RefusalReason.MALFORMED, str(error))
    faults = [fault for fault in (_word_fault(tree, "id"), _ts_fault(tree), _word_fault(tree, "command")) if fault]
    if faults:
        return Refusal(
            RefusalReason.MALFORMED, f"{_EXPECTED}; got {', '.join(faults)}", _word(tree, "id"), _word(tree, "command")
        )
    arguments = {key: value for key, value in tree.items() if key not in {"id", "ts", "command"}}
    return Request(tree["id"], tree["command"], arguments, datetime.fromisoformat(tree["ts"]))


def _word(tree: Mapping[str, Any], key: str) -> str | None:
    return None if _word_fault(tree, key) else str(tree[key])


def _word_fault(tree: Mapping[str, Any], key: str) -> str:
    fault = _text_fault(tree, key)
    if fault or 1 <= len(tree[key]) <= _LONGEST_WORD:
        return fault
    return f"{key} of {len(tree[key])} characters"


def _ts_fault(tree: Mapping[str, Any]) -> str:
    fault = _text_fault(tree, "ts")
    if fault:
        return fault
    try:
        zone = datetime.fromisoformat(tree["ts"]).tzinfo
    except ValueError:
        return "ts that is no ISO 8601"
    return "" if zone else "ts without a time zone"


def _text_fault(tree: Mapping[str, Any], key: str) -> str:
    if key not in tree:
        return f"no {key}"
    if isinstance(tree[key], str):
        return ""
    return f"{key} that is {_KINDS.get(type(tree[key]), 'null')}"
