"""The payloads of answers to commands."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from faceplate.bridge.payloads.commands import CommandName, RequestId
from faceplate.bridge.payloads.payload import AnyObject, Payload


class RefusalReason(StrEnum):
    """Why something was not done."""

    # By the bridge, before the daemon hears of it
    RETAINED = "retained"
    """The broker had kept it: nobody can say when it was sent"""
    STALE = "stale"
    """`ts` is more than five seconds ago, or ahead"""
    REPEATED = "repeated"
    """A command with this id has come before"""
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    """More than 16 KiB"""
    TOO_MANY = "too_many"
    NO_DAEMON = "no_daemon"
    """The daemon does not answer"""

    # By the daemon
    NOT_PERMITTED = "not_permitted"
    """`bridge.commands` of the configuration does not allow it"""
    DENIED = "denied"
    """Nobody is let in by this PIN; the message begins with the reason"""
    NOT_ALLOWED = "not_allowed"
    """The door's mode, or the bounds of a setting, do not allow it"""
    NOT_RECORDED = "not_recorded"
    """The journal cannot be written, and this is done only once it is written down"""
    UNKNOWN_COMMAND = "unknown_command"
    BAD_ARGUMENTS = "bad_arguments"
    FORBIDDEN = "forbidden"
    """The bridge's user may not order that"""
    TOO_SLOW = "too_slow"
    DOOR = "door"
    """The lock does not answer"""
    STORE = "store"
    """A file cannot be read or written"""
    PEOPLE = "people"
    """There is no such person, or their rights would make no sense"""
    FAILED = "failed"
    """An unforeseen error; the daemon's log tells more"""

    @classmethod
    def of(cls, word: str) -> RefusalReason:
        """What the daemon said; FAILED for a word of a newer one."""
        return next((refusal for refusal in cls if refusal.value == word), cls.FAILED)


class Done(Payload):
    """The command was carried out."""

    id: RequestId
    """Of the request"""

    command: CommandName
    """Of the request"""

    ok: Literal[True]
    """Whether it was done"""

    result: AnyObject
    """What came of it"""


class Refused(Payload):
    """The command was not carried out."""

    id: RequestId | None
    """Of the request; null: it had none"""

    command: Annotated[str, Field(max_length=64)] | None
    """Of the request; null: it had none"""

    ok: Literal[False]
    """Whether it was done"""

    reason: RefusalReason
    """Why not"""

    message: str
    """The same for people, and what to do"""


Answer: TypeAlias = Done | Refused
