"""The payloads of events: what each row of the journal is told as."""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, Literal, TypeAlias, TypeVar

from pydantic import ConfigDict

from faceplate.bridge.payloads.payload import AnyObject, Never, Payload, RowId, Seq, Share, Timestamp
from faceplate.events import SPOOF_SUSPECTED, Cause, DoorEventType, DoorMode
from faceplate.types import Method, Reason


class AccessEventType(StrEnum):
    """What was decided; `access_` and the word of the Outcome, or what it is called besides."""

    GRANTED = "access_granted"
    DENIED = "access_denied"
    WARNING = "access_warning"
    SPOOF = SPOOF_SUSPECTED
    """Refused, as what was shown is taken for a picture, a screen or a mask"""


class SystemEventType(StrEnum):
    """What happened to the device itself."""

    COMMAND = "command"
    PEOPLE_CHANGED = "people_changed"
    BUNDLE_CHANGED = "bundle_changed"
    EVENTS_LOST = "events_lost"


DoorWord: TypeAlias = Literal[
    DoorEventType.UNLOCKED,
    DoorEventType.LOCKED,
    DoorEventType.MODE,
    DoorEventType.OPENED,
    DoorEventType.CLOSED,
    DoorEventType.ACCESS_TAKEN,
    DoorEventType.ACCESS_NOT_TAKEN,
    DoorEventType.FORCED_OPEN,
    DoorEventType.OPEN_TOO_LONG_WARNING,
    DoorEventType.OPEN_TOO_LONG,
    DoorEventType.TAMPER,
    DoorEventType.FAULT,
    DoorEventType.JAMMED,
    DoorEventType.SILENCED,
]
"""Every DoorEventType but BELL, which has a topic of its own"""

Ring: TypeAlias = Literal["ring"]
"""What a bell's event is called in Home Assistant"""

_Type = TypeVar("_Type", bound=str)


class Event(Payload):
    """What every event says. Each comes at least once, in order, and may come late."""

    id: RowId
    """Like no other event's; the same event may come again, and has the same id then"""

    seq: Seq
    """Number of the row in the journal: one more each"""

    ts: Timestamp
    """When it was written down: ISO 8601, UTC"""

    event_type: str
    """What happened"""

    person: str | None
    """Name of the enrolled person it is about; null: nobody, or nobody known"""

    reason: StrEnum | None
    """Why; null where there is nothing to say"""

    method: Method | None
    """How somebody identified themselves; null where nobody did"""

    delayed: float = 0.0
    """Seconds from what happened to its being written down, left out unless the disk was at fault"""


class AccessEvent(Event):
    """Somebody was let in, refused, or the owner should know of them."""

    event_type: AccessEventType
    """What was decided"""

    reason: Reason
    """Why"""

    method: Method
    """How somebody identified themselves"""

    track: int | None
    """Number of the face as it was followed; null: no face was seen"""

    frame: int | None
    """Number of the camera's picture; null: no face was seen"""

    score: Share | Never = None
    """Likeness to the person let in, 0 to 1; only where a face was seen and access granted"""

    duress: bool = False
    """Whether the person was forced to open; left out if not"""

    cues: tuple[str, ...] | Never = None
    """What said so, of a `spoof_suspected`; left out elsewhere"""


class DoorEvent(Event):
    """Something happened at the door."""

    event_type: DoorWord
    """What happened"""

    reason: Cause
    """What made it happen"""

    method: None
    """Always null"""

    active: bool | Never = None
    """Of an alarm or a fault: true when it begins, false when it is over; left out elsewhere"""

    mode: DoorMode | Never = None
    """The new mode, of a `door_mode`; left out elsewhere"""

    detail: str = ""
    """What does not work, of a `door_fault`; left out elsewhere"""


class BellEvent(Event):
    """Somebody rang."""

    event_type: Ring
    """What happened"""

    reason: Cause
    """What made it happen"""

    method: None
    """Always null"""


class SystemEvent(Event):
    """Something happened to the device itself; nobody came."""

    person: None
    """Always null"""

    reason: None
    """Always null"""

    method: None
    """Always null"""


class CommandEvent(SystemEvent):
    """Somebody gave an order; told before it is carried out."""

    event_type: Literal[SystemEventType.COMMAND]
    """What happened"""

    command: str
    """What was ordered"""

    arguments: AnyObject
    """Secrets in it are stars"""

    by: str
    """Who asked, as the kernel says: "anna (uid 1000, pid 4711)" """

    refused: str = ""
    """Why it was not done; left out if it is being done"""


class PeopleChangedEvent(SystemEvent):
    """Somebody was enrolled, changed or removed."""

    event_type: Literal[SystemEventType.PEOPLE_CHANGED]
    """What happened"""

    added: tuple[str, ...]
    """Names of those who were enrolled"""

    changed: tuple[str, ...]
    """Names of those whose pictures or rights changed"""

    removed: tuple[str, ...]
    """Names of those who were erased"""


class BundleChangedEvent(SystemEvent):
    """Another model bundle was put in force; the daemon takes it at its next start."""

    event_type: Literal[SystemEventType.BUNDLE_CHANGED]
    """What happened"""

    before: str
    """Name and fingerprint of the one that was in force"""

    now: str
    """Name and fingerprint of the one that is"""

    rolled_back: bool
    """Whether that is the one that was in force before"""


class EventsLostEvent(SystemEvent):
    """Events at the door could not be kept through a long fault of the disk."""

    event_type: Literal[SystemEventType.EVENTS_LOST]
    """What happened"""

    count: Seq
    """How many"""


class Damaged(SystemEvent, Generic[_Type]):
    """A row of the journal that cannot be read goes out without details: see `faceplate journal verify`."""

    # Of a generic class pydantic keeps no docstring.
    model_config = ConfigDict(
        json_schema_extra={
            "additionalProperties": False,
            "description": "A row of the journal that is damaged, or not known here, and goes out without details.",
        }
    )

    event_type: _Type
    """What happened, as the row says"""


AccessPayload: TypeAlias = AccessEvent | Damaged[AccessEventType]
DoorPayload: TypeAlias = DoorEvent | Damaged[DoorWord]
BellPayload: TypeAlias = BellEvent | Damaged[Ring]
SystemPayload: TypeAlias = CommandEvent | PeopleChangedEvent | BundleChangedEvent | EventsLostEvent | Damaged[str]
"""The last: a row of a type that is not known here; it is of a newer daemon, or damaged"""
