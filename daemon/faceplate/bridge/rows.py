"""What a row of the journal is told as. Pure."""

from __future__ import annotations

import json
import logging
from typing import Any, Final, TypeVar

from faceplate.bridge.payloads import channels
from faceplate.bridge.payloads.channels import Channel
from faceplate.bridge.payloads.events import (
    AccessEvent,
    AccessEventType,
    BellEvent,
    BundleChangedEvent,
    CommandEvent,
    Damaged,
    DoorEvent,
    Event,
    EventsLostEvent,
    PeopleChangedEvent,
    SystemEventType,
)
from faceplate.bridge.payloads.states import DecisionState, PersonState
from faceplate.bridge.payloads.words import LockState
from faceplate.events import SPOOF_SUSPECTED, DoorEventType, JournalRow
from faceplate.types import Outcome

_log = logging.getLogger(__name__)

LOCK_STATES: Final = {DoorEventType.LOCKED.value: LockState.LOCKED, DoorEventType.UNLOCKED.value: LockState.UNLOCKED}
"""Event type of a door row -> state of the lock from then on"""

OUTCOMES: Final = {
    **{f"access_{outcome.value}": outcome for outcome in Outcome if outcome is not Outcome.NOTHING},
    SPOOF_SUSPECTED: Outcome.DENIED,
}
"""Event type of an access row -> what was decided"""

_KINDS: Final[dict[str, tuple[Channel, type[Event]]]] = {
    **{kind.value: (channels.ACCESS_EVENT, AccessEvent) for kind in AccessEventType},
    **{kind.value: (channels.DOOR_EVENT, DoorEvent) for kind in DoorEventType},
    DoorEventType.BELL.value: (channels.BELL_EVENT, BellEvent),
    SystemEventType.COMMAND.value: (channels.SYSTEM_EVENT, CommandEvent),
    SystemEventType.PEOPLE_CHANGED.value: (channels.SYSTEM_EVENT, PeopleChangedEvent),
    SystemEventType.BUNDLE_CHANGED.value: (channels.SYSTEM_EVENT, BundleChangedEvent),
    SystemEventType.EVENTS_LOST.value: (channels.SYSTEM_EVENT, EventsLostEvent),
}
"""Event type of a row -> where it is told, and as what"""

_Event = TypeVar("_Event", bound=Event)

_COMMON: Final = ("person", "reason", "method")
"""What every event says, null where the row does not"""


def event_of(row: JournalRow) -> tuple[Channel, Event]:
    """Where the row is told, and as what: without details, aloud, if it is damaged, as it must not hold up the rest."""
    channel, kind = _KINDS.get(row.event_type, (channels.SYSTEM_EVENT, None))
    event = _read(row, kind) if kind else None
    if event is None:
        _log.error(
            "row %d of the journal is damaged, or a newer version's, and goes out without details: see "
            "`faceplate journal verify`",
            row.seq,
        )
        event = Damaged[str].model_construct(person=None, reason=None, method=None, **_own(row))
    return channel, event


def decision_of(row: JournalRow) -> DecisionState | None:
    """What an access row says was decided; None for any other row, and for a damaged one."""
    outcome = OUTCOMES.get(row.event_type)
    event = _read(row, AccessEvent) if outcome else None
    if event is None:
        return None
    return DecisionState.model_validate(
        {"outcome": outcome, "reason": event.reason, "person": event.person, "method": event.method}
        | {"ts": row.ts, "seq": row.seq}
    )


def person_of(row: JournalRow) -> PersonState | None:
    """Who was let in, by a row that grants access; None for any other row, and for a damaged one."""
    event = _read(row, AccessEvent) if row.event_type == AccessEventType.GRANTED else None
    if event is None or event.person is None:
        return None
    return PersonState(person=event.person, method=event.method, reason=event.reason, ts=row.ts, seq=row.seq)


def _read(row: JournalRow, kind: type[_Event]) -> _Event | None:
    """The row as an event of that type, unless it is none."""
    try:
        return kind.model_validate_json(json.dumps(dict.fromkeys(_COMMON) | _facts(row) | _own(row)))
    except (ValueError, RecursionError):
        return None


def _facts(row: JournalRow) -> dict[str, Any]:
    """What the payload says, in the words of MQTT."""
    tree = json.loads(row.payload)
    # Bytes of a command line that were no text are lone surrogates in the journal, which MQTT's UTF-8 cannot hold.
    facts = json.loads(json.dumps(tree, ensure_ascii=False, allow_nan=False).encode(errors="replace"))
    if isinstance(facts, dict):
        return facts if "cause" not in facts else facts | {"reason": facts["cause"]}
    raise ValueError("expected an object")


def _own(row: JournalRow) -> dict[str, Any]:
    """The row's own fields: they go last, as nothing in the payload may pass for them."""
    told = "ring" if row.event_type == DoorEventType.BELL else row.event_type
    return {"id": row.id, "seq": row.seq, "ts": row.ts, "event_type": told}
