"""What is wrong with the door: forced, open too long, tampered with, jammed, faulty. Raised and cleared, each once."""

from __future__ import annotations

from dataclasses import replace

from faceplate.door.state import STUCK, STUCK_AFTER, Step, Timings, cleared, raised
from faceplate.door.transitions import OPEN_MODES
from faceplate.events import Cause, DoorEventType
from faceplate.types import Seconds

_OF_AN_OPEN_DOOR = (DoorEventType.FORCED_OPEN, DoorEventType.OPEN_TOO_LONG_WARNING, DoorEventType.OPEN_TOO_LONG)


def masked(step: Step, cause: Cause) -> Step:
    """The door may stand open: what was wrong with that is over."""
    if step.state.forced_at is not None:
        step = step.to(replace(step.state, forced_at=None))
    return _closed_alarms(step, cause)


def door_closed(step: Step) -> Step:
    """What was wrong with an open door is over. One that was forced a moment ago is told of all the same, when due."""
    return _closed_alarms(step, Cause.CLOSED)


def door_opened(step: Step, timings: Timings) -> Step:
    """A door that opens while it is locked is forced, unless the exit button's signal is still to come."""
    state = step.state
    # The contact tells late: what was opened no later than the lock was told to lock was not forced.
    opened_at = state.time - timings.contact_debounce
    if state.lock_open or opened_at <= state.commanded:
        return step
    return step.to(replace(state, forced_at=Seconds(state.time + timings.exit_shunt)))


def shunted(step: Step) -> Step:
    """The exit button's signal: the door that opened just before was not forced."""
    state = step.state
    if state.forced_at is None or state.time > state.forced_at:
        return step
    return step.to(replace(state, forced_at=None))


def tamper(step: Step, *, active: bool) -> Step:
    """The case was opened, or is closed again."""
    return (raised if active else cleared)(step, DoorEventType.TAMPER, Cause.CONTACT)


def fault(step: Step, what: str, *, active: bool) -> Step:
    """Something does not work, or works again; nothing if that was known."""
    state = step.state
    if (what in state.faults) is active:
        return step
    faults = (*state.faults, what) if active else tuple(known for known in state.faults if known != what)
    return step.to(replace(state, faults=faults)).tell(DoorEventType.FAULT, Cause.FAULT, active=active, detail=what)


def silenced(step: Step) -> Step:
    """Every alarm that is raised falls silent, and stays raised; nothing if none sounds."""
    state = step.state
    if state.alarms == state.silenced:
        return step
    return step.to(replace(state, silenced=state.alarms)).tell(DoorEventType.SILENCED, Cause.COMMAND)


def in_time(step: Step, timings: Timings) -> Step:
    """What time alone makes wrong."""
    return _stuck(_jammed(_open_too_long(_forced(step), timings), timings))


def _forced(step: Step) -> Step:
    state = step.state
    if state.forced_at is None or state.time < state.forced_at:
        return step
    step = raised(step.to(replace(state, forced_at=None)), DoorEventType.FORCED_OPEN, Cause.CONTACT)
    return step if state.is_open else cleared(step, DoorEventType.FORCED_OPEN, Cause.CLOSED)


def _open_too_long(step: Step, timings: Timings) -> Step:
    state = step.state
    if state.open_since is None or state.contact_lost or state.mode in OPEN_MODES:
        return step
    due = state.open_since + timings.open
    if state.time >= due:
        step = cleared(step, DoorEventType.OPEN_TOO_LONG_WARNING, Cause.OPEN_TIME)
        return raised(step, DoorEventType.OPEN_TOO_LONG, Cause.OPEN_TIME)
    if timings.pre_alarm and state.time >= due - timings.pre_alarm:
        return raised(step, DoorEventType.OPEN_TOO_LONG_WARNING, Cause.OPEN_TIME)
    return step


def _jammed(step: Step, timings: Timings) -> Step:
    state = step.state
    if state.bolt_thrown is None:
        return step
    # Thrown is locked.
    if state.bolt_thrown is not state.lock_open:
        return cleared(step, DoorEventType.JAMMED, Cause.CONTACT)
    if state.time < state.commanded + timings.travel:
        return step
    return raised(step, DoorEventType.JAMMED, Cause.CONTACT)


def _stuck(step: Step) -> Step:
    since = step.state.pressed_since
    if since is None or step.state.time < since + STUCK_AFTER:
        return step
    return fault(step, STUCK, active=True)


def _closed_alarms(step: Step, cause: Cause) -> Step:
    for alarm in _OF_AN_OPEN_DOOR:
        step = cleared(step, alarm, cause)
    return step
