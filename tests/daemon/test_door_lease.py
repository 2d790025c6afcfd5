"""Leases: to the moment, on a lock that only remembers."""

from __future__ import annotations

import logging
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.config import DoorConfig
from faceplate.door.drivers.gpiod_factory import GpiodFactory
from faceplate.door.drivers.gpiozero_lock import PulsedLock
from faceplate.door.drivers.lease import LeasedLock, check_lease
from faceplate.door.drivers.lock_lines import LockLines
from faceplate.door.drivers.simulated import Move, SimulatedLock
from faceplate.errors import DoorError
from faceplate.types import Seconds
from fake_gpiod import FakeBoard


class Time:
    now = 0.0

    def __call__(self):
        return self.now

    def wait(self, seconds):
        self.now += seconds


class BareLock:
    """Remembers what it was told."""

    def __init__(self):
        self.told = []
        self.due = None
        self.broken = False

    def lock(self):
        if self.broken:
            raise DoorError("it is stuck")
        self.told.append("lock")

    def unlock(self):
        self.told.append("unlock")

    def tick(self):
        self.told.append("tick")

    def close(self):
        self.told.append("close")

    @property
    def moves(self):
        return [told for told in self.told if told != "tick"]


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def bare():
    return BareLock()


@pytest.fixture
def lock(bare, time):
    return LeasedLock(bare, time)


def test_a_lease_is_over_at_its_end_and_not_a_moment_earlier(lock, bare, time):
    time.now = 10.0
    lock.unlock(5.0)
    assert lock.due == 15.0
    time.now = math.nextafter(15.0, 0)
    lock.tick()
    assert bare.moves == ["unlock"]
    time.now = 15.0
    lock.tick()
    assert bare.moves == ["unlock", "lock"]
    assert lock.due is None


def test_time_passes_for_the_bare_lock_too(lock, bare):
    lock.tick()
    assert bare.told == ["tick"]


def test_a_renewed_lease_moves_nothing(lock, bare, time):
    lock.unlock(5.0)
    time.now = 4.0
    lock.unlock(3.0)
    assert (bare.moves, lock.due) == (["unlock"], 7.0)
    lock.unlock(1.0)
    assert (bare.moves, lock.due) == (["unlock"], 5.0)


def test_a_lease_renewed_too_late_was_over(lock, bare, time):
    lock.unlock(5.0)
    time.now = 5.0
    lock.unlock(5.0)
    assert bare.moves == ["unlock", "lock", "unlock"]


def test_a_lease_that_was_cut_short_does_not_end_the_next(lock, bare, time):
    lock.unlock(5.0)
    lock.lock()
    assert lock.due is None
    lock.unlock(60.0)
    time.now = 59.9
    lock.tick()
    assert bare.moves == ["unlock", "lock", "unlock"]


def test_what_comes_first_is_due_first(lock, bare):
    bare.due = 0.2
    assert lock.due == 0.2
    lock.unlock(5.0)
    assert lock.due == 0.2
    bare.due = 6.0
    assert lock.due == 5.0


def test_a_lock_that_does_not_answer_is_still_due(lock, bare, time):
    lock.unlock(5.0)
    bare.broken = True
    time.now = 5.0
    for _ in range(2):
        with pytest.raises(DoorError, match="stuck"):
            lock.tick()
        assert lock.due == 5.0


def test_closing_closes_the_bare_lock_and_nothing_is_due(lock, bare):
    lock.unlock(5.0)
    lock.close()
    assert bare.moves == ["unlock", "close"]
    assert lock.due is None


@pytest.mark.parametrize("lasting", [0.0, -0.1, math.inf, -math.inf, math.nan])
def test_no_such_lease(lasting):
    with pytest.raises(DoorError, match="got"):
        check_lease(lasting)


@pytest.mark.parametrize("lasting", [math.nextafter(0, 1), 0.5, 1e9])
def test_such_a_lease(lasting):
    check_lease(lasting)


def test_a_simulated_lock_says_what_it_does(time, caplog):
    caplog.set_level(logging.INFO)
    lock = SimulatedLock(time)
    lock.lock()
    lock.unlock(Seconds(5.0))
    lock.unlock(Seconds(5.0))
    lock.close()
    assert caplog.messages == ["simulated lock: unlocked", "simulated lock: locked"]


def test_a_simulated_lock_remembers_when_it_moved_and_when_a_lease_was_over(time):
    lock = SimulatedLock(time)
    time.now = 10.0
    lock.unlock(Seconds(5.0))
    time.now = math.nextafter(15.0, 0)
    assert (lock.locked, lock.moves) == (False, (Move(0.0, locked=True), Move(10.0, locked=False)))
    time.now = 15.0
    assert lock.locked
    time.now = 100.0
    begin = (Move(0.0, locked=True), Move(10.0, locked=False), Move(15.0, locked=True))
    assert lock.moves == begin
    lock.lock()
    assert lock.moves == begin
    lock.unlock(Seconds(5.0))
    time.now = 104.0
    lock.unlock(Seconds(5.0))
    time.now = 108.0
    lock.lock()
    assert lock.moves == (*begin, Move(100.0, locked=False), Move(108.0, locked=True))


PULSE = 0.5
UNLOCKS, LOCKS = 17, 18


def pulsed(board, time, **changes):
    config = DoorConfig(
        driver="gpiozero", lock="latching", line=UNLOCKS, lock_line=LOCKS, pulse=Seconds(PULSE), **changes
    )
    return PulsedLock(LockLines.of(config), GpiodFactory(config.chip, board.open_chip), time, time.wait)


def fed(board):
    """The lines whose coils are fed now."""
    return [line for line in (UNLOCKS, LOCKS) if board.lines[line].driven[-1]]


@pytest.fixture
def board():
    return FakeBoard()


def test_a_pulse_lasts_as_long_as_it_should(board, time):
    lock = pulsed(board, time)
    assert (fed(board), lock.due) == ([LOCKS], PULSE)
    time.now = math.nextafter(PULSE, 0)
    lock.tick()
    assert fed(board) == [LOCKS]
    time.now = PULSE
    lock.tick()
    assert (fed(board), lock.due) == ([], None)
    lock.unlock()
    assert (fed(board), lock.due) == ([UNLOCKS], 2 * PULSE)
    time.now = 2 * PULSE
    lock.tick()
    assert (fed(board), lock.due) == ([], None)
    lock.close()


def test_both_lines_rest_before_the_first_pulse(board, time):
    pulsed(board, time, active_high=False).close()
    assert [(line, bool(level)) for line, level in board.moves[:2]] == [(UNLOCKS, True), (LOCKS, True)]


def test_asking_again_does_not_prolong_a_pulse(board, time):
    lock = pulsed(board, time)
    time.now = 0.4
    lock.lock()
    assert lock.due == PULSE
    lock.close()


def test_locking_breaks_off_the_pulse_that_unlocks(board, time):
    lock = pulsed(board, time)
    lock.unlock()
    assert fed(board) == [UNLOCKS]
    time.now = 0.2
    lock.lock()
    assert (fed(board), lock.due) == ([LOCKS], 0.2 + PULSE)
    lock.close()


def test_closing_sees_a_whole_pulse_to_its_end(board, time):
    lock = pulsed(board, time)
    time.now = PULSE
    lock.tick()
    lock.close()
    assert time.now == 2 * PULSE
    assert [line for line, level in board.moves if level] == [LOCKS, LOCKS]
    assert [board.lines[line].consumer for line in (UNLOCKS, LOCKS)] == ["", ""]
    with pytest.raises(DoorError):
        lock.unlock()


def test_a_wait_that_is_broken_off_leaves_both_lines_at_rest(board, time):
    lock = pulsed(board, time)

    def interrupted(_):
        raise KeyboardInterrupt

    lock._wait = interrupted
    with pytest.raises(KeyboardInterrupt):
        lock.close()
    assert fed(board) == []
    assert [board.lines[line].consumer for line in (UNLOCKS, LOCKS)] == ["", ""]


def test_a_pulsed_lock_needs_both_lines(time):
    lines = LockLines(
        "/dev/gpiochip0", UNLOCKS, active_high=True, powered_when_locked=False, lock_line=None, pulse=PULSE
    )
    with pytest.raises(DoorError, match="lock_line is missing"):
        PulsedLock(lines, GpiodFactory(lines.chip, FakeBoard().open_chip), time, time.wait)


@given(st.lists(st.sampled_from(["lock", "unlock", "tick", 0.1, 0.3, PULSE]), max_size=30))
def test_never_are_both_fed_nor_one_longer_than_a_pulse(story):
    board, time = FakeBoard(), Time()
    lock = pulsed(board, time)
    began = {LOCKS: 0.0}
    for what in story:
        if isinstance(what, float):
            time.now += what
            lock.tick()
        else:
            getattr(lock, what)()
        now_fed = fed(board)
        assert len(now_fed) <= 1
        began = {line: began.get(line, time.now) for line in now_fed}
        assert all(time.now - start < PULSE for start in began.values())
    lock.close()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"powered_when_locked": False, "lock_line": None}),
        ({"wiring": "fail_safe"}, {"powered_when_locked": True, "lock_line": None}),
        ({"lock": "maglock", "wiring": "fail_safe"}, {"powered_when_locked": True, "lock_line": None}),
        ({"lock_line": 18}, {"powered_when_locked": False, "lock_line": None}),
        ({"lock": "latching", "lock_line": 18}, {"powered_when_locked": False, "lock_line": 18}),
        ({"lock": "motor", "lock_line": 18}, {"powered_when_locked": False, "lock_line": 18}),
    ],
)
def test_the_lines_of_every_kind_of_lock(changes, expected):
    config = DoorConfig(chip="/dev/gpiochip3", line=5, active_high=False, pulse=Seconds(0.7), **changes)
    lines = LockLines.of(config)
    assert lines == LockLines("/dev/gpiochip3", 5, active_high=False, pulse=0.7, **expected)
