"""What happens at a door, and what is written down of it. The words are ONVIF's where it has one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from faceplate.types import Decision, Outcome, Reason, Seconds


def wall_clock() -> datetime:
    """The present time, for events to carry and people to read; no rule runs on it."""
    return datetime.now(UTC)


class DoorMode(StrEnum):
    """What the door is doing (ONVIF DoorMode)."""

    LOCKED = "locked"
    UNLOCKED = "unlocked"
    """Open to everybody until it is locked"""
    ACCESSED = "accessed"
    """Unlocked for a moment, for somebody who may pass"""
    BLOCKED = "blocked"
    """Locked, and nobody is granted access; the exit button works"""
    LOCKED_DOWN = "locked_down"
    """Locked, and only the release of the lock-down changes that; the exit button works"""
    LOCKED_OPEN = "locked_open"
    """Unlocked, and only the release of that locks it"""


class Order(StrEnum):
    """What the owner may order the door to do (ONVIF Door Control's operations)."""

    ACCESS = "access"
    """Let somebody in for a moment (AccessDoor)"""
    LOCK = "lock"
    UNLOCK = "unlock"
    """Stay unlocked until locked (UnlockDoor)"""
    BLOCK = "block"
    LOCK_DOWN = "lock_down"
    LOCK_DOWN_RELEASE = "lock_down_release"
    LOCK_OPEN = "lock_open"
    LOCK_OPEN_RELEASE = "lock_open_release"


class Cause(StrEnum):
    """What made something happen at the door; the words of `DoorEvent.cause`."""

    START = "start"
    STOP = "stop"
    ACCESS_GRANTED = "access_granted"
    COMMAND = "command"
    """Somebody ordered it, see the `command` row before it"""
    EXIT_BUTTON = "exit_button"
    RELEASE_TIME = "release_time"
    RELOCK_DELAY = "relock_delay"
    """The door was opened, and DelayTimeBeforeRelock is over"""
    CLOSED = "closed"
    """The door was closed behind somebody"""
    CONTACT = "contact"
    """An input of the door changed"""
    OPEN_TIME = "open_time"
    FAULT = "fault"
    """Something broke; the door was locked at once"""


class DoorEventType(StrEnum):
    """What happens at a door. Those with (+) come again with `active` false when it is over."""

    UNLOCKED = "door_unlocked"
    LOCKED = "door_locked"
    MODE = "door_mode"
    """The mode changed to another than the lock's moves tell: see `mode`"""
    OPENED = "door_opened"
    CLOSED = "door_closed"
    ACCESS_TAKEN = "access_taken"
    """Who was let in opened the door"""
    ACCESS_NOT_TAKEN = "access_not_taken"
    """Who was let in did not open the door in time"""
    FORCED_OPEN = "door_forced_open"
    """(+) The door was opened while it was locked, and not by the exit button"""
    OPEN_TOO_LONG_WARNING = "door_open_too_long_warning"
    """(+) The alarm will follow unless the door is closed (ONVIF PreAlarm)"""
    OPEN_TOO_LONG = "door_open_too_long"
    """(+)"""
    TAMPER = "door_tamper"
    """(+)"""
    FAULT = "door_fault"
    """(+) The lock, an input or the recogniser does not work"""
    JAMMED = "door_jammed"
    """(+) The bolt did not reach its place in time"""
    SILENCED = "door_alarms_silenced"
    """Somebody silenced the alarms that sounded; each is still raised until it is over"""
    BELL = "bell"


@dataclass(frozen=True, slots=True)
class DoorEvent:
    """Something that happened at the door."""

    type: DoorEventType

    time: Seconds
    """Monotonic time"""

    cause: Cause

    person: str | None = None
    """Who it happened for, where there is one"""

    active: bool = True
    """False when what `type` names is over"""

    mode: DoorMode | None = None
    """The new mode, of a MODE event"""

    detail: str = ""
    """More about a FAULT: what does not work"""


SPOOF_SUSPECTED: Final = "spoof_suspected"
"""What a refusal for that reason is called: somebody tried to get in by a picture, which is more than a stranger"""


def access_event(decision: Decision) -> str:
    """What a decision that changed something is called."""
    if decision.outcome is Outcome.DENIED and decision.reason is Reason.SPOOF_SUSPECTED:
        return SPOOF_SUSPECTED
    return f"access_{decision.outcome.value}"


@dataclass(frozen=True, slots=True)
class CommandEvent:
    """Somebody ordered something; written before it is done."""

    command: str

    by: str
    """Who asked, as the kernel says: "anna (uid 1000, pid 4711)" """

    arguments: str
    """Canonical JSON, without secrets"""

    refused: str = ""
    """Why it was not done; empty if it is being done"""


@dataclass(frozen=True, slots=True)
class PeopleEvent:
    """The gallery changed, whoever changed it."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BundleEvent:
    """Another model bundle was put in force; the daemon takes it at its next start."""

    before: str
    """Label of the one that was"""

    now: str

    rolled_back: bool
    """Whether that is the one that was in force before"""


Entry = Decision | DoorEvent | CommandEvent | PeopleEvent | BundleEvent
"""What the journal takes"""


@dataclass(frozen=True, slots=True)
class DoorStatus:
    """What the door is like at one moment."""

    mode: DoorMode = DoorMode.LOCKED

    lock_commanded_open: bool = False
    """What the lock was told last; whether it obeyed nobody knows without a bolt contact"""

    is_open: bool | None = None
    """None: there is no door contact"""

    closed_since: Seconds | None = None
    """Since when it has been closed; None while it is open, or without a door contact"""

    bell_rang: Seconds | None = None
    """When the bell was pressed last"""

    bolt_thrown: bool | None = None
    """What the bolt's contact tells; None: there is none, or it does not answer"""

    forced_open: bool = False
    open_too_long_warning: bool = False
    open_too_long: bool = False
    tampered: bool = False
    jammed: bool = False
    silenced: frozenset[DoorEventType] = frozenset()
    """The alarms that are raised and no longer sound"""

    faults: tuple[str, ...] = ()
    """What does not work, in words"""

    @property
    def alarms(self) -> tuple[DoorEventType, ...]:
        """Those that are raised, the gravest first."""
        raised = {
            DoorEventType.FORCED_OPEN: self.forced_open,
            DoorEventType.TAMPER: self.tampered,
            DoorEventType.OPEN_TOO_LONG: self.open_too_long,
            DoorEventType.JAMMED: self.jammed,
            DoorEventType.OPEN_TOO_LONG_WARNING: self.open_too_long_warning,
        }
        return tuple(alarm for alarm, is_raised in raised.items() if is_raised)

    @property
    def sounding(self) -> tuple[DoorEventType, ...]:
        """Those that are raised and not silenced, the gravest first."""
        return tuple(alarm for alarm in self.alarms if alarm not in self.silenced)


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One row of the journal, as it is stored."""

    seq: int
    """1 for the first row, then one more each"""

    id: str
    """Like no other row's, in any journal"""

    ts: str
    """Wall-clock time of writing: ISO 8601, UTC, milliseconds, `Z`"""

    event_type: str
    """A DoorEventType, or the name of a decision, an order or a change: docs/journal.md lists them all"""

    payload: str
    """Everything else, as canonical JSON"""

    previous: str
    """`hash` of the row before"""

    hash: str
    """SHA-256 over all of the above, in hexadecimal"""


ReadDoor = Callable[[], DoorStatus]
"""Gives the door's present status, at once and from any thread"""
