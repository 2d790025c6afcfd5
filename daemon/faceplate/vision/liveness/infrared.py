"""Is the face there in infra-red, too?

Nearly all screens are dark in infra-red: their backlight, or what their pixels shine with, is visible light alone. What
is printed may or may not be seen, as the ink has it; so this is no cue against paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from faceplate.types import Box, Frame, Image, Pixels, Seconds, Sighting
from faceplate.vision.liveness.beside import EVERY, LONG_AGO, Beside, Find, as_large
from faceplate.vision.liveness.evidence import Evidence, Tells
from faceplate.vision.per_track import PerTrack

ASIDE: Final = 0.8
"""Widths of the face by which it may stand elsewhere in the second picture: of a camera 5 cm aside a third, at whatever
distance, since a face is 15 cm wide; and the rest for cameras that are not quite parallel"""

_AS_LARGE = 1.7

_CONFIRMING, _DOUBTING = 2, 3
"""Looks in a row: a detector misses a face now and then"""


@dataclass(slots=True)
class _Looks:
    """What is remembered of a track."""

    at: Seconds | None = None
    there: int = 0
    """Looks in a row in which it was there"""
    missing: int = 0


class Infrared:
    """Confirms, or doubts, "infrared"."""

    def __init__(self, find: Find) -> None:
        """`find` finds faces in the infra-red picture."""
        self._beside = Beside(find)
        self._tracks = PerTrack(_Looks)

    def observe(self, track: Sighting, frame: Frame) -> Evidence:
        """Whether the face was there on this look and those before it; without a second picture nothing is said."""
        looks = self._tracks.of(track.track, frame.time)
        if track.look.flaws or frame.second is None or (looks.at is not None and 0 <= frame.time - looks.at < EVERY):
            return Evidence("infrared", Tells.NOTHING)
        if looks.at is not None and not 0 <= frame.time - looks.at < LONG_AGO:
            looks.there = looks.missing = 0
        looks.at = frame.time
        here = _scaled(track.look.face.box, frame.image, frame.second)
        there = any(_same_place(here, face.box) for face in self._beside.faces(frame))
        looks.there, looks.missing = (looks.there + 1, 0) if there else (0, looks.missing + 1)
        if looks.there >= _CONFIRMING:
            return Evidence("infrared", Tells.CONFIRMS, looks.there)
        return Evidence("infrared", Tells.DOUBTS if looks.missing >= _DOUBTING else Tells.NOTHING, -looks.missing)


def _scaled(box: Box, image: Image, other: Image) -> Box:
    """Where the box would be in another picture of the same scene."""
    down, across = other.shape[0] / image.shape[0], other.shape[1] / image.shape[1]
    return Box(Pixels(box.x * across), Pixels(box.y * down), Pixels(box.width * across), Pixels(box.height * down))


def _same_place(box: Box, other: Box) -> bool:
    across = abs(box.x + box.width / 2 - other.x - other.width / 2)
    down = abs(box.y + box.height / 2 - other.y - other.height / 2)
    return as_large(box, other, _AS_LARGE) and max(across, down) < ASIDE * box.width
