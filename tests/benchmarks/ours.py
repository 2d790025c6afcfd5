"""The daemon's own parts, with the shipped defaults, put together as the daemon does it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from common import WHOLE, Laps, timed

from faceplate.config import Config
from faceplate.config_file import config_from
from faceplate.people.person import Anchor, new_person, with_anchors
from faceplate.recognition import Recognition
from faceplate.types import Frame, Image, Likeness, Match, Seconds
from faceplate.vision.detector import FaceDetector
from faceplate.vision.eyes import Eyes


def configuration(folder: Path, *, threads: int | None = None) -> Config:
    """The shipped defaults but for liveness, which `liveness.py` measures; store, key and journal are in `folder`."""
    tree: dict[str, Any] = {
        "people": {"store": "people", "key_file": "gallery.key"},
        "journal": {"path": "journal.sqlite3"},
        "vision": {"liveness": "off"} | ({} if threads is None else {"threads": threads}),
        "log": {"level": "error"},
    }
    return config_from(tree, base=folder, where="the benchmark's configuration")


class Ours:
    """Eyes and recogniser over a gallery with one person, and a watch on each part."""

    def __init__(self, config: Config) -> None:
        """Load the bundle; `config` names the gallery to fill."""
        vision = config.vision
        self._recognition = Recognition(vision, config.people)
        self._laps: Laps = {}
        bundle, network = self._recognition.bundle, self._recognition.network
        detector = FaceDetector(bundle.detector, face_threshold=vision.face_threshold, min_face=vision.min_face)
        watched: Any = SimpleNamespace(find=timed("detect", detector.find, self._laps))
        self._eyes = Eyes(watched, timed("embed", network.embed, self._laps), vision.quality)
        self._name = timed("match", self._recognition.recogniser().name, self._laps)
        self._unwatched = self._recognition.eyes()

    def sees_one_person(self, image: Image) -> bool:
        """Whether there is one face in `image`, RGB uint8 (H, W, 3), and it is good enough to be recognised."""
        looks = self._unwatched.look(image)
        return len(looks) == 1 and not looks[0].flaws

    def enrol(self, images: list[Image]) -> None:
        """Enrol the face of each as an anchor of one person."""
        gallery, network = self._recognition.gallery, self._recognition.network
        crops = [self._unwatched.look(image)[0].crop for image in images]
        with gallery.changing():
            anchors = [Anchor(crop, network.embed(crop)) for crop in crops]
            gallery.save(with_anchors(new_person("Somebody", self._recognition.bundle.id), anchors))

    def verify(self, image: Image, number: int) -> Laps:
        """Go through all of it for one picture."""
        self._laps.clear()
        timed(WHOLE, self._verify, self._laps)(Frame(number, Seconds(number / 15), image))
        laps = dict(self._laps)
        laps["align, judge"] = laps[WHOLE] - laps["detect"] - laps["embed"] - laps["match"]
        return laps

    def verifies(self, image: Image, number: int) -> bool:
        """Whether the person in a picture is found to be the one enrolled."""
        matches = self._verify(Frame(number, Seconds(number / 15), image))
        return [match.likeness for match in matches] == [Likeness.VERIFIED]

    def _verify(self, frame: Frame) -> list[Match]:
        return [self._name(sighting) for sighting in self._eyes.see(frame)]
