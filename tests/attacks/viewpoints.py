"""Where a camera stands: a presentation, drawn by the same seed, is seen by one camera and by another beside it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from attacks.camera import FOCAL, HEIGHT, WIDTH, Sensor, flat, put, seen, some_sensor
from attacks.clip import RATE

Pose = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Rotation (3, 3), and shift (3,) in millimetres"""

_OVER = 240
"""Pixels by which a room goes on beyond the first camera's picture"""


def _upright() -> NDArray[np.float64]:
    return np.eye(3)


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """A camera, as it stands to the first one, and looks."""

    aside: float = 0.0
    """Millimetres to the right"""

    rotation: NDArray[np.float64] = field(default_factory=_upright)
    """(3, 3), from the first camera's axes to this one's"""

    room: float = 2500.0
    """Millimetres to what is behind the visitor"""

    late: float = 0.0
    """Seconds by which its frames are taken after the first camera's"""

    rate: float = RATE
    """Frames a second"""

    infrared: bool = False
    """It sees no colours, and no light of a screen"""

    seed: int | None = None
    """Of its sensor; None: it is the first camera"""

    def times(self, frames: int) -> NDArray[np.float64]:
        """When it takes its frames."""
        return np.asarray(np.arange(frames) / self.rate + self.late)

    def of(self, rotation: NDArray[np.float64], shift: NDArray[np.float64]) -> Pose:
        """A pose before the first camera, as this one has it."""
        return self.rotation @ rotation, self.rotation @ (shift - np.array([self.aside, 0.0, 0.0]))

    def behind(self, room: NDArray[np.float32]) -> NDArray[np.float32]:
        """What it sees of a room, a wall at one distance, that fills the first camera's picture."""
        if self.seed is None:
            return room
        wall = cv2.copyMakeBorder(room, *[_OVER] * 4, cv2.BORDER_REFLECT)
        sheet = flat(np.asarray(wall, np.float32), np.ones(wall.shape[:2], np.float32), self.room / FOCAL)
        there = self.of(np.eye(3), np.array([0.0, 0.0, self.room]))
        return put(np.zeros((HEIGHT, WIDTH, 3), np.float32), sheet, *seen(sheet, *there))

    def sensor(self, rng: np.random.Generator) -> tuple[Sensor, np.random.Generator]:
        """Its sensor, and what draws its noise."""
        own = rng if self.seed is None else np.random.default_rng([self.seed, 20])
        return replace(some_sensor(own), grey=self.infrared), own


FIRST = Viewpoint()


def beside(
    seed: int, lenses: tuple[float, float] = (60.0, 100.0), *, late: float = 0.0, rate: float = RATE
) -> Viewpoint:
    """A second camera fixed by hand to the right of the first one or to the left of it, a few degrees askew.

    `lenses` are the least and the most millimetres between the two; room is a wall at 2 to 3 m.
    """
    rng = np.random.default_rng([seed, 21])
    angles = np.radians(rng.uniform(-3, 3, 3))
    rotation = np.asarray(cv2.Rodrigues(angles)[0], np.float64)
    side = 1 if rng.uniform() < 0.5 else -1
    return Viewpoint(side * rng.uniform(*lenses), rotation, rng.uniform(2000, 3000), late, rate, seed=seed)
