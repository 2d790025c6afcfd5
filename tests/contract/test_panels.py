"""All panels keep the same promises: the simulated one, and the real one over two kinds of pin."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, fields

import pytest
from gpiod.line import Value
from gpiozero.pins.mock import MockFactory

from faceplate.config import DoorConfig
from faceplate.config.door import LightsConfig, OutputConfig
from faceplate.door.drivers.gpiod_factory import GpiodFactory
from faceplate.door.drivers.gpiozero_panel import GpiozeroPanel
from faceplate.door.drivers.simulated import SimulatedPanel
from faceplate.door.hardware import Lights, Panel
from faceplate.errors import DoorError
from fake_gpiod import FakeBoard

LINES = {name: number for number, name in enumerate(LightsConfig.model_fields, start=5)}
COMBINATIONS = [Lights(*lit) for lit in itertools.product((False, True), repeat=3)]


def config_of(*names: str, active_high: bool = True) -> DoorConfig:
    lights = {name: OutputConfig(line=LINES[name], active_high=active_high) for name in names}
    return DoorConfig(driver="gpiozero", lights=LightsConfig(**lights))


@dataclass(frozen=True)
class Rig:
    panel: Panel
    lit: Callable[[], Lights]
    """What is lit, of all that is configured"""


def simulated_rig(*, active_high: bool) -> Rig:  # noqa: ARG001 - it has no level at all
    panel = SimulatedPanel()
    return Rig(panel, lambda: panel.shown)


def mock_rig(*, active_high: bool) -> Rig:
    factory = MockFactory()
    panel = GpiozeroPanel(config_of(*LINES, active_high=active_high), factory)
    pins = {name: factory.pin(line) for name, line in LINES.items()}
    return Rig(panel, lambda: Lights(**{name: bool(pin.state) is active_high for name, pin in pins.items()}))


def gpiod_rig(*, active_high: bool) -> Rig:
    board = FakeBoard()
    config = config_of(*LINES, active_high=active_high)
    panel = GpiozeroPanel(config, GpiodFactory(config.chip, board.open_chip))

    def lit() -> Lights:
        return Lights(**{name: bool(board.lines[line].driven[-1]) is active_high for name, line in LINES.items()})

    return Rig(panel, lit)


RIGS = {
    f"{make.__name__}-{'high' if active_high else 'low'}": (make, active_high)
    for make in (simulated_rig, mock_rig, gpiod_rig)
    for active_high in (True, False)
}


@pytest.fixture(params=RIGS)
def rig(request):
    make, active_high = RIGS[request.param]
    made = make(active_high=active_high)
    yield made
    made.panel.close()


def test_every_light_of_the_configuration_can_be_shown():
    assert set(LightsConfig.model_fields) == {field.name for field in fields(Lights)}


def test_all_is_off_from_the_first_moment(rig):
    assert rig.lit() == Lights()


@pytest.mark.parametrize("lights", COMBINATIONS)
def test_it_shows_what_it_is_told(rig, lights):
    rig.panel.show(lights)
    assert rig.lit() == lights
    rig.panel.show(Lights())
    assert rig.lit() == Lights()


def test_a_closed_panel_refuses_to_show(rig):
    rig.panel.close()
    rig.panel.close()
    with pytest.raises(DoorError):
        rig.panel.show(Lights(green=True))


def test_closing_switches_a_simulated_panel_off():
    panel = SimulatedPanel()
    panel.show(Lights(red=True))
    panel.close()
    assert panel.shown == Lights()


@pytest.fixture
def board():
    return FakeBoard()


def panel_on(board, config):
    return GpiozeroPanel(config, GpiodFactory(config.chip, board.open_chip))


@pytest.mark.parametrize("active_high", [True, False])
def test_a_light_comes_up_dark_in_one_request_and_goes_down_dark(board, active_high):
    dark = Value.INACTIVE if active_high else Value.ACTIVE
    panel = panel_on(board, config_of("red", active_high=active_high))
    line = board.lines[LINES["red"]]
    assert line.driven == [dark]
    assert len(board.requests) == 1
    panel.show(Lights(red=True))
    panel.close()
    assert line.released_at is dark
    assert line.consumer == ""


@pytest.mark.parametrize("name", LINES)
def test_lights_that_are_not_there_are_left_out(board, name):
    panel = panel_on(board, config_of(name))
    panel.show(Lights(green=True, red=True, buzzer=True))
    assert [number for number, line in enumerate(board.lines) if line.driven] == [LINES[name]]
    assert bool(board.lines[LINES[name]].driven[-1])
    panel.close()


@pytest.mark.parametrize("name", LINES)
def test_a_light_on_a_line_that_the_chip_does_not_have_is_said(board, name):
    config = DoorConfig(driver="gpiozero", lights=LightsConfig(**{name: OutputConfig(line=60)}))
    with pytest.raises(DoorError, match=r"^gpiozero refuses line 60 of /dev/gpiochip0: "):
        panel_on(board, config)


@pytest.mark.parametrize("name", LINES)
def test_a_light_that_was_let_go_of_says_which_it_was(board, name):
    panel = panel_on(board, config_of(name))
    panel.close()
    with pytest.raises(DoorError, match=f"^gpiozero refuses line {LINES[name]} of /dev/gpiochip0: "):
        panel.show(Lights(green=True))


def test_a_light_that_cannot_be_had_is_said_and_the_others_are_let_go_of(board):
    board.lines[LINES["buzzer"]].consumer = "player"
    with pytest.raises(DoorError, match="in use by 'player'"):
        panel_on(board, config_of(*LINES))
    assert [line for line in board.lines if line.consumer == "faceplate"] == []


def test_a_light_that_fails_does_not_keep_the_others_from_shining(board):
    panel = panel_on(board, config_of("green", "red"))
    panel._red._device.close()  # as if the line had gone
    for lights in (Lights(green=True), Lights(green=False)):
        with pytest.raises(DoorError, match="line 6 of /dev/gpiochip0"):
            panel.show(lights)
        assert bool(board.lines[LINES["green"]].driven[-1]) is lights.green
    with pytest.raises(DoorError):
        panel.close()
    assert board.lines[LINES["green"]].consumer == ""


def test_a_panel_that_does_not_answer_is_let_go_of(board):
    panel = panel_on(board, config_of(*LINES))
    board.unplugged = True
    with pytest.raises(DoorError, match="does not answer"):
        panel.show(Lights())
    with pytest.raises(DoorError):
        panel.close()
    assert [line for line in board.lines if line.consumer] == []
