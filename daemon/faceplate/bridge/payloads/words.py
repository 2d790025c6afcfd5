"""The payloads of states that are told in one word of plain text."""

from __future__ import annotations

from enum import StrEnum

from faceplate.events import DoorMode


class Availability(StrEnum):
    """What becomes of the bridge."""

    ONLINE = "online"
    STOPPED = "stopped"
    """It was told to stop"""
    OFFLINE = "offline"
    """It or its connection died: the broker says so in its name"""


class OnOffLine(StrEnum):
    """Whether a part answers."""

    ONLINE = "online"
    OFFLINE = "offline"


class LockState(StrEnum):
    """What the lock was commanded to, and with a bolt contact what it did (Home Assistant's words)."""

    LOCKED = "LOCKED"
    UNLOCKED = "UNLOCKED"
    LOCKING = "LOCKING"
    """Commanded, and the bolt is not yet thrown"""
    UNLOCKING = "UNLOCKING"
    """Commanded, and the bolt is not yet withdrawn"""
    JAMMED = "JAMMED"
    """The bolt did not reach its place in time"""


class DoorState(StrEnum):
    """What the door's contact says."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"
    """The contact does not answer, or has not yet"""


class ModeState(StrEnum):
    """What the door is doing; somebody passing changes nothing about that."""

    LOCKED = "locked"
    UNLOCKED = "unlocked"
    BLOCKED = "blocked"
    LOCKED_DOWN = "locked_down"
    LOCKED_OPEN = "locked_open"

    @classmethod
    def of(cls, mode: DoorMode) -> ModeState:
        """What that mode is told as."""
        return cls.LOCKED if mode is DoorMode.ACCESSED else cls(mode.value)


class LivenessWord(StrEnum):
    """What a face must show to be taken for alive."""

    OFF = "off"
    """Nothing: a photograph can open this door"""
    PASSIVE = "passive"
    MOTION = "motion"
    CHALLENGE = "challenge"


class Presence(StrEnum):
    """Whether there was a face in view within the last few seconds."""

    PRESENT = "present"
    ABSENT = "absent"


class Switch(StrEnum):
    """Whether something is switched on."""

    ON = "on"
    OFF = "off"
