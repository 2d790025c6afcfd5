"""Frame in, sightings out: what is embedded, what is not, and who is followed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from faceplate.camera.replay import ReplayCamera
from faceplate.commands.demo import FOOTAGE
from faceplate.config import QualityConfig
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.model.preprocessing import align
from faceplate.pictures import read_picture
from faceplate.types import Embedding, Face, Flaw, Frame, Image, Pixels, Seconds
from faceplate.vision.detector import FaceDetector
from faceplate.vision.eyes import Eyes
from strategies_access import a_face

MAN = FOOTAGE / "man-1.jpg"


@dataclass
class Finder:
    """Finds what it was told to."""

    faces: list[Face]

    def find(self, image: Image) -> list[Face]:
        del image
        return self.faces


@dataclass
class Network:
    """Embeds every crop as the same vector, and keeps the crops."""

    crops: list[Image] = field(default_factory=list)

    def embed(self, crop: Image) -> Embedding:
        assert crop.shape == (112, 112, 3)
        assert crop.dtype == np.uint8
        self.crops.append(crop)
        return np.array([1.0, 0.0], np.float32)


@pytest.fixture
def detector() -> FaceDetector:
    return FaceDetector(load_bundle(DEFAULT_BUNDLE).detector, face_threshold=0.8, min_face=Pixels(60.0))


def test_a_good_face_is_aligned_and_embedded(detector):
    network, picture = Network(), read_picture(MAN)
    (look,) = Eyes(detector, network.embed, QualityConfig()).look(picture)
    assert look.flaws == ()
    assert look.embedding is not None
    assert len(network.crops) == 1
    assert network.crops[0] is look.crop
    assert (look.crop == align(picture, look.face.landmarks)).all()


def test_a_bad_face_is_seen_and_never_embedded(detector):
    network = Network()
    dark = (read_picture(MAN) * 0.2).astype(np.uint8)
    (look,) = Eyes(detector, network.embed, QualityConfig()).look(dark)
    assert look.flaws == (Flaw.TOO_DARK, Flaw.BLURRED)
    assert look.embedding is None
    assert network.crops == []


def test_without_limits_every_face_is_embedded(detector):
    network = Network()
    dark = (read_picture(MAN) * 0.2).astype(np.uint8)
    (look,) = Eyes(detector, network.embed).look(dark)
    assert look.flaws == ()
    assert look.embedding is not None


def test_every_face_of_a_frame_is_on_its_own_track():
    finder, network = Finder([a_face(0), a_face(300)]), Network()
    eyes = Eyes(finder, network.embed)  # type: ignore[arg-type]  # a fake of the one method that is used
    picture = np.zeros((480, 640, 3), np.uint8)
    first = eyes.see(Frame(0, Seconds(0.0), picture))
    finder.faces = [a_face(305), a_face(5)]
    second = eyes.see(Frame(1, Seconds(0.1), picture))
    assert [sighting.look.face for sighting in second] == finder.faces
    assert [sighting.track for sighting in second] == [first[1].track, first[0].track]


def test_a_picture_that_is_no_part_of_the_stream_changes_no_track(detector):
    eyes = Eyes(detector, Network().embed)
    man = read_picture(MAN)
    before = eyes.see(Frame(0, Seconds(0.0), man))
    eyes.look(np.ascontiguousarray(man[:, ::-1]))
    after = eyes.see(Frame(1, Seconds(0.1), man))
    assert [sighting.track for sighting in before] == [sighting.track for sighting in after] == [1]


def test_a_person_who_stays_in_a_real_clip_stays_on_one_track(detector):
    eyes = Eyes(detector, Network().embed, QualityConfig())
    seen = [eyes.see(frame) for frame in ReplayCamera(FOOTAGE / "woman.mp4", paced=False).frames()]
    assert {sighting.track for sightings in seen for sighting in sightings} == {1}
    assert all(len(sightings) == 1 for sightings in seen)
    assert any(sightings[0].look.flaws for sightings in seen), "she turns to the side"


def test_two_people_in_a_real_clip_are_never_on_one_track(detector):
    eyes = Eyes(detector, Network().embed, QualityConfig())
    sides: dict[int, set[bool]] = {}
    for frame in ReplayCamera(FOOTAGE / "man-and-woman.mp4", paced=False).frames():
        sightings = eyes.see(frame)
        assert len({sighting.track for sighting in sightings}) == len(sightings)
        for sighting in sightings:
            middle = sighting.look.face.box.x + sighting.look.face.box.width / 2
            sides.setdefault(int(sighting.track), set()).add(middle > frame.image.shape[1] / 2)
    assert len(sides) >= 2
