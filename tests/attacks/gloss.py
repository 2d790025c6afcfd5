"""What a simulated sheet mirrors: one lamp or window, where the sheet's normal and the camera put it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attacks.camera import FOCAL, HEIGHT, WIDTH

_GAMMA = 2.2
"""Of the pictures: light adds up before it"""


@dataclass(frozen=True, slots=True)
class Lamp:
    """A lamp, or a window, so far off that only its direction counts."""

    towards: NDArray[np.float64]
    """Unit vector from the sheet"""

    wide: tuple[float, float]
    """Of what is mirrored, across and down: sine of the half angle"""

    blurred: float
    """By the paper, likewise: from that of photographs to that of an office"""

    light: float
    """That is added, of 1: what white paper gives"""

    def over(
        self, scene: NDArray[np.float32], sheet: NDArray[np.float32], rotation: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """The scene, RGB float32 (HEIGHT, WIDTH, 3), 0..255, with the lamp mirrored where there is sheet, 0..1.

        The blob is where rays from the camera go to the lamp after a plane that is turned by `rotation`.
        """
        y, x = np.mgrid[:HEIGHT, :WIDTH]
        rays = np.dstack([(x - WIDTH / 2) / FOCAL, (y - HEIGHT / 2) / FOCAL, np.ones(x.shape)])
        off = _mirrored(rays / np.linalg.norm(rays, axis=2, keepdims=True), rotation) - self.towards
        added = self.light * sheet
        for axis, wide in enumerate(self.wide):
            added = added / (1 + np.exp((np.abs(off[..., axis]) - wide) / self.blurred))
        light = (np.maximum(scene, 0) / 255) ** _GAMMA + added[..., None]
        return np.asarray(255 * light ** (1 / _GAMMA), np.float32)


def some_lamp(rng: np.random.Generator, rotation: NDArray[np.float64]) -> Lamp:
    """One that a sheet, turned so, mirrors somewhere about the middle of the picture."""
    ray = np.array([rng.uniform(-0.12, 0.12), rng.uniform(-0.12, 0.12), 1.0])
    return Lamp(
        towards=_mirrored(ray / np.linalg.norm(ray), rotation),
        wide=(rng.uniform(0.02, 0.15), rng.uniform(0.02, 0.15)),
        blurred=rng.uniform(0.005, 0.03),
        light=rng.uniform(0.05, 0.6),
    )


def _mirrored(rays: NDArray[Any], rotation: NDArray[np.float64]) -> NDArray[Any]:
    """Where rays from the camera go after a sheet that is turned so; its normal, unturned, is the camera's axis."""
    normal = rotation[:, 2]
    return np.asarray(rays - 2 * (rays @ normal)[..., None] * normal)
