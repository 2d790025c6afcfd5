"""The door on simulated hardware: what it obeys, what it tells in which order, and that it ends up shut."""

from __future__ import annotations

import logging
import math
import queue
import re
import threading
import time
from dataclasses import dataclass, field, replace

import pytest

from faceplate.config import DoorConfig
from faceplate.door import door as door_module
from faceplate.door import signals
from faceplate.door.controller import CHECK, INPUT_FAULT, LIGHT_FAULT, LOCK_FAULT, Controller
from faceplate.door.display import Display
from faceplate.door.door import Door
from faceplate.door.drivers.lock import no_hardware
from faceplate.door.drivers.simulated import Move, SimulatedLock, SimulatedPanel, SimulatedSwitches, hardware_of
from faceplate.door.hardware import Hardware, Lights, Readings
from faceplate.door.renewal import GRACE, LEASE, RenewedLock
from faceplate.door.state import Ordered
from faceplate.errors import DoorError, OrderRefusedError
from faceplate.events import Cause, DoorEvent, DoorEventType, DoorMode, DoorStatus, Order
from faceplate.types import Cue, Decision, Likeness, Match, Method, Outcome, Reason, Seconds

MAX_FRAME_AGE = Seconds(1.0)
PATIENCE = 10.0
"""Seconds until a test gives up waiting for the door's thread"""

CONFIG = DoorConfig(driver="simulated", release_time=Seconds(5.0))
MOTOR = DoorConfig(driver="simulated", lock="motor", lock_line=5, release_time=Seconds(5.0), open_time=Seconds(30.0))
NO_SWITCHES = Readings()
AT_REST = Readings(exit_pressed=False, is_open=False, tampered=False, bell_pressed=False)
GRANTED_LIGHTS, OPEN_LIGHTS = Lights(green=True, buzzer=True), Lights(green=True)


class Time:
    """A clock that goes on only when told to, or when the door's thread waits for it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[Seconds | None] = []

    def __call__(self) -> Seconds:
        return Seconds(self.now)

    def wait(self, changed: threading.Condition, timeout: Seconds | None) -> None:
        self.waits.append(timeout)
        if timeout is None:
            assert changed.wait(PATIENCE), "nobody woke the door's thread"
        else:
            # Others get at the door meanwhile.
            changed.wait(0.001)
            self.now += timeout


class Record:
    """Keeps the events, and whether the lock was locked when each was told."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self.events: list[DoorEvent] = []
        self.locked_when_told: list[bool] = []
        self.told: queue.Queue[DoorEvent] = queue.Queue()
        self.breaks_at: DoorEventType | None = None

    def __call__(self, event: DoorEvent) -> None:
        self.locked_when_told.append(self._lock.locked)
        self.events.append(event)
        self.told.put(event)
        if event.type is self.breaks_at:
            raise ZeroDivisionError("a fault in the program")

    @property
    def story(self) -> list[tuple[str, str]]:
        return [(event.type.value, event.cause.value) for event in self.events]


class Lock(SimulatedLock):
    """A simulated lock whose hardware can fail, and that remembers its leases."""

    fails_to_lock = 0
    """So many times will lock() still fail"""
    fails_to_unlock = False
    hangs: threading.Event | None = None
    let_go_by_itself = False
    """Whoever kept it unlocked has died"""

    def __init__(self, clock: Time) -> None:
        self.leases: list[float] = []
        self.hanging = threading.Event()
        super().__init__(clock)

    def lock(self) -> None:
        if self.hangs is not None:
            self.hanging.set()
            assert self.hangs.wait(PATIENCE)
        if self.fails_to_lock:
            self.fails_to_lock -= 1
            raise DoorError("the relay does not answer")
        super().lock()

    def unlock(self, lasting: Seconds) -> None:
        self.leases.append(round(lasting, 6))
        super().unlock(lasting)
        if self.fails_to_unlock:
            raise DoorError("the relay answered with an error, after it moved")

    def check(self) -> None:
        super().check()
        if self.let_go_by_itself:
            self.let_go_by_itself = False
            super().lock()
            raise DoorError("the keeper has died")


class Switches(SimulatedSwitches):
    """Simulated switches that can fail."""

    fails = False

    def read(self) -> Readings:
        if self.fails:
            raise DoorError("the line does not answer")
        return super().read()


class Panel(SimulatedPanel):
    """Simulated lights that can fail."""

    fails = False
    tries = 0

    def __init__(self) -> None:
        super().__init__()
        self.history: queue.Queue[Lights] = queue.Queue()

    def show(self, lights: Lights) -> None:
        self.tries += 1
        self.history.put(lights)
        if self.fails:
            raise DoorError("the light does not answer")
        super().show(lights)


@dataclass
class Rig:
    config: DoorConfig = CONFIG
    readings: Readings = NO_SWITCHES
    mode: DoorMode = DoorMode.LOCKED
    time: Time = field(default_factory=Time)

    def __post_init__(self) -> None:
        self.lock = Lock(self.time)
        self.switches = Switches(self.readings)
        self.panel = Panel()
        self.record = Record(self.lock)
        hardware = Hardware(self.lock, self.switches, self.panel)
        self.door = Door(
            self.config, hardware, self.record, self.time, MAX_FRAME_AGE, mode=self.mode, wait=self.time.wait
        )

    def started(self) -> Rig:
        self.door.start(thread=False)
        return self

    def decision(self, person: str | None = "Ada", *, age: float = 0.1) -> Decision:
        stamp = Seconds(self.time.now - age)
        if person is None:
            return Decision(7, stamp, Outcome.NOTHING, Reason.NOBODY)
        return Decision(7, stamp, Outcome.GRANTED, Reason.VERIFIED, _match(person))

    def pass_time(self, seconds: float) -> None:
        self.time.now += seconds
        self.door.tick()

    def press(self, **levels: bool) -> None:
        self.switches.set(**levels)
        self.door.tick()


def _match(person: str) -> Match:
    return Match(sighting=None, likeness=Likeness.VERIFIED, person=person)  # type: ignore[arg-type] # the door looks at no face


@pytest.fixture
def rig():
    """A started door without switches, whose time the test passes itself."""
    return Rig().started()


@pytest.fixture
def wired():
    """The same with switches."""
    return Rig(readings=AT_REST).started()


LOCKED, UNLOCKED = DoorEventType.LOCKED.value, DoorEventType.UNLOCKED.value
FAULT = (DoorEventType.FAULT.value, "fault")


# ---- What it obeys ---------------------------------------------------------------------------------------------------


def test_start_locks_and_tells_the_known_state(rig):
    assert rig.lock.locked
    assert rig.record.events == [DoorEvent(DoorEventType.LOCKED, Seconds(100.0), Cause.START)]
    assert rig.door.status() == DoorStatus()


def test_before_it_is_started_it_is_a_door_of_which_nothing_is_known():
    assert Rig().door.status() == DoorStatus()


@pytest.mark.parametrize("make", [lambda _: no_hardware(), lambda time: hardware_of(CONFIG, time)])
def test_it_does_the_same_on_hardware_that_is_not_there(make):
    time, events = Time(), []
    door = Door(CONFIG, make(time), events.append, time, MAX_FRAME_AGE)
    door.start(thread=False)
    door.obey(Decision(7, time(), Outcome.GRANTED, Reason.VERIFIED, _match("Ada")))
    assert door.status() == DoorStatus(mode=DoorMode.ACCESSED, lock_commanded_open=True)
    time.now += 5.0
    door.tick()
    door.close()
    assert [event.cause.value for event in events] == ["start", "access_granted", "release_time"]


@pytest.mark.parametrize("mode", DoorMode)
def test_it_starts_locked_whatever_was_before(mode):
    rig = Rig(mode=mode).started()
    assert rig.lock.locked
    assert rig.door.status().mode is (mode if mode in {DoorMode.BLOCKED, DoorMode.LOCKED_DOWN} else DoorMode.LOCKED)


def test_a_grant_unlocks_for_the_release_time(rig, caplog):
    caplog.set_level(logging.INFO, "faceplate.door.controller")
    rig.door.obey(rig.decision("Ada"))
    assert not rig.lock.locked
    assert caplog.messages == ["door_unlocked (access_granted)"]
    assert rig.door.status() == DoorStatus(mode=DoorMode.ACCESSED, lock_commanded_open=True)
    rig.pass_time(4.9)
    assert not rig.lock.locked
    rig.pass_time(0.1)
    assert rig.lock.locked
    assert rig.record.story == [(LOCKED, "start"), (UNLOCKED, "access_granted"), (LOCKED, "release_time")]
    assert rig.record.events[1].person == "Ada"


def test_a_second_grant_prolongs(rig):
    rig.door.obey(rig.decision("Ada"))
    rig.pass_time(4.0)
    rig.door.obey(rig.decision("Grace"))
    rig.pass_time(4.0)
    assert not rig.lock.locked
    rig.pass_time(1.0)
    assert rig.lock.moves == (
        Move(Seconds(100.0), locked=True),
        Move(Seconds(100.0), locked=False),
        Move(Seconds(109.0), locked=True),
    )


def test_who_needs_longer_gets_longer(rig):
    rig.door.obey(replace(rig.decision("Ada"), extended=True))
    rig.pass_time(19.9)
    assert not rig.lock.locked
    rig.pass_time(0.1)
    assert rig.lock.locked


def test_another_release_time_counts_from_the_next_grant_on(rig):
    rig.door.obey(rig.decision("Ada"))
    rig.door.release_for(Seconds(60.0))
    rig.pass_time(5.0)
    assert rig.lock.locked, "what is under way is not prolonged"
    rig.door.release_for(Seconds(1.0))
    rig.door.obey(rig.decision("Ada"))
    rig.pass_time(0.9)
    assert not rig.lock.locked
    rig.pass_time(0.1)
    assert rig.lock.locked


def test_another_release_time_is_that_of_the_exit_button_and_of_orders_too(wired):
    wired.door.release_for(Seconds(1.0))
    wired.door.order(Order.ACCESS)
    wired.pass_time(0.9)
    assert not wired.lock.locked
    wired.pass_time(0.1)
    assert wired.lock.locked
    wired.press(exit_pressed=True)
    wired.pass_time(0.1)
    assert not wired.lock.locked
    wired.pass_time(1.0)
    assert wired.lock.locked


def test_who_needs_longer_gets_longer_than_another_release_time_too(rig):
    rig.door.release_for(Seconds(1.0))
    rig.door.obey(replace(rig.decision("Ada"), extended=True))
    rig.pass_time(15.9)
    assert not rig.lock.locked
    rig.pass_time(0.2)
    assert rig.lock.locked


def test_alarms_are_silenced_and_told_of_and_the_lights_follow(wired):
    wired.press(tampered=True)
    assert wired.door.status().sounding == (DoorEventType.TAMPER,)
    wired.door.silence()
    wired.pass_time(0.05)
    assert wired.door.status().sounding == ()
    assert wired.door.status().tampered
    assert wired.record.story[-1] == ("door_alarms_silenced", "command")
    for _ in range(50):
        wired.pass_time(0.1)
        assert not wired.panel.shown.buzzer
    assert wired.record.story[-1] == ("door_alarms_silenced", "command")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_door_that_is_not_running_silences_nothing(when):
    rig = Rig()
    if when == "after":
        rig.started().door.close()
    with pytest.raises(DoorError, match="not running"):
        rig.door.silence()


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.GRANTED])
def test_nothing_but_a_grant_unlocks(rig, outcome):
    rig.door.obey(Decision(1, rig.time(), outcome, Reason.VERIFIED, _match("Ada"), holder="Ada"))
    assert rig.lock.locked


def test_every_frames_decision_lets_time_pass(rig):
    rig.door.obey(rig.decision("Ada"))
    rig.time.now += 5.0
    rig.door.obey(rig.decision(None))
    assert rig.record.story[-1] == (LOCKED, "release_time")


@pytest.mark.parametrize("frame", [7, None])
@pytest.mark.parametrize(("age", "opens"), [(0.0, True), (1.0, True), (1.001, False), (60.0, False), (-0.001, False)])
def test_only_a_fresh_frame_or_pin_opens(rig, caplog, frame, age, opens):
    rig.time.now = 200.0
    rig.door.obey(replace(rig.decision("Ada", age=age), frame=frame, holder="Ada", method=Method.PIN))
    assert rig.lock.locked is not opens
    what = "a PIN" if frame is None else "frame 7"
    said = f"{what} would let Ada in and is {age:.3f} s old; expected a person, and 0 to 1 s: the door does not move"
    assert caplog.messages == ([] if opens else [said])
    assert rig.panel.shown == (GRANTED_LIGHTS if opens else Lights(red=True, buzzer=True))


def test_a_frame_without_a_time_opens_nothing(rig):
    rig.door.obey(rig.decision("Ada", age=math.nan))
    assert rig.lock.locked


def test_a_grant_to_nobody_opens_nothing(rig, caplog):
    rig.door.obey(Decision(1, rig.time(), Outcome.GRANTED, Reason.VERIFIED))
    assert rig.lock.locked
    assert "let nobody in" in caplog.text


def test_a_stale_grant_does_not_prolong(rig):
    rig.door.obey(rig.decision("Ada"))
    rig.time.now += 4.0
    rig.door.obey(rig.decision("Ada", age=2.0))
    rig.pass_time(1.0)
    assert rig.lock.locked


@pytest.mark.parametrize("order", [Order.BLOCK, Order.LOCK_DOWN])
def test_a_grant_that_was_decided_before_the_door_was_blocked_opens_nothing(rig, caplog, order):
    rig.door.order(order)
    rig.door.obey(rig.decision("Ada"))
    assert rig.lock.locked
    assert caplog.messages == [f"Ada is let in, and meanwhile the door is {rig.door.status().mode}: it does not move"]
    assert rig.panel.shown == Lights(red=True, buzzer=True)


def test_an_order_is_done_or_refused_with_its_reason(rig):
    rig.door.order(Order.ACCESS, person="Grace")
    assert rig.record.events[-1] == DoorEvent(DoorEventType.UNLOCKED, Seconds(100.0), Cause.COMMAND, "Grace")
    rig.door.order(Order.LOCK_DOWN)
    assert rig.lock.locked
    before = list(rig.record.events)
    with pytest.raises(OrderRefusedError, match="unlock is refused while the door is locked_down; possible is"):
        rig.door.order(Order.UNLOCK)
    assert rig.lock.locked
    assert rig.record.events == before
    rig.door.order(Order.LOCK_DOWN_RELEASE)
    assert rig.door.status().mode is DoorMode.LOCKED


def test_an_order_is_judged_by_what_the_door_is_now(rig):
    rig.door.order(Order.ACCESS)
    rig.time.now += 5.0
    rig.door.order(Order.LOCK)
    assert rig.record.story[-1] == (LOCKED, "release_time")


def test_the_clock_going_back_locks(rig, caplog):
    rig.door.obey(rig.decision("Ada"))
    rig.pass_time(-3.0)
    assert rig.lock.locked
    assert rig.record.story[-1] == (LOCKED, "fault")
    assert caplog.messages == ["the clock went back from 100.000 to 97.000 s: the door is locked"]


def test_nothing_is_told_as_done_before_it_is_and_unlocking_before(rig):
    rig.door.obey(rig.decision("Ada"))
    rig.pass_time(5.0)
    rig.door.order(Order.UNLOCK)
    rig.door.close()
    assert [kind for kind, _ in rig.record.story].count(LOCKED) == 3
    assert rig.record.locked_when_told == [True] * len(rig.record.events)


def test_a_fault_is_told_and_kept_until_it_is_over(rig, caplog):
    caplog.set_level(logging.INFO)
    rig.door.report_fault("the camera", active=True)
    assert rig.door.status().faults == ("the camera",)
    rig.door.report_fault("the camera", active=False)
    assert rig.door.status().faults == ()
    assert [(e.type, e.detail, e.active) for e in rig.record.events[1:]] == [
        (DoorEventType.FAULT, "the camera", True),
        (DoorEventType.FAULT, "the camera", False),
    ]
    assert caplog.messages == ["door_fault (the camera)", "door_fault (the camera) is over"]


# ---- Inputs ----------------------------------------------------------------------------------------------------------


def test_the_exit_button_opens_whatever_was_ordered(wired):
    wired.door.order(Order.LOCK_DOWN)
    wired.press(exit_pressed=True)
    assert not wired.lock.locked
    wired.pass_time(5.0)
    assert wired.lock.locked
    assert wired.record.story[-2:] == [("access_not_taken", "release_time"), (LOCKED, "release_time")]


def test_the_contact_is_seen_with_every_decision(wired):
    wired.door.obey(wired.decision("Ada"))
    wired.switches.set(is_open=True)
    wired.door.obey(wired.decision(None))
    assert wired.door.status().is_open is True
    assert ("access_taken", "contact") in wired.record.story


def test_switches_are_debounced_as_configured():
    contact = {"inputs": {"contact": {"line": 4, "debounce": 0.25}}}
    rig = Rig(DoorConfig.model_validate({"driver": "simulated", **contact}), AT_REST).started()
    rig.pass_time(0.25)
    assert rig.door.status().is_open is False
    rig.press(is_open=True)
    rig.pass_time(0.24)
    assert rig.door.status().is_open is False
    rig.pass_time(0.01)
    assert rig.door.status().is_open is True


def test_a_switch_that_does_not_answer_is_unknown_and_a_fault_until_it_does(wired, caplog):
    wired.door.obey(wired.decision("Ada"))
    wired.switches.fails = True
    wired.pass_time(0.02)
    wired.pass_time(0.02)
    assert wired.door.status().is_open is None
    assert wired.door.status().faults == (INPUT_FAULT,)
    wired.pass_time(5.0)
    assert wired.lock.locked, "time is kept all the same"
    wired.switches.fails = False
    wired.pass_time(0.02)
    assert wired.door.status().faults == ()
    assert wired.door.status().is_open is False
    said = "an input does not answer, and counts as unknown until it does: the line does not answer"
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == [said]
    faults = [event for event in wired.record.events if event.type is DoorEventType.FAULT]
    assert [(event.detail, event.active) for event in faults] == [(INPUT_FAULT, True), (INPUT_FAULT, False)]


# ---- Lights ----------------------------------------------------------------------------------------------------------


def test_the_lights_follow_the_door(rig):
    assert rig.panel.shown == Lights()
    rig.door.obey(rig.decision("Ada"))
    assert rig.panel.shown == GRANTED_LIGHTS
    rig.pass_time(0.2)
    assert rig.panel.shown == OPEN_LIGHTS
    rig.pass_time(5.0)
    assert rig.panel.shown == Lights()
    rig.door.order(Order.BLOCK)
    assert rig.panel.shown == Lights(red=True)
    rig.door.close()
    assert rig.panel.shown == Lights()


def test_a_denial_is_shown_and_passes(rig):
    rig.door.obey(Decision(1, rig.time(), Outcome.DENIED, Reason.CREDENTIAL_NOT_FOUND))
    assert rig.panel.shown == Lights(red=True, buzzer=True)
    rig.pass_time(0.2)
    assert rig.panel.shown == Lights()


@pytest.mark.parametrize("cue", Cue)
def test_whoever_is_enrolled_is_shown_what_they_are_told_and_no_lock_moves(rig, cue):
    moves = rig.lock.moves
    rig.door.cue(cue)
    shown = signals.ENROLMENT.get(cue, signals.ADVICE)
    assert rig.panel.shown == shown.beats[0].lights
    rig.pass_time(shown.length)
    assert rig.panel.shown == Lights()
    assert rig.lock.moves == moves


def test_a_door_that_is_closed_shows_nothing_more(rig):
    rig.door.close()
    shown = rig.panel.shown
    rig.door.cue(Cue.DONE)
    assert rig.panel.shown == shown


def test_lights_that_do_not_answer_never_hinder_the_lock(rig, caplog):
    rig.panel.fails = True
    rig.door.obey(rig.decision("Ada"))
    assert not rig.lock.locked
    assert rig.door.status().faults == (LIGHT_FAULT,)
    tries = rig.panel.tries
    rig.pass_time(0.01)
    assert rig.panel.tries == tries, "the same is not tried again and again"
    rig.pass_time(5.0)
    assert rig.lock.locked
    rig.panel.fails = False
    rig.door.order(Order.BLOCK)
    assert rig.door.status().faults == ()
    assert caplog.messages == ["a light does not answer: the light does not answer"]


def test_lights_that_never_answered_are_told_of_too(caplog):
    rig = Rig()
    rig.panel.fails = True
    rig.started()
    assert rig.door.status().faults == (LIGHT_FAULT,)
    assert caplog.messages == ["a light does not answer: the light does not answer"]


def test_a_hint_does_not_break_into_an_answer():
    panel, now = SimulatedPanel(), Seconds(100.0)
    display = Display(panel)
    assert display.changes_at is None
    display.tell(Decision(1, now, Outcome.DENIED, Reason.CREDENTIAL_NOT_FOUND), now)
    display.tell(Decision(2, now, Outcome.NOTHING, Reason.PIN_NEEDED), now)
    assert display.show(DoorStatus(), now)
    assert panel.shown == Lights(red=True, buzzer=True)
    assert display.changes_at == pytest.approx(100.15)


# ---- Leases ----------------------------------------------------------------------------------------------------------


def test_an_accesss_lease_lasts_as_long_as_it_and_a_little_more(rig):
    rig.door.obey(rig.decision("Ada"))
    rig.pass_time(2.0)
    assert rig.lock.leases == [5.25]
    rig.door.obey(rig.decision("Grace"))
    assert rig.lock.leases == [5.25, 5.25]


def test_the_lease_shortens_with_the_access(wired):
    wired.door.obey(wired.decision("Ada"))
    wired.time.now += 1.0
    wired.press(is_open=True)
    assert wired.lock.leases == [5.25, 2.25]
    assert wired.lock.moves[-1].locked is False


@pytest.mark.parametrize("order", [Order.UNLOCK, Order.LOCK_OPEN])
def test_a_door_that_stays_unlocked_renews_its_lease_every_second(rig, order):
    rig.door.order(order)
    for _ in range(8):
        rig.pass_time(0.25)
    assert rig.lock.leases == [3.0, 3.0, 3.0]
    assert len(rig.lock.moves) == 2


def test_a_door_that_stays_unlocked_locks_three_seconds_after_nobody_lives(rig):
    rig.door.order(Order.UNLOCK)
    rig.time.now += 3.0
    assert rig.lock.locked


def test_a_motors_lease_is_renewed_while_its_bolt_waits():
    rig = Rig(MOTOR, AT_REST).started()
    rig.door.obey(rig.decision("Ada"))
    rig.press(is_open=True)
    rig.pass_time(2.0)
    assert rig.door.status().mode is DoorMode.LOCKED
    for _ in range(27):
        rig.pass_time(1.0)
        assert not rig.lock.locked
    rig.pass_time(0.5)
    assert rig.lock.leases[-1] <= 1.25
    rig.pass_time(0.5)
    assert rig.lock.locked
    assert rig.record.story[-1] == (LOCKED, "relock_delay")


def test_a_lock_that_did_not_lock_gets_no_new_lease(rig):
    rig.door.order(Order.UNLOCK)
    rig.lock.fails_to_lock = 100
    with pytest.raises(DoorError):
        rig.door.order(Order.LOCK)
    for _ in range(6):
        rig.time.now += 0.5
        with pytest.raises(DoorError):
            rig.door.tick()
    assert rig.lock.locked
    assert rig.lock.leases == [3.0]


@pytest.mark.parametrize(("until", "lease"), [(math.inf, LEASE), (103.0, LEASE), (102.75, LEASE), (102.5, 2.75)])
def test_a_renewed_lease_does_not_outlast_its_end(until, lease):
    lock = Lock(Time())
    renewed = RenewedLock(lock)
    assert renewed.renew_at == math.inf
    renewed.keep(Seconds(until), Seconds(100.0), momentary=False)
    assert lock.leases == [lease]
    assert renewed.renew_at == 101.0
    renewed.keep(Seconds(until), Seconds(100.99), momentary=False)
    assert len(lock.leases) == 1
    renewed.keep(Seconds(until), Seconds(101.0), momentary=False)
    assert lock.leases[1:] == [min(LEASE, until - 101.0 + GRACE)]
    renewed.lock()
    assert renewed.renew_at == math.inf
    assert lock.locked


# ---- What fails ------------------------------------------------------------------------------------------------------


def test_close_locks_and_tells_it_once(rig):
    rig.door.obey(rig.decision("Ada"))
    rig.door.close()
    rig.door.close()
    assert rig.lock.locked
    assert rig.record.story == [(LOCKED, "start"), (UNLOCKED, "access_granted"), (LOCKED, "stop")]


def test_closing_a_locked_door_tells_nothing(rig):
    rig.door.close()
    assert rig.record.story == [(LOCKED, "start")]


def test_close_lets_go_of_all_the_hardware(wired):
    wired.door.close()
    for use in (lambda: wired.lock.unlock(Seconds(1.0)), wired.switches.read, lambda: wired.panel.show(Lights())):
        with pytest.raises(DoorError, match="closed"):
            use()


def test_close_tries_again_when_the_lock_does_not_answer_at_first(rig, caplog):
    rig.door.obey(rig.decision("Ada"))
    rig.lock.fails_to_lock = 1
    with pytest.raises(DoorError):
        rig.door.close()
    assert rig.lock.locked
    assert "THE DOOR MAY BE OPEN" in caplog.text


@pytest.mark.parametrize("when", ["before start", "after close"])
def test_a_door_that_is_not_running_obeys_nobody(when):
    rig = Rig(readings=AT_REST)
    if when == "after close":
        rig.started().door.close()
    told = len(rig.record.events)
    said = re.escape("the door is not running: it obeys between start() and close() only")
    with pytest.raises(DoorError, match=f"^{said}$"):
        rig.door.obey(rig.decision("Ada"))
    with pytest.raises(DoorError, match="not running"):
        rig.door.order(Order.UNLOCK)
    rig.door.report_fault("the camera", active=True)
    rig.door.tick()
    assert rig.lock.locked
    assert len(rig.record.events) == told


def test_a_door_that_was_never_started_can_be_closed():
    rig = Rig()
    rig.door.close()
    assert rig.lock.locked
    assert rig.record.events == []


def test_a_relock_that_fails_is_said_loudly_and_tried_again(rig, caplog):
    rig.door.obey(rig.decision("Ada"))
    rig.lock.fails_to_lock = 2
    rig.time.now += 5.0
    for _ in range(2):
        with pytest.raises(DoorError):
            rig.door.tick()
    assert caplog.messages == ["THE LOCK DOES NOT ANSWER AND THE DOOR MAY BE OPEN"]
    assert rig.record.story[1:] == [(UNLOCKED, "access_granted"), FAULT], "nobody may claim that it is locked"
    assert rig.door.status().faults == (LOCK_FAULT,)
    assert rig.door.status().lock_commanded_open
    rig.door.tick()
    assert rig.record.story[3:] == [(LOCKED, "release_time"), FAULT]
    assert rig.door.status() == DoorStatus()


def test_an_unlock_that_fails_ends_locked_and_told(rig):
    rig.lock.fails_to_unlock = True
    with pytest.raises(DoorError, match="after it moved"):
        rig.door.obey(rig.decision("Ada"))
    assert rig.lock.locked
    assert rig.record.story[1:] == [(UNLOCKED, "access_granted"), FAULT, (LOCKED, "fault"), FAULT]
    assert rig.door.status() == DoorStatus()


def test_an_unlock_that_fails_while_the_door_stands_open_ends_locked(wired):
    wired.press(is_open=True)
    wired.lock.fails_to_unlock = True
    with pytest.raises(DoorError, match="after it moved"):
        wired.door.obey(wired.decision("Ada"))
    assert wired.lock.locked
    assert wired.record.story[-2:] == [(LOCKED, "fault"), FAULT]


def test_an_order_whose_unlock_fails_ends_locked(rig):
    rig.lock.fails_to_unlock = True
    with pytest.raises(DoorError, match="after it moved"):
        rig.door.order(Order.UNLOCK)
    assert rig.lock.locked
    assert rig.door.status().mode is DoorMode.LOCKED


def test_a_lock_that_does_not_answer_is_a_refusal_to_start():
    rig = Rig()
    rig.lock.fails_to_lock = 1
    with pytest.raises(DoorError):
        rig.door.start()
    assert rig.record.story == [FAULT]
    rig.door.close()


# ---- The door's own thread -------------------------------------------------------------------------------------------


def test_the_thread_relocks_on_time_when_nobody_calls():
    rig = Rig()
    rig.door.start()
    assert rig.record.told.get(timeout=PATIENCE).cause == "start"
    rig.door.obey(rig.decision("Ada"))
    assert rig.record.told.get(timeout=PATIENCE).cause == "access_granted"
    told = rig.record.told.get(timeout=PATIENCE)
    assert told.cause == "release_time"
    assert told.time == pytest.approx(105.0)
    rig.door.close()
    assert not rig.door._thread.is_alive()


def test_the_thread_reads_the_switches_every_20_ms():
    rig = Rig(readings=AT_REST)
    rig.door.start()
    rig.switches.set(exit_pressed=True)
    while (event := rig.record.told.get(timeout=PATIENCE)).type is not DoorEventType.UNLOCKED:
        pass
    assert event.cause is Cause.EXIT_BUTTON
    rig.door.close()
    waits = [wait for wait in rig.time.waits if wait is not None]
    assert waits == rig.time.waits
    assert waits[0] == max(waits) == 0.02


def test_a_lock_that_is_kept_unlocked_by_nobody_is_locked_and_told_of():
    rig = Rig()
    rig.door.start(thread=False)
    rig.door.obey(rig.decision("Ada"))
    rig.lock.let_go_by_itself = True
    with pytest.raises(DoorError, match="keeper has died"):
        rig.door.tick()
    assert rig.lock.locked
    assert not rig.door.status().lock_commanded_open
    assert rig.record.story[-3:] == [("door_fault", "fault"), ("door_locked", "fault"), ("door_fault", "fault")]
    rig.door.tick()
    assert rig.door.status().faults == ()


def test_an_unlocked_door_looks_at_its_lock_ten_times_a_second(rig):
    controller = Controller(CONFIG, Hardware(rig.lock, rig.switches, rig.panel), rig.record, rig.time)
    controller.start(DoorMode.LOCKED)
    controller.give(Ordered(Order.UNLOCK))
    assert controller.wait_for() == CHECK
    controller.give(Ordered(Order.LOCK))
    assert controller.wait_for() is None


def test_without_switches_the_thread_sleeps_until_something_happens():
    rig = Rig()
    rig.door.start()
    rig.door.report_fault("nothing", active=True)
    rig.door.report_fault("nothing", active=False)
    rig.door.obey(rig.decision("Ada"))
    while rig.record.told.get(timeout=PATIENCE).cause != "release_time":
        pass
    rig.door.close()
    assert rig.time.waits[0] is None
    assert rig.time.waits[-1] is None
    # While the door is unlocked the lock is looked at ten times a second.
    assert len(rig.time.waits) < 20 + 10 * CONFIG.release_time


def test_it_waits_until_the_next_thing_is_due_and_not_a_moment_longer(rig):
    controller = Controller(CONFIG, Hardware(rig.lock, rig.switches, rig.panel), rig.record, rig.time)
    controller.start(DoorMode.LOCKED)
    assert controller.wait_for() is None
    controller.answer(Decision(1, rig.time(), Outcome.DENIED, Reason.CREDENTIAL_NOT_FOUND))
    assert controller.wait_for() == pytest.approx(0.15)
    rig.time.now += 9.0
    assert controller.wait_for() == 0.0


def test_the_program_can_end_whatever_the_doors_thread_does(rig):
    assert rig.door._thread.daemon
    assert rig.door._thread.name == "door"


def test_the_thread_keeps_real_time_too():
    """The same with the clock and the waiting that ship: half a second, the shortest release time there is."""

    def clock() -> Seconds:
        return Seconds(time.monotonic())

    lock = Lock(clock)  # type: ignore[arg-type] # a clock is a clock
    record = Record(lock)
    config = DoorConfig(driver="simulated", release_time=Seconds(0.5))
    door = Door(config, Hardware(lock, Switches(Readings()), Panel()), record, clock, MAX_FRAME_AGE)
    door.start()
    door.obey(Decision(1, clock(), Outcome.GRANTED, Reason.VERIFIED, _match("Ada")))
    causes = [record.told.get(timeout=PATIENCE).cause for _ in range(3)]
    moves = lock.moves
    door.close()
    assert causes == ["start", "access_granted", "release_time"]
    assert 0.5 <= moves[-1].time - moves[-2].time < PATIENCE


def test_the_status_is_known_while_the_lock_hangs():
    rig = Rig().started()
    rig.door.obey(rig.decision("Ada"))
    rig.lock.hangs = threading.Event()
    hanging = threading.Thread(target=rig.door.order, args=(Order.LOCK,), daemon=True)
    hanging.start()
    assert rig.lock.hanging.wait(PATIENCE)
    assert rig.door.status().lock_commanded_open
    rig.lock.hangs.set()
    hanging.join(PATIENCE)
    assert not rig.door.status().lock_commanded_open


def test_a_thread_that_breaks_leaves_the_door_locked_and_says_so(caplog):
    rig = Rig()
    rig.door.start()
    rig.record.breaks_at = DoorEventType.LOCKED
    rig.door.obey(rig.decision("Ada"))
    rig.door._thread.join(PATIENCE)
    assert rig.lock.locked
    (said,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert said.getMessage() == "the door's thread failed; the door locks and obeys no longer"
    assert said.exc_info is not None
    assert isinstance(said.exc_info[1], ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        rig.door.obey(rig.decision("Ada"))
    with pytest.raises(ZeroDivisionError):
        rig.door.order(Order.UNLOCK)
    assert rig.lock.locked
    rig.record.breaks_at = None
    rig.door.close()


def test_a_thread_that_broke_is_a_fault_of_the_door():
    rig = Rig(readings=AT_REST)
    rig.door.start()
    rig.record.breaks_at = DoorEventType.BELL
    rig.switches.set(bell_pressed=True)
    rig.door._thread.join(PATIENCE)
    assert rig.door.status().faults == ("the door's thread failed",)
    rig.door.close()


def test_a_thread_that_breaks_while_the_door_is_unlocked_tells_why_it_locked():
    rig = Rig(readings=AT_REST)
    rig.door.start()
    rig.door.order(Order.UNLOCK)
    rig.record.breaks_at = DoorEventType.BELL
    rig.switches.set(bell_pressed=True)
    rig.door._thread.join(PATIENCE)
    assert rig.lock.locked
    assert rig.record.story[-3:] == [("door_mode", "fault"), (LOCKED, "fault"), FAULT]
    rig.door.close()


def test_a_thread_that_cannot_even_lock_says_so(caplog):
    rig = Rig(readings=AT_REST)
    rig.door.start()
    rig.record.breaks_at = DoorEventType.BELL
    rig.lock.fails_to_lock = 1
    rig.switches.set(bell_pressed=True)
    rig.door._thread.join(PATIENCE)
    (said,) = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert said.getMessage() == "the door's thread could not lock the door"
    assert said.exc_info is not None
    assert isinstance(said.exc_info[1], DoorError)
    rig.door.close()


def test_a_thread_that_does_not_end_is_said_and_not_waited_for(caplog, monkeypatch):
    monkeypatch.setattr(door_module, "_JOIN_TIMEOUT", 0.25)  # the test need not take longer
    waiting, goes_on = threading.Event(), threading.Event()

    def hangs(changed: threading.Condition, _: Seconds | None) -> None:
        changed.release()
        waiting.set()
        assert goes_on.wait(PATIENCE)
        changed.acquire()

    rig = Rig()
    door = Door(CONFIG, Hardware(rig.lock, rig.switches, rig.panel), rig.record, rig.time, MAX_FRAME_AGE, wait=hangs)
    door.start()
    assert waiting.wait(PATIENCE)
    door.close()
    assert rig.lock.locked
    assert caplog.messages == ["the door's thread did not end within 0.25 s; the lock is shut"]
    goes_on.set()
    door._thread.join(PATIENCE)
    assert not door._thread.is_alive()


def test_the_thread_ends_what_the_lights_show():
    rig = Rig()
    rig.door.start()
    rig.door.obey(Decision(1, rig.time(), Outcome.DENIED, Reason.CREDENTIAL_NOT_FOUND))
    while rig.panel.history.get(timeout=PATIENCE) != Lights(red=True, buzzer=True):
        pass
    assert rig.panel.history.get(timeout=PATIENCE) == Lights()
    rig.door.close()


def test_a_thread_whose_lock_fails_tries_again_and_goes_on(caplog):
    rig = Rig()
    rig.door.start()
    rig.lock.fails_to_lock = 3
    rig.door.obey(rig.decision("Ada"))
    while rig.record.told.get(timeout=PATIENCE).cause != "release_time":
        pass
    assert rig.lock.locked
    rig.door.obey(rig.decision("Grace"))
    rig.door.close()
    assert [record.levelno for record in caplog.records].count(logging.CRITICAL) == 1


def test_close_ends_a_thread_that_waits():
    rig = Rig()
    rig.door.start()
    rig.door.close()
    assert not rig.door._thread.is_alive()
