"""Frame in, sightings out: detect, align, judge the quality, embed, and follow."""

from __future__ import annotations

from collections.abc import Callable

from faceplate.config import QualityConfig
from faceplate.model.preprocessing import align
from faceplate.types import Embedding, Face, Frame, Image, Look, Sighting
from faceplate.vision.detector import FaceDetector
from faceplate.vision.idle import IdleGate
from faceplate.vision.quality import flaws, measure
from faceplate.vision.tracker import Tracker


class Eyes:
    """What the daemon sees with; enrolment and the trainer's evaluation look through the same."""

    def __init__(
        self,
        detector: FaceDetector,
        embed: Callable[[Image], Embedding],
        quality: QualityConfig | None = None,
        gate: IdleGate | None = None,
    ) -> None:
        """Put the parts together.

        Args:
            detector: finds faces.
            embed: aligned crop -> unit vector.
            quality: what a face must be like to be embedded; None embeds every face.
            gate: which frames of a stream are searched for faces; None: every one.
        """
        self._detector = detector
        self._embed = embed
        self._quality = quality
        self._gate = gate
        self._tracker = Tracker()

    def see(self, frame: Frame) -> list[Sighting]:
        """Every face of a frame, the largest first, each on its track; none of a frame that the gate leaves out."""
        if self._gate is not None and not self._gate.wants(frame):
            return []
        looks = self.look(frame.image)
        if looks and self._gate is not None:
            self._gate.found(frame)
        tracks = self._tracker.follow([look.face for look in looks], frame.time)
        return [Sighting(track, look) for track, look in zip(tracks, looks, strict=True)]

    def look(self, image: Image) -> list[Look]:
        """Every face of a picture that is no part of a stream, the largest first."""
        return [self._look_at(face, image) for face in self._detector.find(image)]

    def _look_at(self, face: Face, image: Image) -> Look:
        crop = align(image, face.landmarks)
        quality = measure(face, crop)
        found = flaws(quality, self._quality) if self._quality else ()
        return Look(face, crop, found, None if found else self._embed(crop), quality.turn)
