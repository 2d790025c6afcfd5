"""Every lock driver keeps the same promises: the simulated one, and the real one over two kinds of pin."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from gpiozero.pins.mock import MockFactory

from faceplate.config import DoorConfig
from faceplate.door.gpiod_factory import GpiodFactory
from faceplate.door.gpiozero_driver import GpiozeroLock
from faceplate.door.lock import LockDriver
from faceplate.door.simulated import SimulatedLock
from faceplate.errors import DoorError
from faceplate.types import Seconds
from fake_gpiod import FakeBoard


@dataclass(frozen=True)
class Rig:
    """A driver, and what its lock did since the driver exists."""

    driver: LockDriver
    history: Callable[[], list[bool]]
    """Every state in order, True is locked; the first is the one it began in"""


def simulated_rig() -> Rig:
    lock = SimulatedLock(lambda: Seconds(0.0))
    return Rig(lock, lambda: [move.locked for move in lock.moves])


def locked_level(config: DoorConfig) -> bool:
    """Power opens a strike and holds a magnet; active_high says which level feeds power."""
    return {
        ("fail_secure", True): False,
        ("fail_secure", False): True,
        ("fail_safe", True): True,
        ("fail_safe", False): False,
    }[config.wiring, config.active_high]


def mock_rig(config: DoorConfig) -> Rig:
    factory = MockFactory()
    pin = factory.pin(config.line)
    driver = GpiozeroLock(config, factory)
    pin.clear_states()
    return Rig(driver, lambda: [state.state is locked_level(config) for state in pin.states])


def gpiod_rig(config: DoorConfig) -> Rig:
    board = FakeBoard(config.chip)
    driver = GpiozeroLock(config, GpiodFactory(config.chip, board.open_chip))

    def history() -> list[bool]:
        states = [bool(level) is locked_level(config) for level in board.lines[config.line].driven]
        return [state for state, _ in itertools.groupby(states)]

    return Rig(driver, history)


CONFIGS = [
    DoorConfig(driver="gpiozero", wiring="fail_secure", active_high=True),
    DoorConfig(driver="gpiozero", wiring="fail_secure", active_high=False),
    DoorConfig(driver="gpiozero", wiring="fail_safe", active_high=True),
    DoorConfig(driver="gpiozero", wiring="fail_safe", active_high=False),
]
RIGS = {"simulated": simulated_rig}
for make, config in itertools.product((mock_rig, gpiod_rig), CONFIGS):
    level = "active_high" if config.active_high else "active_low"
    RIGS[f"{make.__name__}-{config.wiring}-{level}"] = lambda make=make, config=config: make(config)


@pytest.fixture(params=RIGS)
def rig(request):
    made = RIGS[request.param]()
    yield made
    made.driver.close()


def test_it_is_locked_from_the_first_moment(rig):
    assert rig.history() == [True]


def test_it_unlocks_and_locks(rig):
    rig.driver.unlock()
    assert rig.history() == [True, False]
    rig.driver.lock()
    assert rig.history() == [True, False, True]


def test_doing_the_same_twice_changes_nothing(rig):
    rig.driver.lock()
    rig.driver.lock()
    assert rig.history() == [True]
    rig.driver.unlock()
    rig.driver.unlock()
    assert rig.history() == [True, False]


def test_close_locks_an_unlocked_door(rig):
    rig.driver.unlock()
    rig.driver.close()
    assert rig.history() == [True, False, True]


def test_close_leaves_a_locked_door_locked(rig):
    rig.driver.close()
    assert rig.history() == [True]


def test_a_second_close_does_nothing(rig):
    rig.driver.close()
    rig.driver.close()
    assert rig.history() == [True]


@pytest.mark.parametrize("use", ["lock", "unlock"])
def test_a_closed_lock_refuses_to_be_used(rig, use):
    rig.driver.close()
    with pytest.raises(DoorError):
        getattr(rig.driver, use)()
    assert rig.history() == [True]
