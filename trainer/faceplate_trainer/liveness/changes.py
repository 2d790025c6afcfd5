"""Changes at random that leave alone what tells a print: the same for the living and for spoofs."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.types import Box, Image, Pixels
from faceplate_trainer.liveness.recipe import ChangesRecipe


def moved(box: Box, changes: ChangesRecipe, draw: np.random.Generator) -> Box:
    """The box a little aside, larger or smaller: as detectors differ."""
    longer = max(box.width, box.height)
    scale = np.exp(draw.uniform(-changes.zoom, changes.zoom))
    aside = draw.uniform(-changes.shift, changes.shift, 2) * longer
    x, y = box.x + box.width / 2 + aside[0], box.y + box.height / 2 + aside[1]
    width, height = box.width * scale, box.height * scale
    return Box(Pixels(x - width / 2), Pixels(y - height / 2), Pixels(width), Pixels(height))


def recaptured(image: Image, changes: ChangesRecipe, draw: np.random.Generator) -> Image:
    """The picture as another camera might have given it: tone, light, sharpness, noise, compression."""
    light = (image.astype(np.float32) / 255) ** np.exp(draw.uniform(-changes.gamma, changes.gamma))
    light *= 1 + draw.uniform(-changes.exposure, changes.exposure)
    light *= (1 + draw.uniform(-changes.colour, changes.colour, 3)).astype(np.float32)
    pixels = np.clip(light, 0, 1) * np.float32(255)
    sigma = draw.uniform(0, changes.blur) if draw.random() < 0.5 else 0.0  # noqa: PLR2004 - half of them
    if sigma > 0.1:  # noqa: PLR2004 - less is none
        pixels = cv2.GaussianBlur(pixels, (0, 0), sigma).astype(np.float32)
    pixels += draw.standard_normal(image.shape, np.float32) * np.float32(draw.uniform(0, changes.noise))
    return _compressed(np.clip(np.rint(pixels), 0, 255).astype(np.uint8), changes, draw)


def _compressed(image: Image, changes: ChangesRecipe, draw: np.random.Generator) -> Image:
    quality = int(draw.integers(changes.jpeg, 101))
    if draw.random() < 0.5:  # noqa: PLR2004 - half of them
        return image
    content = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    again: NDArray[np.generic] | None = cv2.imdecode(content, cv2.IMREAD_COLOR)
    return image if again is None else np.ascontiguousarray(again[..., ::-1], dtype=np.uint8)
