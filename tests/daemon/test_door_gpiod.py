"""The pin factory over libgpiod, and the lock on it: what reaches the kernel, and what is said when it refuses."""

from __future__ import annotations

import inspect

import gpiod
import pytest
from gpiod.line import Bias, Direction, Value
from gpiozero import Button, DigitalInputDevice, DigitalOutputDevice
from gpiozero.exc import (
    PinEdgeDetectUnsupported,
    PinError,
    PinFixedPull,
    PinInvalidFunction,
    PinInvalidPin,
    PinInvalidPull,
    PinSetInput,
)
from gpiozero.pins import PinInfo

from faceplate.config import DoorConfig
from faceplate.door.drivers.gpiod_factory import GpiodFactory
from faceplate.door.drivers.gpiozero_lock import HeldLock, PulsedLock, bare_lock
from faceplate.door.drivers.lock_lines import LockLines
from faceplate.errors import DoorError
from fake_gpiod import FakeBoard, FakeChip, FakeRequest

CHIP = "/dev/gpiochip0"


@pytest.fixture
def board():
    return FakeBoard(CHIP)


@pytest.fixture
def factory(board):
    with GpiodFactory(CHIP, board.open_chip) as factory:
        yield factory


def lock_on(board, line=17, **changes):
    config = DoorConfig(driver="gpiozero", chip=CHIP, line=line, **changes)
    return bare_lock(LockLines.of(config), GpiodFactory(CHIP, board.open_chip))


@pytest.mark.parametrize(("fake", "real"), [(FakeChip, gpiod.Chip), (FakeRequest, gpiod.LineRequest)])
def test_the_fake_has_the_signatures_of_the_real_gpiod(fake, real):
    def shape(function):
        return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]

    names = [name for name in vars(fake) if not name.startswith("_")]
    assert names
    for name in names:
        assert shape(getattr(fake, name)) == shape(getattr(real, name)), name


@pytest.mark.parametrize(
    ("wiring", "active_high", "locked"),
    [
        ("fail_secure", True, Value.INACTIVE),
        ("fail_secure", False, Value.ACTIVE),
        ("fail_safe", True, Value.ACTIVE),
        ("fail_safe", False, Value.INACTIVE),
    ],
)
def test_the_line_comes_up_locked_in_one_request_and_goes_down_locked(board, wiring, active_high, locked):
    lock = lock_on(board, wiring=wiring, active_high=active_high)
    (request,) = board.requests
    assert request.consumer == "faceplate"
    assert request.lines[17].direction is Direction.OUTPUT
    assert request.lines[17].output_value is locked
    assert board.lines[17].driven == [locked]

    lock.unlock()
    assert board.lines[17].driven[-1] is not locked
    lock.close()
    assert len(board.requests) == 1
    assert board.lines[17].driven[-1] is locked
    assert board.lines[17].released_at is locked
    assert board.lines[17].consumer == ""


def test_a_line_that_somebody_holds_names_the_holder(board):
    board.lines[17].consumer = "fan-control"
    with pytest.raises(DoorError, match=r"line 17 of /dev/gpiochip0 is in use by 'fan-control'"):
        lock_on(board)
    assert board.lines[17].driven == []


def test_two_locks_cannot_share_a_line(board):
    first = lock_on(board)
    with pytest.raises(DoorError, match="in use by 'faceplate'"):
        lock_on(board)
    first.unlock()
    first.close()


@pytest.mark.parametrize(
    ("kind", "driver"), [("strike", HeldLock), ("maglock", HeldLock), ("latching", PulsedLock), ("motor", PulsedLock)]
)
def test_every_kind_of_lock_has_its_driver(board, kind, driver):
    changes = {"wiring": "fail_safe"} if kind == "maglock" else {}
    lock = lock_on(board, lock=kind, lock_line=18, pulse=0.02, **changes)
    assert type(lock) is driver
    assert bool(board.lines[18].consumer) is (driver is PulsedLock), "a held lock leaves the other line alone"
    lock.close()
    assert not any(line.consumer for line in board.lines)


@pytest.mark.parametrize("changes", [{}, {"lock": "latching", "lock_line": 18, "pulse": 0.02}])
def test_a_closed_lock_lets_go_of_the_chip_also_if_it_could_not_be_had(changes):
    opened = []

    def open_chip(path):
        opened.append(FakeBoard(path).open_chip(path))
        return opened[-1]

    def lock_with(line):
        lines = LockLines.of(DoorConfig(driver="gpiozero", chip=CHIP, line=line, **changes))
        return bare_lock(lines, GpiodFactory(CHIP, open_chip))

    lock_with(17).close()
    with pytest.raises(DoorError):
        lock_with(60)
    assert [chip._open for chip in opened] == [False, False]


@pytest.mark.parametrize(("taken", "free"), [(17, 18), (18, 17)])
def test_a_pulsed_lock_that_cannot_have_both_lines_has_neither(board, taken, free):
    board.lines[taken].consumer = "fan-control"
    with pytest.raises(DoorError, match=f"line {taken} of /dev/gpiochip0 is in use by 'fan-control'"):
        lock_on(board, lock="latching", lock_line=18)
    assert board.lines[free].consumer == ""


def test_a_missing_chip_says_how_to_find_the_right_one(board):
    with pytest.raises(DoorError, match=r"no /dev/gpiochip4: `gpiodetect`"):
        GpiodFactory("/dev/gpiochip4", board.open_chip)


def test_no_permission_names_the_group():
    board = FakeBoard(CHIP, permitted=False)
    with pytest.raises(DoorError, match="usermod -aG gpio"):
        GpiodFactory(CHIP, board.open_chip)


def test_the_real_gpiod_on_a_missing_chip_gives_the_same_error():
    with pytest.raises(DoorError, match="gpiodetect"):
        GpiodFactory("/dev/gpiochip511")


def test_the_real_gpiod_on_something_that_is_no_chip_is_a_door_error():
    with pytest.raises(DoorError, match="/dev/null does not answer"):
        GpiodFactory("/dev/null")


def test_a_line_the_chip_does_not_have_is_refused(board):
    with pytest.raises(
        DoorError, match=r"^gpiozero refuses line 60 of /dev/gpiochip0: .* has no line 60, only 0 to 53"
    ):
        lock_on(board, line=60)


def test_a_chip_that_goes_away_is_a_door_error(board):
    lock = lock_on(board)
    board.unplugged = True
    with pytest.raises(DoorError, match="line 17 of /dev/gpiochip0 does not answer"):
        lock.unlock()
    with pytest.raises(DoorError):
        lock.close()
    assert board.lines[17].consumer == "", "the line is let go of even so"


@pytest.mark.parametrize(
    ("changes", "where"),
    [({}, "line 17 of"), ({"lock": "motor", "lock_line": 18, "pulse": 0.02}, "lines 17 and 18 of")],
)
def test_a_lock_that_was_closed_says_which_lines_were_its(board, changes, where):
    lock = lock_on(board, **changes)
    lock.close()
    with pytest.raises(DoorError, match=f"^gpiozero refuses {where} /dev/gpiochip0: "):
        lock.unlock()


@pytest.mark.parametrize("read", ["function", "pull"])
def test_a_line_that_cannot_be_asked_about_is_a_door_error(board, factory, read):
    pin = factory.pin(22)
    board.unplugged = True
    with pytest.raises(DoorError, match=r"^line 22 of /dev/gpiochip0 does not answer"):
        getattr(pin, read)


def test_the_board_is_one_header_with_every_line_of_the_chip(factory):
    board = factory.board_info
    assert (board.model, board.manufacturer, set(board.headers)) == ("pinctrl-fake", "", {"lines"})
    header = board.headers["lines"]
    assert (header.name, header.rows, header.columns) == ("lines", 54, 1)
    assert sorted(header.pins) == list(range(54))
    names, interfaces = frozenset({17, "17"}), frozenset({"gpio"})
    assert factory.pin(17).info == PinInfo(17, "17", names, pull="", row=18, col=1, interfaces=interfaces)
    assert repr(factory.pin(17)) == "<line 17 of /dev/gpiochip0>"


def test_a_pin_is_one_object_however_it_is_named(factory):
    assert factory.pin(17) is factory.pin("17")
    assert factory.pin(17) is not factory.pin(18)
    with pytest.raises(PinInvalidPin):
        factory.pin("GPIO17")


def test_naming_a_pin_does_not_touch_its_line(board, factory):
    pin = factory.pin(17)
    assert board.requests == []
    assert pin.function == "input"
    with pytest.raises(PinError, match="no function yet"):
        _ = pin.state


@pytest.mark.parametrize(
    ("pull", "bias", "state"),
    [("up", Bias.PULL_UP, 1), ("down", Bias.PULL_DOWN, 0), ("floating", Bias.DISABLED, 0)],
)
def test_an_input_is_requested_with_its_pull(board, factory, pull, bias, state):
    pin = factory.pin(22)
    pin.input_with_pull(pull)
    (request,) = board.requests
    assert request.lines[22].direction is Direction.INPUT
    assert request.lines[22].bias is bias
    assert (pin.function, pin.pull, pin.state) == ("input", pull, state)


@pytest.mark.parametrize(("bias", "pull"), [(Bias.DISABLED, "floating"), (Bias.AS_IS, "unknown")])
def test_a_pull_that_nobody_set_is_not_taken_for_none(board, factory, bias, pull):
    board.lines[22].settings = gpiod.LineSettings(bias=bias)
    assert factory.pin(22).pull == pull


def test_an_input_can_change_its_pull_and_has_no_level_to_set(board, factory):
    pin = factory.pin(22)
    pin.function = "input"
    pin.pull = "up"
    assert pin.pull == "up"
    assert len(board.requests) == 1
    assert board.requests[0].lines[22].direction is Direction.INPUT
    with pytest.raises(PinInvalidPull, match=r"^a pull is one of up, down, floating; got 'sideways' for <line 22 of"):
        pin.pull = "sideways"
    with pytest.raises(PinSetInput):
        pin.state = True


def test_a_pull_makes_an_input_of_a_line_that_was_none_yet(board, factory):
    factory.pin(22).pull = "down"
    (request,) = board.requests
    assert (request.lines[22].direction, request.lines[22].bias) == (Direction.INPUT, Bias.PULL_DOWN)


def test_a_line_can_turn_from_output_to_input(board, factory):
    pin = factory.pin(22)
    pin.output_with_state(state=True)
    pin.input_with_pull("down")
    assert board.lines[22].driven == [Value.ACTIVE, None]
    assert len(board.requests) == 1
    with pytest.raises(PinSetInput):
        pin.state = True


def test_an_output_without_a_level_is_refused(board, factory):
    with pytest.raises(PinInvalidFunction, match="must be given its first level"):
        DigitalOutputDevice(17, initial_value=None, pin_factory=factory)
    assert board.requests == []


def test_an_output_has_no_pull_to_set(factory):
    with DigitalOutputDevice(17, pin_factory=factory) as device:
        device.on()
        assert device.value == 1
        assert device.pin.function == "output"
        with pytest.raises(PinFixedPull, match=r"^<line 17 of /dev/gpiochip0> is an output and has no pull to set$"):
            device.pin.pull = "up"


@pytest.mark.parametrize("device", [Button, DigitalInputDevice])
def test_edges_are_refused_rather_than_missed(factory, device):
    with pytest.raises(PinEdgeDetectUnsupported):
        device(22, pin_factory=factory)


def test_time_differences_are_seconds(factory):
    earlier = factory.ticks()
    assert factory.ticks() >= earlier
    assert factory.ticks_diff(3.5, 1.0) == 2.5
