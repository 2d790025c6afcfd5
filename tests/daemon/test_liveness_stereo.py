"""Two views of one instant show a head's depth, and that a screen or a sheet has none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from attacks import prints, screens, sources, visitors
from attacks.clip import Clip
from attacks.heads import Still, generic
from attacks.judging import Watched, by_cues
from attacks.viewpoints import Viewpoint, beside
from faceplate.commands.demo import FOOTAGE
from faceplate.pictures import read_picture
from faceplate.types import Face, Frame, Image, Seconds
from faceplate.vision.liveness.beside import EVERY, Beside
from faceplate.vision.liveness.cues import added_by_second
from faceplate.vision.liveness.evidence import Tells
from faceplate.vision.liveness.following import Followed
from faceplate.vision.liveness.relief import Depth, depth
from faceplate.vision.liveness.stereo import FEWEST, LOOKS, Stereo, told
from heads import HEAD
from strategies_access import a_face, a_sighting

pytestmark = pytest.mark.once

RATE, FRAMES = 3.2, 3
FACE = 150.0
"""Millimetres that the width of a face is taken to be"""

A_HEAD = Depth(np.array([0.8, 0.05]), 0.5, np.array([1.0, 0.1]), 0.75)
A_SHEET = Depth(np.array([0.02, -0.03]), 0.1, np.array([0.03, 0.0]), 0.1)
A_BENT_SHEET = Depth(np.array([0.1, 0.1]), 0.1, np.array([0.6, 0.0]), 0.55)


@pytest.fixture(scope="module")
def man() -> Still:
    still = sources.still_of(read_picture(FOOTAGE / "man-1.jpg"), "man", sources.detector())
    assert still is not None
    return still


def watched(clip: Clip) -> Watched:
    find = sources.detector()
    return by_cues(lambda: [added_by_second("view", find.find).cue], sources.detector, [frozenset({"stereo"})])(clip)


def at(seed: int) -> Iterator[Viewpoint]:
    """The first camera, and another."""
    yield Viewpoint(rate=RATE)
    yield beside(seed, rate=RATE)


def visit(man: Still, view: Viewpoint, seed: int = 3) -> Clip:
    return visitors.live_like(man, generic(man), seed, FRAMES, view=view)


def both(made: Iterator[Clip]) -> Clip:
    first, second = made
    return replace(first, seconds=second.images)


# what is measured


def scattered() -> NDArray[np.float64]:
    """Points of a face, in millimetres from between the eyes, x and y."""
    return np.random.default_rng(3).uniform([-65, -45], [65, 85], (60, 2))


def seen_twice(at: NDArray[np.float64], z: NDArray[np.float64], apart: float, noise: float = 0.0) -> Followed:
    """What is followed of such a thing from a camera 500 mm away to another beside it, over the plane of the face."""
    views = [(at - (aside, 0)) * (500 / (500 + z))[:, None] / FACE for aside in (0.0, apart)]
    views[1] += np.random.default_rng(4).normal(0, noise / 96, at.shape)
    plane, _ = cv2.findHomography(views[1], views[0])
    back = np.asarray(cv2.perspectiveTransform(views[1][None], plane)[0])
    return Followed(
        first=views[0].astype(np.float32),
        moved=np.stack([np.zeros_like(at), views[1] - views[0]]).astype(np.float32),
        off=np.stack([np.zeros_like(at), back - views[0]]).astype(np.float32),
        in_face=np.ones(len(at), bool),
        landmarks=((HEAD[:, :2] - [0, -35]) / FACE).astype(np.float32),
    )


def head_depth(at: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = at.T / 62.0
    round_head = 1.1 * np.sqrt(np.maximum(1 - (x / 1.25) ** 2 - ((y - 0.35) / 1.9) ** 2, 0))
    return np.asarray(-62 * (round_head - 1 + 0.35 * np.exp(-((x / 0.22) ** 2) - ((y - 0.6) / 0.28) ** 2)))


def measured(followed: Followed) -> Depth:
    found = depth(followed)
    assert found is not None
    return found


@given(st.floats(40, 150), st.sampled_from([-1, 1]))
def test_a_head_shows_as_much_as_the_cameras_are_apart_and_to_that_side(apart, side):
    found = measured(seen_twice(scattered(), head_depth(scattered()), side * apart))
    angle = apart / 500
    assert 0.4 * angle < -side * found.head[0] < 1.5 * angle  # what moves the other way is nearer
    assert 0.4 * angle < -side * found.nose[0] < 2 * angle
    assert max(abs(found.nose[1]), abs(found.head[1])) < 0.2 * angle
    assert min(found.shape, found.likeness) > 0.6


@given(st.floats(40, 150), st.floats(-0.6, 0.6), st.floats(-0.6, 0.6))
def test_a_sheet_shows_nothing_however_it_is_held(apart, across, down):
    at = scattered()
    found = measured(seen_twice(at, at @ [across, down], apart))
    assert np.linalg.norm(found.head) < 0.001
    assert np.linalg.norm(found.nose) < 0.001


@given(st.floats(40, 150), st.floats(90, 250), st.integers(0, 1))
def test_a_bent_sheet_has_no_nose(apart, radius, axis):
    at = scattered()
    along = at[:, axis] - at[:, axis].mean()
    found = measured(seen_twice(at, radius * (1 - np.cos(along / radius)), apart))
    assert np.linalg.norm(found.nose) < 0.1 * apart / 500


def test_too_few_points_say_nothing():
    whole = seen_twice(scattered(), head_depth(scattered()), 80)
    assert depth(replace(whole, in_face=np.arange(60) < 10)) is None


# what is said of it


def test_a_few_looks_are_needed():
    assert [told([A_HEAD] * count).tells for count in range(LOOKS + 1)] == [Tells.NOTHING] * FEWEST + [
        Tells.CONFIRMS
    ] * (LOOKS + 1 - FEWEST)


def test_a_sheet_is_denied_and_a_bent_one_is_not_alive():
    assert told([A_SHEET] * FEWEST).cue == "flat_stereo"
    assert told([A_SHEET] * FEWEST).tells is Tells.DENIES
    assert told([A_BENT_SHEET] * LOOKS).tells is Tells.NOTHING


def test_a_head_that_changes_sides_is_none():
    """What a screen shows moves between the two pictures, where they are not quite of one time."""
    other_side = replace(A_HEAD, nose=-A_HEAD.nose, head=-A_HEAD.head)
    assert told([A_HEAD, A_HEAD, A_HEAD, A_HEAD, other_side]).tells is Tells.NOTHING


def test_a_nose_is_on_the_side_of_the_head():
    assert told([replace(A_HEAD, nose=-A_HEAD.nose)] * LOOKS).tells is Tells.NOTHING


def test_one_look_that_went_wrong_changes_nothing():
    assert told([A_HEAD, A_HEAD, replace(A_HEAD, nose=0.1 * A_HEAD.nose), A_HEAD]).tells is Tells.CONFIRMS
    assert told([A_SHEET, A_SHEET, A_HEAD, A_SHEET]).tells is Tells.DENIES


# simulated pairs


def test_visitors_are_confirmed_at_the_third_look_and_never_denied(man):
    found = [watched(both(visit(man, view, seed) for view in at(seed))) for seed in (1, 2, 3)]
    assert not frozenset().union(*(each.denied for each in found))
    assert sum(each.live_after == FEWEST for each in found) >= 2  # OpenCV 4.11 follows points a little otherwise


@pytest.mark.parametrize("make", [prints.shaken_print, prints.still_print])
def test_a_print_is_denied(man, make):
    found = watched(both(make(man, 2, FRAMES, view) for view in at(2)))
    assert (found.denied, found.confirmed) == ({"flat_stereo"}, frozenset())


def test_a_bent_print_is_not_alive(man):
    assert watched(both(prints.bent_print(man, 2, FRAMES, view) for view in at(2))).live_after is None


@pytest.mark.parametrize(("replay", "seed"), [(screens.monitor_replay, 1), (screens.near_monitor_replay, 3)])
def test_a_recording_of_somebody_who_turns_is_denied(man, replay, seed):
    recording = visit(man, Viewpoint(rate=RATE))
    found = watched(both(replay(recording, seed, view) for view in at(seed)))
    assert (found.denied, found.confirmed) == ({"flat_stereo"}, frozenset())


def test_whoever_else_the_second_camera_sees_does_not_matter(man):
    """A bystander, as large, whom only the second one sees."""
    clip = both(visit(man, view, 1) for view in at(1))
    bystander = cv2.flip(clip.images[0], 1)
    assert clip.seconds is not None
    wide = tuple(np.hstack([bystander, image]) for image in clip.seconds)
    assert watched(replace(clip, seconds=wide)).live_after == FEWEST


def test_without_a_second_picture_nobody_is_alive_and_nothing_denies(man):
    found = watched(visit(man, Viewpoint(rate=RATE)))
    assert (found.denied, found.confirmed, found.live_after) == (frozenset(), frozenset(), None)


# how often it is looked


def test_the_second_picture_is_searched_once_a_look_whoever_is_there():
    searched: list[Image] = []

    def find(image: Image) -> list[Face]:
        searched.append(image)
        return [a_face()]

    stereo, beside_it = Stereo(find), Beside(find)
    picture = np.zeros((200, 200, 3), np.uint8)
    frame = partial(Frame, image=picture, second=picture)
    for index in range(10):
        for track in (1, 2):
            stereo.observe(a_sighting(track), frame(index, Seconds(index * EVERY * 0.51)))
    assert len(searched) == 5
    assert beside_it.faces(Frame(0, Seconds(0.0), picture)) == ()
    assert len(searched) == 5
