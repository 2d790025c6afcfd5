"""The face detector on real stills: where, how sure, and in which order."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from faceplate.commands.demo import FOOTAGE
from faceplate.errors import ModelError
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.pictures import read_picture
from faceplate.types import Face, Image, Pixels
from faceplate.vision.detector import FaceDetector


@pytest.fixture(scope="module")
def model() -> bytes:
    return load_bundle(DEFAULT_BUNDLE).detector


@pytest.fixture(scope="module")
def detector(model) -> FaceDetector:
    return FaceDetector(model, face_threshold=0.8, min_face=Pixels(60.0))


@pytest.fixture(scope="module")
def man() -> Image:
    return read_picture(FOOTAGE / "man-1.jpg")


def only(faces: list[Face]) -> Face:
    (face,) = faces
    return face


def corners(face: Face) -> np.ndarray:
    box = face.box
    return np.array([box.x, box.y, box.x + box.width, box.y + box.height])


def test_there_is_one_man_in_the_still(detector, man):
    face = only(detector.find(man))
    assert 0.8 < face.confidence <= 1.0
    assert face.landmarks.shape == (5, 2)
    assert face.landmarks.dtype == np.float32


def test_the_landmarks_are_an_upright_face(detector, man):
    face = only(detector.find(man))
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < nose[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
    x, y, far_x, far_y = corners(face)
    assert ((face.landmarks > (x, y)) & (face.landmarks < (far_x, far_y))).all()


@pytest.mark.parametrize("factor", [1.5, 2.0, 3.0])
def test_a_larger_picture_gives_the_same_face_in_its_own_pixels(detector, man, factor):
    face = only(detector.find(man))
    larger = only(detector.find(np.asarray(cv2.resize(man, None, fx=factor, fy=factor), np.uint8)))
    assert corners(larger) / factor == pytest.approx(corners(face), abs=0.12 * face.box.width)
    assert larger.landmarks / factor == pytest.approx(face.landmarks, abs=0.1 * face.box.width)


def test_a_picture_of_any_shape_is_taken(detector, man):
    face = only(detector.find(man))
    x, y, far_x, far_y = corners(face).astype(int)
    around = man[max(0, y - 41) : far_y + 37, max(0, x - 53) : far_x + 59]
    assert len(detector.find(np.ascontiguousarray(around))) == 1


def test_the_nearest_face_comes_first(detector, man):
    small = np.asarray(cv2.resize(man, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA), np.uint8)
    both = np.zeros((man.shape[0], man.shape[1] + small.shape[1], 3), np.uint8)
    both[: small.shape[0], : small.shape[1]] = small
    both[:, small.shape[1] :] = man
    near, far = detector.find(both)
    assert near.box.area > 1.5 * far.box.area
    assert near.box.x > small.shape[1] > far.box.x


@pytest.mark.parametrize("shape", [(480, 640, 3), (120, 160, 3), (90, 1000, 3), (1, 1, 3)])
def test_where_there_is_nobody_nobody_is_found(detector, shape):
    assert detector.find(np.full(shape, 90, np.uint8)) == []
    assert detector.find(np.random.default_rng(1).integers(0, 255, shape, np.uint8)) == []


def test_a_face_below_the_threshold_is_no_face(model, detector, man):
    sure = only(detector.find(man)).confidence
    for threshold, found in ((sure - 0.01, 1), (sure + 0.01, 0)):
        strict = FaceDetector(model, face_threshold=threshold, min_face=Pixels(60.0))
        assert len(strict.find(man)) == found


@pytest.mark.parametrize("content", [b"", b"not an ONNX file", b"\0" * 1000])
def test_a_broken_model_is_refused_and_the_opencv_named(content):
    with pytest.raises(ModelError, match=cv2.__version__):
        FaceDetector(content, face_threshold=0.8, min_face=Pixels(60.0))


@pytest.mark.parametrize(
    "box",
    [(1e27, 1e27, 0, 0), (10, 10, 0, 20), (10, 10, 20, -1), (320, 10, 20, 20), (10, -20, 20, 20), (np.nan, 1, 2, 2)],
    ids=str,
)
def test_a_box_that_is_nowhere_in_the_picture_is_no_face(detector, box):
    class Remembering:
        """OpenCV's, of a picture of one pixel, now and then."""

        def setInputSize(self, size):  # noqa: N802 - as OpenCV calls it
            assert size == (320, 240)

        def detect(self, _image):
            rows = np.ones((2, 15), np.float32)
            rows[0, :4], rows[1, :4] = box, (30, 40, 50, 60)
            return 1, rows

    detector._yunet = Remembering()
    assert [face.box.width for face in detector.find(np.zeros((240, 320, 3), np.uint8))] == [50]
