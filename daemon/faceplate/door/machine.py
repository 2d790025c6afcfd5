"""The door's state machine: (state, input, time) -> (state, output, events). It moves nothing itself.

The words are ONVIF's. A further mode, a contact or an exit button is a further member of `Mode`, `Input` or `Output`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, assert_never

from faceplate.events import Cause, DoorEvent, DoorEventType
from faceplate.types import Seconds


class Mode(StrEnum):
    """What the door is doing."""

    LOCKED = "locked"
    ACCESSED = "accessed"
    """Unlocked for a moment, for somebody who was granted access"""


class Output(StrEnum):
    """What the lock has to do."""

    LOCK = "lock"
    UNLOCK = "unlock"


@dataclass(frozen=True, slots=True)
class State:
    """All that the door remembers."""

    time: Seconds
    """Latest time the machine was told"""

    relock_at: Seconds | None = None
    """When the release time is over; None while locked"""

    @property
    def mode(self) -> Mode:
        """What the door is doing."""
        return Mode.LOCKED if self.relock_at is None else Mode.ACCESSED


@dataclass(frozen=True, slots=True)
class Grant:
    """Somebody is let in."""

    person: str


@dataclass(frozen=True, slots=True)
class TimePasses:
    """Nothing happened but that time went on."""


@dataclass(frozen=True, slots=True)
class Shut:
    """The door must lock now, whatever it is doing."""

    cause: Cause


Input: TypeAlias = Grant | TimePasses | Shut


@dataclass(frozen=True, slots=True)
class Step:
    """What one input leads to."""

    state: State

    output: Output | None = None
    """None: the lock stays as it is"""

    events: tuple[DoorEvent, ...] = ()


def start(now: Seconds) -> Step:
    """Every run begins locked: nothing restores an unlocked door."""
    return Step(State(now), Output.LOCK, (DoorEvent(DoorEventType.LOCKED, now, Cause.START),))


def step(state: State, given: Input, now: Seconds, release_time: Seconds) -> Step:
    """What `given` leads to at the time `now`."""
    # Written this way round, a time that is not a number counts as a fault too.
    if not now >= state.time:
        return _lock(state, state.time, Cause.FAULT)
    match given:
        case Grant(person):
            return _let_in(state, person, now, release_time)
        case TimePasses():
            if state.relock_at is not None and now >= state.relock_at:
                return _lock(state, now, Cause.RELEASE_TIME)
            return Step(State(now, state.relock_at))
        case Shut(cause):
            return _lock(state, now, cause)
        case _:
            assert_never(given)


def _let_in(state: State, person: str, now: Seconds, release_time: Seconds) -> Step:
    after = State(now, Seconds(now + release_time))
    if state.mode is Mode.ACCESSED:
        return Step(after)
    return Step(after, Output.UNLOCK, (DoorEvent(DoorEventType.UNLOCKED, now, Cause.ACCESS_GRANTED, person),))


def _lock(state: State, now: Seconds, cause: Cause) -> Step:
    # The output is given even when the door is locked already: driving a lock shut twice does no harm.
    was_open = state.mode is Mode.ACCESSED
    return Step(State(now), Output.LOCK, (DoorEvent(DoorEventType.LOCKED, now, cause),) if was_open else ())
