"""A simulated camera: where things land in the picture, and what lens and sensor make of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.types import Image

WIDTH, HEIGHT = 640, 480
FOCAL = 600.0
"""Pixels; about 56 degrees across, a usual webcam or Pi camera"""

_INVERSIONS = 6
"""Rounds until a bent surface's own displacement is undone to a tenth of a pixel"""


@dataclass(frozen=True, slots=True)
class Surface:
    """Something with a picture on it."""

    texture: NDArray[np.float32]
    """RGB float32 (H, W, 3), 0..255"""

    alpha: NDArray[np.float32]
    """float32 (H, W), 1 where there is something"""

    place: NDArray[np.float32]
    """float32 (H, W, 3): where each texel is, millimetres, x right, y down, z away"""


def flat(texture: NDArray[np.float32], alpha: NDArray[np.float32], millimetres: float) -> Surface:
    """A sheet; `millimetres` of one texel."""
    height, width = alpha.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    place = np.dstack([(x - width / 2) * millimetres, (y - height / 2) * millimetres, np.zeros_like(x)])
    return Surface(texture, alpha, place.astype(np.float32))


def seen(
    surface: Surface, rotation: NDArray[np.float64], shift: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where in the texture each pixel of the picture looks, float32 (HEIGHT, WIDTH) each of x and y.

    A homography takes nearly all of it; what bends is inverted by fixed-point iteration. Parts that hide each other
    are not modelled: turn a head by 25 degrees at most.
    """
    there = surface.place @ rotation.T.astype(np.float32) + shift.astype(np.float32)
    image = there[..., :2] * (FOCAL / there[..., 2:]) + np.array([WIDTH / 2, HEIGHT / 2], np.float32)
    height, width = surface.alpha.shape
    y, x = np.mgrid[: height - 1 : 12j, : width - 1 : 12j].astype(np.float32)
    corners = np.stack([x.ravel(), y.ravel()], axis=1)
    landed = image[corners[:, 1].astype(int), corners[:, 0].astype(int)]
    whole, _ = cv2.findHomography(corners.astype(int).astype(np.float32), landed)
    grid = np.dstack(np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)))
    bent = image - cv2.perspectiveTransform(grid.reshape(1, -1, 2), whole).reshape(height, width, 2)
    across, down = np.arange(0.5, WIDTH, 2, np.float32), np.arange(0.5, HEIGHT, 2, np.float32)
    pixels = np.dstack(np.meshgrid(across, down))  # every other one: it changes slowly
    back = np.linalg.inv(whole)
    source = _through(pixels, back)
    for _ in range(_INVERSIONS if np.abs(bent).max() > 0.02 else 0):
        own = cv2.remap(bent, source[..., 0], source[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        source = _through(pixels - own, back)
    x, y = cv2.split(cv2.resize(source, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR))
    return np.asarray(x), np.asarray(y)


def put(
    canvas: NDArray[np.float32], surface: Surface, x: NDArray[np.float32], y: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Lay a surface over a picture, both RGB float32."""
    texture = cv2.remap(surface.texture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.remap(surface.alpha, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)[..., None]
    return np.asarray(canvas * (1 - alpha) + texture * alpha, np.float32)


@dataclass(frozen=True, slots=True)
class Sensor:
    """What one camera does to every frame."""

    blur: float
    """Pixels, standard deviation"""
    noise: float
    """Grey levels at mid grey, standard deviation"""
    gamma: float
    gain: float
    grey: bool = False
    """It tells no colours apart"""

    def take(self, scene: NDArray[np.float32], rng: np.random.Generator, exposure: float = 1.0) -> Image:
        """A frame of a scene: blurred, exposed, with shot noise, which is coarser than one pixel by demosaicing."""
        if self.grey:
            scene = np.repeat(scene.mean(axis=2, keepdims=True), 3, axis=2)
        lit = cv2.GaussianBlur(scene, (0, 0), self.blur) if self.blur else scene
        lit = 255 * np.clip(lit * self.gain * exposure / 255, 0, 1) ** self.gamma
        noise = rng.standard_normal(scene.shape, np.float32)
        noise = cv2.GaussianBlur(noise, (0, 0), 0.5) * 1.6
        level = self.noise * np.sqrt(np.maximum(lit, 8) / 128)
        return np.clip(lit + noise * level + 0.5, 0, 255).astype(np.uint8)


def some_sensor(rng: np.random.Generator) -> Sensor:
    """A camera as one meets them: from a sharp one by day to a soft one in the evening."""
    return Sensor(
        blur=rng.uniform(0.4, 0.9), noise=rng.uniform(1.5, 4.0), gamma=rng.uniform(0.9, 1.1), gain=rng.uniform(0.9, 1.1)
    )


def _through(points: NDArray[np.float32], homography: NDArray[np.float64]) -> NDArray[np.float32]:
    shape = points.shape
    return np.asarray(
        cv2.perspectiveTransform(points.reshape(1, -1, 2).astype(np.float32), homography).reshape(shape), np.float32
    )
