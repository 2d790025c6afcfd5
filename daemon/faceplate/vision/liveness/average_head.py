"""The shape of an average head, and where the points of a face lie on it. Pure.

Places are in eye distances: x from the line through the nose to the picture's right, y down from the eyes.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]

_NOSE: Final = 0.6
"""Eye distances that the tip of the nose lies below the eyes"""

_BROW: Final = -0.3
"""Where the nose begins"""


def on_head(points: Real, landmarks: Real) -> tuple[Real, float]:
    """Where points of a picture are on the head, float64 (points, 2), and how far its eyes are apart.

    Args:
        points: float64 (points, 2).
        landmarks: of the face, float64 (5, 2), in the same unit: the eyes, the nose and what else is found.
    """
    left, right, nose = landmarks[:3]
    across = right - left
    down = np.array([-across[1], across[0]])
    middle = (left + right) / 2
    square = max(float(across @ across), 1e-9)
    place = (points - middle) @ np.stack([across, down], axis=1) / square
    tip = (nose - middle) @ np.stack([across, down], axis=1) / square
    # Where the head is turned already, the nose stands aside of the middle
    aside = tip[0] * np.exp(-(((place[:, 1] - tip[1]) / 0.5) ** 2))
    return np.stack([place[:, 0] - aside, place[:, 1] - (tip[1] - _NOSE)], axis=1), square**0.5


def eyes(place: Real) -> NDArray[np.bool_]:
    """Which places lie in the eyes and their lids."""
    return np.asarray(((np.abs(place[:, 0]) - 0.5) / 0.33) ** 2 + (place[:, 1] / 0.25) ** 2 < 1)


def stands_out(place: Real) -> Real:
    """How far the head stands out towards the camera, in eye distances (points,): an ellipsoid and a nose."""
    x, y = place.T
    return np.asarray(1.1 * np.sqrt(np.maximum(1 - (x / 1.25) ** 2 - ((y - 0.35) / 1.9) ** 2, 0)) + nose(place))


def nose(place: Real) -> Real:
    """How far the nose alone does."""
    x, y = place.T
    return np.asarray(0.38 * np.exp(-((x / 0.2) ** 2) - ((y - _NOSE) / 0.3) ** 2) * (y > _BROW))


def nose_and_sockets(place: Real) -> Real:
    """How far the nose's ridge does, and how deep the eyes lie beside it.

    Two Gaussians, fitted to what no bent sheet could do (`relief.py`) of the depth that MediaPipe's face mesh has on
    average of the people whom the thresholds were chosen on. They have nine tenths of its shape.
    """
    x, y = place.T
    ridge = 0.41 * np.exp(-((x / 0.22) ** 2) - ((y - 0.28) / 0.42) ** 2)
    return np.asarray(ridge - 0.7 * np.exp(-((x / 0.8) ** 2) - ((y - 0.04) / 0.45) ** 2))
