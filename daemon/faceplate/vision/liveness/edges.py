"""Do edges stand around the face, where a neck should be?

A sheet of paper, a phone and a monitor have a straight lower edge under the face, and an edge on either side that ends
on it. Behind a living visitor there may be any number of doors and shelves, but shoulders hide where they would end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.types import Box, Frame, Image, Pixels, Seconds, Sighting
from faceplate.vision.liveness.evidence import Evidence, Tells
from faceplate.vision.per_track import PerTrack

SMALLEST_FACE: Final = Pixels(60.0)
EVERY: Final = Seconds(0.3)
LATER: Final = Seconds(1.0)
OFTEN: Final = 3
"""Looks before they are `LATER` apart: lines cost time, and what stands around a face does not come and go"""

CLOSED: Final = 0.55
"""Share of the least visible of three sides that must be seen as an edge, less what goes on beyond their corners"""

_LASTING = 2
"""Looks in a row"""

# Lengths are in widths of the face, and up and down in heights.
_ABOVE, _BELOW = 0.9, 2.0
"""How far above and below the face is looked; to the sides, as far as the picture goes"""

_CHIN = 0.08
"""Under the face's box, where a chin may be"""

_FACE, _PICTURE = 48, 240
"""Pixels: that a face is wide at most when it is looked at, and the picture"""

_NECK = 1.0
"""To both sides of the face's middle: where a neck and shoulders hide what is behind"""

_SHORTEST = 0.3
"""Of a piece of an edge by which a side is found"""

_STRAIGHT = 0.035
"""How far a piece may lie beside the edge"""

_CORNER = 0.04
"""Of an edge near its corner, which may be round"""

_BEYOND = (0.12, 0.5)
"""Where an edge that ends at its corner has nothing more"""

_SKEWED = 0.26
"""Cosine of the least angle of a corner: 75 degrees"""

_LEAST = 0.35
"""A side of which less is seen is none"""

_MOST = 6
"""Lines that are tried for each side, the longest first"""

_SAMPLES = 32
_TINY = 8
"""Pixels: a scaled picture that is smaller is none to look for lines in"""

Real = NDArray[np.float64]


@dataclass(slots=True)
class _Looks:
    """What is remembered of a track."""

    at: Seconds | None = None
    count: int = 0
    in_a_row: int = 0
    """In which something was closed"""


class Edges:
    """Denies "edges"."""

    def __init__(self) -> None:
        self._tracks = PerTrack(_Looks)

    def observe(self, track: Sighting, frame: Frame) -> Evidence:
        """Whether there is a frame around the face, on this look and the one before."""
        looks = self._tracks.of(track.track, frame.time)
        box = track.look.face.box
        every = EVERY if looks.count < OFTEN else LATER
        if box.width < SMALLEST_FACE or (looks.at is not None and 0 <= frame.time - looks.at < every):
            return Evidence("edges", Tells.NOTHING)
        looks.at, looks.count = frame.time, looks.count + 1
        closed = framed(frame.image, box)
        looks.in_a_row = looks.in_a_row + 1 if closed > CLOSED else 0
        return Evidence("edges", Tells.DENIES if looks.in_a_row >= _LASTING else Tells.NOTHING, closed)


def framed(image: Image, box: Box) -> float:
    """How much of the left, right and lower edge of something that holds the face is seen, 0..1: of the least one.

    Args:
        image: RGB uint8 (H, W, 3).
        box: the face's.
    """
    grey, face = _around(image, box)
    detector = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE)  # von Gioi and others, IPOL 2012
    found = cast("NDArray[np.float32] | None", detector.detect(grey)[0])
    if found is None:
        return 0.0
    pieces = _Pieces(np.asarray(found, np.float64).reshape(-1, 2, 2), face.width)
    return max([0.0, *(_closed(pieces, line, face) for line in pieces.below(face))])


@dataclass(frozen=True, slots=True)
class _Line:
    """A point on it, and its direction."""

    point: Real
    along: Real

    def at(self, distance: float) -> Real:
        return np.asarray(self.point + distance * self.along)

    def crossed(self, other: _Line) -> Real | None:
        """Where the other one crosses it; None where that is far from a right angle."""
        if abs(float(self.along @ other.along)) > _SKEWED:
            return None
        both = np.stack([self.along, -other.along], axis=1)
        return self.at(float(np.linalg.solve(both, other.point - self.point)[0]))


class _Pieces:
    """Straight pieces of edges, float64 (n, 2, 2): of each both ends, x and y."""

    def __init__(self, ends: Real, width: float) -> None:
        along = ends[:, 1] - ends[:, 0]
        length = np.hypot(*along.T)
        some = length > 0
        self._ends, self._along, self._length = ends[some], along[some] / length[some, None], length[some]
        self._width = width

    def below(self, face: Box) -> list[_Line]:
        """Lines from left to right that pass under the face."""
        level = np.abs(self._along[:, 1]) < 0.5  # noqa: PLR2004 - thirty degrees
        x = face.x + face.width / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            y = self._ends[:, 0, 1] + (x - self._ends[:, 0, 0]) * self._along[:, 1] / self._along[:, 0]
        here = (y > face.y + (1 + _CHIN) * face.height) & (y < face.y + (1 + _BELOW) * face.height)
        return self._lines(level & here, np.array([1.0, 0.0]))

    def beside(self, face: Box) -> tuple[list[_Line], list[_Line]]:
        """Lines upwards that pass it on the left, and on the right."""
        upright = np.abs(self._along[:, 0]) < 0.57  # noqa: PLR2004 - 35 degrees
        y = face.y + face.height / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            x = self._ends[:, 0, 0] + (y - self._ends[:, 0, 1]) * self._along[:, 0] / self._along[:, 1]
        inset = 0.08 * face.width  # a detector's box is no more exact
        up = np.array([0.0, -1.0])
        left, right = x < face.x + inset, x > face.x + face.width - inset
        return self._lines(upright & left, up), self._lines(upright & right, up)

    def _lines(self, which: NDArray[np.bool_], towards: Real) -> list[_Line]:
        long = np.flatnonzero(which & (self._length > _SHORTEST * self._width))
        longest = long[np.argsort(-self._length[long], kind="stable")][:_MOST]
        return [_Line(self._ends[n, 0], self._along[n] * np.sign(self._along[n] @ towards)) for n in longest]

    def cover(self, line: _Line, begin: float, end: float) -> float:
        """The share of a line that is seen as an edge, between two distances from its point."""
        if end - begin < 1:
            return 0.0
        off = self._ends - line.point
        aside = np.abs(off @ np.array([-line.along[1], line.along[0]])).max(axis=1)
        on = np.sort(off[aside < _STRAIGHT * self._width] @ line.along, axis=1)
        at = np.linspace(begin, end, _SAMPLES)[:, None]
        return float(((at >= on[:, 0] - 1) & (at <= on[:, 1] + 1)).any(axis=1).mean())

    def goes_on(self, line: _Line, corner: float, step: int) -> float:
        """The share that is seen of it beyond a corner; `step` is 1 or -1, the way on."""
        near, far = sorted(corner + step * share * self._width for share in _BEYOND)
        return self.cover(line, near, far)


def _closed(pieces: _Pieces, lower: _Line, face: Box) -> float:
    """How much is seen of the least of three edges, if this is the lower one."""
    corners = []
    least = 1.0
    for lines in pieces.beside(face):
        seen, corner = max(_sides(pieces, lower, lines, face), key=lambda side: side[0], default=(0.0, None))
        if corner is None or seen < _LEAST:
            return 0.0
        least = min(least, seen)
        corners.append(float((corner - lower.point) @ lower.along))
    left, right = corners
    if right - left < face.width:
        return 0.0
    inset = _CORNER * face.width
    middle = float((np.array([face.x + face.width / 2, face.y + face.height / 2]) - lower.point) @ lower.along)
    neck = _NECK * face.width
    whole = pieces.cover(lower, left + inset, right - inset)
    under = pieces.cover(lower, max(left + inset, middle - neck), min(right - inset, middle + neck))
    return min(least, min(whole, under) - max(pieces.goes_on(lower, left, -1), pieces.goes_on(lower, right, 1)))


def _sides(pieces: _Pieces, lower: _Line, lines: list[_Line], face: Box) -> Iterator[tuple[float, Real]]:
    """How much is seen of each that stands on the lower edge, from their corner to the middle of the face; and that."""
    for line in lines:
        corner = lower.crossed(line)
        if corner is None:
            continue
        side = _Line(corner, line.along)
        height = (corner[1] - face.y - face.height / 2) / -line.along[1]
        seen = pieces.cover(side, _CORNER * face.width, height)
        if seen >= _LEAST:
            yield seen - pieces.goes_on(side, 0.0, -1), corner


def _around(image: Image, box: Box) -> tuple[NDArray[np.uint8], Box]:
    """What is to the left and right of the face, above and below it, grey uint8, scaled; and the box in that."""
    height, width = image.shape[:2]
    first = int(min(max(box.y - _ABOVE * box.height, 0), height - 1))
    last = max(int(min(box.y + (1 + _BELOW) * box.height, height)), first + 1)
    zoom = min(_FACE / box.width, _PICTURE / width, 1.0)
    size = max(round(width * zoom), _TINY), max(round((last - first) * zoom), _TINY)
    grey = cv2.cvtColor(image[first:last], cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    scaled = (box.x * zoom, (box.y - first) * zoom, box.width * zoom, box.height * zoom)
    return np.asarray(small, np.uint8), Box(*(Pixels(value) for value in scaled))
