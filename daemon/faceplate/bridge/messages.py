"""What goes out over MQTT: topics and payloads. Pure."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

from faceplate.events import DoorEventType, JournalRow

LOCK_STATES = {DoorEventType.LOCKED.value: "LOCKED", DoorEventType.UNLOCKED.value: "UNLOCKED"}
"""Event type of a door row -> state of the lock from then on"""

_KINDS = dict.fromkeys(("access_granted", "access_denied", "access_warning"), "access") | dict.fromkeys(
    ("command", "people_changed", "events_lost"), "system"
)
"""Event type of a row -> kind of event; all others are the door's"""

ONLINE = "online"
STOPPED = "stopped"
"""The bridge was told to stop"""
OFFLINE = "offline"
"""The bridge or its connection died: the broker says so in its name"""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """One message to publish, with QoS 1."""

    topic: str

    payload: str | bytes

    retain: bool = False
    """Whether the broker keeps it for whoever subscribes later"""

    content_type: str | None = None
    """MIME type of the payload (MQTT 5; left out where the broker has none, as are the next two)"""

    expiry: int | None = None
    """Seconds after which the broker no longer passes it on"""

    correlation: bytes | None = None
    """What the request that this answers carried"""


@dataclass(frozen=True, slots=True)
class Topics:
    """Everything this door can say. States are retained, events never."""

    base: str
    """`<base_topic>/<device id>`"""

    def availability(self, state: str) -> Message:
        """Whether somebody delivers the journal."""
        return Message(f"{self.base}/availability", state, retain=True)

    def lock_state(self, row: JournalRow) -> Message:
        """What the lock was commanded to, from a door row."""
        return Message(f"{self.base}/lock/state", LOCK_STATES[row.event_type], retain=True)

    def event(self, row: JournalRow) -> Message:
        """Something that happened, from any row."""
        kind = _KINDS.get(row.event_type, "door")
        # The row's own fields go last: nothing in the payload can pass for them.
        facts = _facts(row) | {"id": row.id, "seq": row.seq, "ts": row.ts, "event_type": row.event_type}
        return Message(f"{self.base}/event/{kind}", json.dumps(facts, sort_keys=True, ensure_ascii=False))


def _facts(row: JournalRow) -> dict[str, Any]:
    """What the row says; nothing, aloud, if it is damaged: one bad row must not hold up all that follow."""
    try:
        facts = json.loads(row.payload)
    except ValueError:
        facts = None
    if isinstance(facts, dict):
        return facts
    _log.error("row %d of the journal is damaged and goes out without details: see `faceplate journal verify`", row.seq)
    return {}
