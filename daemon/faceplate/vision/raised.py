"""How far the heads of a stream are raised."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from faceplate.model.head_pose import raised
from faceplate.types import Frame, Seconds, Sighting
from faceplate.vision.face_mesh import FaceMesh
from faceplate.vision.per_track import PerTrack

EVERY: Final = Seconds(0.2)
"""A head is measured no more often: whoever raises their chin as they are asked holds it for longer"""


@dataclass(slots=True)
class _Measured:
    """What is remembered of a track."""

    raised: float | None = None
    at: Seconds | None = None


class RaisedHeads:
    """Measures them by a face mesh, each a few times a second."""

    def __init__(self, mesh: FaceMesh) -> None:
        """Begin with nobody seen."""
        self._mesh = mesh
        self._tracks = PerTrack(_Measured)

    def measured(self, sighting: Sighting, frame: Frame) -> Sighting:
        """The sighting, with how far its head is raised; of a face that cannot be judged that is not told."""
        if sighting.look.flaws:
            return sighting
        track = self._tracks.of(sighting.track, frame.time)
        if track.at is None or frame.time - track.at >= EVERY:
            track.raised, track.at = raised(self._mesh.points(frame.image, sighting.look.face)), frame.time
        return replace(sighting, raised=track.raised)
