"""One eye of a picture with what lies about it: where its lids are, so that they can be drawn elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.types import Image

LIDS: Final = (
    ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133)),
    ((263, 466, 388, 387, 386, 385, 384, 398, 362), (263, 249, 390, 373, 374, 380, 381, 382, 362)),
)
"""Points of MediaPipe's face mesh along the upper and the lower lid from the outer corner to the inner, of the eye
further left in a picture and of the other"""

_LARGEST: Final = 40.0
"""Pixels between the corners; larger eyes are made smaller, as a view shows no more of them"""

_ASIDE, _ABOVE = 1.3, 1.0
"""What is kept about the middle of an eye to each side, and above and below, in distances of its corners"""


@dataclass(frozen=True, slots=True)
class Eye:
    """A piece of a picture."""

    around: Image
    """RGB uint8 (h, w, 3)"""

    upper: NDArray[np.float32]
    lower: NDArray[np.float32]
    """The lids, float32 (9, 2) in its pixels, from the outer corner to the inner"""

    @property
    def width(self) -> float:
        """Pixels between the corners."""
        return float(np.hypot(*(self.upper[-1] - self.upper[0])))


def eyes_of(image: Image, points: NDArray[np.float32]) -> tuple[Eye, Eye]:
    """Both eyes of a face.

    Args:
        image: RGB uint8 (H, W, 3), the whole picture.
        points: float32 (468, 3) of MediaPipe's face mesh.
    """
    first, second = (_cut(image, points[list(upper), :2], points[list(lower), :2]) for upper, lower in LIDS)
    return first, second


def _cut(image: Image, upper: NDArray[np.float32], lower: NDArray[np.float32]) -> Eye:
    width = max(float(np.hypot(*(upper[-1] - upper[0]))), 1.0)
    middle = (upper[0] + upper[-1]) / 2
    half = np.ceil(np.array([_ASIDE, _ABOVE]) * width)
    corner = np.floor(middle - half)
    shift = np.array([[1, 0, -corner[0]], [0, 1, -corner[1]]])
    size = (2 * int(half[0]), 2 * int(half[1]))
    # Whole pixels: nothing is interpolated. Beyond the picture's edge its last pixels go on, as in the door's views.
    around = cv2.warpAffine(image, shift, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    upper, lower = upper - corner, lower - corner
    if (scale := _LARGEST / width) < 1:
        around = cv2.resize(around, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        upper, lower = (upper + 0.5) * scale - 0.5, (lower + 0.5) * scale - 0.5
    return Eye(np.asarray(around, np.uint8), upper.astype(np.float32), lower.astype(np.float32))
