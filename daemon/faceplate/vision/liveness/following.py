"""Points of a face, and of what is around it, followed from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.types import Box, Face, Frame, Image

FACE_WIDTH: Final = 96
"""Pixels that the face is scaled to, so that cost and precision do not hang on the camera"""

SIDE: Final = 224
"""Of the scaled picture, pixels: the face, and two thirds of its width around it"""

LONGEST: Final = 24
"""Frames after which points are chosen anew: until then nearly all of a face's still can be followed"""

FEWEST_LEFT: Final = 0.5
"""Share of the face's points; when fewer can be followed they are chosen anew"""

_FACE_POINTS, _RING_POINTS = 72, 40
_APART = 5
_WINDOW = (15, 15)
_LEVELS = 3
_RETURN = 0.4
"""Scaled pixels by which a point that is followed there and back may miss"""

_PLANE = 2.0
"""Scaled pixels that a point of a face may lie off the plane that is laid through it"""

_DEGENERATE = 0.05

_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 12, 0.02)

Points = NDArray[np.float32]


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


@dataclass(frozen=True, slots=True)
class _Scaled:
    """The surroundings of a face at a fixed size."""

    image: Image
    """Grey uint8 (SIDE, SIDE)"""
    corner: Points
    zoom: float
    """Frame pixels of one scaled pixel"""

    def out(self, points: Points) -> Points:
        """From scaled pixels to the frame's."""
        return np.asarray((points + 0.5) * self.zoom - 0.5 + self.corner, np.float32)

    def into(self, points: Points) -> Points:
        """From the frame's pixels to scaled ones."""
        return np.asarray((points + 0.5 - self.corner) / self.zoom - 0.5, np.float32)


class Follower:
    """Follows one face.

    From frame to frame points are only found; where they are is then measured against the first frame, with the newest
    one laid over it by the face's homography. So nothing drifts, and what is measured is what the homography does not
    explain ("plane and parallax", Irani and Anandan 1996). A point that is lost stays lost.
    """

    def __init__(self) -> None:
        self._first: _Scaled | None = None
        self._before: _Scaled | None = None
        self._chosen: Points = np.empty((0, 2), np.float32)
        """Where the points were on the first frame, in its scaled pixels"""
        self._points: Points = self._chosen
        """Where they are now, in scaled pixels"""
        self._in_face: NDArray[np.bool_] = np.empty(0, bool)
        self._trail: list[Points] = []
        """Where they were, in the frame's pixels, since they were chosen"""
        self._off: list[Points] = []
        """What of that the face's plane does not explain, in scaled pixels"""
        self._at_first = 0
        self._landmarks = np.zeros((5, 2), np.float32)

    def follow(self, frame: Frame, face: Face) -> Followed:
        """Take one more frame of the face; all that was followed since the points were chosen."""
        scaled = _scaled(frame.image, face.box)
        followed = self._first is not None and self._step(self._first, scaled)
        if not followed or len(self._trail) > LONGEST:
            self._choose(scaled, face, frame.image.shape)
        self._before = scaled
        assert self._first is not None
        trail = np.stack(self._trail)
        return Followed(
            first=(self._chosen - np.float32(SIDE / 2)) / np.float32(FACE_WIDTH),
            moved=(trail - trail[0]) / np.float32(self._first.zoom * FACE_WIDTH),
            off=np.stack(self._off) / np.float32(FACE_WIDTH),
            in_face=self._in_face,
            landmarks=(self._landmarks - np.float32(SIDE / 2)) / np.float32(FACE_WIDTH),
        )

    def _step(self, first: _Scaled, now: _Scaled) -> bool:
        """Whether enough of the face could be followed."""
        assert self._before is not None
        found, there = _found(self._before.image, now.image, self._points)
        self._keep(found)
        there = there[found]
        if self._in_face.sum() < self._needed():
            return False
        laid, _ = cv2.findHomography(self._chosen[self._in_face], there[self._in_face], cv2.USAC_DEFAULT, _PLANE)
        if laid is None or abs(np.linalg.det(laid)) < _DEGENERATE:
            return False
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        over = cv2.warpPerspective(now.image, laid, (SIDE, SIDE), flags=how, borderMode=cv2.BORDER_REPLICATE)
        guess = cv2.perspectiveTransform(there[None], np.linalg.inv(laid))[0]
        found, measured = _measured(first.image, over, self._chosen, guess)
        points = cv2.perspectiveTransform(measured[None], laid)[0]
        found &= ((points >= 0) & (points < SIDE)).all(axis=1)
        off = measured - self._chosen
        self._keep(found)
        self._points = points[found]
        self._trail.append(now.out(self._points))
        self._off.append(off[found])
        return bool(self._in_face.sum() >= self._needed())

    def _needed(self) -> float:
        return max(FEWEST_LEFT * self._at_first, 4)

    def _keep(self, kept: NDArray[np.bool_]) -> None:
        self._chosen, self._in_face = self._chosen[kept], self._in_face[kept]
        self._points = self._points[kept]
        self._trail = [each[kept] for each in self._trail]
        self._off = [each[kept] for each in self._off]

    def _choose(self, scaled: _Scaled, face: Face, shape: tuple[int, ...]) -> None:
        inside, ring = _regions(scaled, face.box, shape)
        chosen = [
            cv2.goodFeaturesToTrack(scaled.image, count, 0.01, _APART, mask=region, blockSize=5)
            for region, count in ((inside, _FACE_POINTS), (ring, _RING_POINTS))
        ]
        in_face, around = (np.empty((0, 2), np.float32) if each is None else each[:, 0] for each in chosen)
        self._first = scaled
        self._points = self._chosen = np.concatenate([in_face, around])
        self._in_face = np.arange(len(self._points)) < len(in_face)
        self._trail = [scaled.out(self._points)]
        self._off = [np.zeros_like(self._points)]
        self._landmarks = scaled.into(face.landmarks)
        self._at_first = len(in_face)


def _found(before: Image, now: Image, points: Points) -> tuple[NDArray[np.bool_], Points]:
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        before, now, points, points.copy(), winSize=_WINDOW, maxLevel=_LEVELS, criteria=_STOP
    )
    return found[:, 0] == 1, there


def _measured(first: Image, over: Image, points: Points, guess: Points) -> tuple[NDArray[np.bool_], Points]:
    """Where `points` of `first` are in `over`; one that does not come back where it began is not found."""
    guessed = {"winSize": _WINDOW, "maxLevel": 1, "criteria": _STOP, "flags": cv2.OPTFLOW_USE_INITIAL_FLOW}
    there, found, _ = cv2.calcOpticalFlowPyrLK(first, over, points, guess.copy(), **guessed)
    back, returned, _ = cv2.calcOpticalFlowPyrLK(over, first, there, points.copy(), **guessed)
    near = np.linalg.norm(back - points, axis=1) < _RETURN
    return (found[:, 0] == 1) & (returned[:, 0] == 1) & near, there


def _scaled(image: Image, box: Box) -> _Scaled:
    height, width = image.shape[:2]
    side = max(2, round(box.width * SIDE / FACE_WIDTH))
    left = round(box.x + box.width / 2 - side / 2)
    top = round(box.y + box.height / 2 - side / 2)
    inside = image[max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)]
    over = (max(-top, 0), max(top + side - height, 0), max(-left, 0), max(left + side - width, 0))
    grey = cv2.cvtColor(inside, cv2.COLOR_RGB2GRAY)
    if any(over):
        grey = cv2.copyMakeBorder(grey, *over, cv2.BORDER_REPLICATE)
    how = cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=how)
    return _Scaled(np.asarray(small, np.uint8), np.array([left, top], np.float32), side / SIDE)


def _regions(scaled: _Scaled, box: Box, shape: tuple[int, ...]) -> tuple[Image, Image]:
    """Where points of the face are looked for, and where those around it."""
    middle = (SIDE // 2, SIDE // 2)
    half = np.array([box.width, box.height]) / 2 / scaled.zoom
    face, ring = np.zeros((SIDE, SIDE), np.uint8), np.zeros((SIDE, SIDE), np.uint8)
    low = np.ceil(-scaled.corner / scaled.zoom).astype(int) + 3
    high = np.floor((np.array(shape[1::-1]) - scaled.corner) / scaled.zoom).astype(int) - 3
    cv2.rectangle(ring, (max(low[0], 3), max(low[1], 3)), (min(high[0], SIDE - 4), min(high[1], SIDE - 4)), 255, -1)
    cv2.ellipse(face, middle, (int(half[0]), int(half[1])), 0, 0, 360, 255, -1)
    face &= ring
    cv2.ellipse(ring, middle, (int(half[0] * 1.3), int(half[1] * 1.3)), 0, 0, 360, 0, -1)
    return face, ring
