"""What a camera always sees is seen beside a living head, and beside no head on paper or on a screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from attacks import rooms, sources
from faceplate.types import Box, Frame, Image, Pixels, Seconds, Sighting
from faceplate.vision.liveness.evidence import Tells
from faceplate.vision.liveness.scene import FORGETS_AFTER, KNOWN_AFTER, Scene
from strategies_access import a_sighting

HEAD = Box(Pixels(260.0), Pixels(140.0), Pixels(120.0), Pixels(160.0))
LONG = float(KNOWN_AFTER) + 20


NOISE = np.random.default_rng(0).normal(0, 3, (520, 810, 3)).astype(np.float32)


def noisy(picture: np.ndarray, seed: int, brighter: float = 1.0) -> Image:
    down, across = (int(each) for each in np.random.default_rng(seed).integers(0, 40, 2))
    noise = NOISE[down : down + picture.shape[0], across : across + picture.shape[1]]
    return np.clip(picture.astype(np.float32) * np.float32(brighter) + noise, 0, 255).astype(np.uint8)


def a_room(seed: int) -> np.ndarray:
    """With things in it; the tenth and so on is a bare wall."""
    rng = np.random.default_rng(seed)
    return rooms.room(rng) if seed % 10 else np.full((480, 640, 3), rng.uniform(80, 200, 3))


def with_a_head(picture: np.ndarray, head: Box = HEAD) -> np.ndarray:
    shown = picture.copy()
    middle = (int(head.x + head.width / 2), int(head.y + head.height / 2))
    cv2.ellipse(shown, middle, (int(head.width * 0.6), int(head.height * 0.65)), 0, 0, 360, (190.0, 150.0, 130.0), -1)
    cv2.ellipse(shown, (middle[0], middle[1] + 330), (180, 250), 0, 0, 360, (60.0, 70.0, 90.0), -1)
    return shown


def knows(picture: np.ndarray, seconds: float = LONG, every: float = 10.0) -> Scene:
    scene = Scene()
    watch(scene, [picture], 0.0, seconds, every)
    return scene


def watch(scene: Scene, pictures: Sequence[np.ndarray], start: float, seconds: float, every: float = 10.0) -> None:
    """Show so many seconds of it, one picture after the other and from the first again, with nobody there."""
    for number, time in enumerate(np.arange(start, start + seconds, every)):
        scene.nobody(Frame(number, Seconds(float(time)), noisy(pictures[number % len(pictures)], number)))


def says(scene: Scene, picture: np.ndarray, time: float = LONG + 1, head: Box = HEAD, brighter: float = 1.0) -> Tells:
    sighting = a_sighting()
    look = replace(sighting.look, face=replace(sighting.look.face, box=head))
    shown = noisy(picture, 7, brighter)
    return scene.observe(Sighting(sighting.track, look), Frame(999, Seconds(time), shown)).tells


@pytest.mark.parametrize("seed", [1, 2, 3, 10])
def test_a_head_before_the_room_that_is_known_is_confirmed_in_any_exposure(seed: int):
    room = a_room(seed)
    for brighter in (0.8, 1.0, 1.2):
        assert says(knows(room), with_a_head(room), brighter=brighter) is Tells.CONFIRMS


@pytest.mark.parametrize(("here", "there"), [(1, 2), (2, 10), (10, 3), (10, 20)])
def test_a_head_before_another_room_is_in_doubt_however_near_it_is_held(here: int, there: int):
    assert says(knows(a_room(here)), with_a_head(a_room(there))) is Tells.DOUBTS


def test_so_is_one_whose_picture_leaves_the_known_room_to_be_seen_around_it():
    room, sheet = a_room(1), with_a_head(a_room(2))
    shown = with_a_head(room)
    shown[60:420, 180:460] = sheet[60:420, 180:460]
    assert says(knows(room), shown) is Tells.DOUBTS


def test_and_one_beside_whom_the_room_is_seen_on_one_side_only():
    shown = with_a_head(a_room(1))
    shown[:, :300] = a_room(2)[:, :300]
    assert says(knows(a_room(1)), with_a_head(shown)) is Tells.DOUBTS


def test_a_face_that_hides_what_is_beside_it_is_in_doubt():
    near = Box(Pixels(40.0), Pixels(10.0), Pixels(560.0), Pixels(460.0))
    assert says(knows(a_room(1)), with_a_head(a_room(1), near), head=near) is Tells.DOUBTS


def test_at_the_border_of_the_picture_one_side_is_enough():
    aside = Box(Pixels(0.0), Pixels(140.0), Pixels(120.0), Pixels(160.0))
    assert says(knows(a_room(1)), with_a_head(a_room(1), aside), head=aside) is Tells.CONFIRMS


def test_nothing_is_said_before_anything_is_known():
    assert says(Scene(), with_a_head(a_room(1))) is Tells.NOTHING
    assert says(knows(a_room(1), seconds=float(KNOWN_AFTER) - 20), with_a_head(a_room(1))) is Tells.NOTHING


def test_nor_of_what_never_stays_such_as_leaves_in_the_wind():
    scene = Scene()
    watch(scene, [a_room(seed) for seed in (1, 2, 3)], 0.0, LONG)
    assert says(scene, with_a_head(a_room(1))) is Tells.NOTHING


def test_what_nobody_looked_at_for_long_has_not_stayed():
    scene = knows(a_room(1), every=float(FORGETS_AFTER) + 5)
    assert says(scene, with_a_head(a_room(1))) is Tells.NOTHING


def test_what_is_held_before_the_camera_is_known_after_minutes_and_no_sooner():
    scene, other = knows(a_room(1)), a_room(2)
    watch(scene, [other], LONG, float(KNOWN_AFTER) - 20)
    assert says(scene, with_a_head(other), LONG + float(KNOWN_AFTER) - 20) is Tells.DOUBTS
    watch(scene, [other], LONG + float(KNOWN_AFTER) - 20, 60)
    assert says(scene, with_a_head(other), LONG + float(KNOWN_AFTER) + 50) is Tells.CONFIRMS


def test_light_that_changes_by_and_by_is_followed():
    scene, wall = Scene(), a_room(10)
    darker = [wall * share for share in np.linspace(1.0, 0.3, 100)]
    watch(scene, darker, 0.0, 1200.0, every=12.0)
    assert says(scene, with_a_head(darker[-1]), 1201.0) is Tells.CONFIRMS


def test_frames_of_another_size_begin_anew_and_a_clock_that_goes_back_does_no_harm():
    scene = knows(a_room(1))
    scene.nobody(Frame(0, Seconds(LONG), noisy(a_room(1)[:360], 0)))
    assert says(scene, with_a_head(a_room(1))[:360]) is Tells.NOTHING
    scene = knows(a_room(1))
    watch(scene, [a_room(1)], 3.0, 30.0)
    assert says(scene, with_a_head(a_room(1)), 40.0) is Tells.CONFIRMS


def test_a_frame_of_another_size_is_not_judged_by_what_is_known():
    assert says(knows(a_room(1)), with_a_head(a_room(1))[:360]) is Tells.NOTHING


def test_it_looks_a_few_times_a_second():
    scene, shown = knows(a_room(1)), with_a_head(a_room(1))
    told = [says(scene, shown, LONG + 1 + number / 10) for number in range(11)]
    assert [number for number, tells in enumerate(told) if tells is Tells.CONFIRMS] == [0, 5, 10]


@pytest.mark.research_data
def test_people_in_a_real_room_stand_before_what_its_camera_knew(research_data):
    """Nobody faces the camera there: heads are where something stands before the empty room, by their outline."""
    images = sources.film(research_data / "clips_dev" / "intel" / "one-by-one-person-detection.mp4", 25.0)[::4]
    scene, told = knows(images[0].astype(np.float64)), []
    for number, image in enumerate(images):
        head = _topmost(image, images[0])
        if head is not None:
            told.append(says(scene, image.astype(np.float64), LONG + number, head))
    assert len(told) > 80
    assert sum(tells is Tells.CONFIRMS for tells in told) >= 0.97 * len(told)


def _topmost(image: Image, empty: Image) -> Box | None:
    smooth = [cv2.GaussianBlur(each, (0, 0), 2).astype(int) for each in (image, empty)]
    other = (np.abs(smooth[0] - smooth[1]).max(axis=2) > 60).astype(np.uint8)
    other = cv2.morphologyEx(other, cv2.MORPH_OPEN, np.ones((9, 9)))
    _, parts, sizes, _ = cv2.connectedComponentsWithStats(other)
    largest = 1 + int(np.argmax(sizes[1:, cv2.CC_STAT_AREA])) if len(sizes) > 1 else 0
    if not largest or sizes[largest, cv2.CC_STAT_AREA] < 6000:
        return None
    down, across = np.where(parts == largest)
    top = across[down < down.min() + 50]
    width = float(np.ptp(top))
    return (
        Box(Pixels(float(top.min())), Pixels(float(down.min())), Pixels(width), Pixels(1.3 * width))
        if width < 110
        else None
    )
