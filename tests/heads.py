"""A head that can be turned, and what a detector would find of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Eyes, nose tip and mouth of a head in millimetres: x to the picture's right, y down, z away from the camera.
HEAD = np.array([[-31.0, -35, 0], [31, -35, 0], [0, 6, -28], [-25, 35, -3], [25, 35, -3]])


def turned(
    left: float = 0.0, up: float = 0.0, tilt: float = 0.0, scale: float = 1.0, shift: float = 0.0
) -> NDArray[np.float32]:
    """Landmarks of the head after it was turned by so many degrees, float32 (5, 2)."""
    y, x, z = np.radians([left, up, tilt])
    about_y = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(x), np.sin(x)], [0, -np.sin(x), np.cos(x)]])
    about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    head = HEAD @ (about_z @ about_y @ about_x).T
    return np.asarray(head[:, :2] * scale + shift, dtype=np.float32)
