"""What the door's switches tell: each level that changed, in the order that is kindest to who leaves."""

from __future__ import annotations

from dataclasses import replace

from faceplate.door import alarms, passage
from faceplate.door.hardware import Readings
from faceplate.door.state import STUCK, Step, Timings
from faceplate.door.transitions import Trigger
from faceplate.events import Cause, DoorEventType


def observed(step: Step, readings: Readings, timings: Timings) -> Step:
    """Take what the switches tell. The contact goes before the button, which may take back what it said."""
    step = _contact(step, readings.is_open, timings)
    if readings.exit_pressed is not None and readings.exit_pressed is not step.state.exit_pressed:
        step = _exit(step, timings, pressed=readings.exit_pressed)
    if readings.tampered is not None:
        step = alarms.tamper(step, active=readings.tampered)
    if readings.bell_pressed is not None and readings.bell_pressed is not step.state.bell_pressed:
        step = _bell(step, pressed=readings.bell_pressed)
    if readings.bolt_thrown is not step.state.bolt_thrown:
        step = step.to(replace(step.state, bolt_thrown=readings.bolt_thrown))
    return step


def _contact(step: Step, is_open: bool | None, timings: Timings) -> Step:  # noqa: FBT001 - a reading
    state = step.state
    lost = is_open is None and state.is_open is not None
    if lost is not state.contact_lost:
        step = step.to(replace(state, contact_lost=lost))
    if is_open is None or is_open is state.is_open:
        return step
    return _opened(step, timings) if is_open else _closed(step, timings)


def _opened(step: Step, timings: Timings) -> Step:
    before = step.state
    after = replace(before, is_open=True, open_since=before.time, closed_since=None)
    step = step.to(after).tell(DoorEventType.OPENED, Cause.CONTACT)
    if before.is_open is not None:
        # A door that was open when the contact was first read was not seen being opened.
        step = alarms.door_opened(step, timings)
    return passage.opened(step, timings)


def _closed(step: Step, timings: Timings) -> Step:
    before = step.state
    step = step.to(replace(before, is_open=False, open_since=None, closed_since=before.time))
    if before.is_open is None:
        return step
    return passage.closed(alarms.door_closed(step.tell(DoorEventType.CLOSED, Cause.CONTACT)), timings)


def _exit(step: Step, timings: Timings, *, pressed: bool) -> Step:
    """Only the press counts: a button that is held, or stuck, unlocks once, for the release time."""
    before = step.state
    step = step.to(replace(before, exit_pressed=pressed, pressed_since=before.time if pressed else None))
    if not pressed:
        return alarms.fault(step, STUCK, active=False)
    if before.exit_pressed is None:
        # It was held when it was first read: that may be a stuck button, and the door begins locked.
        return step
    return passage.let_through(alarms.shunted(step), Trigger.EXIT, None, timings.release, Cause.EXIT_BUTTON)


def _bell(step: Step, *, pressed: bool) -> Step:
    before = step.state
    step = step.to(replace(before, bell_pressed=pressed))
    if not pressed or before.bell_pressed is None:
        return step
    return step.to(replace(step.state, bell_rang=before.time)).tell(DoorEventType.BELL, Cause.CONTACT)
