"""Every lock driver keeps the same promises: the simulated one, the real ones over two kinds of pin, and the kept one.

The kept lock runs in a real process of its own, on a fake chip; there time passes as it does.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from faceplate.config import DoorConfig
from faceplate.door.drivers.gpiod_factory import GpiodFactory
from faceplate.door.drivers.gpiozero_lock import HeldLock, PulsedLock
from faceplate.door.drivers.keeper_client import KeptLock
from faceplate.door.drivers.lease import LeasedLock
from faceplate.door.drivers.lock_lines import LockLines
from faceplate.door.drivers.simulated import SimulatedLock
from faceplate.door.hardware import LockDriver
from faceplate.errors import DoorError
from faceplate.types import Seconds
from fake_gpiod import FakeBoard
from gpio_board import board_in, environment
from waiting import until

LEASE = Seconds(0.25)
LONG = Seconds(60.0)


class Time:
    """Monotonic time of the drivers that are told it."""

    now = 0.0

    def __call__(self) -> Seconds:
        return Seconds(self.now)

    def wait(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class Rig:
    """A driver, and what its lock did since the driver exists."""

    driver: LockDriver
    history: Callable[[], list[bool]]
    """Every state in order, True is locked; the first is the one it began in"""
    after: Callable[[float], None]
    """Let at least so many seconds pass"""


def simulated_rig() -> Rig:
    time = Time()
    lock = SimulatedLock(time)
    return Rig(lock, lambda: [move.locked for move in lock.moves], time.wait)


def leased_rig(config: DoorConfig, factory, line_moves) -> Rig:
    time = Time()
    lines = LockLines.of(config)
    if lines.lock_line is None:
        lock = LeasedLock(HeldLock(lines, factory), time)
    else:
        lock = LeasedLock(PulsedLock(lines, factory, time, time.wait), time)

    def after(seconds: float) -> None:
        end = time.now + seconds
        while lock.due is not None and lock.due <= end:
            time.now = lock.due
            lock.tick()
        time.now = end

    return Rig(lock, lambda: states_from(config, line_moves()), after)


def states_from(config: DoorConfig, moves: list[tuple[int, bool]]) -> list[bool]:
    """The lock's states, from every level its lines were driven to."""
    if config.lock in {"strike", "maglock"}:
        # Power opens a strike and holds a magnet; active_high says which level feeds power.
        locked = (config.wiring == "fail_safe") is config.active_high
        states = [level is locked for _, level in moves]
    else:
        fed: dict[int, bool] = {config.line: False, config.lock_line: False}
        states = []
        for line, level in moves:
            began = (level is config.active_high) and not fed[line]
            fed[line] = level is config.active_high
            assert not all(fed.values()), "both coils are fed"
            if began:
                states.append(line == config.lock_line)
    return [state for state, _ in itertools.groupby(states)]


def mock_rig(config: DoorConfig) -> Rig:
    moves: list[tuple[int, bool]] = []

    class NotedPin(MockPin):
        def _set_state(self, value):
            super()._set_state(value)
            moves.append((int(self.info.name.removeprefix("GPIO")), bool(value)))

    return leased_rig(config, MockFactory(pin_class=NotedPin), lambda: moves)


def gpiod_rig(config: DoorConfig) -> Rig:
    board = FakeBoard(config.chip)
    return leased_rig(
        config, GpiodFactory(config.chip, board.open_chip), lambda: [(line, bool(value)) for line, value in board.moves]
    )


def kept_rig(config: DoorConfig, tmp_path) -> Rig:
    board = board_in(tmp_path)
    driver = KeptLock(config)

    def history() -> list[bool]:
        moves = [(row["line"], bool(row["level"])) for row in board.log() if row["what"] == "drive"]
        return states_from(config, moves)

    return Rig(driver, history, lambda seconds: until(lambda: history()[-1], within=seconds + 2))


def config_of(**changes) -> DoorConfig:
    return DoorConfig(driver="gpiozero", **changes)


CONFIGS = {
    f"{kind}-{wiring}-{'active_high' if active_high else 'active_low'}": config_of(
        lock=kind, wiring=wiring, active_high=active_high
    )
    for kind, wiring in (("strike", "fail_secure"), ("strike", "fail_safe"), ("maglock", "fail_safe"))
    for active_high in (True, False)
} | {
    f"{kind}-{'active_high' if active_high else 'active_low'}": config_of(
        lock=kind, lock_line=18, pulse=Seconds(0.1), active_high=active_high
    )
    for kind in ("latching", "motor")
    for active_high in (True, False)
}
KEPT = ["strike-fail_secure-active_high", "motor-active_low"]

RIGS = {"simulated": lambda _: simulated_rig()}
RIGS |= {f"mock-{name}": lambda _, config=config: mock_rig(config) for name, config in CONFIGS.items()}
RIGS |= {f"gpiod-{name}": lambda _, config=config: gpiod_rig(config) for name, config in CONFIGS.items()}
RIGS |= {f"kept-{name}": lambda tmp_path, config=CONFIGS[name]: kept_rig(config, tmp_path) for name in KEPT}


@pytest.fixture(params=RIGS)
def rig(request, tmp_path, monkeypatch):
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    made = RIGS[request.param](tmp_path)
    yield made
    made.driver.close()


def test_it_is_locked_from_the_first_moment(rig):
    assert rig.history() == [True]


def test_it_unlocks_and_locks(rig):
    rig.driver.unlock(LONG)
    assert rig.history() == [True, False]
    rig.driver.lock()
    assert rig.history() == [True, False, True]


def test_it_locks_when_the_lease_is_over(rig):
    rig.driver.unlock(LEASE)
    assert rig.history() == [True, False]
    rig.after(LEASE)
    assert rig.history() == [True, False, True]


def test_it_can_be_unlocked_again_after_a_lease(rig):
    rig.driver.unlock(LEASE)
    rig.after(LEASE)
    rig.driver.unlock(LONG)
    assert rig.history() == [True, False, True, False]


def test_a_second_lease_takes_the_place_of_the_first_also_if_it_ends_sooner(rig):
    rig.driver.unlock(LONG)
    rig.driver.unlock(LEASE)
    assert rig.history() == [True, False]
    rig.after(LEASE)
    assert rig.history() == [True, False, True]


@pytest.mark.parametrize("lasting", [0.0, -1.0, math.nan, math.inf])
def test_a_lease_that_never_begins_or_never_ends_is_refused(rig, lasting):
    with pytest.raises(DoorError, match="more than 0 and not for ever"):
        rig.driver.unlock(lasting)
    assert rig.history() == [True]


def test_doing_the_same_twice_changes_nothing(rig):
    rig.driver.lock()
    rig.driver.lock()
    assert rig.history() == [True]
    rig.driver.unlock(LONG)
    rig.driver.unlock(LONG)
    assert rig.history() == [True, False]


def test_close_locks_an_unlocked_door(rig):
    rig.driver.unlock(LONG)
    rig.driver.close()
    assert rig.history() == [True, False, True]


def test_close_leaves_a_locked_door_locked(rig):
    rig.driver.close()
    assert rig.history() == [True]


def test_a_second_close_does_nothing(rig):
    rig.driver.close()
    rig.driver.close()
    assert rig.history() == [True]


def has_check(rig):
    if not hasattr(rig.driver, "check"):
        pytest.skip("this is the keeper's side, which has nobody to look after")


def test_looking_at_it_moves_nothing(rig):
    has_check(rig)
    rig.driver.check()
    rig.driver.unlock(LONG)
    rig.driver.check()
    assert rig.history() == [True, False]


@pytest.mark.parametrize("use", ["lock", "unlock", "check"])
def test_a_closed_lock_refuses_to_be_used(rig, use):
    if use == "check":
        has_check(rig)
    rig.driver.close()
    with pytest.raises(DoorError):
        rig.driver.unlock(LONG) if use == "unlock" else getattr(rig.driver, use)()
    assert rig.history() == [True]
