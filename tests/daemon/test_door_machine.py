"""The state machine of the door: every mode with every order and input, and every limit exactly."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest

from faceplate.config import DoorConfig
from faceplate.config.door import InputConfig, InputsConfig
from faceplate.door.hardware import Readings
from faceplate.door.machine import lock_failed, start, step, unlocked_until
from faceplate.door.state import (
    STUCK,
    Access,
    Fault,
    Grant,
    Observed,
    Ordered,
    Output,
    Shut,
    Silence,
    State,
    TimePasses,
    Timings,
    status_of,
)
from faceplate.door.transitions import OPEN_MODES, TRANSITIONS, Trigger, follows, refusal, resting
from faceplate.events import Cause, DoorEvent, DoorEventType, DoorMode, DoorStatus, Order
from faceplate.types import Seconds
from strategies_door import ONVIF, TIMINGS

AT_REST = Readings(exit_pressed=False, is_open=False, tampered=False, bell_pressed=False)
WITH_BOLT = replace(AT_REST, bolt_thrown=True)
MOTOR = replace(TIMINGS, waits_for_door=True)


class Rig:
    """A machine with all inputs but a bolt, at rest and closed since 100 s, and everything it told."""

    def __init__(self, timings=TIMINGS, mode=DoorMode.LOCKED, readings=AT_REST):
        self.timings = timings
        begun = start(Seconds(100.0), mode if mode in {DoorMode.BLOCKED, DoorMode.LOCKED_DOWN} else DoorMode.LOCKED)
        self.state = begun.state
        self.readings = Readings()
        self.events: list[DoorEvent] = []
        self.read(100.0, **{name: getattr(readings, name) for name in Readings.__slots__})
        reach = {
            DoorMode.UNLOCKED: Ordered(Order.UNLOCK),
            DoorMode.LOCKED_OPEN: Ordered(Order.LOCK_OPEN),
            DoorMode.ACCESSED: Grant("Ada"),
        }
        if mode in reach:
            self.give(110.0, reach[mode])
        assert self.state.mode is mode
        self.events.clear()

    def give(self, now, given):
        taken = step(self.state, given, Seconds(now), self.timings)
        self.state = taken.state
        self.events += taken.events
        return taken

    def read(self, now, **levels):
        self.readings = replace(self.readings, **levels)
        return self.give(now, Observed(self.readings))

    def wait(self, now):
        return self.give(now, TimePasses())

    def press(self, now):
        self.read(now, exit_pressed=True)
        return self.read(now, exit_pressed=False)

    @property
    def told(self):
        """What was told so far: type, time, and whether it began."""
        return [(event.type.value, event.time, event.active) for event in self.events]


def kinds(taken):
    return [(event.type.value, event.cause.value) for event in taken.events]


# ---- Beginning -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", DoorMode)
def test_a_run_begins_locked_whatever_was_before(mode):
    begun = start(Seconds(3.0), mode)
    kept = mode if mode in {DoorMode.BLOCKED, DoorMode.LOCKED_DOWN} else DoorMode.LOCKED
    assert (begun.state.mode, begun.output, begun.state.lock_open) == (kept, Output.LOCK, False)
    assert begun.events[0] == DoorEvent(DoorEventType.LOCKED, Seconds(3.0), Cause.START)
    told = [DoorEvent(DoorEventType.MODE, Seconds(3.0), Cause.START, mode=kept)]
    assert list(begun.events[1:]) == ([] if kept is DoorMode.LOCKED else told)


def test_it_begins_as_everybody_is_told():
    assert status_of(start(Seconds(3.0)).state) == DoorStatus()


def test_a_door_that_is_open_at_the_start_was_not_seen_being_forced():
    rig = Rig(readings=replace(AT_REST, is_open=True))
    rig.wait(109.0)
    assert rig.state.alarms == {DoorEventType.OPEN_TOO_LONG_WARNING}
    rig.wait(110.0)
    assert rig.state.alarms == {DoorEventType.OPEN_TOO_LONG}


def test_what_is_pressed_at_the_start_is_no_press():
    begun = start(Seconds(100.0)).state
    held = Observed(Readings(exit_pressed=True, bell_pressed=True))
    taken = step(begun, held, Seconds(101.0), TIMINGS)
    assert (taken.output, taken.events, taken.state.bell_rang) == (None, (), None)
    stuck = step(taken.state, held, Seconds(161.0), TIMINGS)
    assert stuck.state.faults == (STUCK,)


def test_a_case_that_is_open_at_the_start_is_tampered_with():
    begun = start(Seconds(100.0)).state
    assert status_of(step(begun, Observed(Readings(tampered=True)), Seconds(100.0), TIMINGS).state).tampered


# ---- Every mode with every order, and with everything else -----------------------------------------------------------


@pytest.mark.parametrize(("mode", "order"), list(itertools.product(DoorMode, Order)))
def test_every_order_in_every_mode(mode, order):
    rig = Rig(mode=mode)
    before = rig.state
    taken = rig.give(111.0, Ordered(order, "Grace"))
    expected = ONVIF[order].get(mode)
    assert follows(mode, order) is expected
    if expected is None:
        assert refusal(mode, order).startswith(f"{order} is refused while the door is {mode}; possible is: ")
        assert (taken.output, taken.events, taken.state) == (None, (), replace(before, time=111.0))
        return
    assert refusal(mode, order) == ""
    assert rig.state.mode is expected
    is_open = expected in {DoorMode.UNLOCKED, DoorMode.LOCKED_OPEN, DoorMode.ACCESSED}
    assert rig.state.lock_open is is_open
    if is_open:
        assert taken.output is (None if before.lock_open else Output.UNLOCK)
    else:
        assert taken.output is Output.LOCK
    told = {(event.type, event.mode, event.cause) for event in taken.events}
    changed = resting(mode) is not resting(expected)
    assert ((DoorEventType.MODE, expected, Cause.COMMAND) in told) is changed
    assert ((DoorEventType.UNLOCKED, None, Cause.COMMAND) in told) is (is_open and not before.lock_open)
    assert ((DoorEventType.LOCKED, None, Cause.COMMAND) in told) is (not is_open and before.lock_open)
    missed = mode is DoorMode.ACCESSED and expected is not DoorMode.ACCESSED
    assert ((DoorEventType.ACCESS_NOT_TAKEN, None, Cause.COMMAND) in told) is missed
    assert len(told) == changed + (is_open is not before.lock_open) + missed


@pytest.mark.parametrize("mode", DoorMode)
def test_a_refusal_says_what_is_possible(mode):
    for order in Order:
        if reason := refusal(mode, order):
            possible = reason.partition("possible is: ")[2].split(", ")
            assert possible == [other.value for other in TRANSITIONS[mode] if isinstance(other, Order)]


def test_a_refusal_in_full():
    assert refusal(DoorMode.LOCKED_DOWN, Order.UNLOCK) == (
        "unlock is refused while the door is locked_down; possible is: lock_down, lock_down_release"
    )


@pytest.mark.parametrize("mode", DoorMode)
def test_a_grant_in_every_mode(mode):
    rig = Rig(mode=mode)
    before = rig.state
    taken = rig.give(111.0, Grant("Grace"))
    if mode is DoorMode.LOCKED:
        assert (rig.state.mode, taken.output) == (DoorMode.ACCESSED, Output.UNLOCK)
        assert taken.events == (DoorEvent(DoorEventType.UNLOCKED, Seconds(111.0), Cause.ACCESS_GRANTED, "Grace"),)
    elif mode is DoorMode.ACCESSED:
        assert (taken.output, taken.events) == (None, ())
        assert rig.state.access == Access(Seconds(115.0), Cause.RELEASE_TIME, ("Ada", "Grace"))
    else:
        assert (taken.output, taken.events, taken.state) == (None, (), replace(before, time=111.0))


@pytest.mark.parametrize("mode", DoorMode)
def test_the_exit_button_lets_out_in_every_mode(mode):
    rig = Rig(mode=mode)
    was_open = rig.state.lock_open
    taken = rig.read(111.0, exit_pressed=True)
    assert rig.state.lock_open
    assert taken.output is (None if was_open else Output.UNLOCK)
    assert rig.state.mode is (DoorMode.ACCESSED if mode is DoorMode.LOCKED else mode)
    if not was_open:
        assert taken.events == (DoorEvent(DoorEventType.UNLOCKED, Seconds(111.0), Cause.EXIT_BUTTON),)
    rig.read(112.0, exit_pressed=False)
    rig.wait(114.99)
    assert rig.state.lock_open
    rig.wait(115.0)
    assert rig.state.lock_open is (mode in OPEN_MODES)
    assert rig.state.mode is resting(mode)


@pytest.mark.parametrize(("mode", "cause"), list(itertools.product(DoorMode, [Cause.STOP, Cause.FAULT])))
def test_it_shuts_in_every_mode(mode, cause):
    rig = Rig(mode=mode)
    was_open = rig.state.lock_open
    taken = rig.give(111.0, Shut(cause))
    kept = mode if mode in {DoorMode.BLOCKED, DoorMode.LOCKED_DOWN} else DoorMode.LOCKED
    assert follows(mode, Trigger.SHUT) is kept is rig.state.mode
    assert (taken.output, rig.state.lock_open) == (Output.LOCK, False)
    assert ((DoorEventType.LOCKED.value, cause.value) in kinds(taken)) is was_open
    assert ((DoorEventType.MODE.value, cause.value) in kinds(taken)) is (mode in OPEN_MODES)


@pytest.mark.parametrize(
    ("mode", "now"), list(itertools.product(DoorMode, [50.0, 109.999, math.nan, math.inf, -math.inf]))
)
def test_a_wrong_time_locks_in_every_mode(mode, now):
    rig = Rig(mode=mode)
    rig.wait(110.0)
    taken = rig.give(now, Grant("Grace"))
    assert (taken.output, rig.state.lock_open, rig.state.time) == (Output.LOCK, False, 110.0)
    assert rig.state.mode is (mode if mode in {DoorMode.BLOCKED, DoorMode.LOCKED_DOWN} else DoorMode.LOCKED)
    assert all(event.time == 110.0 and event.cause is Cause.FAULT for event in taken.events)


@pytest.mark.parametrize("mode", DoorMode)
def test_time_alone_ends_an_access_and_nothing_else(mode):
    rig = Rig(mode=mode)
    taken = rig.wait(10_000.0)
    if mode is DoorMode.ACCESSED:
        assert kinds(taken) == [("access_not_taken", "release_time"), ("door_locked", "release_time")]
    else:
        assert (taken.events, rig.state.mode) == ((), mode)


@pytest.mark.parametrize(("mode", "level"), list(itertools.product(DoorMode, ["tampered", "bell_pressed"])))
def test_tamper_and_bell_in_every_mode(mode, level):
    rig = Rig(mode=mode)
    before = rig.state
    taken = rig.read(111.0, **{level: True})
    assert kinds(taken) == [("door_tamper" if level == "tampered" else "bell", "contact")]
    assert (taken.output, rig.state.mode, rig.state.lock_open) == (None, before.mode, before.lock_open)
    over = rig.read(112.0, **{level: False})
    assert [event.active for event in over.events] == ([False] if level == "tampered" else [])


@pytest.mark.parametrize("mode", DoorMode)
def test_a_fault_in_every_mode_moves_nothing(mode):
    rig = Rig(mode=mode)
    before = rig.state
    rig.give(111.0, Fault("the camera", active=True))
    rig.give(111.0, Fault("the camera", active=True))
    rig.give(111.0, Fault("the disk", active=True))
    assert rig.state.faults == ("the camera", "the disk")
    rig.give(112.0, Fault("the camera", active=False))
    rig.give(112.0, Fault("the camera", active=False))
    assert rig.state.faults == ("the disk",)
    assert [(e.detail, e.time, e.active, e.cause) for e in rig.events] == [
        ("the camera", 111.0, True, Cause.FAULT),
        ("the disk", 111.0, True, Cause.FAULT),
        ("the camera", 112.0, False, Cause.FAULT),
    ]
    assert (rig.state.mode, rig.state.lock_open) == (before.mode, before.lock_open)


# ---- An access -------------------------------------------------------------------------------------------------------


def test_a_grant_unlocks_for_the_release_time():
    rig = Rig()
    rig.give(110.0, Grant("Ada"))
    assert unlocked_until(rig.state, TIMINGS) == 114.0
    waiting = rig.wait(113.99)
    assert (rig.state.mode, waiting.output, waiting.events) == (DoorMode.ACCESSED, None, ())
    shut = rig.wait(114.0)
    assert (rig.state.mode, shut.output) == (DoorMode.LOCKED, Output.LOCK)
    assert shut.events == (
        DoorEvent(DoorEventType.ACCESS_NOT_TAKEN, Seconds(114.0), Cause.RELEASE_TIME, "Ada"),
        DoorEvent(DoorEventType.LOCKED, Seconds(114.0), Cause.RELEASE_TIME),
    )
    assert unlocked_until(rig.state, TIMINGS) is None


def test_who_needs_longer_gets_longer():
    rig = Rig()
    rig.give(110.0, Grant("Ada", extended=True))
    assert rig.state.access == Access(Seconds(122.0), Cause.RELEASE_TIME, ("Ada",))


def test_a_shorter_access_does_not_cut_a_longer_one():
    rig = Rig()
    rig.give(110.0, Grant("Ada", extended=True))
    rig.give(111.0, Grant("Grace"))
    assert rig.state.access == Access(Seconds(122.0), Cause.RELEASE_TIME, ("Ada", "Grace"))


def test_an_access_that_ends_in_the_same_moment_ends_by_what_was_granted_last():
    rig = Rig(replace(TIMINGS, relock_delay=Seconds(10.0)))
    rig.give(110.0, Grant("Ada", extended=True))
    rig.read(111.0, is_open=True)
    assert rig.state.access == Access(Seconds(121.0), Cause.RELOCK_DELAY)
    rig.give(117.0, Grant("Grace"))
    assert rig.state.access == Access(Seconds(121.0), Cause.RELEASE_TIME)


def test_somebody_granted_twice_is_expected_once():
    rig = Rig()
    rig.give(110.0, Grant("Ada"))
    rig.give(111.0, Grant("Ada"))
    assert rig.state.access == Access(Seconds(115.0), Cause.RELEASE_TIME, ("Ada",))


def test_without_a_contact_nobody_knows_whether_an_access_was_taken():
    rig = Rig(readings=Readings())
    rig.give(110.0, Grant("Ada"))
    assert kinds(rig.wait(114.0)) == [("door_locked", "release_time")]


def test_opening_takes_the_access_and_the_relock_delay_ends_it():
    rig = Rig()
    rig.give(110.0, Grant("Ada"))
    rig.give(110.5, Grant("Grace"))
    taken = rig.read(111.0, is_open=True)
    assert taken.events == (
        DoorEvent(DoorEventType.OPENED, Seconds(111.0), Cause.CONTACT),
        DoorEvent(DoorEventType.ACCESS_TAKEN, Seconds(111.0), Cause.CONTACT, "Ada"),
        DoorEvent(DoorEventType.ACCESS_TAKEN, Seconds(111.0), Cause.CONTACT, "Grace"),
    )
    rig.wait(112.99)
    assert rig.state.lock_open
    assert kinds(rig.wait(113.0)) == [("door_locked", "relock_delay")]


@pytest.mark.parametrize(("opened", "ends_by"), [(111.99, "relock_delay"), (112.0, "release_time")])
def test_the_relock_delay_never_lengthens_an_unlock(opened, ends_by):
    rig = Rig()
    rig.give(110.0, Grant("Ada"))
    rig.read(opened, is_open=True)
    assert rig.state.access == Access(Seconds(min(opened + 2.0, 114.0)), Cause(ends_by))
    rig.wait(114.0)
    assert rig.events[-1].cause == ends_by


def test_a_grant_after_the_opening_prolongs():
    rig = Rig()
    rig.give(110.0, Grant("Ada"))
    rig.read(111.0, is_open=True)
    taken = rig.give(112.0, Grant("Grace"))
    assert kinds(taken) == [("access_taken", "contact")], "the way is free: it will not be opened for her again"
    assert rig.state.access == Access(Seconds(116.0), Cause.RELEASE_TIME)


def test_it_locks_when_the_door_is_closed():
    rig = Rig()
    rig.give(110.0, Grant("Ada"))
    rig.read(111.0, is_open=True)
    taken = rig.read(111.5, is_open=False)
    assert kinds(taken) == [("door_closed", "contact"), ("door_locked", "closed")]
    assert (taken.output, rig.state.mode) == (Output.LOCK, DoorMode.LOCKED)
    assert status_of(rig.state).closed_since == 111.5


def test_it_waits_for_the_delay_when_it_shall_not_lock_on_closing():
    rig = Rig(replace(TIMINGS, relock_on_close=False))
    rig.give(110.0, Grant("Ada"))
    rig.read(111.0, is_open=True)
    assert kinds(rig.read(111.5, is_open=False)) == [("door_closed", "contact")]
    assert kinds(rig.wait(113.0)) == [("door_locked", "relock_delay")]


def test_a_second_opening_of_one_access_takes_nothing_more():
    rig = Rig(replace(TIMINGS, relock_on_close=False))
    rig.give(110.0, Grant("Ada"))
    rig.read(110.5, is_open=True)
    rig.read(111.0, is_open=False)
    assert kinds(rig.read(111.5, is_open=True)) == [("door_opened", "contact")]
    assert rig.state.access == Access(Seconds(112.5), Cause.RELOCK_DELAY)


def test_opening_and_closing_an_unlocked_door_moves_nothing():
    rig = Rig(mode=DoorMode.UNLOCKED)
    rig.read(111.0, is_open=True)
    rig.read(112.0, is_open=False)
    assert rig.told == [("door_opened", 111.0, True), ("door_closed", 112.0, True)]
    assert rig.state.lock_open


def test_an_ordered_access_names_whom_it_is_for():
    rig = Rig()
    taken = rig.give(110.0, Ordered(Order.ACCESS, "Grace"))
    assert taken.events == (DoorEvent(DoorEventType.UNLOCKED, Seconds(110.0), Cause.COMMAND, "Grace"),)
    assert rig.state.access == Access(Seconds(114.0), Cause.RELEASE_TIME, ("Grace",))


@pytest.mark.parametrize("order", [Order.UNLOCK, Order.LOCK_OPEN])
def test_an_order_that_is_somebodys_names_them_in_all_that_comes_of_it(order):
    rig = Rig()
    rig.give(110.0, Ordered(order, "Grace"))
    assert [(event.type.value, event.person) for event in rig.events] == [
        ("door_mode", "Grace"),
        ("door_unlocked", "Grace"),
    ]


# ---- The exit button -------------------------------------------------------------------------------------------------


def test_holding_the_exit_button_does_not_hold_the_door_open():
    rig = Rig()
    rig.read(110.0, exit_pressed=True)
    for now in (111.0, 113.99):
        rig.read(now)
    assert rig.state.lock_open
    rig.read(114.0)
    assert not rig.state.lock_open


def test_every_press_counts_anew():
    rig = Rig()
    rig.press(110.0)
    rig.press(113.0)
    assert unlocked_until(rig.state, TIMINGS) == 117.0


def test_a_stuck_exit_button_is_a_fault_until_it_is_released():
    rig = Rig()
    rig.read(110.0, exit_pressed=True)
    rig.read(169.99)
    assert rig.state.faults == ()
    rig.read(170.0)
    rig.read(171.0)
    assert rig.state.faults == (STUCK,)
    assert not rig.state.lock_open
    rig.read(172.0, exit_pressed=False)
    assert rig.state.faults == ()
    assert [(e.time, e.active, e.detail) for e in rig.events if e.type is DoorEventType.FAULT] == [
        (170.0, True, STUCK),
        (172.0, False, STUCK),
    ]
    rig.read(500.0)
    assert rig.state.faults == ()


def test_a_button_that_did_not_answer_for_a_while_is_not_pressed_by_that():
    rig = Rig()
    rig.read(110.0, exit_pressed=True)
    rig.wait(114.0)
    rig.read(115.0, exit_pressed=None)
    rig.read(116.0, exit_pressed=True)
    assert not rig.state.lock_open


def test_leaving_is_an_access_of_nobody_in_particular():
    rig = Rig()
    rig.press(110.0)
    taken = rig.read(111.0, is_open=True)
    assert taken.events[-1] == DoorEvent(DoorEventType.ACCESS_TAKEN, Seconds(111.0), Cause.CONTACT)
    assert rig.state.alarms == frozenset()


# ---- Forced open -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [DoorMode.LOCKED, DoorMode.BLOCKED, DoorMode.LOCKED_DOWN])
def test_a_locked_door_that_opens_is_forced(mode):
    rig = Rig(mode=mode)
    rig.read(110.0, is_open=True)
    rig.wait(110.99)
    assert not status_of(rig.state).forced_open
    taken = rig.wait(111.0)
    assert taken.events == (DoorEvent(DoorEventType.FORCED_OPEN, Seconds(111.0), Cause.CONTACT),)
    assert status_of(rig.state).forced_open
    taken = rig.read(113.0, is_open=False)
    assert taken.events == (
        DoorEvent(DoorEventType.CLOSED, Seconds(113.0), Cause.CONTACT),
        DoorEvent(DoorEventType.FORCED_OPEN, Seconds(113.0), Cause.CLOSED, active=False),
    )


@pytest.mark.parametrize("mode", [DoorMode.ACCESSED, DoorMode.UNLOCKED, DoorMode.LOCKED_OPEN])
def test_an_unlocked_door_that_opens_is_not_forced(mode):
    rig = Rig(mode=mode)
    rig.read(111.0, is_open=True)
    rig.wait(113.0)
    assert rig.state.alarms == frozenset()


@pytest.mark.parametrize(("pressed", "forced"), [(110.0, False), (110.5, False), (111.0, False), (111.01, True)])
def test_the_exit_buttons_signal_may_come_after_the_contacts(pressed, forced):
    rig = Rig()
    rig.read(110.0, is_open=True)
    rig.press(pressed)
    assert (DoorEventType.FORCED_OPEN in rig.state.alarms) is forced
    rig.wait(112.0)
    assert (DoorEventType.FORCED_OPEN in rig.state.alarms) is forced


def test_button_and_contact_in_one_reading_are_no_alarm():
    rig = Rig(replace(TIMINGS, exit_shunt=Seconds(0.0)))
    rig.read(110.0, is_open=True, exit_pressed=True)
    rig.wait(112.0)
    assert rig.state.alarms == frozenset()
    assert [event.type for event in rig.events[:3]] == [
        DoorEventType.OPENED,
        DoorEventType.UNLOCKED,
        DoorEventType.ACCESS_TAKEN,
    ]


def test_without_a_shunt_the_alarm_comes_at_once():
    rig = Rig(replace(TIMINGS, exit_shunt=Seconds(0.0)))
    rig.read(110.0, is_open=True)
    assert rig.state.alarms == {DoorEventType.FORCED_OPEN}


def test_a_forced_door_that_is_closed_before_the_alarm_is_told_of_all_the_same():
    rig = Rig()
    rig.read(110.0, is_open=True)
    rig.read(110.5, is_open=False)
    rig.wait(111.0)
    assert rig.told[2:] == [("door_forced_open", 111.0, True), ("door_forced_open", 111.0, False)]
    assert rig.events[-1].cause is Cause.CLOSED
    assert rig.state.forced_at is None


@pytest.mark.parametrize("grant_comes", ["before the alarm", "after the alarm"])
def test_a_grant_does_not_excuse_a_forced_door(grant_comes):
    rig = Rig()
    rig.read(110.0, is_open=True)
    rig.give(110.5 if grant_comes == "before the alarm" else 111.0, Grant("Ada"))
    rig.wait(111.0)
    assert rig.state.alarms == {DoorEventType.FORCED_OPEN}


@pytest.mark.parametrize("order", [Order.UNLOCK, Order.LOCK_OPEN])
@pytest.mark.parametrize("ordered", [110.5, 112.0])
def test_the_owner_may_let_a_forced_door_stand_open(order, ordered):
    rig = Rig()
    rig.read(110.0, is_open=True)
    rig.wait(min(ordered, 111.0))
    rig.give(ordered, Ordered(order))
    rig.wait(500.0)
    assert rig.state.alarms == frozenset()
    cleared = [(e.time, e.cause) for e in rig.events if not e.active]
    assert cleared == ([] if ordered == 110.5 else [(112.0, Cause.COMMAND)])


@pytest.mark.parametrize(("opened", "forced"), [(114.0, False), (114.125, False), (114.25, True)])
def test_a_door_opened_before_it_was_locked_and_told_of_after_was_not_forced(opened, forced):
    rig = Rig()
    rig.give(110.0, Grant("Ada"))
    rig.wait(114.0)
    rig.read(opened, is_open=True)
    rig.wait(116.0)
    assert (DoorEventType.FORCED_OPEN in rig.state.alarms) is forced


# ---- Open too long ---------------------------------------------------------------------------------------------------


def open_for_ada(rig):
    """The door stands open from 111 s on."""
    rig.give(110.0, Grant("Ada"))
    rig.read(111.0, is_open=True)
    rig.events.clear()


def test_warning_and_alarm_come_exactly_in_time():
    rig = Rig()
    open_for_ada(rig)
    for now in (117.99, 118.0, 118.01, 120.99, 121.0, 130.0):
        rig.wait(now)
    assert rig.told == [
        ("door_locked", 117.99, True),
        ("door_open_too_long_warning", 118.0, True),
        ("door_open_too_long_warning", 121.0, False),
        ("door_open_too_long", 121.0, True),
    ]
    assert {event.cause for event in rig.events[1:]} == {Cause.OPEN_TIME}
    assert status_of(rig.state).open_too_long
    assert not status_of(rig.state).open_too_long_warning
    rig.read(131.0, is_open=False)
    assert rig.told[-2:] == [("door_closed", 131.0, True), ("door_open_too_long", 131.0, False)]
    assert rig.events[-1].cause is Cause.CLOSED


def test_closing_in_time_ends_the_warning():
    rig = Rig()
    open_for_ada(rig)
    rig.wait(118.0)
    assert status_of(rig.state).open_too_long_warning
    rig.read(120.9, is_open=False)
    rig.wait(500.0)
    assert rig.told == [
        ("door_open_too_long_warning", 118.0, True),
        ("door_locked", 118.0, True),
        ("door_closed", 120.9, True),
        ("door_open_too_long_warning", 120.9, False),
    ]


def test_without_a_pre_alarm_there_is_no_warning():
    rig = Rig(replace(TIMINGS, pre_alarm=Seconds(0.0)))
    open_for_ada(rig)
    for now in (120.99, 121.0):
        rig.wait(now)
    assert rig.told[1:] == [("door_open_too_long", 121.0, True)]


def test_a_late_look_tells_the_alarm_alone():
    rig = Rig()
    open_for_ada(rig)
    rig.wait(500.0)
    assert rig.told[:1] == [("door_open_too_long", 500.0, True)]


@pytest.mark.parametrize("mode", [DoorMode.UNLOCKED, DoorMode.LOCKED_OPEN])
def test_a_door_that_may_stand_open_is_never_open_too_long(mode):
    rig = Rig(mode=mode)
    rig.read(111.0, is_open=True)
    rig.wait(1000.0)
    assert rig.state.alarms == frozenset()


@pytest.mark.parametrize(
    ("mode", "release"), [(DoorMode.UNLOCKED, Order.LOCK), (DoorMode.LOCKED_OPEN, Order.LOCK_OPEN_RELEASE)]
)
def test_from_when_it_should_be_closed_the_time_counts_anew(mode, release):
    rig = Rig(mode=mode)
    rig.read(111.0, is_open=True)
    rig.give(1000.0, Ordered(release))
    rig.wait(1006.99)
    assert rig.state.alarms == frozenset()
    rig.wait(1007.0)
    assert rig.state.alarms == {DoorEventType.OPEN_TOO_LONG_WARNING}
    rig.wait(1010.0)
    assert rig.state.alarms == {DoorEventType.OPEN_TOO_LONG}


def test_blocking_an_open_door_does_not_start_its_time_anew():
    rig = Rig()
    open_for_ada(rig)
    rig.give(119.0, Ordered(Order.BLOCK))
    rig.wait(121.0)
    assert rig.state.alarms == {DoorEventType.OPEN_TOO_LONG}


@pytest.mark.parametrize("order", [Order.UNLOCK, Order.LOCK_OPEN])
@pytest.mark.parametrize("alarm", [118.0, 121.0])
def test_the_owner_may_let_a_door_stand_open(order, alarm):
    rig = Rig()
    open_for_ada(rig)
    rig.wait(alarm)
    assert rig.state.alarms
    rig.give(122.0 if alarm == 121.0 else 119.0, Ordered(order))
    assert rig.state.alarms == frozenset()
    assert rig.events[-2 if rig.events[-1].type is DoorEventType.UNLOCKED else -1].active is False


# ---- A contact that does not answer ----------------------------------------------------------------------------------


def test_an_unknown_contact_keeps_the_alarms_as_they_are():
    rig = Rig()
    open_for_ada(rig)
    rig.wait(118.0)
    rig.read(119.0, is_open=None)
    assert (status_of(rig.state).is_open, status_of(rig.state).closed_since) == (None, None)
    rig.wait(500.0)
    assert rig.state.alarms == {DoorEventType.OPEN_TOO_LONG_WARNING}
    rig.read(501.0, is_open=True)
    assert rig.state.alarms == {DoorEventType.OPEN_TOO_LONG}
    assert [event.type for event in rig.events].count(DoorEventType.OPENED) == 0


def test_an_unknown_contact_takes_no_access_and_misses_none():
    rig = Rig()
    rig.give(110.0, Grant("Ada"))
    rig.read(111.0, is_open=None)
    assert kinds(rig.wait(114.0)) == [("door_locked", "release_time")]


def test_a_grant_with_an_unknown_contact_is_not_taken_at_once():
    rig = Rig()
    open_for_ada(rig)
    rig.wait(113.0)
    rig.read(114.0, is_open=None)
    assert kinds(rig.give(115.0, Grant("Grace"))) == [("door_unlocked", "access_granted")]


def test_a_door_that_comes_back_open_after_its_contact_was_lost_is_forced():
    rig = Rig()
    rig.read(110.0, is_open=None)
    rig.read(200.0, is_open=True)
    rig.wait(201.0)
    assert rig.state.alarms == {DoorEventType.FORCED_OPEN}


def test_a_lost_contact_that_comes_back_closed_tells_nothing():
    rig = Rig()
    rig.read(110.0, is_open=None)
    rig.read(120.0, is_open=False)
    assert (rig.events, status_of(rig.state).closed_since) == ([], 100.0)


def test_since_when_the_door_is_closed_is_known_only_of_a_door_that_is_closed():
    rig = Rig()
    rig.read(110.0, is_open=True)
    assert status_of(rig.state).closed_since is None
    rig.read(120.0, is_open=False)
    assert status_of(rig.state).closed_since == 120.0
    rig.read(121.0, is_open=None)
    assert status_of(rig.state).closed_since is None
    rig.read(122.0, is_open=True)
    assert status_of(rig.state).closed_since is None


# ---- Silence ---------------------------------------------------------------------------------------------------------


def silences(rig):
    return [event for event in rig.events if event.type is DoorEventType.SILENCED]


def test_a_silenced_alarm_stays_raised_until_its_condition_is_over():
    rig = Rig()
    rig.read(110.0, tampered=True)
    rig.give(111.0, Silence())
    status = status_of(rig.state)
    assert (status.tampered, status.silenced, status.sounding) == (True, {DoorEventType.TAMPER}, ())
    assert silences(rig) == [DoorEvent(DoorEventType.SILENCED, Seconds(111.0), Cause.COMMAND)]
    rig.read(112.0, tampered=False)
    assert status_of(rig.state) == replace(status, tampered=False, silenced=frozenset())
    assert rig.told[-1] == ("door_tamper", 112.0, False)


def test_the_same_alarm_sounds_again_when_it_is_raised_again():
    rig = Rig()
    rig.read(110.0, tampered=True)
    rig.give(111.0, Silence())
    rig.read(112.0, tampered=False)
    rig.read(113.0, tampered=True)
    assert status_of(rig.state).sounding == (DoorEventType.TAMPER,)


def test_what_is_silent_is_not_silenced_again():
    rig = Rig()
    rig.give(110.0, Silence())
    assert silences(rig) == []
    rig.read(111.0, tampered=True)
    rig.give(112.0, Silence())
    rig.give(113.0, Silence())
    assert len(silences(rig)) == 1


def test_a_forced_door_that_was_silenced_goes_on_to_the_warning_and_the_alarm_which_sound():
    rig = Rig()
    rig.read(120.0, is_open=True)
    rig.wait(121.0)
    rig.give(122.0, Silence())
    assert status_of(rig.state).sounding == ()
    rig.wait(127.0)
    assert status_of(rig.state).sounding == (DoorEventType.OPEN_TOO_LONG_WARNING,)
    rig.give(128.0, Silence())
    assert status_of(rig.state).sounding == ()
    rig.wait(130.0)
    assert status_of(rig.state).sounding == (DoorEventType.OPEN_TOO_LONG,)
    assert status_of(rig.state).silenced == {DoorEventType.FORCED_OPEN}
    rig.read(131.0, is_open=False)
    assert (status_of(rig.state).alarms, status_of(rig.state).silenced) == ((), frozenset())


@pytest.mark.parametrize("mode", DoorMode)
def test_silence_moves_nothing_in_any_mode(mode):
    rig = Rig(mode=mode)
    rig.read(110.5, tampered=True)
    before = rig.state
    taken = rig.give(110.5, Silence())
    assert taken.output is None
    assert taken.state == replace(before, silenced=frozenset({DoorEventType.TAMPER}))


# ---- The bolt --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unlock", [True, False])
def test_a_bolt_that_stays_where_it_was_is_jammed(unlock):
    rig = Rig(mode=DoorMode.LOCKED if unlock else DoorMode.UNLOCKED, readings=WITH_BOLT)
    rig.read(111.0, bolt_thrown=unlock)
    rig.give(120.0, Ordered(Order.UNLOCK if unlock else Order.LOCK))
    rig.read(122.99, bolt_thrown=unlock)
    assert not status_of(rig.state).jammed
    rig.read(123.0, bolt_thrown=unlock)
    rig.read(124.0, bolt_thrown=unlock)
    assert status_of(rig.state).jammed
    rig.read(125.0, bolt_thrown=not unlock)
    assert [event for event in rig.events if event.type is DoorEventType.JAMMED] == [
        DoorEvent(DoorEventType.JAMMED, Seconds(123.0), Cause.CONTACT),
        DoorEvent(DoorEventType.JAMMED, Seconds(125.0), Cause.CONTACT, active=False),
    ]
    assert not status_of(rig.state).jammed


def test_a_bolt_that_leaves_its_place_unasked_is_told_at_once():
    rig = Rig(readings=WITH_BOLT)
    rig.read(200.0, bolt_thrown=False)
    assert status_of(rig.state).jammed


def test_a_bolt_that_moves_in_time_is_not_jammed():
    rig = Rig(readings=WITH_BOLT)
    rig.give(110.0, Ordered(Order.UNLOCK))
    rig.read(112.9, bolt_thrown=False)
    rig.wait(500.0)
    assert rig.state.alarms == frozenset()


def test_an_unknown_bolt_keeps_the_alarm_as_it_is():
    rig = Rig(readings=WITH_BOLT)
    rig.read(200.0, bolt_thrown=False)
    rig.read(201.0, bolt_thrown=None)
    assert status_of(rig.state).jammed
    without = Rig(readings=Readings())
    without.wait(500.0)
    assert without.state.alarms == frozenset()


# ---- A motor, whose bolt must not be thrown against an open door -----------------------------------------------------


def test_a_motors_bolt_waits_until_the_door_is_closed():
    rig = Rig(MOTOR)
    open_for_ada(rig)
    taken = rig.wait(113.0)
    assert (taken.output, taken.events, rig.state.mode) == (None, (), DoorMode.LOCKED)
    assert status_of(rig.state).lock_commanded_open
    assert unlocked_until(rig.state, MOTOR) == 121.0
    taken = rig.read(115.0, is_open=False)
    assert taken.output is Output.LOCK
    assert taken.events[-1] == DoorEvent(DoorEventType.LOCKED, Seconds(115.0), Cause.RELOCK_DELAY)
    assert unlocked_until(rig.state, MOTOR) is None


def test_a_motors_bolt_waits_no_longer_than_until_the_alarm():
    rig = Rig(MOTOR)
    open_for_ada(rig)
    rig.wait(120.99)
    assert rig.state.lock_open
    assert rig.wait(121.0).output is Output.LOCK
    assert not rig.state.lock_open


def test_a_motors_bolt_waits_when_the_contact_was_lost_with_the_door_open():
    rig = Rig(MOTOR)
    open_for_ada(rig)
    rig.read(112.0, is_open=None)
    rig.wait(120.99)
    assert rig.state.lock_open
    rig.wait(121.0)
    assert not rig.state.lock_open


@pytest.mark.parametrize("order", [Order.LOCK, Order.BLOCK, Order.LOCK_DOWN])
def test_a_motors_bolt_waits_when_ordered_too(order):
    rig = Rig(MOTOR, DoorMode.UNLOCKED)
    rig.read(111.0, is_open=True)
    taken = rig.give(200.0, Ordered(order))
    assert taken.output is None
    assert rig.state.mode is ONVIF[order][DoorMode.UNLOCKED]
    rig.wait(209.99)
    assert rig.state.lock_open
    assert kinds(rig.wait(210.0))[-1] == ("door_locked", "command")


def test_a_motor_shuts_at_once_when_it_must():
    rig = Rig(MOTOR)
    open_for_ada(rig)
    assert rig.give(111.5, Shut(Cause.FAULT)).output is Output.LOCK
    assert not rig.state.lock_open


def test_a_grant_while_the_bolt_waits_keeps_it_back():
    rig = Rig(MOTOR)
    open_for_ada(rig)
    rig.wait(113.0)
    taken = rig.give(114.0, Grant("Grace"))
    assert (taken.output, rig.state.locking) == (None, None)
    assert unlocked_until(rig.state, MOTOR) == 118.0
    rig.wait(118.0)
    rig.read(119.0, is_open=False)
    assert kinds(rig.give(119.0, TimePasses())) == []
    assert rig.events[-1].cause is Cause.RELEASE_TIME


@pytest.mark.parametrize("order", [Order.UNLOCK, Order.LOCK_OPEN])
def test_an_order_to_stay_open_while_the_bolt_waits_keeps_it_back(order):
    rig = Rig(MOTOR)
    open_for_ada(rig)
    rig.wait(113.0)
    rig.give(114.0, Ordered(order))
    rig.read(115.0, is_open=False)
    assert rig.state.lock_open
    assert unlocked_until(rig.state, MOTOR) == math.inf


def test_with_the_door_closed_a_motor_locks_at_once():
    rig = Rig(MOTOR)
    rig.give(110.0, Grant("Ada"))
    assert rig.wait(114.0).output is Output.LOCK


# ---- A lock that does not answer -------------------------------------------------------------------------------------


def test_a_lock_that_failed_is_told_again_and_nobody_claims_that_it_is_locked():
    rig = Rig()
    rig.give(110.0, Grant("Ada"))
    before = rig.state
    failed = lock_failed(before, rig.wait(114.0))
    assert [event.type for event in failed.events] == [DoorEventType.ACCESS_NOT_TAKEN]
    assert (failed.output, failed.state.lock_open, failed.state.mode) == (None, True, DoorMode.LOCKED)
    assert failed.state.commanded == before.commanded == 110.0
    assert unlocked_until(failed.state, TIMINGS) is None, "its lease must run out"
    again = step(failed.state, TimePasses(), Seconds(114.5), TIMINGS)
    assert again.output is Output.LOCK
    assert again.events == (DoorEvent(DoorEventType.LOCKED, Seconds(114.5), Cause.RELEASE_TIME),)
    assert step(again.state, TimePasses(), Seconds(115.0), TIMINGS).output is None


def test_a_lock_that_failed_is_told_again_for_the_same_cause():
    rig = Rig()
    open_for_ada(rig)
    before = rig.state
    failed = lock_failed(before, rig.wait(500.0))
    assert [event.cause for event in failed.events] == [Cause.OPEN_TIME]
    assert failed.state.locking is Cause.RELOCK_DELAY


def test_a_locked_lock_that_failed_is_told_again_in_silence():
    rig = Rig()
    before = rig.state
    failed = lock_failed(before, rig.give(111.0, Ordered(Order.LOCK)))
    assert (failed.state.locking, failed.state.commanded) == (Cause.FAULT, before.commanded)
    again = step(failed.state, TimePasses(), Seconds(112.0), TIMINGS)
    assert (again.output, again.events, again.state.locking) == (Output.LOCK, (), None)


# ---- What is configured ----------------------------------------------------------------------------------------------


def test_every_time_comes_from_the_configuration():
    config = DoorConfig(
        release_time=Seconds(1.0),
        extended_release_time=Seconds(2.0),
        relock_delay=Seconds(3.0),
        relock_on_close=False,
        open_time=Seconds(20.0),
        pre_alarm_time=Seconds(4.0),
        exit_shunt=Seconds(5.0),
        travel_time=Seconds(6.0),
        lock="motor",
        lock_line=5,
        inputs=InputsConfig(contact=InputConfig(line=3, debounce=Seconds(0.25))),
    )
    assert Timings.of(config) == Timings(1.0, 2.0, 3.0, False, 20.0, 4.0, 5.0, 0.25, 6.0, True)  # type: ignore[arg-type]  # noqa: FBT003 - in order


@pytest.mark.parametrize("lock", ["strike", "maglock", "latching"])
def test_only_a_motor_waits_for_the_door(lock):
    config = DoorConfig(lock=lock, wiring="fail_safe", lock_line=5)
    assert not Timings.of(config).waits_for_door
    assert Timings.of(config).contact_debounce == 0.0


def test_the_state_says_what_it_is():
    alarms = {
        DoorEventType.FORCED_OPEN: "forced_open",
        DoorEventType.OPEN_TOO_LONG: "open_too_long",
        DoorEventType.OPEN_TOO_LONG_WARNING: "open_too_long_warning",
        DoorEventType.TAMPER: "tampered",
        DoorEventType.JAMMED: "jammed",
    }
    for alarm, name in alarms.items():
        state = State(Seconds(1.0), Seconds(1.0), alarms=frozenset({alarm}), bell_rang=Seconds(0.5))
        assert status_of(state) == DoorStatus(bell_rang=Seconds(0.5), **{name: True})  # type: ignore[arg-type] # a flag's name


def test_the_bell_is_told_and_remembered():
    rig = Rig()
    rig.read(110.0, bell_pressed=True)
    rig.read(111.0)
    rig.read(112.0, bell_pressed=False)
    assert rig.events == [DoorEvent(DoorEventType.BELL, Seconds(110.0), Cause.CONTACT)]
    assert status_of(rig.state).bell_rang == 110.0
