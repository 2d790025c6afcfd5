"""All switches keep the same promises: the simulated ones, and the real ones over two kinds of pin."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, fields

import gpiod
import pytest
from gpiod.line import Bias, Value
from gpiozero.pins.mock import MockFactory

from faceplate.config import DoorConfig
from faceplate.config.door import InputConfig, InputsConfig
from faceplate.door.drivers.gpiod_factory import GpiodFactory
from faceplate.door.drivers.gpiozero_switches import GpiozeroSwitches
from faceplate.door.drivers.lock import NoSwitches
from faceplate.door.drivers.simulated import hardware_of
from faceplate.door.hardware import Readings, Switches
from faceplate.errors import DoorError
from faceplate.types import Seconds
from fake_gpiod import FakeBoard

READING_OF = {
    "exit": "exit_pressed",
    "contact": "is_open",
    "tamper": "tampered",
    "bell": "bell_pressed",
    "bolt": "bolt_thrown",
}
LINES = {name: number for number, name in enumerate(READING_OF, start=22)}


def config_of(*names: str, **wired) -> DoorConfig:
    inputs = {name: InputConfig(line=LINES[name], **wired) for name in names}
    return DoorConfig(driver="gpiozero", inputs=InputsConfig(**inputs))


@dataclass(frozen=True)
class Rig:
    switches: Switches
    put: Callable[..., None]
    """Make the line of a switch, named as in the configuration, `high` or not"""
    high_means: bool


def simulated_rig(config: DoorConfig) -> Rig:
    switches = hardware_of(config, lambda: Seconds(0.0)).switches
    return Rig(switches, lambda name, *, high: switches.set(**{READING_OF[name]: high}), high_means=True)


def mock_rig(config: DoorConfig) -> Rig:
    factory = MockFactory()
    switches = GpiozeroSwitches(config, factory)

    def put(name: str, *, high: bool) -> None:
        pin = factory.pin(LINES[name])
        (pin.drive_high if high else pin.drive_low)()

    return Rig(switches, put, high_means=wired(config).active_high)


def gpiod_rig(config: DoorConfig) -> Rig:
    board = FakeBoard(config.chip)
    switches = GpiozeroSwitches(config, GpiodFactory(config.chip, board.open_chip))

    def put(name: str, *, high: bool) -> None:
        board.lines[LINES[name]].wired = Value.ACTIVE if high else Value.INACTIVE

    return Rig(switches, put, high_means=wired(config).active_high)


def wired(config: DoorConfig) -> InputConfig:
    return next((given for _, given in config.inputs if given is not None), InputConfig(line=0))


MAKERS = {"simulated": simulated_rig, "mock": mock_rig, "gpiod": gpiod_rig}
WIRINGS = list(itertools.product(("up", "down", "none"), (True, False)))


@pytest.fixture(params=MAKERS)
def make(request):
    made = []

    def make(*names, **wired):
        rig = MAKERS[request.param](config_of(*names, **wired))
        made.append(rig)
        return rig

    yield make
    for rig in made:
        rig.switches.close()


def test_every_input_of_the_configuration_has_its_reading():
    assert set(READING_OF) == set(InputsConfig.model_fields)
    assert set(READING_OF.values()) == {field.name for field in fields(Readings)}


def test_without_inputs_there_is_nothing_to_read(make):
    assert make().switches.read() == Readings() == NoSwitches().read()


@pytest.mark.parametrize("name", READING_OF)
def test_each_is_read_where_it_is_configured_and_the_others_are_not_there(make, name):
    rig = make(name)
    for high in (True, False):
        rig.put(name, high=high)
        assert rig.switches.read() == Readings(**{READING_OF[name]: high is rig.high_means})


@pytest.mark.parametrize(("pull", "active_high"), WIRINGS)
def test_the_level_that_means_active_has_nothing_to_do_with_the_pull(make, pull, active_high):
    rig = make("contact", pull=pull, active_high=active_high)
    rig.put("contact", high=True)
    assert rig.switches.read().is_open is rig.high_means
    rig.put("contact", high=False)
    assert rig.switches.read().is_open is not rig.high_means


def test_each_has_its_own_line(make):
    rig = make(*READING_OF)
    for name in READING_OF:
        rig.put(name, high=not rig.high_means)
    for name, reading in READING_OF.items():
        rig.put(name, high=rig.high_means)
        readings = rig.switches.read()
        assert [field.name for field in fields(Readings) if getattr(readings, field.name)] == [reading]
        rig.put(name, high=not rig.high_means)


def test_a_second_close_does_nothing_and_reading_is_refused(make):
    rig = make("exit")
    rig.switches.close()
    rig.switches.close()
    with pytest.raises(DoorError):
        rig.switches.read()


@pytest.mark.parametrize(
    ("pull", "bias", "open_level"),
    [("up", Bias.PULL_UP, True), ("down", Bias.PULL_DOWN, False), ("none", Bias.DISABLED, False)],
)
@pytest.mark.parametrize("active_high", [True, False])
def test_the_pull_reaches_the_kernel_and_decides_while_the_switch_is_open(pull, bias, open_level, active_high):
    board = FakeBoard()
    config = config_of("exit", pull=pull, active_high=active_high)
    switches = GpiozeroSwitches(config, GpiodFactory(config.chip, board.open_chip))
    assert board.lines[LINES["exit"]].settings == gpiod.LineSettings(direction=gpiod.line.Direction.INPUT, bias=bias)
    assert switches.read().exit_pressed is (open_level is active_high)
    switches.close()


def test_a_line_that_cannot_be_had_is_said_and_the_others_are_let_go_of():
    board = FakeBoard()
    board.lines[LINES["bell"]].consumer = "doorbell"
    config = config_of("exit", "bell")
    with pytest.raises(DoorError, match="in use by 'doorbell'"):
        GpiozeroSwitches(config, GpiodFactory(config.chip, board.open_chip))
    assert board.lines[LINES["exit"]].consumer == ""


@pytest.mark.parametrize("name", READING_OF)
def test_a_line_that_the_chip_does_not_have_is_said(name):
    config = DoorConfig(driver="gpiozero", inputs=InputsConfig(**{name: InputConfig(line=60)}))
    with pytest.raises(DoorError, match="gpiozero refuses line 60 of /dev/gpiochip0"):
        GpiozeroSwitches(config, GpiodFactory(config.chip, FakeBoard().open_chip))


@pytest.mark.parametrize("name", READING_OF)
def test_an_input_that_was_let_go_of_says_which_it_was(name):
    config = config_of(name)
    switches = GpiozeroSwitches(config, GpiodFactory(config.chip, FakeBoard().open_chip))
    switches.close()
    with pytest.raises(DoorError, match=f"^gpiozero refuses line {LINES[name]} of /dev/gpiochip0: "):
        switches.read()


def test_an_input_that_does_not_answer_is_a_door_error():
    board = FakeBoard()
    config = config_of("exit")
    switches = GpiozeroSwitches(config, GpiodFactory(config.chip, board.open_chip))
    board.unplugged = True
    with pytest.raises(DoorError, match="line 22 of /dev/gpiochip0 does not answer"):
        switches.read()
    switches.close()


@pytest.mark.parametrize("name", ["is_open", "no_such_switch"])
def test_a_simulated_switch_that_is_not_there_cannot_be_set(name):
    switches = simulated_rig(config_of("exit")).switches
    with pytest.raises(DoorError, match=f"no switch for '{name}'"):
        switches.set(exit_pressed=True, **{name: True})
    assert switches.read() == Readings(exit_pressed=False), "nothing was set"
