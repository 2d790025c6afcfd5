"""A face near the ring answers what it shines; a screen, a printed room, and a recording of another time do not."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from attacks import ring_scenes, screens, sources
from attacks.heads import generic
from attacks.ring_scenes import Installation, living, replayed
from faceplate.commands.demo import FOOTAGE
from faceplate.door.drivers.simulated import SimulatedRing
from faceplate.errors import DoorError
from faceplate.model.preprocessing import align
from faceplate.pictures import read_picture
from faceplate.types import Box, Colour, Face, Frame, Image, Look, Pixels, Seconds, Sighting, TrackId
from faceplate.vision.liveness.cues import added_by_ring, check_with
from faceplate.vision.liveness.evidence import Evidence, Tells
from faceplate.vision.liveness.ring_light import FEWEST, SMALLEST_FACE, RingLight
from faceplate.vision.liveness.shining import AGAIN_AFTER, COLOURS, LASTS

pytestmark = pytest.mark.once

DARK = Colour()
EVERY = 0.125
"""Seconds from frame to frame"""
SEEN = 0.05
"""Seconds from a frame's time to its being looked at"""
RING = 0.15
"""Of the other light, at the face"""

Lit = NDArray[np.float64]
"""What shines: red, green, blue"""
Scene = Callable[[Lit], Lit]
"""From what shines to the linear light of a picture, (240, 320, 3)"""

WIDTH, HEIGHT = 320, 240
BOX = Box(Pixels(110.0), Pixels(60.0), Pixels(100.0), Pixels(125.0))
LANDMARKS = np.array([[140, 108], [180, 108], [160, 135], [144, 158], [176, 158]], np.float32)


def drawn() -> tuple[Lit, NDArray[np.bool_]]:
    """A face before a wall, linear; and where the face is."""
    image = np.full((HEIGHT, WIDTH, 3), (120, 130, 140), np.uint8)
    cv2.ellipse(image, (160, 122), (52, 68), 0, 0, 360, (200, 150, 125), -1)
    face = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(face, (160, 122), (52, 68), 0, 0, 360, 1, -1)
    for x in (140, 180):
        cv2.ellipse(image, (x, 97), (11, 3), 0, 0, 360, (60, 40, 30), -1)
        cv2.ellipse(image, (x, 108), (6, 4), 0, 0, 360, (40, 35, 35), -1)
    cv2.ellipse(image, (160, 158), (16, 4), 0, 0, 360, (150, 70, 70), -1)
    return (image / 255.0) ** 2.2, face.astype(bool)


PICTURE, FACE = drawn()


def a_head(light: Lit) -> Lit:
    return PICTURE * (1 + FACE[..., None] * light)


def a_sheet(light: Lit) -> Lit:
    return PICTURE * (1 + light)


def a_screen(light: Lit) -> Lit:
    return PICTURE + 0.3 * light


def a_drowned_head(light: Lit) -> Lit:
    return a_head(light / 20)


def a_head_before_a_dull_ring(light: Lit) -> Lit:
    return a_head(light / 2)


def nothing(light: Lit) -> Lit:
    del light
    return PICTURE


@dataclass
class Before:
    """What stands before the camera, under a ring that the cue shines."""

    scene: Scene
    late: float = 0.0
    """Seconds by which it answers later"""
    other: bool = False
    """Whether what it answers is what another ring shone"""
    cast: Callable[[float], Lit] = lambda _: np.ones(3)
    """How much of red, green and blue there is, in time"""
    now: float = 0.0
    broken: bool = False
    shone: list[tuple[float, Colour]] = field(default_factory=lambda: [(-99.0, DARK)])

    def __post_init__(self) -> None:
        self.cue = RingLight(self, lambda: Seconds(self.now), random.Random(3))  # noqa: S311 - the same every time
        self.noise = np.random.default_rng(5).normal(0, 2, (7, *PICTURE.shape))
        self.drawn: dict[Colour, Lit] = {}

    def shine(self, colour: Colour) -> None:
        if self.broken:
            raise DoorError("the ring is gone")
        self.shone.append((self.now, colour))

    @property
    def colour(self) -> Colour:
        return self.shone[-1][1]

    def image(self, time: float) -> Image:
        colour = next(colour for since, colour in reversed(self.shone) if since <= time - self.late)
        if self.other and colour != DARK:
            colour = COLOURS[(COLOURS.index(colour) * 5 + int(time / 0.45)) % len(COLOURS)]
        if colour not in self.drawn:
            light = np.array([colour.red, colour.green, colour.blue], float) * RING
            self.drawn[colour] = 255 * self.scene(light) ** (1 / 2.2)
        image = self.drawn[colour] * self.cast(time) + self.noise[int(time / EVERY) % len(self.noise)]
        return np.clip(image + 0.5, 0, 255).astype(np.uint8)

    def look(self, number: int, box: Box = BOX, track: int = 1) -> Evidence:
        time = number * EVERY
        image = self.image(time)
        self.now = time + SEEN
        sighting = Sighting(TrackId(track), Look(Face(box, LANDMARKS, 0.9), align(image, LANDMARKS), (), None))
        return self.cue.observe(sighting, Frame(number, Seconds(time), image))

    def looks(self, frames: int = 36, box: Box = BOX) -> list[Tells]:
        return [self.look(number, box).tells for number in range(frames)]

    def changes(self) -> list[float]:
        return [float(since) for since, _ in self.shone[1:]]


@pytest.mark.parametrize("scene", [a_head, a_head_before_a_dull_ring])
def test_a_face_that_answers_is_confirmed_and_never_doubted(scene):
    before = Before(scene)
    told = before.looks()
    assert set(told) == {Tells.CONFIRMS, Tells.NOTHING}
    first = told.index(Tells.CONFIRMS) * EVERY
    assert before.changes()[FEWEST] <= first + SEEN < 4.0


@pytest.mark.parametrize(
    "before",
    [
        Before(nothing),
        Before(a_drowned_head),
        Before(a_screen),
        Before(a_sheet),
        Before(a_head, late=0.45),
        Before(a_head, other=True),
    ],
    ids=["no answer", "daylight", "a screen reflects", "what is beside it answers", "late", "another sequence"],
)
def test_what_does_not_answer_as_a_face_is_doubted_and_never_confirmed(before):
    assert set(before.looks(48)) == {Tells.DOUBTS, Tells.NOTHING}


def test_a_slow_change_of_the_light_is_no_answer_and_hides_none():
    def dusk(time: float) -> Lit:
        return 1 + np.array([0.05, 0.0, -0.04]) * np.sin(time / 2)

    assert Tells.CONFIRMS in Before(a_head, cast=dusk).looks()
    assert Tells.CONFIRMS not in Before(nothing, cast=dusk).looks(48)


def test_a_face_with_nothing_to_be_seen_beside_it_is_not_confirmed():
    before = Before(a_head)
    filling = Box(Pixels(-40.0), BOX.y, Pixels(400.0), BOX.height)
    assert set(before.looks(36, filling)) == {Tells.NOTHING}


def test_colours_last_never_come_twice_in_a_row_and_all_come():
    before = Before(a_head)
    before.looks(200)
    times, colours = before.changes(), [colour for _, colour in before.shone[2:]]
    assert min(np.diff(times[1:])) >= LASTS
    assert len(times) / times[-1] < 3
    assert set(colours) == set(COLOURS)
    assert all(one != another for one, another in pairwise(colours))


def test_it_is_dark_from_the_first_frame_on_and_once_nobody_is_there():
    before = Before(a_head)
    frame = Frame(0, Seconds(0.0), before.image(0.0))
    before.now = SEEN
    before.cue.nobody(frame)
    assert before.shone[1:] == [(SEEN, DARK)]
    for number in range(1, 9):
        before.look(number)
    assert before.colour != DARK
    before.cue.nobody(frame)
    assert before.colour == DARK


def test_it_is_dark_while_everybody_is_far_away():
    before = Before(a_head)
    far = Box(BOX.x, BOX.y, Pixels(SMALLEST_FACE - 1), BOX.height)
    assert set(before.looks(12, far)) == {Tells.NOTHING}
    assert {colour for _, colour in before.shone} == {DARK}
    before.look(12)
    assert before.look(13) == Evidence("light", Tells.NOTHING)
    assert before.colour != DARK
    before.look(14, far)
    assert before.colour == DARK


def test_after_frames_that_did_not_come_it_begins_anew():
    before = Before(a_head)
    before.looks(16)
    before.now += 5
    lit = len(before.shone)
    before.look(16 + 48)
    assert before.shone[lit][1] == DARK


def test_a_second_face_is_judged_by_what_shone_while_it_was_there():
    before = Before(a_head)
    before.looks(10)
    told = []
    for number in range(10, 46):
        before.look(number)
        told.append(before.look(number, track=2).tells)
    assert set(told) == {Tells.CONFIRMS, Tells.NOTHING}
    assert told.index(Tells.CONFIRMS) * EVERY > FEWEST * LASTS


def test_a_ring_that_does_not_answer_is_told_once_says_nothing_and_is_tried_again(caplog):
    caplog.set_level(logging.INFO)
    before = Before(a_head)
    before.looks(8)
    before.broken = True
    assert {before.look(number).tells for number in range(8, 40)} == {Tells.NOTHING}
    lost = 40 + round(AGAIN_AFTER / EVERY)
    before.look(lost)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "the ring is gone" in caplog.text
    before.broken = False
    start = lost + round(AGAIN_AFTER / EVERY) + 1
    told = [before.look(number).tells for number in range(start, start + 36)]
    assert Tells.CONFIRMS in told
    assert caplog.records[-1].message == "the ring of light answers again"


def test_simulated_skin_answers_the_ring_the_room_hardly_and_a_screen_evenly():
    still = sources.still_of(read_picture(FOOTAGE / "man-1.jpg"), "man", sources.detector())
    assert still is not None
    there, times = Installation.some(np.random.default_rng(2)), np.zeros(1)
    scene = living(still, generic(still), there, 4, times)(0)
    near = (ring_scenes.NEAR / there.far) ** 2
    middle = scene.answer.shape[0] // 2, scene.answer.shape[1] // 2
    assert 5 * near < scene.answer[middle] < 1.6
    assert scene.answer[2, 2] == pytest.approx(near)
    assert not scene.sheen.any()
    image = np.clip(scene.picture, 0, 255).astype(np.uint8)
    shown = replayed([image], screens.MONITOR, there, 4, times, (0.03, 0.03))(0)
    assert shown.answer[middle] == pytest.approx(0.0, abs=1e-6)
    around = shown.sheen[middle[0] - 20 : middle[0] + 20, middle[1] - 20 : middle[1] + 20]
    assert around.min() > 0.03 * 0.2
    assert around.max() < 1.2 * around.min()


class NoNetwork:
    """Of which nothing is asked here."""


@pytest.mark.parametrize("mode", ["passive", "motion", "challenge"])
def test_with_a_ring_its_confirmation_is_needed_besides(mode):
    light = RingLight(SimulatedRing(), lambda: Seconds(0.0))
    without, with_it = check_with(NoNetwork(), mode), check_with(NoNetwork(), mode, [added_by_ring(light)])
    assert {*with_it._needed} == {*without._needed, frozenset({"light"})}
    assert light in with_it._cues
    assert light in with_it._watchmen
    assert with_it._watched == without._watched
