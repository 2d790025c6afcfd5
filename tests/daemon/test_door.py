"""The door on a simulated lock: what it obeys, what it writes in which order, and that it ends up shut."""

from __future__ import annotations

import logging
import queue
import threading
import time
from dataclasses import dataclass, field

import pytest

from faceplate.config import DoorConfig
from faceplate.door.door import Door
from faceplate.door.lock import NoLock
from faceplate.door.simulated import Move, SimulatedLock
from faceplate.errors import DoorError, StoreError
from faceplate.events import DoorEvent, DoorEventType
from faceplate.types import Decision, Likeness, Match, Outcome, Reason, Seconds

MAX_FRAME_AGE = Seconds(1.0)
PATIENCE = 10.0
"""Seconds until a test gives up waiting for the door's thread"""


class Time:
    """A clock that goes on only when told to, or when the door's thread waits for it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> Seconds:
        return Seconds(self.now)

    def wait(self, changed: threading.Condition, timeout: Seconds | None) -> None:
        if timeout is None:
            assert changed.wait(PATIENCE), "nobody woke the door's thread"
        else:
            self.now += timeout


class Journal:
    """Keeps the events, and whether the lock was locked when each was written."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self.events: list[DoorEvent] = []
        self.locked_when_written: list[bool] = []
        self.written: queue.Queue[DoorEvent] = queue.Queue()
        self.full = False
        self.fills_up_at: DoorEventType | None = None

    def write(self, event: DoorEvent) -> None:
        self.locked_when_written.append(self._lock.locked)
        if self.full:
            raise StoreError("the disk is full")
        self.events.append(event)
        self.written.put(event)
        self.full = event.type is self.fills_up_at

    @property
    def story(self) -> list[tuple[str, str]]:
        return [(event.type.value, event.cause) for event in self.events]


class Lock(SimulatedLock):
    """A simulated lock whose hardware can fail."""

    jammed_on_lock = 0
    """So many times will lock() still fail"""
    jammed_on_unlock = False

    def lock(self) -> None:
        if self.jammed_on_lock:
            self.jammed_on_lock -= 1
            raise DoorError("the relay does not answer")
        super().lock()

    def unlock(self) -> None:
        super().unlock()
        if self.jammed_on_unlock:
            raise DoorError("the relay answered with an error, after it moved")


@dataclass
class Rig:
    time: Time = field(default_factory=Time)

    def __post_init__(self) -> None:
        self.lock = Lock(self.time)
        self.journal = Journal(self.lock)
        self.door = Door(
            DoorConfig(driver="simulated", release_time=Seconds(5.0)),
            self.lock,
            self.journal.write,
            self.time,
            MAX_FRAME_AGE,
            wait=self.time.wait,
        )

    def decision(self, person: str | None = "Ada", *, age: float = 0.1) -> Decision:
        stamp = Seconds(self.time.now - age)
        if person is None:
            return Decision(7, stamp, Outcome.NOTHING, Reason.NOBODY)
        return Decision(7, stamp, Outcome.GRANTED, Reason.VERIFIED, _match(person))

    def pass_time(self, seconds: float) -> None:
        self.time.now += seconds
        self.door.tick()


def _match(person: str) -> Match:
    return Match(sighting=None, likeness=Likeness.VERIFIED, person=person)  # type: ignore[arg-type] # the door looks at no face


@pytest.fixture
def rig():
    """A started door whose time the test passes itself."""
    rig = Rig()
    rig.door.start(thread=False)
    return rig


LOCKED, UNLOCKED = DoorEventType.LOCKED.value, DoorEventType.UNLOCKED.value


def test_start_locks_and_writes_the_known_state(rig):
    assert rig.lock.locked
    assert rig.journal.events == [DoorEvent(DoorEventType.LOCKED, Seconds(100.0), "start")]


def test_a_grant_unlocks_for_the_release_time(rig):
    rig.door.obey(rig.decision("Ada"))
    assert not rig.lock.locked
    rig.pass_time(4.9)
    assert not rig.lock.locked
    rig.pass_time(0.2)
    assert rig.lock.locked
    assert rig.journal.story == [(LOCKED, "start"), (UNLOCKED, "access_granted"), (LOCKED, "release_time")]
    assert rig.journal.events[1].person == "Ada"


def test_a_second_grant_prolongs(rig):
    rig.door.obey(rig.decision("Ada"))
    rig.pass_time(4.0)
    rig.door.obey(rig.decision("Grace"))
    rig.pass_time(4.0)
    assert not rig.lock.locked
    rig.pass_time(1.0)
    assert rig.lock.locked
    assert rig.lock.moves == (
        Move(Seconds(100.0), locked=True),
        Move(Seconds(100.0), locked=False),
        Move(Seconds(109.0), locked=True),
    )


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.GRANTED])
def test_nothing_but_a_grant_unlocks(rig, outcome):
    rig.door.obey(Decision(1, rig.time(), outcome, Reason.VERIFIED, _match("Ada")))
    assert rig.lock.locked


def test_every_frames_decision_lets_time_pass(rig):
    rig.door.obey(rig.decision("Ada"))
    rig.time.now += 5.0
    rig.door.obey(rig.decision(None))
    assert rig.lock.locked


@pytest.mark.parametrize(("age", "opens"), [(0.0, True), (1.0, True), (1.001, False), (60.0, False), (-0.001, False)])
def test_only_a_fresh_frame_opens(rig, caplog, age, opens):
    rig.time.now = 200.0
    rig.door.obey(rig.decision("Ada", age=age))
    assert rig.lock.locked is not opens
    assert ("the door does not move" in caplog.text) is not opens


def test_a_frame_without_a_time_opens_nothing(rig):
    rig.door.obey(rig.decision("Ada", age=float("nan")))
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


def test_the_clock_going_back_locks(rig, caplog):
    rig.door.obey(rig.decision("Ada"))
    rig.pass_time(-3.0)
    assert rig.lock.locked
    assert rig.journal.story[-1] == (LOCKED, "fault")
    assert "the clock went back" in caplog.text


def test_nothing_is_written_while_the_lock_is_open(rig):
    rig.door.obey(rig.decision("Ada"))
    rig.pass_time(5.0)
    rig.door.obey(rig.decision("Ada"))
    rig.door.close()
    assert rig.journal.locked_when_written == [True] * 5


def test_what_cannot_be_written_does_not_unlock(rig):
    rig.journal.full = True
    with pytest.raises(StoreError):
        rig.door.obey(rig.decision("Ada"))
    assert rig.lock.moves == (Move(Seconds(100.0), locked=True),)
    rig.journal.full = False
    rig.door.obey(rig.decision("Ada"))
    assert not rig.lock.locked


def test_a_full_disk_does_not_keep_the_door_open(rig):
    rig.door.obey(rig.decision("Ada"))
    rig.journal.full = True
    rig.time.now += 5.0
    with pytest.raises(StoreError):
        rig.door.tick()
    assert rig.lock.locked


def test_close_locks_and_writes_it_down_once(rig):
    rig.door.obey(rig.decision("Ada"))
    rig.door.close()
    rig.door.close()
    assert rig.lock.locked
    assert rig.journal.story == [(LOCKED, "start"), (UNLOCKED, "access_granted"), (LOCKED, "stop")]


def test_closing_a_locked_door_writes_nothing(rig):
    rig.door.close()
    assert rig.journal.story == [(LOCKED, "start")]


def test_close_with_a_full_disk_still_locks_and_lets_go(rig):
    rig.door.obey(rig.decision("Ada"))
    rig.journal.full = True
    with pytest.raises(StoreError):
        rig.door.close()
    assert rig.lock.locked
    with pytest.raises(DoorError, match="closed"):
        rig.lock.unlock()


def test_close_tries_again_when_the_lock_does_not_answer_at_first(rig, caplog):
    rig.door.obey(rig.decision("Ada"))
    rig.lock.jammed_on_lock = 1
    with pytest.raises(DoorError):
        rig.door.close()
    assert rig.lock.locked
    assert "THE DOOR MAY BE OPEN" in caplog.text


@pytest.mark.parametrize("when", ["before start", "after close"])
def test_a_door_that_is_not_running_obeys_nobody(when):
    rig = Rig()
    if when == "after close":
        rig.door.start(thread=False)
        rig.door.close()
    with pytest.raises(DoorError, match="not running"):
        rig.door.obey(rig.decision("Ada"))
    assert rig.lock.locked


def test_a_door_that_was_never_started_can_be_closed():
    rig = Rig()
    rig.door.close()
    assert rig.lock.locked
    assert rig.journal.events == []


def test_a_relock_that_fails_is_said_loudly_and_tried_again(rig, caplog):
    rig.door.obey(rig.decision("Ada"))
    rig.lock.jammed_on_lock = 1
    rig.time.now += 5.0
    with pytest.raises(DoorError):
        rig.door.tick()
    assert "THE DOOR MAY BE OPEN" in caplog.text
    assert rig.journal.story[-1] == (UNLOCKED, "access_granted"), "nobody may claim that it is locked"
    rig.door.tick()
    assert rig.lock.locked
    assert rig.journal.story[-1] == (LOCKED, "release_time")


def test_an_unlock_that_fails_ends_locked_and_written_down(rig):
    rig.lock.jammed_on_unlock = True
    with pytest.raises(DoorError, match="after it moved"):
        rig.door.obey(rig.decision("Ada"))
    assert rig.lock.locked
    assert rig.journal.story[-2:] == [(UNLOCKED, "access_granted"), (LOCKED, "fault")]


def test_a_lock_that_does_not_answer_is_a_refusal_to_start():
    rig = Rig()
    rig.lock.jammed_on_lock = 1
    with pytest.raises(DoorError):
        rig.door.start()
    assert rig.journal.events == []
    rig.door.close()


def test_a_kiosk_has_nothing_to_move():
    events: list[DoorEvent] = []
    clock = Time()
    door = Door(DoorConfig(driver="none"), NoLock(), events.append, clock, MAX_FRAME_AGE)
    door.start(thread=False)
    door.obey(Decision(1, clock(), Outcome.GRANTED, Reason.VERIFIED, _match("Ada")))
    door.close()
    assert [event.cause for event in events] == ["start", "access_granted", "stop"]


def test_the_thread_relocks_on_time_when_nobody_calls():
    rig = Rig()
    rig.door.start()
    assert rig.journal.written.get(timeout=PATIENCE).cause == "start"
    rig.door.obey(rig.decision("Ada"))
    assert rig.journal.written.get(timeout=PATIENCE).cause == "access_granted"
    assert rig.journal.written.get(timeout=PATIENCE) == DoorEvent(DoorEventType.LOCKED, Seconds(105.0), "release_time")
    assert rig.lock.moves[-1] == Move(Seconds(105.0), locked=True)
    rig.door.close()
    assert not rig.door._thread.is_alive()


def test_the_thread_keeps_real_time_too():
    """The same with the clock and the waiting that ship: half a second, the shortest release time there is."""

    def clock() -> Seconds:
        return Seconds(time.monotonic())

    lock = Lock(clock)
    journal = Journal(lock)
    door = Door(DoorConfig(driver="simulated", release_time=Seconds(0.5)), lock, journal.write, clock, MAX_FRAME_AGE)
    door.start()
    door.obey(Decision(1, clock(), Outcome.GRANTED, Reason.VERIFIED, _match("Ada")))
    causes = [journal.written.get(timeout=PATIENCE).cause for _ in range(3)]
    door.close()
    assert causes == ["start", "access_granted", "release_time"]
    assert 0.5 <= lock.moves[-1].time - lock.moves[-2].time < PATIENCE


def test_a_thread_that_cannot_write_leaves_the_door_locked_and_says_so(caplog):
    rig = Rig()
    rig.door.start()
    rig.journal.fills_up_at = DoorEventType.UNLOCKED
    rig.door.obey(rig.decision("Ada"))
    rig.door._thread.join(PATIENCE)
    assert rig.lock.locked
    assert "the door's thread failed" in caplog.text
    with pytest.raises(StoreError, match="full"):
        rig.door.obey(rig.decision("Ada"))
    assert rig.lock.locked
    rig.door.close()


def test_a_thread_that_cannot_lock_tries_again_and_says_so(caplog):
    rig = Rig()
    rig.door.start()
    rig.lock.jammed_on_lock = 1
    rig.door.obey(rig.decision("Ada"))
    rig.door._thread.join(PATIENCE)
    assert rig.lock.locked
    assert rig.journal.story[-1] == (LOCKED, "fault")
    with pytest.raises(DoorError, match="does not answer"):
        rig.door.obey(rig.decision(None))
    rig.door.close()
    assert [record.levelno for record in caplog.records].count(logging.CRITICAL) == 1


def test_a_thread_whose_lock_stays_dead_hands_over_to_close(caplog):
    rig = Rig()
    rig.door.start()
    rig.lock.jammed_on_lock = 2
    rig.door.obey(rig.decision("Ada"))
    rig.door._thread.join(PATIENCE)
    assert not rig.lock.locked
    assert "could not lock the door" in caplog.text
    rig.door.close()
    assert rig.lock.locked


def test_close_ends_a_thread_that_waits():
    rig = Rig()
    rig.door.start()
    rig.door.close()
    assert not rig.door._thread.is_alive()
