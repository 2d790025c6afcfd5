"""The door's state machine: (state, input, time) -> (state, output, events). It moves nothing itself.

The words are ONVIF's (Door Control, Access Control); which mode follows which stands in `transitions`. Two things hold
in every mode: the exit button unlocks, in a blocked and a locked-down door too, because people must be able to leave;
and `Shut` locks.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import assert_never

from faceplate.door import alarms, inputs, passage
from faceplate.door.state import (
    Fault,
    Grant,
    Input,
    Observed,
    Ordered,
    Output,
    Shut,
    Silence,
    State,
    Step,
    TimePasses,
    Timings,
)
from faceplate.door.transitions import Trigger, follows
from faceplate.events import Cause, DoorEventType, DoorMode, Order
from faceplate.types import Seconds

_OUTLASTS_A_RESTART = frozenset({DoorMode.BLOCKED, DoorMode.LOCKED_DOWN})


def start(now: Seconds, mode: DoorMode = DoorMode.LOCKED) -> Step:
    """Every run begins locked, or blocked or locked down if `mode` says so: nothing restores an unlocked door."""
    kept = mode if mode in _OUTLASTS_A_RESTART else DoorMode.LOCKED
    begun = Step(State(now, commanded=now, mode=kept), Output.LOCK).tell(DoorEventType.LOCKED, Cause.START)
    return begun if kept is DoorMode.LOCKED else begun.tell(DoorEventType.MODE, Cause.START, mode=kept)


def step(state: State, given: Input, now: Seconds, timings: Timings) -> Step:
    """What `given` leads to at the time `now`.

    A time that goes back, or is no number, locks the door; nothing else is done then.
    """
    if not state.time <= now < math.inf:
        return passage.shut(Step(state), Cause.FAULT)
    begun = Step(state if now == state.time else replace(state, time=now))
    taken = _take(begun, given, timings)
    return passage.tried(alarms.in_time(passage.ended_in_time(taken), timings), timings)


def _take(begun: Step, given: Input, timings: Timings) -> Step:  # noqa: PLR0911 - one for each input
    match given:
        case Observed(readings):
            return inputs.observed(begun, readings, timings)
        case TimePasses():
            return begun
        case Grant(person, extended):
            lasting = Seconds(timings.release + timings.extension) if extended else timings.release
            return passage.let_through(begun, Trigger.GRANT, person, lasting, Cause.ACCESS_GRANTED)
        case Ordered(Order.ACCESS, person):
            return passage.let_through(begun, Order.ACCESS, person, timings.release, Cause.COMMAND)
        case Ordered(order, person):
            after = follows(begun.state.mode, order)
            return begun if after is None else passage.enter(begun, after, Cause.COMMAND, person)
        case Fault(what, active):
            return alarms.fault(begun, what, active=active)
        case Silence():
            return alarms.silenced(begun)
        case Shut(cause):
            return passage.shut(begun, cause)
        case _:
            assert_never(given)


def unlocked_until(state: State, timings: Timings) -> Seconds | None:
    """Until when the lock is to stay unlocked: `math.inf` until further notice; None: it is to be locked."""
    if state.access is not None:
        return state.access.until
    if not state.lock_open:
        return None
    return passage.bolt_waits_until(state, timings) if state.locking else Seconds(math.inf)


def lock_failed(before: State, taken: Step) -> Step:
    """The lock did not answer when told to lock: nobody may claim that it is locked, and it is to be tried again."""
    kept = tuple(event for event in taken.events if event.type is not DoorEventType.LOCKED)
    cause = next((event.cause for event in taken.events if event.type is DoorEventType.LOCKED), Cause.FAULT)
    state = replace(taken.state, lock_open=before.lock_open, commanded=before.commanded, locking=cause)
    return Step(state, None, kept)
