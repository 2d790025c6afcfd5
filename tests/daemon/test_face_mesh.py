"""The face mesh, and how far a head is raised: turned in space, in real pictures; and a damaged file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from attacks.heads import generic
from attacks.paths import Lean
from attacks.sources import detector, still_of
from attacks.visitors import coming
from faceplate.commands.demo import FOOTAGE
from faceplate.enrolling.measures import towards
from faceplate.enrolling.steps import Step
from faceplate.enrolling.view import view_of
from faceplate.errors import ModelError
from faceplate.model.head_pose import HeadPose, head_pose, raised
from faceplate.pictures import read_picture
from faceplate.recognition import Recognition
from faceplate.types import Face, Flaw, Frame, Image, Likeness, Look, Match, Seconds, Sighting, TrackId
from faceplate.vision import face_mesh
from faceplate.vision.face_mesh import FILE, FaceMesh
from faceplate.vision.heads import Heads
from faceplate.vision.runtime import Runtime

OUTER_CORNERS, INNER_CORNERS, NOSE_TIP = [33, 263], [133, 362], 1

RAISED = {
    "Mahathir_Mohamad": (3, 1),
    "Michael_Schumacher": (3, 6),
    "Natalie_Coughlin": (3, 5),
    "Mike_Weir": (5, 3),
    "Sergio_Vieira_De_Mello": (6, 2),
    "Tom_Crean": (5, 4),
    "James_Kelly": (3, 6),
    "Rubens_Barrichello": (4, 3),
    "Larry_Thompson": (4, 2),
    "Nicole_Kidman": (5, 6),
    "Hu_Jintao": (3, 2),
    "Jose_Serra": (7, 6),
    "Jackie_Chan": (6, 3),
    "Tim_Henman": (3, 6),
    "Hugo_Chavez": (8, 5),
    "Jelena_Dokic": (6, 1),
    "John_Negroponte": (3, 8),
    "Julie_Gerberding": (6, 1),
    "Tommy_Franks": (4, 6),
    "Ari_Fleischer": (4, 5),
    "Gerhard_Schroeder": (2, 12),
    "Al_Sharpton": (1, 2),
}
"""Two pictures of LFW each, those that the mesh holds furthest apart. In the first the head is raised further, as
somebody saw who did not know which it said"""


@pytest.fixture(scope="module")
def mesh(runtime: Runtime) -> FaceMesh:
    return FaceMesh(runtime=runtime)


@pytest.fixture(scope="module")
def man() -> Image:
    return read_picture(FOOTAGE / "man-1.jpg")


def face_of(image: Image) -> Face:
    return max(detector().find(image), key=lambda face: face.box.area)


def apart(face: Face) -> float:
    return float(np.linalg.norm(face.landmarks[1] - face.landmarks[0]))


def test_it_lies_on_the_face(mesh, man):
    face = face_of(man)
    points = mesh.points(man, face)
    assert points.shape == (468, 3)
    assert points.dtype == np.float32
    eyes = (points[OUTER_CORNERS] + points[INNER_CORNERS])[:, :2] / 2
    off = np.linalg.norm(np.vstack([eyes, points[NOSE_TIP, :2]]) - face.landmarks[:3], axis=1)
    assert (off < 0.15 * apart(face)).all()
    assert points[NOSE_TIP, 2] < points[OUTER_CORNERS, 2].min() - 0.3 * apart(face), "the nose is nearer than the eyes"


@pytest.mark.parametrize(("tilt", "times"), [(-30, 1.0), (20, 2.0), (30, 1.5), (0, 0.6)])
def test_it_follows_a_face_that_is_tilted_and_near_or_far(mesh, man, tilt, times):
    height, width = man.shape[:2]
    moved = cv2.getRotationMatrix2D((width / 2, height / 2), tilt, times)
    image = np.asarray(cv2.warpAffine(man, moved, (width, height)), np.uint8)
    before, after = (mesh.points(picture, face_of(picture)) for picture in (man, image))
    expected = before[:, :2] @ moved[:, :2].T + moved[:, 2]
    off = np.linalg.norm(after[:, :2] - expected, axis=1)
    assert np.median(off) < 0.12 * apart(face_of(image))
    assert raised(after) == pytest.approx(raised(before), abs=4)


def turned(points: NDArray[np.float32], up: float, left: float = 0.0, tilt: float = 0.0) -> NDArray[np.float32]:
    """The mesh, raised, then turned to the picture's right, then tilted in the picture, by so many degrees."""
    x, y, z = np.radians([up, left, tilt])
    about_x = np.array([[1, 0, 0], [0, np.cos(x), np.sin(x)], [0, -np.sin(x), np.cos(x)]])
    about_y = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    return ((points - points.mean(axis=0)) @ (about_z @ about_y @ about_x).T).astype(np.float32)


@pytest.mark.parametrize("up", [-20, -10, 0, 10, 20])
@pytest.mark.parametrize("tilt", [-30, 0, 30])
def test_a_head_that_is_raised_in_space_is_by_as_much(mesh, man, up, tilt):
    points = mesh.points(man, face_of(man))
    assert raised(turned(points, up, tilt=tilt)) - raised(points) == pytest.approx(up, abs=2)


@pytest.mark.parametrize("left", [-25, 25])
def test_a_head_that_turns_is_not_raised(mesh, man, left):
    points = mesh.points(man, face_of(man))
    assert raised(turned(points, 0, left)) == pytest.approx(raised(points), abs=3)


@pytest.mark.research_data
def test_in_real_pictures_a_raised_head_is_told_where_landmarks_hardly_do(mesh, research_data):
    lifted, by_landmarks = [], []
    for person, numbers in RAISED.items():
        folder = research_data / "lfw_dev" / "images" / person
        pictures = [read_picture(folder / f"{person}_{number:04}.jpg") for number in numbers]
        faces = [face_of(picture) for picture in pictures]
        up, other = (raised(mesh.points(picture, face)) for picture, face in zip(pictures, faces, strict=True))
        poses = [head_pose(face.landmarks) for face in faces]
        assert poses[0] is not None
        assert poses[1] is not None
        lifted.append(up - other)
        by_landmarks.append(poses[0].pitch - poses[1].pitch)
    assert sum(each >= 10 for each in lifted) >= 20
    assert np.median(lifted) >= 2.5 * np.median(by_landmarks)


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot read"), (b"", "is damaged or was changed"), (FILE.read_bytes()[:-1], "is damaged or was changed")],
)
def test_a_file_that_is_missing_or_damaged_is_refused(tmp_path, monkeypatch, content, words):
    there = tmp_path / "face_landmark.tflite"
    if content is not None:
        there.write_bytes(content)
    monkeypatch.setattr(face_mesh, "FILE", Path(there))
    with pytest.raises(ModelError, match=f"{words}.*Install Faceplate again"):
        FaceMesh()


def test_its_licence_and_its_source_are_beside_it():
    licence = (FILE.parent / "LICENSE-MediaPipe.txt").read_text()
    assert "Apache License" in licence
    assert "github.com/google-ai-edge/mediapipe" in licence
    assert face_mesh._SHA256 in (FILE.parent / "README.md").read_text()


class Counting(FaceMesh):
    """Counts what it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def points(self, image: Image, face: Face) -> NDArray[np.float32]:
        self.asked += 1
        return super().points(image, face)


def test_a_head_is_measured_a_few_times_a_second_and_at_once_when_another_comes(man):
    counting = Counting()
    heads = Heads(counting)
    look = Look(face_of(man), np.zeros((112, 112, 3), np.uint8), (), None)
    first = [heads.measured(Sighting(TrackId(1), look), Frame(n, Seconds(0.05 * n), man)) for n in range(9)]
    assert {each.raised for each in first} == {raised(FaceMesh().points(man, look.face))}
    assert counting.asked == 2
    heads.measured(Sighting(TrackId(2), look), Frame(9, Seconds(0.41), man))
    assert counting.asked == 3


def test_of_a_face_that_cannot_be_judged_nothing_is_told(man):
    look = Look(face_of(man), np.zeros((112, 112, 3), np.uint8), (Flaw.BLURRED,), None)
    counting = Counting()
    seen = Heads(counting).measured(Sighting(TrackId(1), look), Frame(0, Seconds(0.0), man))
    assert seen.raised is None
    assert counting.asked == 0


@pytest.mark.parametrize(("pitch", "step"), [(-15.0, Step.UP), (15.0, Step.DOWN)])
def test_whoever_raises_or_lowers_their_chin_a_little_has_done_what_enrolment_asks(man, config, pitch, step):
    """A simulated head of an average shape, seen by the daemon's own eyes."""
    still = still_of(man, "man", detector())
    assert still is not None
    eyes = Recognition(config.vision, config.people).eyes()
    somebody = coming(still, generic(still), 3, np.arange(40) * 0.1, stays=True)

    def poses(frames: range, lean: Lean) -> list[HeadPose]:
        found = []
        for number in frames:
            frame = Frame(number, Seconds(0.1 * number), somebody.take(number, lean))
            (sighting,) = eyes.see(frame)
            (face,) = view_of(number, frame, [Match(sighting, Likeness.UNKNOWN)], 0).faces
            assert face.pose is not None
            found.append(face.pose)
        return found

    *_, straight = poses(range(22, 30), Lean())
    *_, turned_up = poses(range(30, 36), Lean(pitch=pitch))
    assert towards(step, straight, straight) is not None
    assert towards(step, turned_up, straight) is None
