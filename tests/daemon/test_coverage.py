"""Where the face of a picture looks, by a head that is turned, and how much light there is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.model.preprocessing import TEMPLATE
from faceplate.people.coverage import Coverage, Facing, Light, View, coverage_of, view_of
from heads import turned

angles = st.floats(-0.6, 0.6)


def facing(landmarks):
    return view_of(landmarks, 110.0).facing


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        ({}, Facing.STRAIGHT),
        ({"left": 8}, Facing.STRAIGHT),
        ({"left": 30}, Facing.LEFT),
        ({"left": -30}, Facing.RIGHT),
        ({"up": 25}, Facing.UP),
        ({"up": -25}, Facing.DOWN),
        ({"left": 30, "up": 10}, Facing.LEFT),
    ],
)
def test_a_head_that_is_turned_looks_there(turn, expected):
    assert facing(turned(**turn)) is expected


def test_their_left_is_the_pictures_right():
    """The nose of somebody who looks to their left moves to the right in a picture that is not mirrored."""
    assert turned(left=30)[2, 0] > turned()[2, 0]
    assert turned(up=25)[2, 1] < turned()[2, 1]


def test_the_template_faces_are_aligned_to_looks_straight():
    assert facing(TEMPLATE) is Facing.STRAIGHT


@given(
    left=st.sampled_from([-35, 0, 35]), tilt=st.floats(-40, 40), scale=st.floats(0.2, 5), shift=st.floats(-100, 1000)
)
def test_tilt_size_and_place_do_not_matter(left, tilt, scale, shift):
    assert facing(turned(left=left, tilt=tilt, scale=scale, shift=shift)) is facing(turned(left=left))


@given(left=st.floats(-50, 50))
def test_a_mirrored_face_looks_the_other_way(left):
    landmarks = turned(left=left)
    mirrored = (landmarks * np.float32([-1, 1]))[[1, 0, 2, 4, 3]]
    other = {Facing.LEFT: Facing.RIGHT, Facing.RIGHT: Facing.LEFT}
    assert facing(mirrored) is other.get(facing(landmarks), facing(landmarks))


@pytest.mark.parametrize(
    "landmarks",
    [
        None,
        np.zeros((5, 2), np.float32),
        np.full((5, 2), np.nan, np.float32),
        TEMPLATE[[0, 1, 2, 0, 1]],
        TEMPLATE[[3, 4, 2, 0, 1]],
    ],
    ids=["none", "one point", "no numbers", "no mouth", "mouth above the eyes"],
)
def test_what_cannot_be_told_is_not_guessed(landmarks):
    assert facing(landmarks) is None


@pytest.mark.parametrize(
    ("brightness", "light"), [(0, Light.DARK), (76, Light.DARK), (110, Light.MEDIUM), (151, Light.BRIGHT)]
)
def test_light(brightness, light):
    assert view_of(None, brightness).light is light


views = st.builds(View, st.sampled_from([*Facing, None]), st.sampled_from(Light))


@given(seen=st.lists(views, max_size=10))
def test_every_picture_is_counted_once_for_each(seen):
    coverage = coverage_of(seen)
    assert sum(coverage.facing.values()) + coverage.untold == len(seen) == sum(coverage.light.values())
    for word, count in [*coverage.facing.items(), *coverage.light.items()]:
        assert (f"{word} {count}" in coverage.in_words()) == bool(count)


@given(seen=st.lists(views, min_size=1, max_size=10))
def test_nothing_is_asked_for_that_is_there_or_that_could_not_be_told(seen):
    missing = " ".join(coverage_of(seen).missing())
    for view in seen:
        for word in (Facing.LEFT, Facing.RIGHT, Facing.STRAIGHT):
            assert view.facing not in {word, None} or f" {word}" not in missing
    assert ("dim light" in missing) == all(view.light is Light.BRIGHT for view in seen)
    assert ("good light" in missing) == all(view.light is Light.DARK for view in seen)


def test_what_is_missing_in_words():
    straight = coverage_of([View(Facing.STRAIGHT, Light.BRIGHT)] * 2)
    assert straight.in_words() == "straight 2; light: bright 2"
    assert straight.missing() == ["looking a little to the left", "looking a little to the right", "in dim light"]
    aside = coverage_of([View(Facing.LEFT, Light.DARK), View(Facing.RIGHT, Light.DARK)])
    assert aside.missing() == ["looking straight at the camera", "in good light"]
    assert coverage_of([]).in_words() == "no picture; light: no picture"
    assert isinstance(straight, Coverage)
