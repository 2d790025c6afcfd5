"""What of an entry is written down. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, assert_never

from faceplate.events import (
    SPOOF_SUSPECTED,
    BundleEvent,
    CommandEvent,
    DoorEvent,
    DoorEventType,
    Entry,
    PeopleEvent,
    access_event,
)
from faceplate.types import Decision, Outcome

COMMAND = "command"
PEOPLE_CHANGED = "people_changed"
BUNDLE_CHANGED = "bundle_changed"
EVENTS_LOST = "events_lost"

LASTING = frozenset(
    {
        DoorEventType.FORCED_OPEN,
        DoorEventType.OPEN_TOO_LONG_WARNING,
        DoorEventType.OPEN_TOO_LONG,
        DoorEventType.TAMPER,
        DoorEventType.FAULT,
        DoorEventType.JAMMED,
    }
)
"""What begins and ends: a row of these says which of both it was"""


@dataclass(frozen=True, slots=True)
class EventsLost:
    """Door events that could not be kept until the disk worked again."""

    count: int


def describe(entry: Entry | EventsLost) -> tuple[str, dict[str, Any]] | None:
    """Event type and payload of the row to write; None for a decision that changes nothing."""
    match entry:
        case Decision():
            return None if entry.outcome is Outcome.NOTHING else (access_event(entry), _decision(entry))
        case DoorEvent():
            return entry.type.value, _door(entry)
        case CommandEvent():
            return COMMAND, _command(entry)
        case PeopleEvent():
            names = {"added": entry.added, "changed": entry.changed, "removed": entry.removed}
            return PEOPLE_CHANGED, {what: list(who) for what, who in names.items()}
        case BundleEvent():
            return BUNDLE_CHANGED, {"before": entry.before, "now": entry.now, "rolled_back": entry.rolled_back}
        case EventsLost():
            return EVENTS_LOST, {"count": entry.count}
    assert_never(entry)


def canonical(facts: dict[str, Any]) -> str:
    """JSON with sorted keys and no spaces: the same facts always give the same text."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    # Bytes of a command line that were no text come as lone surrogates, which no file can hold; so escaped it is the
    # same JSON.
    return text.encode(errors="backslashreplace").decode()


def _decision(decision: Decision) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "frame": decision.frame,
        "method": decision.method.value,
        "person": decision.person,
        "reason": decision.reason.value,
        "track": decision.match.sighting.track if decision.match else None,
    }
    # Of somebody who was not let in, nothing is kept that tells how they look or whom they look like.
    if decision.match and decision.outcome is Outcome.GRANTED:
        facts["score"] = round(float(decision.match.score), 4)
    if decision.match and access_event(decision) == SPOOF_SUSPECTED:
        facts["cues"] = list(decision.match.sighting.cues)
    if decision.duress:
        facts["duress"] = True
    return facts


def _door(event: DoorEvent) -> dict[str, Any]:
    facts: dict[str, Any] = {"cause": event.cause.value, "person": event.person}
    if event.type in LASTING:
        facts["active"] = event.active
    if event.mode is not None:
        facts["mode"] = event.mode.value
    if event.detail:
        facts["detail"] = event.detail
    return facts


def _command(event: CommandEvent) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "arguments": json.loads(event.arguments),
        "by": event.by,
        "command": event.command,
    }
    if event.refused:
        facts["refused"] = event.refused
    return facts
