"""A ripple that lies all over a face is a screen's; one that is there for a moment, or in a video's code, is not."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from attacks import sources
from faceplate.types import Box, Frame, Image, Pixels, Seconds, Sighting
from faceplate.vision.liveness.evidence import Tells
from faceplate.vision.liveness.screen import FEWEST, SMALLEST_FACE, Screen
from strategies_access import a_sighting

Y, X = np.mgrid[:480, :640]
BOX = Box(Pixels(240.0), Pixels(160.0), Pixels(150.0), Pixels(190.0))


def a_face_with(ripple: NDArray[np.float64], seed: int, box: Box = BOX) -> tuple[Sighting, Image]:
    rng = np.random.default_rng(seed)
    smooth = cv2.GaussianBlur(np.random.default_rng(1).uniform(40, 220, (480, 640)), (0, 0), 4) * 2 - 120
    grey = smooth + ripple + rng.normal(0, 3, ripple.shape)
    image = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    sighting = a_sighting()
    face = replace(sighting.look.face, box=box)
    return replace(sighting, look=replace(sighting.look, face=face)), image


def says(ripple: NDArray[np.float64], frames: int = 12, every: float = 0.2, box: Box = BOX) -> list[Tells]:
    screen = Screen()
    found = []
    for number in range(frames):
        sighting, image = a_face_with(ripple, number, box)
        found.append(screen.observe(sighting, Frame(number, Seconds(number * every), image)).tells)
    return found


def ripple(across: float, down: float, height: float) -> NDArray[np.float64]:
    """Cycles a pixel, grey levels."""
    return np.asarray(height * np.cos(2 * np.pi * (across * X + down * Y)))


@pytest.mark.parametrize(("across", "down"), [(0.3, 0.07), (0.21, 0.0), (0.05, 0.4)])
def test_a_ripple_is_denied_once_it_lasted(across, down):
    found = says(ripple(across, down, 4.0))
    assert Tells.DENIES in found
    assert found[: FEWEST - 1] == [Tells.NOTHING] * (FEWEST - 1)


def test_noise_says_nothing():
    assert set(says(ripple(0.3, 0.1, 0.0), frames=30)) == {Tells.NOTHING}


def test_the_squares_of_a_video_s_code_say_nothing():
    edges = 8.0 * ((X % 8 == 0) | (Y % 8 == 0))
    assert set(says(np.asarray(edges))) == {Tells.NOTHING}


def test_a_small_face_and_one_at_the_border_say_nothing():
    small = Box(Pixels(240.0), Pixels(160.0), Pixels(SMALLEST_FACE - 1), Pixels(130.0))
    aside = Box(Pixels(-60.0), Pixels(160.0), Pixels(150.0), Pixels(190.0))
    for box in (small, aside):
        assert set(says(ripple(0.3, 0.07, 6.0), box=box)) == {Tells.NOTHING}


def test_frames_that_come_fast_count_once():
    assert Tells.DENIES not in says(ripple(0.3, 0.07, 4.0), frames=12, every=0.02)


def test_people_as_they_were_filmed_are_no_screens():
    find = sources.detector()
    for each in sources.footage():
        screen = Screen()
        for frame in each.frames():
            for face in find.find(frame.image):
                sighting = a_sighting()
                sighting = replace(sighting, look=replace(sighting.look, face=face))
                assert screen.observe(sighting, frame).tells is Tells.NOTHING
