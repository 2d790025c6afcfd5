"""What of a decision or a door event is written down. Pure."""

from __future__ import annotations

import json
from typing import Any

from faceplate.events import DoorEvent
from faceplate.types import Decision, Outcome

_EVENT_TYPES = {Outcome.GRANTED: "access_granted", Outcome.DENIED: "access_denied"}


def describe(entry: Decision | DoorEvent) -> tuple[str, str] | None:
    """Event type and payload of the row to write; None for a decision that changes nothing."""
    if isinstance(entry, DoorEvent):
        return entry.type.value, canonical({"cause": entry.cause, "person": entry.person})
    if entry.outcome is Outcome.NOTHING:
        return None
    return _EVENT_TYPES[entry.outcome], canonical(_facts(entry))


def canonical(facts: dict[str, Any]) -> str:
    """JSON with sorted keys and no spaces: the same facts always give the same text."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _facts(decision: Decision) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "frame": decision.frame,
        "method": "face",
        "person": decision.person,
        "reason": decision.reason.value,
        "track": decision.match.sighting.track if decision.match else None,
    }
    # Of somebody who was not let in, nothing is kept that tells how they look or whom they look like.
    if decision.match and decision.outcome is Outcome.GRANTED:
        facts["score"] = round(float(decision.match.score), 4)
    return facts
