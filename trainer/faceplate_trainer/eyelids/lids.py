"""Eyes that no picture shows: a lid drawn down over an open one, or something held before it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.types import Image
from faceplate_trainer.eyelids.eye import Eye

_SKIN = (0.15, 0.4)
"""How much skin above the lid is stretched, in widths of the eye: up to where the brow begins"""

_LASHES = (0.02, 0.09)
"""What is left out of it at its lower edge, in widths: the lashes of the open eye"""

_LINE = (0.015, 0.05)
"""How thick the line of the shut lashes is, in widths"""

_DARKNESS = (0.15, 0.75)
"""And how much light it takes"""


def lowered(eye: Eye, cover: float, draw: np.random.Generator) -> Eye:
    """The eye with its upper lid stretched down.

    Args:
        eye: an open one.
        cover: how much of its opening the lid covers, 0..1 and a little more.
        draw: chooses the skin that is stretched, and the line of lashes below it.
    """
    height, width = eye.around.shape[:2]
    columns = np.arange(width, dtype=np.float32)
    top, bottom = _along(eye.upper, columns), _along(eye.lower, columns)
    opening = np.maximum(bottom - top, 0)
    tapered = opening / max(float(opening.max()), 1e-3)  # nothing at the corners
    edge = top + cover * opening
    begin = top - draw.uniform(*_SKIN) * eye.width
    end = top - draw.uniform(*_LASHES) * eye.width * tapered
    rows = np.arange(height, dtype=np.float32)[:, None]
    share = (rows - begin) / np.maximum(edge - begin, 1e-3)
    source = np.where((share >= 0) & (share <= 1), begin + share * (end - begin), rows).astype(np.float32)
    drawn = cv2.remap(eye.around, np.tile(columns, (height, 1)), source, cv2.INTER_LINEAR)
    thickness = max(draw.uniform(*_LINE) * eye.width, 0.5)
    line = np.exp(-(((rows - edge) / thickness) ** 2) / 2) * np.minimum(2 * tapered, 1)
    return replace(eye, around=_darkened(drawn, 1 - draw.uniform(*_DARKNESS) * line))


def covered(eye: Eye, draw: np.random.Generator) -> Eye:
    """The eye behind something with a straight edge, of one tone or like the cheek: it hides the lid, too."""
    height, width = eye.around.shape[:2]
    middle = (eye.upper[0] + eye.upper[-1]) / 2
    angle, depth = draw.uniform(0, 2 * np.pi), draw.uniform(-0.3, 0.4) * eye.width
    rows, columns = np.mgrid[:height, :width]
    across = (columns - middle[0]) * np.cos(angle) + (rows - middle[1]) * np.sin(angle)
    share = np.clip(across + depth + 0.5, 0, 1)[..., None]
    before = _plain(eye.around.shape, draw) if draw.random() < 0.5 else _cheek(eye)  # noqa: PLR2004 - half of them
    mixed = eye.around * (1 - share) + before * share
    return replace(eye, around=np.clip(np.rint(mixed), 0, 255).astype(np.uint8))


def _along(lid: NDArray[np.float32], columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """The row of a lid in each column; beyond a corner that of the corner."""
    order = np.argsort(lid[:, 0])
    return np.asarray(np.interp(columns, lid[order, 0], lid[order, 1]), np.float32)


def _darkened(image: NDArray[np.generic], light: NDArray[np.float64]) -> Image:
    return np.clip(np.rint(np.asarray(image, np.float64) * light[..., None]), 0, 255).astype(np.uint8)


def _plain(shape: tuple[int, ...], draw: np.random.Generator) -> NDArray[np.float64]:
    """One tone that changes slowly from one side to the other."""
    slope = np.linspace(0, draw.uniform(-40, 40), shape[1])[None, :, None]
    return np.broadcast_to(draw.uniform(10, 240) + slope, shape)


def _cheek(eye: Eye) -> NDArray[np.float64]:
    """What lies below the eye, mirrored up over it."""
    below = int(np.clip(eye.lower[:, 1].max() + 0.25 * eye.width, 0, eye.around.shape[0] - 2))
    height = eye.around.shape[0]
    rows = below + np.abs(np.arange(height) - below)
    return np.asarray(eye.around[np.minimum(rows, height - 1)], np.float64)
