"""A ripple that lies all over a face is a screen's; one that is there for a moment, or in a video's code, is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from attacks import sources
from faceplate.types import Box, Frame, Image, Pixels, Seconds, Sighting
from faceplate.vision.liveness.evidence import Tells
from faceplate.vision.liveness.screen import FEWEST, PEAK, SMALLEST_FACE, Screen
from strategies_access import a_sighting

Y, X = np.mgrid[:480, :640]
BOX = Box(Pixels(240.0), Pixels(160.0), Pixels(150.0), Pixels(190.0))


Ripples = NDArray[np.float64]
"""Grey levels (480, 640), or (480, 640, 3) where the colours differ"""


def unchanged(image: Image) -> Image:
    return image


def a_face_with(ripples: Ripples, seed: int, box: Box = BOX) -> tuple[Sighting, Image]:
    rng = np.random.default_rng(seed)
    smooth = cv2.GaussianBlur(np.random.default_rng(1).uniform(40, 220, (480, 640)), (0, 0), 4) * 2 - 120
    skin = smooth[..., None] * [1.1, 1.0, 0.9] + (ripples if ripples.ndim == 3 else ripples[..., None])
    image = np.clip(skin + rng.normal(0, 3, (480, 640, 1)), 0, 255).astype(np.uint8)
    return where(box), image


def where(box: Box) -> Sighting:
    sighting = a_sighting()
    return replace(sighting, look=replace(sighting.look, face=replace(sighting.look.face, box=box)))


def says(
    ripples: Ripples,
    frames: int = 12,
    every: float = 0.2,
    box: Box = BOX,
    taken: Callable[[Image], Image] = unchanged,
) -> list[Tells]:
    screen = Screen()
    found = []
    for number in range(frames):
        sighting, image = a_face_with(ripples, number, box)
        found.append(screen.observe(sighting, Frame(number, Seconds(number * every), taken(image))).tells)
    return found


def ripple(across: float, down: float, height: float, turned: float = 0.0) -> NDArray[np.float64]:
    """Cycles a pixel, grey levels, and the part of a cycle that it is ahead."""
    return np.asarray(height * np.cos(2 * np.pi * (across * X + down * Y + turned)))


def stripes(across: float, down: float, height: float, order: str = "RGB") -> NDArray[np.float64]:
    """Of a screen: each colour's a third of a cycle beside the next."""
    return np.dstack([ripple(across, down, height, order.index(colour) / 3) for colour in "RGB"])


def in_squares(image: Image) -> Image:
    """Coded as a webcam's frames are, the colours at half the resolution."""
    half = [cv2.IMWRITE_JPEG_QUALITY, 60, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
    coded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), half)[1]
    return np.asarray(cv2.cvtColor(cv2.imdecode(coded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)


def through_a_colour_filter(image: Image) -> Image:
    """As a sensor sees it that has red, green and blue beside each other, and noise."""
    mosaic = image[..., 1].astype(np.float64)
    mosaic[::2, ::2], mosaic[1::2, 1::2] = image[::2, ::2, 0], image[1::2, 1::2, 2]
    mosaic += np.random.default_rng(int(image[0].sum())).normal(0, 6, mosaic.shape)
    return np.asarray(cv2.demosaicing(np.clip(mosaic, 0, 255).astype(np.uint8), cv2.COLOR_BayerRGGB2RGB), np.uint8)


@pytest.mark.parametrize(("across", "down"), [(0.3, 0.07), (0.21, 0.0), (0.05, 0.4)])
def test_a_ripple_is_denied_once_it_lasted(across, down):
    found = says(ripple(across, down, 4.0))
    assert Tells.DENIES in found
    assert found[: FEWEST - 1] == [Tells.NOTHING] * (FEWEST - 1)


@pytest.mark.parametrize("order", ["RGB", "BGR"])
@pytest.mark.parametrize(("across", "down"), [(0.1, 0.02), (0.02, 0.1), (-0.03, 0.09), (0.22, 0.03), (0.3, 0.3)])
def test_the_coloured_stripes_of_a_screen_are_denied_once_they_lasted(across, down, order):
    found = says(stripes(across, down, 1.5, order))
    assert Tells.DENIES in found
    assert found[: FEWEST - 1] == [Tells.NOTHING] * (FEWEST - 1)


@pytest.mark.parametrize("taken", [in_squares, through_a_colour_filter])
def test_what_a_camera_does_to_colours_leaves_them(taken):
    assert Tells.DENIES in says(stripes(0.1, 0.02, 4.0), taken=taken)


def test_stripes_of_two_colours_are_no_screen_s():
    cloth = ripple(0.1, 0.02, 1.0)[..., None] * [20.0, -10.0, -5.0]
    assert set(says(cloth)) == {Tells.NOTHING}


def test_what_a_colour_filter_makes_of_fine_stripes_is_no_screen_s():
    assert set(says(ripple(0.42, 0.4, 20.0), taken=through_a_colour_filter)) == {Tells.NOTHING}


def test_clothes_below_the_face_say_nothing():
    below = (BOX.y + BOX.height < Y)[..., None]
    assert set(says(below * (stripes(0.1, 0.02, 40.0) + ripple(0.2, 0.1, 40.0)[..., None]))) == {Tells.NOTHING}


@pytest.mark.parametrize("taken", [in_squares, through_a_colour_filter])
def test_coloured_noise_and_a_code_s_squares_of_colour_say_nothing(taken):
    found = set()
    for seed in range(3):
        spots = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 60, (480, 640, 3)), (0, 0), 2)
        found |= set(says(spots, frames=20, taken=taken))
    assert found == {Tells.NOTHING}


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
    """Their faces are small: the patch has hair, clothes and room in it as well."""
    find = sources.detector()
    for each in sources.footage():
        screen, strengths = Screen(), []
        for frame in each.frames():
            for face in find.find(frame.image)[:1]:
                evidence = screen.observe(where(as_large(face.box)), frame)
                assert evidence.tells is Tells.NOTHING
                strengths.append(evidence.strength)
        assert 0 < max(strengths) < PEAK - 0.5


def as_large(box: Box) -> Box:
    """With the same middle, and looked at."""
    more = Pixels(SMALLEST_FACE - box.width)
    return replace(box, x=Pixels(box.x - more / 2), width=SMALLEST_FACE)
