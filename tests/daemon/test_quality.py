"""Each flaw from an honest change to a real still, and none on the stills themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.commands.demo import FOOTAGE
from faceplate.config import QualityConfig
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.model.preprocessing import align
from faceplate.pictures import read_picture
from faceplate.types import Flaw, Image, Pixels
from faceplate.vision.detector import FaceDetector
from faceplate.vision.quality import Quality, flaws, measure
from strategies_access import a_face

STILLS = sorted(FOOTAGE.glob("man-*.jpg"))
LIMITS = QualityConfig()
GOOD = Quality(size=Pixels(100.0), sharpness=60.0, brightness=120.0, turn=0.1)


def scaled(picture: Image, by: float) -> Image:
    return np.asarray(cv2.resize(picture, None, fx=by, fy=by, interpolation=cv2.INTER_AREA), np.uint8)


def brighter(picture: Image, factor: float, offset: float) -> Image:
    return np.asarray(cv2.convertScaleAbs(picture, alpha=factor, beta=offset), np.uint8)


def blurred(picture: Image) -> Image:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 3.0), np.uint8)


def moving(picture: Image) -> Image:
    return np.asarray(cv2.blur(picture, (15, 1)), np.uint8)


def quality_of(picture: Image) -> Quality:
    detector = FaceDetector(load_bundle(DEFAULT_BUNDLE).detector, face_threshold=0.5, min_face=Pixels(40.0))
    (face, *_) = detector.find(picture)
    return measure(face, align(picture, face.landmarks))


@pytest.mark.parametrize("still", STILLS, ids=lambda still: still.name)
def test_the_stills_have_no_flaws(still):
    assert flaws(quality_of(read_picture(still)), LIMITS) == ()


@pytest.mark.parametrize("still", STILLS, ids=lambda still: still.name)
@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        (blurred, Flaw.BLURRED),
        (moving, Flaw.BLURRED),
        (lambda picture: brighter(picture, 0.2, 0), Flaw.TOO_DARK),
        (lambda picture: brighter(picture, 1.0, 150), Flaw.TOO_BRIGHT),
        (lambda picture: scaled(picture, 0.5), Flaw.TOO_SMALL),
    ],
    ids=["out of focus", "moving", "dark", "bright", "far away"],
)
def test_a_spoilt_still_has_the_flaw_it_was_given(still, change: Callable[[Image], Image], flaw):
    found = flaws(quality_of(change(read_picture(still))), LIMITS)
    assert found[0] is flaw


def test_a_still_that_was_mirrored_or_made_larger_is_as_good():
    picture = read_picture(STILLS[0])
    assert flaws(quality_of(np.ascontiguousarray(picture[:, ::-1])), LIMITS) == ()
    assert flaws(quality_of(scaled(picture, 1.5)), LIMITS) == ()


@pytest.mark.parametrize(("aside", "turn"), [(0.0, 0.0), (0.25, 0.5), (-0.25, 0.5), (0.5, 1.0), (0.75, 1.5)])
@pytest.mark.parametrize("tilt", [0, 30, -75])
def test_turn_is_how_far_the_nose_is_aside_however_the_head_is_tilted(aside, turn, tilt):
    """In a face whose eyes are 1 apart; down the face the nose may lie anywhere."""
    upright = np.array([[-0.5, 0], [0.5, 0], [aside, 0.6], [-0.4, 1.1], [0.4, 1.1]]) * 40
    angle = np.deg2rad(tilt)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    face = replace(a_face(), landmarks=(upright @ rotation.T + 200).astype(np.float32))
    measured = measure(face, np.zeros((112, 112, 3), np.uint8))
    assert measured.turn == pytest.approx(turn, abs=1e-5)
    assert (Flaw.TURNED_AWAY in flaws(measured, LIMITS)) == (measured.turn > LIMITS.max_turn)


def test_eyes_in_one_spot_are_no_fault_of_arithmetic():
    face = replace(a_face(), landmarks=np.full((5, 2), 7.0, np.float32))
    assert np.isfinite(measure(face, np.zeros((112, 112, 3), np.uint8)).turn)


@pytest.mark.parametrize(
    ("quality", "flaw"),
    [
        (replace(GOOD, size=Pixels(39.9)), Flaw.TOO_SMALL),
        (replace(GOOD, sharpness=14.9), Flaw.BLURRED),
        (replace(GOOD, brightness=34.9), Flaw.TOO_DARK),
        (replace(GOOD, brightness=230.1), Flaw.TOO_BRIGHT),
        (replace(GOOD, turn=1.01), Flaw.TURNED_AWAY),
    ],
)
def test_one_flaw_at_a_time(quality, flaw):
    assert flaws(GOOD, LIMITS) == ()
    assert flaws(quality, LIMITS) == (flaw,)


def test_every_flaw_is_named_here():
    worst = Quality(size=Pixels(1.0), sharpness=0.0, brightness=0.0, turn=9.0)
    glaring = replace(worst, brightness=255.0)
    assert {*flaws(worst, LIMITS), *flaws(glaring, LIMITS)} == set(Flaw)


@given(
    st.builds(Quality, st.floats(0, 500), st.floats(0, 500), st.floats(0, 255), st.floats(0, 3)),
    st.sampled_from(["min_size", "min_sharpness", "min_brightness"]),
)
def test_a_stricter_limit_never_takes_a_flaw_away(quality: Quality, limit: str):
    stricter = LIMITS.model_copy(update={limit: getattr(LIMITS, limit) * 1.5})
    assert set(flaws(quality, LIMITS)) <= set(flaws(quality, stricter))
