"""Irises that went aside while the head stayed, on one track; and all that is no glance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.model.eye_view import HEIGHT, WIDTH, EyeViews, eye_views, normalised
from faceplate.model.head_pose import raised
from faceplate.pictures import read_picture
from faceplate.types import EyeState, Flaw, Pixels, Seconds, Sighting
from faceplate.vision.detector import FaceDetector
from faceplate.vision.face_mesh import FaceMesh
from faceplate.vision.liveness.evidence import Tells
from faceplate.vision.liveness.glance import AS_NEAR, FAR, GAP, STEADY, WITHIN, Glance, Look, glanced
from strategies_access import ROOM, a_face, a_frame, a_sighting, eyes_that_are

STRAIGHT: Final = 0.02


def views(left: float, right: float | None = None, *, seed: int = 0) -> EyeViews:
    """Irises as dark discs so many widths of the eye to the picture's right, on skin that stays."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    skin, noise = np.random.default_rng(5), np.random.default_rng([seed, 9])
    grey = []
    for aside in (left, -(left if right is None else right)):
        about = 150 + 20 * np.sin(x / 4 + skin.uniform(0, 6)) * np.cos(y / 5 + skin.uniform(0, 6))
        opening = np.hypot((x - 23.5) / 14.9, (y - 15.5) / 6) < 1
        iris = np.clip(6.3 - np.hypot(x - 23.5 - 29.8 * aside, y - 15.5), 0, 1)
        grey.append(normalised(np.where(opening, 200 - 140 * iris, about) + noise.normal(0, 2, x.shape)))
    return np.stack(grey)


def seen(eyes: EyeViews | None, track: int = 1, *, shut: bool = False, raised: float = 0.0) -> Sighting:
    return replace(a_sighting(track), eye_state=None if eyes is None else EyeState(shut, eyes), raised=raised)


def told(
    sightings: Iterable[Sighting], cue: Glance | None = None, begin: float = 0.0, every: float = 0.1
) -> list[bool]:
    """Of each frame, whether it was confirmed."""
    cue, found = cue or Glance(), []
    for number, each in enumerate(sightings):
        evidence = cue.observe(each, a_frame(number, begin + number * every, ROOM))
        assert evidence.cue == "glance"
        assert evidence.tells in {Tells.CONFIRMS, Tells.NOTHING}
        found.append(evidence.tells is Tells.CONFIRMS)
    return found


def looking(*places: float, track: int = 1) -> list[Sighting]:
    return [seen(views(place, seed=number), track) for number, place in enumerate(places)]


@pytest.mark.parametrize("aside", [-0.12, -0.07, 0.08, 0.12])
def test_eyes_that_look_aside_have_glanced_on_the_second_frame(aside):
    places = [STRAIGHT] * 3 + [STRAIGHT + aside] * 2
    assert told(looking(*places)) == [False, False, False, False, True]


def test_eyes_that_look_one_way_have_not():
    assert not any(told(looking(*[0.1] * 30)))


@pytest.mark.parametrize("places", [[0, 0, 0.1, 0, 0, 0], [0, 0.1] * 6, [0.1, 0, 0, 0], [0, 0, 0.02, 0.02]])
def test_one_frame_alone_is_no_glance_nor_is_a_small_one(places):
    assert not any(told(looking(*places)))


def test_one_eye_that_moved_is_none():
    one = [seen(views(0.0, 0.0 if number < 4 else 0.1, seed=number)) for number in range(8)]
    both_inwards = [seen(views(*((0, 0) if number < 4 else (0.06, -0.06)), seed=number)) for number in range(8)]
    assert not any(told(one))
    assert not any(told(both_inwards))


def test_eyes_that_are_shut_or_not_looked_at_say_nothing():
    glance = [0.0] * 3 + [0.1] * 3
    assert not any(told(seen(views(place), shut=number > 2) for number, place in enumerate(glance)))
    assert not any(told(seen(None) for _ in glance))
    assert not any(told(a_sighting() for _ in glance))
    assert not any(told(replace(seen(views(place)), raised=None) for place in glance))


def test_a_head_that_was_raised_meanwhile_is_no_glance():
    assert not any(told(seen(views(0.0 if n < 4 else 0.1, seed=n), raised=0 if n < 4 else 8) for n in range(8)))


def test_a_head_that_turned_or_came_nearer_meanwhile_is_none():
    turned, near = a_face(), a_face(width=115, height=138)
    turned.landmarks[2, 0] += 8
    for other in (turned, near):
        frames = looking(*[0.0] * 4, *[0.1] * 4)
        frames[4:] = [replace(each, look=replace(each.look, face=other)) for each in frames[4:]]
        assert not any(told(frames))


def test_what_another_face_did_is_forgotten():
    flawed = replace(a_sighting(1, Flaw.BLURRED), eye_state=eyes_that_are(shut=False))
    assert not any(told([*looking(0, 0, 0), flawed, *looking(0.1, 0.1)]))
    cue = Glance()
    told(looking(0, 0, 0), cue)
    assert not any(told(looking(0.1, 0.1, track=2), cue, begin=0.3))
    assert told(looking(0.1, 0.1), cue, begin=0.5) == [False, True]


def test_what_was_seen_before_a_gap_is_forgotten():
    cue = Glance()
    told(looking(0, 0, 0), cue)
    assert not any(told(looking(0.1, 0.1), cue, begin=0.2 + GAP + 0.1))
    assert told(looking(0, 0), cue, begin=1.2) == [False, True]
    assert not any(told([*looking(0, 0, 0), *[seen(None)] * 7, *looking(0.1, 0.1)]))
    assert any(told([*looking(0, 0, 0), *[seen(None)] * 3, *looking(0.1, 0.1)]))


def test_who_looks_long_one_way_and_then_another_has_glanced():
    assert told(looking(*[0.0] * 60, 0.1, 0.1))[-2:] == [False, True]


def test_eyes_that_drift_have_not():
    """By less than a glance within two seconds."""
    assert not any(told(seen(views(0.0012 * number)) for number in range(60)))


def test_a_small_face_says_nothing():
    frames = [replace(each, look=replace(each.look, face=a_face(width=55))) for each in looking(0, 0, 0, 0.1, 0.1)]
    assert not any(told(frames))


def test_the_same_views_again_are_no_further_look():
    """The head is measured less often than frames come."""
    first, second = views(0.0), views(0.1)
    assert not any(told(seen(each) for each in [first] * 5 + [second] * 5))


@pytest.mark.research_data
@pytest.mark.parametrize(("who", "per_frame", "glances"), [("0004_live", 1, True), ("0004_spoof", 5, False)])
def test_of_a_living_person_and_a_print_of_them_only_one_glances(research_data, who, per_frame, glances):
    """Real ones; numbers in the names of their files are frames, twenty a second."""
    detector = FaceDetector(load_bundle(DEFAULT_BUNDLE).detector, face_threshold=0.8, min_face=Pixels(60.0))
    mesh, cue, found = FaceMesh(), Glance(), False
    files = sorted((research_data / "nuaa_seq_dev" / who).glob("*.jpg"))
    for number, file in enumerate(files):
        image = read_picture(file)
        face = detector.find(image)[0]
        points = mesh.points(image, face)
        look = replace(a_sighting().look, face=face)
        sighting = replace(seen(eye_views(image, points), raised=raised(points)), look=look)
        evidence = cue.observe(sighting, a_frame(number, number * per_frame / 20, image))
        found = found or evidence.tells is Tells.CONFIRMS
    assert len(files) > 80
    assert found is glances


def a_look(time: float, left: float, right: float | None = None, yaw: float = 0.0, width: float = 100.0) -> Look:
    return Look(Seconds(time), np.array([left, left if right is None else right]), yaw, 0.0, width)


def test_the_gap_is_what_lies_between_all_four_looks():
    looks = [a_look(0.0, 0.01), a_look(0.1, 0.02), a_look(0.2, 0.1, 0.08), a_look(0.3, 0.12, 0.09)]
    assert glanced(looks) == pytest.approx(0.06)
    assert glanced(looks[:3]) == 0
    assert glanced(looks[:1]) == glanced([]) == 0


def test_limits_are_what_the_documents_say():
    assert (FAR, STEADY, AS_NEAR, WITHIN) == (0.035, 5.0, 1.08, 2.0)


@given(st.lists(st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)), max_size=8), st.booleans())
def test_a_gap_is_never_wider_than_the_way_of_either_eye(places, mirrored):
    looks = [a_look(number * 0.1, *place) for number, place in enumerate(places)]
    ways = np.ptp(np.array(places).reshape(-1, 2), axis=0) if places else np.zeros(2)
    assert 0 <= glanced(looks) <= ways.min() + 1e-9
    if mirrored:
        other = [a_look(number * 0.1, -right, -left) for number, (left, right) in enumerate(places)]
        assert glanced(other) == pytest.approx(glanced(looks))
