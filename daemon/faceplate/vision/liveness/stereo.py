"""Has the face a depth, as two cameras see it at once?

Whatever a screen shows, however it moves, two cameras see it on one plane: one homography takes the one picture of it
to the other. So it is with a sheet, and a bent one is bent about one axis. Between two views of a head it is not so,
and what is left has the shape of a head and a nose. The cameras need not be calibrated: how far apart they are shows in
how far the nose is displaced, to the same side on every look, whereas what slips along an edge comes and goes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from faceplate.types import Face, Frame, Image, Seconds, Sighting
from faceplate.vision.liveness.beside import EVERY, LONG_AGO, Beside, Find, as_large
from faceplate.vision.liveness.evidence import Evidence, Tells
from faceplate.vision.liveness.following import Followed, View
from faceplate.vision.liveness.relief import Depth, depth
from faceplate.vision.per_track import PerTrack

APART: Final = 60.0
"""Millimetres between the two lenses: how far what is measured must go is counted in what these would show"""

_FOCAL = 0.94
"""Of a usual lens (56 degrees), in widths of the picture; a wide one has less, and shows more"""

_EYES_APART = 62.0
"""Millimetres between the eyes of an adult (Dodgson 2004)"""

LOOKS: Final = 5
FEWEST: Final = 3
"""Looks whose middle counts, at most and at least"""

# All of these were chosen on simulated visitors and attacks of people whom no figure in the documents is of
# (tests/attacks/second_camera.py). Angles are shares of that between two lenses `APART`.
_A_HEAD: Final = 0.4
_LIKE_A_HEAD: Final = 0.45
"""Of the living 0.6 or more each; of what is flat 0.25 at most"""

_STEADY: Final = 0.9
"""Length of the mean of the heads, of the mean of their lengths: 1 where all are on the same side"""

_A_NOSE: Final = 0.33
"""To that side; of a bent print it is 0.25 at most, to either"""

_LIKE_A_NOSE: Final = 0.25

_FLAT: Final = 0.25
_UNLIKE_A_HEAD: Final = 0.35
"""A face with less of both is denied: lenses less than 40 mm apart would show as little of a living one"""

_AS_LARGE = 1.7
_MOST_TRIED = 3
"""Faces of the second picture in which the face is looked for"""


@dataclass(slots=True)
class _Looks:
    """What is remembered of a track."""

    at: Seconds | None = None
    seen: deque[Depth] = field(default_factory=lambda: deque(maxlen=LOOKS))
    """As shares of what was to be expected"""


_NOTHING: Final = Evidence("stereo", Tells.NOTHING)


class Stereo:
    """Confirms "stereo", denies "flat_stereo"."""

    def __init__(self, find: Find) -> None:
        """`find` finds faces in the second picture."""
        self._beside = Beside(find)
        self._tracks = PerTrack(_Looks)

    def observe(self, track: Sighting, frame: Frame) -> Evidence:
        """What the two views say on this look and those before it; without a second picture nothing is said."""
        looks = self._tracks.of(track.track, frame.time)
        if track.look.flaws or frame.second is None or (looks.at is not None and 0 <= frame.time - looks.at < EVERY):
            return _NOTHING
        if looks.at is not None and not 0 <= frame.time - looks.at < LONG_AGO:
            looks.seen.clear()
        looks.at = frame.time
        face = track.look.face
        views = max(self._views(face, frame, frame.second), key=lambda views: len(views.first), default=None)
        measured = depth(views) if views else None
        if measured is None:
            return _NOTHING
        looks.seen.append(_of_expected(measured, face, frame))
        return told(looks.seen)

    def _views(self, face: Face, frame: Frame, second: Image) -> Iterator[Followed]:
        """The face in both pictures; several times where several faces of the second may be it."""
        alike = [other for other in self._beside.faces(frame) if as_large(face.box, other.box, _AS_LARGE)]
        view = View(frame.image, face)
        yield from filter(None, (view.on(second, other) for other in alike[:_MOST_TRIED]))


def told(seen: Sequence[Depth]) -> Evidence:
    """What so many looks say, whose angles are shares of what was to be expected. Pure."""
    if len(seen) < FEWEST:
        return _NOTHING
    heads, noses = np.array([each.head for each in seen]), np.array([each.nose for each in seen])
    lengths = np.maximum(np.linalg.norm(heads, axis=1), 1e-9)
    head, shape = float(np.median(lengths)), float(np.median([each.shape for each in seen]))
    if head < _FLAT and shape < _UNLIKE_A_HEAD:
        return Evidence("flat_stereo", Tells.DENIES, head)
    steady = float(np.linalg.norm(heads.mean(axis=0)) / lengths.mean())
    along = (noses * heads).sum(axis=1) / lengths
    nose, likeness = float(np.median(along)), float(np.median([each.likeness for each in seen]))
    is_a_head = head > _A_HEAD and shape > _LIKE_A_HEAD and steady > _STEADY
    if is_a_head and nose > _A_NOSE and likeness > _LIKE_A_NOSE and along.min() > 0:
        return Evidence("stereo", Tells.CONFIRMS, nose)
    return _NOTHING


def _of_expected(measured: Depth, face: Face, frame: Frame) -> Depth:
    """Angles as shares of that at which two lenses `APART` see a face as far away as this one."""
    eyes = float(np.linalg.norm(face.landmarks[1] - face.landmarks[0]))
    expected = APART * max(eyes, 1.0) / (_FOCAL * frame.image.shape[1] * _EYES_APART)
    return Depth(measured.nose / expected, measured.likeness, measured.head / expected, measured.shape)
