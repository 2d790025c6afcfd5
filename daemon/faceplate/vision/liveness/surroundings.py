"""A face and what is around it, at a fixed size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.types import Box, Image

FACE_WIDTH: Final = 96
"""Pixels that the face is scaled to, so that cost and precision do not hang on the camera"""

SIDE: Final = 224
"""Of the scaled picture, pixels: the face, and two thirds of its width on each side"""

_EDGE = 3
"""Scaled pixels at a border in which nothing is looked for"""

_RING = 1.3
"""Times the face's own outline: hair and ears lie within, and are neither face nor surroundings"""

Points = NDArray[np.float32]
"""float32 (..., 2), x and y"""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The surroundings of a face on one frame."""

    image: Image
    """Grey uint8 (SIDE, SIDE)"""

    corner: Points
    """Of the frame, where the scaled picture begins"""

    zoom: float
    """Frame pixels of one scaled pixel"""

    def out(self, points: Points) -> Points:
        """From scaled pixels to the frame's."""
        return np.asarray((points + 0.5) * self.zoom - 0.5 + self.corner, np.float32)

    def into(self, points: Points) -> Points:
        """From the frame's pixels to scaled ones."""
        return np.asarray((points + 0.5 - self.corner) / self.zoom - 0.5, np.float32)


def surroundings(image: Image, box: Box) -> Surroundings:
    """Cut the surroundings of `box` out of `image`, RGB uint8 (H, W, 3); beyond its border the border goes on."""
    height, width = image.shape[:2]
    side = max(2, round(box.width * SIDE / FACE_WIDTH))
    left = min(max(round(box.x + box.width / 2 - side / 2), 1 - side), width - 1)
    top = min(max(round(box.y + box.height / 2 - side / 2), 1 - side), height - 1)
    inside = image[max(top, 0) : top + side, max(left, 0) : left + side]
    over = (max(-top, 0), max(top + side - height, 0), max(-left, 0), max(left + side - width, 0))
    grey = cv2.cvtColor(inside, cv2.COLOR_RGB2GRAY)
    if any(over):
        grey = cv2.copyMakeBorder(grey, *over, cv2.BORDER_REPLICATE)
    how = cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=how)
    return Surroundings(np.asarray(small, np.uint8), np.array([left, top], np.float32), side / SIDE)


Cut: TypeAlias = Callable[[Image, Box], Surroundings]
"""Does as `surroundings` does"""


class CutOnce:
    """Cuts what is asked for again once only: several cues look at one face of one frame."""

    def __init__(self) -> None:
        self._last: tuple[Image, Box, Surroundings] | None = None

    def __call__(self, image: Image, box: Box) -> Surroundings:
        """As `surroundings`; the picture must not change meanwhile."""
        if self._last is None or self._last[0] is not image or self._last[1] != box:
            self._last = image, box, surroundings(image, box)
        return self._last[2]


def regions(around: Surroundings, box: Box, shape: tuple[int, ...]) -> tuple[Image, Image]:
    """Masks uint8 (SIDE, SIDE), 255 where points of the face are looked for, and where those around it."""
    middle = (SIDE // 2, SIDE // 2)
    half = np.array([box.width, box.height]) / 2 / around.zoom
    face, ring = np.zeros((SIDE, SIDE), np.uint8), np.zeros((SIDE, SIDE), np.uint8)
    low = np.maximum(np.ceil(-around.corner / around.zoom), 0).astype(int) + _EDGE
    high = np.minimum(np.floor((np.array(shape[1::-1]) - around.corner) / around.zoom), SIDE - 1).astype(int) - _EDGE
    ring[low[1] : max(high[1], 0), low[0] : max(high[0], 0)] = 255
    cv2.ellipse(face, middle, (int(half[0]), int(half[1])), 0, 0, 360, 255, -1)
    face &= ring
    cv2.ellipse(ring, middle, (int(half[0] * _RING), int(half[1] * _RING)), 0, 0, 360, 0, -1)
    return face, ring
