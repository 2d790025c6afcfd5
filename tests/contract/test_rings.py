"""All rings of light keep the same promises: the simulated one, and the real one over two kinds of pin."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from gpiozero.pins.mock import MockFactory

from faceplate.config.door import RingConfig
from faceplate.door.drivers.gpiod_factory import GpiodFactory
from faceplate.door.drivers.gpiozero_ring import GpiozeroRing
from faceplate.door.drivers.simulated import SimulatedRing
from faceplate.door.hardware import Ring
from faceplate.errors import DoorError
from faceplate.types import Colour
from fake_gpiod import FakeBoard

CHIP = "/dev/gpiochip0"
LINES = (5, 6, 13)
DARK = Colour()
COLOURS = [Colour(*lit) for lit in itertools.product((False, True), repeat=3)]


def config_of(*, active_high: bool = True) -> RingConfig:
    return RingConfig(red=LINES[0], green=LINES[1], blue=LINES[2], active_high=active_high)


@dataclass(frozen=True)
class Rig:
    ring: Ring
    lit: Callable[[], Colour]


def simulated_rig(*, active_high: bool) -> Rig:  # noqa: ARG001 - it has no level at all
    ring = SimulatedRing()
    return Rig(ring, lambda: ring.shone[-1])


def mock_rig(*, active_high: bool) -> Rig:
    factory = MockFactory()
    ring = GpiozeroRing(config_of(active_high=active_high), lambda: factory)
    return Rig(ring, lambda: Colour(*(bool(factory.pin(line).state) is active_high for line in LINES)))


def ring_on(board: FakeBoard, *, active_high: bool = True) -> GpiozeroRing:
    return GpiozeroRing(config_of(active_high=active_high), lambda: GpiodFactory(CHIP, board.open_chip))


def levels_of(board: FakeBoard, *, active_high: bool = True) -> Colour:
    return Colour(*(bool(board.lines[line].driven[-1]) is active_high for line in LINES))


def gpiod_rig(*, active_high: bool) -> Rig:
    board = FakeBoard()
    return Rig(ring_on(board, active_high=active_high), lambda: levels_of(board, active_high=active_high))


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
    made.ring.close()


@pytest.fixture
def board():
    return FakeBoard()


@pytest.mark.parametrize("colour", COLOURS, ids=str)
def test_every_colour_is_shone(rig, colour):
    rig.ring.shine(colour)
    assert rig.lit() == colour


def test_it_is_dark_once_it_is_closed_and_refuses_to_shine(rig):
    rig.ring.shine(Colour(red=True, blue=True))
    rig.ring.close()
    rig.ring.close()
    with pytest.raises(DoorError, match=r"closed: use it before, or build it anew$"):
        rig.ring.shine(DARK)


@pytest.mark.parametrize("active_high", [True, False])
def test_closing_darkens_the_lines_before_they_are_let_go_of(board, active_high):
    ring = ring_on(board, active_high=active_high)
    ring.shine(Colour(green=True, blue=True))
    ring.close()
    assert levels_of(board, active_high=active_high) == DARK
    assert [line for line in board.lines if line.consumer] == []


@pytest.mark.parametrize("active_high", [True, False])
def test_taking_the_lines_lets_nothing_flash(board, active_high):
    ring = ring_on(board, active_high=active_high)
    ring.shine(DARK)
    for line in LINES:
        assert {bool(level) is active_high for level in board.lines[line].driven} == {False}
    ring.close()


def test_nothing_is_taken_before_it_shines(board):
    ring_on(board).close()
    assert [line for line in board.lines if line.driven] == []


def test_a_line_that_cannot_be_had_is_said_and_the_others_are_let_go_of(board):
    board.lines[LINES[2]].consumer = "player"
    ring = ring_on(board)
    with pytest.raises(DoorError, match="in use by 'player'"):
        ring.shine(Colour(red=True))
    assert [line for line in board.lines if line.consumer == "faceplate"] == []
    board.lines[LINES[2]].consumer = ""
    ring.shine(Colour(red=True))
    assert levels_of(board) == Colour(red=True)
    ring.close()


def test_a_line_that_the_chip_does_not_have_is_said(board):
    wired = RingConfig(red=5, green=6, blue=60)
    ring = GpiozeroRing(wired, lambda: GpiodFactory(CHIP, board.open_chip))
    with pytest.raises(DoorError, match=r"^gpiozero refuses the lines 5, 6 and 60 of the ring: "):
        ring.shine(DARK)


def test_a_ring_that_does_not_answer_says_so_and_shines_again_once_it_does(board):
    ring = ring_on(board)
    ring.shine(Colour(red=True))
    board.unplugged = True
    with pytest.raises(DoorError, match="does not answer"):
        ring.shine(Colour(green=True))
    board.unplugged = False
    ring.shine(Colour(green=True))
    assert levels_of(board) == Colour(green=True)
    ring.close()
