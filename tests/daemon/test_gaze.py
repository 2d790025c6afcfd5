"""Where irises are, and how far they moved, in drawn eyes and in real ones whose irises were moved."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import faceplate
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.model.eye_view import APART, CORNERS, HEIGHT, WIDTH, EyeViews, eye_views, normalised
from faceplate.pictures import read_picture
from faceplate.types import Image, Pixels
from faceplate.vision.detector import FaceDetector
from faceplate.vision.face_mesh import FaceMesh
from faceplate.vision.gaze import MIDDLE, Reference, irises

PICTURES: Final = ("man-1.jpg", "man-2.jpg")
LOOKS_DOWN: Final = "man-3.jpg"
FINER = 8
"""Pixels of a drawing to one of a view"""

Grey = NDArray[np.float32]


def an_eye(aside: float, *, opening: float = 5.0, white: float = 200.0, seed: int = 0) -> Grey:
    """A view in grey levels, its outer corner on the left, the iris so many widths of the eye to the right."""
    lids = np.random.default_rng(seed).normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32)
    skin = 150 + 250 * cv2.resize(cv2.GaussianBlur(lids, (0, 0), 3), (WIDTH * FINER, HEIGHT * FINER))
    y, x = (np.mgrid[: HEIGHT * FINER, : WIDTH * FINER] + 0.5) / FINER - 0.5
    x, y = x - MIDDLE[0], y - MIDDLE[1]
    is_open = np.abs(y) < opening * (1 - (2 * x / APART) ** 2)
    from_iris = np.hypot(x - aside * APART, y)
    eye = np.where(from_iris < 5.8, np.where(from_iris < 2, 20.0, 70.0), white)
    drawn = np.where(is_open, eye, np.where(np.abs(y + opening) < 1, 60.0, skin))
    return np.asarray(cv2.resize(drawn, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.float32)


def eyes(
    left: float, right: float | None = None, *, noise: float = 3.0, seed: int = 0, opening: float = 5.0
) -> EyeViews:
    """Both, their irises so many widths of the eye to the picture's right; the second is mirrored."""
    right = left if right is None else right
    views = [an_eye(left, opening=opening), an_eye(-right, opening=opening, seed=1)]
    rng = np.random.default_rng(seed)
    return np.stack([normalised(view + rng.normal(0, noise, view.shape)) for view in views])


def gaze(views: EyeViews) -> float | None:
    """Where both are, on average."""
    both = irises(views)
    return None if both is None else float(both.mean())


def shifted(views: EyeViews, first: float, second: float) -> EyeViews:
    """As if the corners were found so many pixels beside."""
    moves = [np.array([[1, 0, by], [0, 1, 0.5]], np.float32) for by in (first, second)]
    moved = [
        cv2.warpAffine(view, move, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
        for view, move in zip(views, moves, strict=True)
    ]
    return np.stack(moved).astype(np.float32)


def glancing(views: EyeViews, aside: float) -> EyeViews:
    """With irises so many pixels further to the picture's right; what is beside them in the opening gives way."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    moved = []
    for view, by in zip(views, (aside, -aside), strict=True):
        gives = np.interp(x - MIDDLE[0], [-13, by - 5, by + 5, 13], [0, by, by, 0])
        opening = np.clip(3 - 3 * np.hypot((x - MIDDLE[0]) / 13, (y - MIDDLE[1]) / 6.5) ** 4, 0, 1)
        moved.append(cv2.remap(view, (x - gives * opening).astype(np.float32), y, cv2.INTER_LINEAR))
    return np.stack(moved)


def pictured(name: str) -> tuple[Image, NDArray[np.float32], EyeViews]:
    """A picture of the package's, the points of the face in it, and its eyes."""
    image = read_picture(Path(faceplate.__file__).parent / "footage" / name)
    detector = FaceDetector(load_bundle(DEFAULT_BUNDLE).detector, face_threshold=0.8, min_face=Pixels(60.0))
    points = FaceMesh().points(image, detector.find(image)[0])
    return image, points, eye_views(image, points)


@pytest.fixture(scope="module")
def real() -> list[EyeViews]:
    """Eyes of a man who looks at the camera."""
    return [pictured(name)[-1] for name in PICTURES]


@pytest.mark.parametrize("place", np.linspace(-0.2, 0.2, 9))
def test_an_iris_is_found_where_it_was_drawn(place):
    assert gaze(eyes(place)) == pytest.approx(place, abs=0.015)


@pytest.mark.parametrize(("noise", "opening"), list(product((0.0, 8.0), (3.0, 5.0))))
def test_in_noise_and_under_lowered_lids_too(noise, opening):
    found = [gaze(eyes(0.08, noise=noise, opening=opening, seed=seed)) for seed in range(10)]
    assert [each for each in found if each is not None] == pytest.approx([0.08] * 10, abs=0.03)


def test_each_eye_has_a_place_of_its_own_to_the_same_side():
    assert irises(eyes(0.12, -0.02)) == pytest.approx([0.12, -0.02], abs=0.015)


def test_eyes_seen_in_a_mirror_look_the_other_way():
    views = eyes(0.1, 0.04)
    assert gaze(views[::-1]) == pytest.approx(-0.07, abs=0.015)


def test_eyes_that_look_two_ways_have_no_gaze():
    """As far apart as no two eyes are: one of them was not found."""
    assert gaze(eyes(0.2, 0.2)) is not None
    assert gaze(eyes(-0.1, 0.1)) is None
    assert gaze(eyes(0.2, -0.2)) is None


@pytest.mark.parametrize(
    "views",
    [
        np.stack([normalised(np.full((HEIGHT, WIDTH), 15.0))] * 2),
        np.stack([normalised(an_eye(0) * 0.02)] * 2),
    ],
    ids=["behind black glass", "in the dark"],
)
def test_eyes_that_cannot_be_seen_have_none(views):
    assert gaze(views) is None
    assert Reference(views).moved(views) is None


@pytest.mark.parametrize("to", [-0.15, -0.05, 0.0, 0.05, 0.15])
def test_irises_that_moved_did_so_by_as_much(to):
    moved = Reference(eyes(0.02)).moved(eyes(to + 0.02, seed=7))
    assert moved == pytest.approx([to, to], abs=0.025)


@pytest.mark.parametrize(("first", "second"), [(2.0, 2.0), (-1.5, 1.5), (1.0, -2.0)])
def test_corners_found_elsewhere_are_no_movement(first, second):
    before, after = eyes(0.05), shifted(eyes(0.05, seed=7), first, second)
    there, here = irises(before), irises(after)
    assert there is not None
    assert here is not None
    assert np.abs(here - there).min() > 0.02, "which where they are between the corners takes for one"
    assert Reference(before).moved(after) == pytest.approx([0, 0], abs=0.012)


def test_of_another_face_no_movement_is_told():
    other = np.stack([normalised(an_eye(0.05, seed=seed)) for seed in (5, 6)])
    assert gaze(other) is not None
    assert Reference(eyes(0.05)).moved(other) is None


def test_a_man_who_looks_at_the_camera_does(real):
    for views in real:
        assert gaze(views) == pytest.approx(0, abs=0.12)


def test_lids_that_nearly_hide_the_irises_leave_no_gaze():
    assert gaze(pictured(LOOKS_DOWN)[-1]) is None


def test_a_real_gaze_is_mirrored_by_a_mirror():
    image, points, views = pictured(PICTURES[0])
    there, width = gaze(views), image.shape[1]
    points[:, 0] = width - 1 - points[:, 0]
    here, other = (list(corners) for corners in CORNERS)
    points[here + other] = points[other + here]
    assert there is not None
    assert gaze(eye_views(np.ascontiguousarray(image[:, ::-1]), points)) == pytest.approx(-there, abs=0.01)


@pytest.mark.parametrize("pixels", [-2.5, -1.5, 1.5, 2.5])
def test_real_irises_that_moved_did_so(real, pixels):
    """The other picture's are taken for lashes where they go far to the right: then nothing is told."""
    views = real[1]
    moved = Reference(views).moved(glancing(views, pixels))
    assert moved == pytest.approx([pixels / APART] * 2, abs=0.04)


@pytest.mark.parametrize(("first", "second"), [(2.0, 2.0), (-1.5, 1.5)])
def test_a_real_picture_that_moved_shows_no_movement(real, first, second):
    rng = np.random.default_rng(3)
    for views in real:
        noisy = views + rng.normal(0, 0.08, views.shape).astype(np.float32)
        assert Reference(views).moved(shifted(noisy, first, second)) == pytest.approx([0, 0], abs=0.02)
