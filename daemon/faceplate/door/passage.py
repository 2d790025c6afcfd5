"""Who passes, and what the lock is told: accesses begin, are taken, and end; modes are entered; the lock follows."""

from __future__ import annotations

from dataclasses import replace

from faceplate.door.alarms import masked
from faceplate.door.state import Access, Output, State, Step, Timings
from faceplate.door.transitions import OPEN_MODES, TRANSITIONS, Act, Trigger, follows, resting
from faceplate.events import Cause, DoorEventType, DoorMode
from faceplate.types import Seconds


def let_through(step: Step, act: Act, person: str | None, lasting: Seconds, cause: Cause) -> Step:
    """Unlock for a moment; nothing where the mode refuses that, or the door is open to everybody."""
    after = follows(step.state.mode, act)
    if after is None or after in OPEN_MODES:
        return step
    state = step.state
    access = _prolonged(state.access, Seconds(state.time + lasting), person)
    began = _unlocked(step.to(replace(state, mode=after, access=access, locking=None)), cause, person)
    # Where the door stands open the way is free: it will not be opened again for this person.
    return taken(began) if state.is_open and not state.contact_lost else began


def _prolonged(access: Access | None, until: Seconds, person: str | None) -> Access:
    if access is None:
        return Access(until, Cause.RELEASE_TIME, (person,))
    expected = access.expected if person in access.expected else (*access.expected, person)
    if until < access.until:
        return replace(access, expected=expected)
    return Access(until, Cause.RELEASE_TIME, expected)


def taken(step: Step) -> Step:
    """The door is open: whoever was let in passes."""
    access = step.state.access
    if access is None:
        return step
    for person in access.expected:
        step = step.tell(DoorEventType.ACCESS_TAKEN, Cause.CONTACT, person=person)
    return step.to(replace(step.state, access=replace(access, expected=())))


def opened(step: Step, timings: Timings) -> Step:
    """Somebody opened the door: the access is taken, and ends when the relock delay is over, if not earlier."""
    step = taken(step)
    access = step.state.access
    until = Seconds(step.state.time + timings.relock_delay)
    if access is None or until >= access.until:
        return step
    return step.to(replace(step.state, access=replace(access, until=until, ends_by=Cause.RELOCK_DELAY)))


def closed(step: Step, timings: Timings) -> Step:
    """The door fell shut: the access is over."""
    if step.state.access is None or not timings.relock_on_close:
        return step
    return _ended(step, Cause.CLOSED)


def ended_in_time(step: Step) -> Step:
    """The access is over if its time is."""
    access = step.state.access
    if access is None or step.state.time < access.until:
        return step
    return _ended(step, access.ends_by)


def enter(step: Step, mode: DoorMode, cause: Cause, person: str | None = None) -> Step:
    """Go into a mode that lasts, and lock or unlock."""
    step = _changed(_left(step, cause), mode, cause, person)
    if mode in OPEN_MODES:
        return masked(_unlocked(step.to(replace(step.state, locking=None)), cause, person), cause)
    return step.to(replace(step.state, locking=cause))


def shut(step: Step, cause: Cause) -> Step:
    """Lock at once, however the door stands. The lock is told even if it was told before: that does no harm."""
    return _told_to_lock(enter(step, TRANSITIONS[step.state.mode][Trigger.SHUT], cause), cause)


def tried(step: Step, timings: Timings) -> Step:
    """Tell the lock to lock if it is to, unless its bolt would be thrown against an open door."""
    state = step.state
    if state.locking is None or bolt_waits_until(state, timings) is not None:
        return step
    return _told_to_lock(step, state.locking)


def bolt_waits_until(state: State, timings: Timings) -> Seconds | None:
    """Until when a bolt waits for the door to close at most; None: it need not wait.

    A broken contact must not keep the door unlocked: when the alarm for an open door is due, the bolt is thrown.
    """
    if not timings.waits_for_door or not state.lock_open or state.open_since is None:
        return None
    until = Seconds(state.open_since + timings.open)
    return until if state.time < until else None


def _ended(step: Step, cause: Cause) -> Step:
    after = follows(step.state.mode, Trigger.OVER) or step.state.mode
    step = _left(step, cause)
    return step.to(replace(step.state, mode=after, locking=cause))


def _left(step: Step, cause: Cause) -> Step:
    """No access any more. Without a contact nobody knows whether it was taken."""
    state = step.state
    if state.access is None:
        return step
    if state.is_open is not None and not state.contact_lost:
        for person in state.access.expected:
            step = step.tell(DoorEventType.ACCESS_NOT_TAKEN, cause, person=person)
    return step.to(replace(state, access=None))


def _changed(step: Step, mode: DoorMode, cause: Cause, person: str | None) -> Step:
    before = step.state
    after = replace(before, mode=mode)
    if before.mode in OPEN_MODES and mode not in OPEN_MODES and before.open_since is not None:
        # So far it might stand open; from now on it should be closed.
        after = replace(after, open_since=before.time)
    step = step.to(after)
    if resting(before.mode) is mode:
        return step
    return step.tell(DoorEventType.MODE, cause, person=person, mode=mode)


def _unlocked(step: Step, cause: Cause, person: str | None) -> Step:
    state = step.state
    if state.lock_open:
        return step
    told = Step(replace(state, lock_open=True, commanded=state.time), Output.UNLOCK, step.events)
    return told.tell(DoorEventType.UNLOCKED, cause, person=person)


def _told_to_lock(step: Step, cause: Cause) -> Step:
    state = step.state
    if not state.lock_open:
        return Step(replace(state, locking=None), Output.LOCK, step.events)
    told = Step(replace(state, lock_open=False, commanded=state.time, locking=None), Output.LOCK, step.events)
    return told.tell(DoorEventType.LOCKED, cause)
