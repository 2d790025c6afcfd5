"""Frame in, sightings out: detect, align, judge the quality, embed, follow, and ask whether it is alive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from faceplate.config import QualityConfig
from faceplate.model.preprocessing import align
from faceplate.types import Embedding, Face, Frame, Image, Look, Seconds, Sighting
from faceplate.vision.continuity import Continuity, SameFace
from faceplate.vision.detector import FaceDetector
from faceplate.vision.heads import Heads
from faceplate.vision.idle import IdleGate
from faceplate.vision.liveness.liveness import LivenessCheck
from faceplate.vision.quality import flaws, measure
from faceplate.vision.tracker import Tracker


class Eyes:
    """What the daemon sees with; enrolment and the trainer's evaluation look through the same."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of the way, in its order
        self,
        detector: FaceDetector,
        embed: Callable[[Image], Embedding],
        quality: QualityConfig | None = None,
        gate: IdleGate | None = None,
        same_face: SameFace | None = None,
        liveness: LivenessCheck | None = None,
        heads: Heads | None = None,
    ) -> None:
        """Put the parts together.

        Args:
            detector: finds faces.
            embed: aligned crop -> unit vector.
            quality: what a face must be like to be embedded; None embeds every face.
            gate: which frames of a stream are searched for faces; None: every one.
            same_face: tells whether a track still shows the face it showed; None: nobody asks.
            liveness: judges whether a face of a stream is alive; None: nobody looks.
            heads: tells how far a head is raised, and what its eyes do; None: nobody asks.
        """
        self._detector = detector
        self._embed = embed
        self._quality = quality
        self._gate = gate
        self._liveness = liveness
        self._heads = heads
        self._tracker = Tracker()
        self._continuity = Continuity(same_face) if same_face else None

    def see(self, frame: Frame) -> list[Sighting]:
        """Every face of a frame, the largest first, each on its track; none of a frame that the gate leaves out."""
        if self._gate is not None and not self._gate.wants(frame):
            return []
        looks = self.look(frame.image)
        if looks and self._gate is not None:
            self._gate.found(frame)
        tracks = self._tracker.follow([look.face for look in looks], frame.time)
        sightings = [Sighting(track, look) for track, look in zip(tracks, looks, strict=True)]
        sightings = [self._of_one_face(sighting, frame.time) for sighting in sightings]
        if self._heads is not None:
            sightings = [self._heads.measured(sighting, frame) for sighting in sightings]
        if self._liveness is None:
            return sightings
        if not sightings:
            self._liveness.nobody(frame)
        return [self._liveness.judge(sighting, frame) for sighting in sightings]

    def look(self, image: Image) -> list[Look]:
        """Every face of a picture that is no part of a stream, the largest first."""
        return [self._look_at(face, image) for face in self._detector.find(image)]

    def _of_one_face(self, sighting: Sighting, time: Seconds) -> Sighting:
        """The sighting; on a new track if another face has taken the place of the one that was followed."""
        if self._continuity is None or self._continuity.holds(sighting, time):
            return sighting
        renewed = replace(sighting, track=self._tracker.renew(sighting.track))
        self._continuity.holds(renewed, time)
        return renewed

    def _look_at(self, face: Face, image: Image) -> Look:
        crop = align(image, face.landmarks)
        quality = measure(face, crop)
        found = flaws(quality, self._quality) if self._quality else ()
        return Look(face, crop, found, None if found else self._embed(crop), quality.turn)
