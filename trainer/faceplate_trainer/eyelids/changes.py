"""Views changed at random, in ways that leave alone whether an eye is shut."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.model.eye_view import WIDTH, grey_view, normalised
from faceplate_trainer.eyelids.eye import Eye
from faceplate_trainer.eyelids.recipe import ChangesRecipe

_HALF, _QUARTER = 0.5, 0.25


def changed_view(eye: Eye, changes: ChangesRecipe, draw: np.random.Generator) -> NDArray[np.float32]:
    """An eye as another camera might have shown it, cut by the rule of the door: float32 (HEIGHT, WIDTH)."""
    around, outer, inner = eye.around, eye.upper[0], eye.upper[-1]
    if draw.random() < _HALF:
        narrow = draw.uniform(changes.squeeze, 1)
        around = np.asarray(cv2.resize(around, None, fx=narrow, fy=1, interpolation=cv2.INTER_AREA), np.uint8)
        scale = np.array([around.shape[1] / eye.around.shape[1], 1], np.float32)
        outer, inner = (outer + 0.5) * scale - 0.5, (inner + 0.5) * scale - 0.5
    return normalised(_filmed(grey_view(around, *_aside(outer, inner, changes, draw)), changes, draw))


def _aside(
    outer: NDArray[np.float32], inner: NDArray[np.float32], changes: ChangesRecipe, draw: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The corners, found a little elsewhere."""
    middle, half = (outer + inner) / 2, (inner - outer) / 2
    pixel = float(np.hypot(*half)) * 2 / (WIDTH * 0.62)  # of the view, in pixels of the picture
    angle = np.radians(draw.uniform(-changes.turn, changes.turn))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    half = turn @ half * np.exp(draw.uniform(-changes.zoom, changes.zoom))
    middle = middle + draw.uniform(-changes.shift, changes.shift, 2) * pixel
    return (middle - half).astype(np.float32), (middle + half).astype(np.float32)


def _filmed(grey: NDArray[np.uint8], changes: ChangesRecipe, draw: np.random.Generator) -> NDArray[np.float32]:
    """Sharpness, light, noise: float32, whole grey levels 0..255."""
    pixels = (grey.astype(np.float32) / 255) ** np.float32(np.exp(draw.uniform(-changes.gamma, changes.gamma)))
    if draw.random() < _HALF:
        pixels = cv2.GaussianBlur(pixels, (0, 0), draw.uniform(0.1, max(changes.blur, 0.11))).astype(np.float32)
    if draw.random() < _QUARTER:
        pixels = cv2.filter2D(pixels, -1, _motion(changes, draw)).astype(np.float32)
    if draw.random() < _HALF:
        pixels *= np.float32(1 - draw.uniform(0, changes.dark))
    noise = draw.standard_normal(pixels.shape, np.float32) * np.float32(draw.uniform(0, changes.noise))
    return np.clip(np.rint(pixels * 255 + noise), 0, 255)


def _motion(changes: ChangesRecipe, draw: np.random.Generator) -> NDArray[np.float32]:
    """A line through the middle of a square, of weight 1."""
    length = int(draw.integers(1, changes.motion + 1))
    kernel = np.zeros((changes.motion, changes.motion), np.float32)
    middle, angle = (changes.motion - 1) / 2, draw.uniform(0, np.pi)
    for along in np.linspace(-(length - 1) / 2, (length - 1) / 2, 2 * changes.motion):
        row, column = np.rint(middle + along * np.sin(angle)), np.rint(middle + along * np.cos(angle))
        kernel[int(row), int(column)] = 1
    return np.asarray(kernel / kernel.sum(), np.float32)
