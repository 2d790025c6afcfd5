"""Points of a face, and of what is around it, followed from frame to frame.

From one frame to the next, points are only found again. Where they are is then measured against the frame on which they
were chosen, with the newest laid over it by the face's homography: so nothing drifts, and what is measured is what that
homography does not explain ("plane and parallax": Irani and Anandan 1996).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.types import Face, Frame, Image
from faceplate.vision.liveness.surroundings import FACE_WIDTH, SIDE, Cut, Points, Surroundings, regions, surroundings

LONGEST: Final = 24
"""Frames after which points are chosen anew: until then most of those of a face that is held still can be followed"""

_SHORT: Final = 8
"""Frames: after fewer the face turned too fast to be followed, and points are chosen two frames later"""

_FACE_POINTS, _RING_POINTS = 72, 40
_APART, _CORNER = 5, 5
"""Scaled pixels between two points, and of the corner that a point is"""

_BESIDE = 8
"""Scaled pixels beside a region, that count for the corners in it"""

_QUALITY = 0.01
_FEWEST = 4
"""A homography has as many"""

_WINDOW = (15, 15)
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 12, 0.02)

_PLANE = 2.0
"""Scaled pixels that a point of a face may lie off the plane that is laid through it"""

_SQUASHED = 0.05
"""Determinant of a homography that sees the face from its edge"""


@dataclass(frozen=True, slots=True)
class Care:
    """How surely points must be found again."""

    missed: float
    """Scaled pixels by which a point that is followed there and back may miss"""

    left: float
    """Share of the face's points that must be found"""

    levels: int
    """Of the pyramid, above the finest one, on which they are looked for in the picture that is laid over"""


CLOSE: Final = Care(missed=0.4, left=0.5, levels=0)
"""In the next frame, and in one of the same instant"""

WIDE: Final = Care(missed=1.0, left=0.3, levels=1)
"""After the head was turned: what was in the light is in the shade, and half of what is found is a little off"""


@dataclass(frozen=True, slots=True)
class Followed:
    """Where each point was on each frame. Lengths are in widths that the face had when the points were chosen."""

    first: Points
    """float32 (points, 2): where they were chosen, from the middle of the face"""

    moved: Points
    """float32 (frames, points, 2): how far each has moved in the picture since"""

    off: Points
    """float32 (frames, points, 2): of that, what the plane laid through the face does not explain"""

    in_face: NDArray[np.bool_]
    """bool (points,): the others lie around the face, up to two thirds of its width away"""

    landmarks: Points
    """float32 (5, 2): the face's, when the points were chosen, from its middle"""


class Follower:
    """Follows one face, for as long as half of its points are found again; then it begins anew."""

    def __init__(self, cut: Cut = surroundings) -> None:
        self._cut = cut
        self._trail: _Trail | None = None
        self._waits = False
        """Whether the next frame is left out"""

    def follow(self, frame: Frame, face: Face) -> bool:
        """Take one more frame of the face; whether it was followed there from the one before."""
        if self._waits:
            self._waits = False
            return False
        around, trail = self._cut(frame.image, face.box), self._trail
        length = len(trail.places) if trail else _SHORT
        goes_on = trail is not None and trail.goes_on(around)
        self._waits = not goes_on and length < _SHORT
        if self._waits:
            self._trail = None
        elif not goes_on or length > LONGEST:
            self._trail = _chosen(around, face, frame.image, CLOSE)
        return goes_on

    def followed(self) -> Followed | None:
        """All that was followed since the points were chosen; None: none are."""
        return self._trail.followed() if self._trail else None


class View:
    """One picture of a face, to be found again on others, and of nothing around it."""

    def __init__(self, image: Image, face: Face, care: Care = CLOSE) -> None:
        """Name the picture; points are chosen when the face is looked for the first time."""
        self._image = image
        self._face = face
        self._care = care

    @cached_property
    def _chosen(self) -> _Trail:
        return _chosen(surroundings(self._image, self._face.box), self._face, self._image, self._care, around_it=0)

    def on(self, image: Image, face: Face, cut: Cut = surroundings) -> Followed | None:
        """What was followed from this picture to that one, on which the face is `face`; None: it was not found again.

        Two cameras may not see as brightly: that picture is made as bright as this one, and as rich in contrast.
        """
        trail = replace(self._chosen)  # a copy: it goes on to one picture, and from here to the next
        there = cut(image, face.box)
        found = trail.goes_on(replace(there, image=_as_bright(there.image, trail.first.image)))
        return trail.followed() if found else None


@dataclass(slots=True)
class _Trail:
    """Points from where they were chosen to where they are. Each is followed; one that is lost stays lost."""

    first: Surroundings
    newest: Surroundings
    chosen: Points
    """In scaled pixels of the first"""
    in_face: NDArray[np.bool_]
    needed: float
    """Points of the face"""
    landmarks: Points
    """In scaled pixels of the first"""
    now: Points
    """In scaled pixels of the newest"""
    places: Points
    """float32 (frames, points, 2), in the frame's pixels"""
    off: Points
    """The same of what the face's plane does not explain of that, in scaled pixels of the first"""
    care: Care

    def goes_on(self, around: Surroundings) -> bool:
        """Follow into one more frame; whether enough of the face was found there."""
        there, found = _flow(self.newest.image, around.image, self.now, self.now, levels=3)
        there = there[found]
        self._keep(found)
        plane = self._plane(there)
        if plane is None:
            return False
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        over = cv2.warpPerspective(around.image, plane, (SIDE, SIDE), flags=how, borderMode=cv2.BORDER_REPLICATE)
        laid = np.asarray(over, np.uint8)
        guess = _through(there, _back(plane))
        measured, found = _there_and_back(self.first.image, laid, self.chosen, guess, self.care)
        now = _through(measured, plane)
        found &= ((now >= 0) & (now < SIDE)).all(axis=1)
        off = (measured - self.chosen)[found]
        self._keep(found)
        self.newest, self.now = around, now[found]
        self.places = np.concatenate([self.places, around.out(self.now)[np.newaxis]])
        self.off = np.concatenate([self.off, off[np.newaxis]])
        return bool(self.in_face.sum() >= self.needed)

    def followed(self) -> Followed:
        return Followed(
            first=(self.chosen - np.float32(SIDE / 2)) / np.float32(FACE_WIDTH),
            moved=(self.places - self.places[0]) / np.float32(self.first.zoom * FACE_WIDTH),
            off=self.off / np.float32(FACE_WIDTH),
            in_face=self.in_face,
            landmarks=(self.landmarks - np.float32(SIDE / 2)) / np.float32(FACE_WIDTH),
        )

    def _plane(self, there: Points) -> NDArray[np.float64] | None:
        """The homography from where the face's points were chosen to where they are now; None of too few."""
        if self.in_face.sum() < self.needed:
            return None
        found = cv2.findHomography(self.chosen[self.in_face], there[self.in_face], cv2.USAC_DEFAULT, _PLANE)
        plane: Any = found[0]  # OpenCV's types leave out that there may be none
        return None if plane is None or abs(np.linalg.det(plane)) < _SQUASHED else np.asarray(plane, np.float64)

    def _keep(self, kept: NDArray[np.bool_]) -> None:
        self.chosen, self.in_face, self.now = self.chosen[kept], self.in_face[kept], self.now[kept]
        self.places, self.off = self.places[:, kept], self.off[:, kept]


def _chosen(around: Surroundings, face: Face, image: Image, care: Care, around_it: int = _RING_POINTS) -> _Trail:
    in_face, ring_of_it = regions(around, face.box, image.shape)
    inside, ring = _corners(around.image, in_face, _FACE_POINTS), _corners(around.image, ring_of_it, around_it)
    points = np.asarray(np.concatenate([inside, ring]), np.float32)
    return _Trail(
        first=around,
        newest=around,
        chosen=points,
        in_face=np.arange(len(points)) < len(inside),
        needed=max(care.left * len(inside), _FEWEST),
        landmarks=around.into(face.landmarks),
        now=points,
        places=around.out(points)[np.newaxis],
        off=np.zeros_like(points)[np.newaxis],
        care=care,
    )


def _corners(image: Image, region: Image, most: int) -> Points:
    """The best points to follow in a region; float32 (points, 2)."""
    x, y, width, height = cv2.boundingRect(region)
    left, top = max(x - _BESIDE, 0), max(y - _BESIDE, 0)
    part = slice(top, y + height + _BESIDE), slice(left, x + width + _BESIDE)
    found: Any = None
    if most:  # to OpenCV 0 is as many as there are
        found = cv2.goodFeaturesToTrack(image[part], most, _QUALITY, _APART, mask=region[part], blockSize=_CORNER)
    if found is None:
        return np.empty((0, 2), np.float32)
    return np.asarray(found.reshape(-1, 2) + np.array([left, top]), np.float32)


def _as_bright(image: Image, as_this: Image) -> Image:
    """Both grey uint8 (SIDE, SIDE), with the face in their middle, which counts."""
    middle = slice((SIDE - FACE_WIDTH) // 2, (SIDE + FACE_WIDTH) // 2)
    wanted, own = as_this[middle, middle], image[middle, middle]
    gain = float(wanted.std()) / max(float(own.std()), 1.0)
    scaled = cv2.convertScaleAbs(image, alpha=gain, beta=float(wanted.mean()) - gain * float(own.mean()))
    return np.asarray(scaled, np.uint8)


def _there_and_back(
    first: Image, over: Image, points: Points, guess: Points, care: Care
) -> tuple[Points, NDArray[np.bool_]]:
    there, found = _flow(first, over, points, guess, levels=care.levels)
    back, returned = _flow(over, first, there, points, levels=care.levels)
    return there, found & returned & (np.linalg.norm(back - points, axis=1) < care.missed)


def _flow(before: Image, now: Image, points: Points, guess: Points, *, levels: int) -> tuple[Points, NDArray[np.bool_]]:
    """Where `points` of `before` are in `now`, and which were found (Lucas and Kanade, by pyramids)."""
    if not len(points):
        return points, np.empty(0, bool)
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        before,
        now,
        points,
        np.array(guess, np.float32),
        winSize=_WINDOW,
        maxLevel=levels,
        criteria=_STOP,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return np.asarray(there, np.float32), np.asarray(found)[:, 0] == 1


def _back(homography: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.inv(homography), np.float64)


def _through(points: Points, homography: NDArray[np.float64]) -> Points:
    if not len(points):
        return points
    return np.asarray(cv2.perspectiveTransform(points[None], homography)[0], np.float32)
