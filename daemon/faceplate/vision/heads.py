"""What the face mesh shows of the heads of a stream: how far they are raised, and what their eyes do."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Final

from faceplate.model.eye_view import eye_views
from faceplate.model.head_pose import raised
from faceplate.types import EyeState, Frame, Seconds, Sighting
from faceplate.vision.eyelids import Eyelids
from faceplate.vision.face_mesh import FaceMesh
from faceplate.vision.per_track import PerTrack

EVERY: Final = Seconds(0.35)
"""A head is measured no more often: whoever raises their chin as they are asked holds it for longer"""

EYES_EVERY: Final = Seconds(0.08)
"""Where eyes are looked at: a blink is over in a fifth of a second or two"""

KNOWN_FOR: Final = Seconds(4.0)
"""So long back it is remembered how open eyes looked"""

FEWEST: Final = 5
"""Looks by which that is known; before that no eyes are shut"""


@dataclass(slots=True)
class _Head:
    """What is remembered of a track."""

    raised: float | None = None
    eye_state: EyeState | None = None
    at: Seconds | None = None
    open: deque[tuple[Seconds, float]] = field(default_factory=deque)
    """When the eyes were not shut, and their scores"""

    def takes_for_shut(self, score: float, eyelids: Eyelids, time: Seconds) -> bool:
        """Whether eyes of such a score are shut, against how they looked before; they look so from now on if not."""
        while self.open and time - self.open[0][0] > KNOWN_FOR:
            self.open.popleft()
        usual = median(each for _, each in self.open) if len(self.open) >= FEWEST else None
        is_shut = usual is not None and eyelids.model.is_shut(score, usual)
        if not is_shut:
            self.open.append((time, score))
        return is_shut


class Heads:
    """Measures them by a face mesh, each a few times a second."""

    def __init__(self, mesh: FaceMesh, eyelids: Eyelids | None = None) -> None:
        """Begin with nobody seen; without `eyelids` nobody looks at eyes."""
        self._mesh = mesh
        self._eyelids = eyelids
        self._every = EVERY if eyelids is None else EYES_EVERY
        self._tracks = PerTrack(_Head)

    def measured(self, sighting: Sighting, frame: Frame) -> Sighting:
        """The sighting, with what its head and its eyes do; of a face that cannot be judged that is not told."""
        if sighting.look.flaws:
            return sighting
        head = self._tracks.of(sighting.track, frame.time)
        if head.at is None or frame.time - head.at >= self._every:
            head.at = frame.time
            points = self._mesh.points(frame.image, sighting.look.face)
            head.raised = raised(points)
            if self._eyelids is not None:
                views = eye_views(frame.image, points)
                is_shut = head.takes_for_shut(self._eyelids.score(views), self._eyelids, frame.time)
                head.eye_state = EyeState(is_shut, views)
        return replace(sighting, raised=head.raised, eye_state=head.eye_state)
