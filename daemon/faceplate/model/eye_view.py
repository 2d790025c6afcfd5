"""Eyes as their network sees them: upright, of one size, the outer corner on the left, grey.

The trainer cuts its pictures by the same rule as the door.
"""

from __future__ import annotations

from math import ceil
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.types import Image

HEIGHT, WIDTH = 32, 48

CORNERS: Final = ((33, 133), (263, 362))
"""Points of MediaPipe's face mesh, of the eye further left in a picture and of the other: outer corner, inner corner"""

APART: Final = 29.8
"""Pixels of a view between the corners, whose middle is its own"""

_FINE: Final = 0.7
"""Pixels of a view to one of the picture: where there are fewer, several are averaged"""

_EVEN: Final = 4.0
"""Grey levels, added to the standard deviation of a view: noise on a black eye is no picture of one"""

EyeViews = NDArray[np.float32]
"""float32 (2, HEIGHT, WIDTH): mean 0, standard deviation nearly 1 each"""


def eye_views(image: Image, points: NDArray[np.float32]) -> EyeViews:
    """Both eyes of a face, as they are given to the network.

    Args:
        image: RGB uint8 (H, W, 3), the whole picture.
        points: float32 (468, 3) of MediaPipe's face mesh.
    """
    return np.stack([normalised(grey_view(image, *points[list(corners), :2])) for corners in CORNERS])


def grey_view(image: Image, outer: NDArray[np.float32], inner: NDArray[np.float32]) -> NDArray[np.uint8]:
    """One eye, uint8 (HEIGHT, WIDTH), by its corners (2,) in pixels of the picture."""
    to_view = _to_view(outer, inner)
    zoom = float(np.sqrt(abs(np.linalg.det(to_view[:, :2]))))
    more = ceil(1 / zoom) if zoom < _FINE else 1
    finer = to_view * more
    finer[:, 2] += (more - 1) / 2  # the middle of a pixel stays where it is
    seen = cv2.warpAffine(image, finer, (WIDTH * more, HEIGHT * more), borderMode=cv2.BORDER_REPLICATE)
    grey = cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def normalised(grey: NDArray[np.generic]) -> NDArray[np.float32]:
    """A view without what light and camera make of it: float32, mean 0."""
    pixels = grey.astype(np.float32)
    return np.asarray((pixels - pixels.mean()) / (pixels.std() + _EVEN), np.float32)


def _to_view(outer: NDArray[np.float32], inner: NDArray[np.float32]) -> NDArray[np.float64]:
    """The map from the picture to the view; of the eye whose outer corner is on the right, a mirror, too."""
    along = (inner - outer).astype(np.float64)
    is_mirrored = along[0] < 0
    if is_mirrored:
        along = -along
    scale = APART / max(float(np.hypot(*along)), 1.0)
    across, down = along / max(float(np.hypot(*along)), 1e-6), np.array([-along[1], along[0]])
    down /= max(float(np.hypot(*down)), 1e-6)
    turn = scale * np.stack([-across if is_mirrored else across, down])
    middle = (outer + inner).astype(np.float64) / 2
    return np.column_stack([turn, np.array([WIDTH / 2, HEIGHT / 2]) - turn @ middle])
