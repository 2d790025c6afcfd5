"""Following faces from frame to frame by how much their boxes overlap. When in doubt it is somebody new."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from faceplate.types import Box, Face, Seconds, TrackId

# A face that moves by more than about half its width between two frames is taken for another: a visit starts again,
# which costs the visitor a moment; the contrary could give one person's frames to another.
MIN_OVERLAP = 0.3

LOST_AFTER = Seconds(0.7)
"""A face not seen for this long has left"""


@dataclass(slots=True)
class _Track:
    id: TrackId
    box: Box
    seen: Seconds


class Tracker:
    """Gives every face the number of the track it belongs to."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._tracks: list[_Track] = []

    def follow(self, faces: Sequence[Face], time: Seconds) -> list[TrackId]:
        """Find the track of each of `faces`, seen in one frame at `time`; faces that fit none start their own.

        The pairs that overlap most are joined first, so that of two faces side by side each keeps its own.
        """
        self._tracks = [track for track in self._tracks if 0 <= time - track.seen <= LOST_AFTER]
        pairs = sorted(
            (
                (overlap(track.box, face.box), t, f)
                for t, track in enumerate(self._tracks)
                for f, face in enumerate(faces)
            ),
            reverse=True,
        )
        joined: dict[int, _Track] = {}
        taken: set[int] = set()
        for shared, t, f in pairs:
            if shared >= MIN_OVERLAP and t not in taken and f not in joined:
                taken.add(t)
                joined[f] = self._tracks[t]
        return [self._seen(joined.get(f), face, time) for f, face in enumerate(faces)]

    def renew(self, id: TrackId) -> TrackId:  # noqa: A002 - it is one
        """Go on under a new number: the face in this place is another than before."""
        track = next(track for track in self._tracks if track.id == id)
        track.id = TrackId(next(self._ids))
        return track.id

    def _seen(self, track: _Track | None, face: Face, time: Seconds) -> TrackId:
        if track is None:
            track = _Track(TrackId(next(self._ids)), face.box, time)
            self._tracks.append(track)
        track.box, track.seen = face.box, time
        return track.id


def overlap(a: Box, b: Box) -> float:
    """Intersection over union, 0..1."""
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a.area + b.area - shared)
