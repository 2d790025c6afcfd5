"""Random changes of a crop: what a door's camera does to a face, in the order in which it does it.

Pure functions of picture and generator. Every effect takes its random numbers whether or not it is applied, so that
changing one strength leaves the draws of the others as they were.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.types import Image
from faceplate_trainer.training.recipe import AugmentationRecipe

Effect: TypeAlias = Callable[[Image, float, np.random.Generator], Image]
"""Picture, strength from the recipe, generator -> picture of the same size."""

_DARKEST_GAMMA = 2.5
_LOUDEST_NOISE = 12.0
"""Gamma, and standard deviation of the noise in levels of 255, of a cheap camera at night (judged by eye)"""

_BEST_JPEG = 95
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""ITU-R BT.601"""


def augment(image: Image, recipe: AugmentationRecipe, draw: np.random.Generator) -> Image:
    """Change a crop at random.

    Args:
        image: RGB uint8 (H, W, 3); it is left as it is.
        recipe: the strengths.
        draw: where chance comes from.

    Returns:
        RGB uint8 (H, W, 3).
    """
    if draw.random() < recipe.flip:
        image = image[:, ::-1]
    for effect, strength, neutral in _effects(recipe):
        applied = draw.random() < recipe.chance
        own = np.random.default_rng(draw.integers(2**63))
        if applied and strength != neutral:
            image = effect(image, strength, own)
    return np.ascontiguousarray(image)


def _effects(recipe: AugmentationRecipe) -> list[tuple[Effect, float, float]]:
    """Effect, strength, and the strength that changes nothing: movement, lens, distance, light, sensor, encoder."""
    return [
        (motion_blur, recipe.motion_blur, 0),
        (blur, recipe.blur, 0),
        (shrink, recipe.shrink, 1),
        (brightness, recipe.brightness, 0),
        (contrast, recipe.contrast, 0),
        (saturation, recipe.saturation, 0),
        (low_light, recipe.low_light, 0),
        (jpeg, recipe.jpeg, 100),
    ]


def motion_blur(image: Image, longest: float, draw: np.random.Generator) -> Image:
    """Smear along a straight way of up to `longest` pixels, in any direction."""
    length, angle = draw.uniform(1, max(longest, 1)), draw.uniform(0, np.pi)
    side = int(length) | 1
    kernel = np.zeros((side, side), np.float32)
    along = np.linspace(-length / 2, length / 2, 4 * side)
    spots = np.rint(side // 2 + np.outer(along, [np.sin(angle), np.cos(angle)])).astype(int).clip(0, side - 1)
    np.add.at(kernel, (spots[:, 0], spots[:, 1]), 1)
    return _uint8(cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT))


def blur(image: Image, largest: float, draw: np.random.Generator) -> Image:
    """Blur with a Gaussian of a sigma of up to `largest` pixels."""
    sigma = draw.uniform(0, largest)
    return image if sigma == 0 else _uint8(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT))


def shrink(image: Image, smallest: float, draw: np.random.Generator) -> Image:
    """Reduce to a share of the size, down to `smallest`, and enlarge again."""
    height, width = image.shape[:2]
    scale = draw.uniform(smallest, 1)
    small = cv2.resize(
        image, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA
    )
    return _uint8(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))


def brightness(image: Image, most: float, draw: np.random.Generator) -> Image:
    """Add or take up to `most` of full white."""
    return _uint8(image + np.float32(255 * draw.uniform(-most, most)))


def contrast(image: Image, most: float, draw: np.random.Generator) -> Image:
    """Spread or draw together around the mean luma, by up to `most`."""
    middle = np.float32((image @ _LUMA).mean())
    return _uint8(middle + (image - middle) * np.float32(1 + draw.uniform(-most, most)))


def saturation(image: Image, most: float, draw: np.random.Generator) -> Image:
    """More or less colour, by up to `most`."""
    grey = (image @ _LUMA)[:, :, np.newaxis]
    return _uint8(grey + (image - grey) * np.float32(1 + draw.uniform(-most, most)))


def low_light(image: Image, most: float, draw: np.random.Generator) -> Image:
    """Darken by a gamma, and add the sensor's noise, the more the darker."""
    strength = draw.uniform(0, most)
    levels = 255 * (np.arange(256) / 255) ** (1 + (_DARKEST_GAMMA - 1) * strength)
    dark = levels.astype(np.float32)[image]
    return _uint8(dark + draw.standard_normal(image.shape, np.float32) * np.float32(_LOUDEST_NOISE * strength))


def jpeg(image: Image, lowest: float, draw: np.random.Generator) -> Image:
    """Compress and decompress with a quality from `lowest` up."""
    quality = int(draw.integers(int(lowest), max(int(lowest), _BEST_JPEG) + 1))
    # The order of the channels matters little to JPEG, but it does matter: luma weighs them differently.
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return _uint8(cv2.cvtColor(np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR)), cv2.COLOR_BGR2RGB))


def _uint8(image: NDArray[np.floating] | NDArray[np.integer] | cv2.typing.MatLike) -> Image:
    return np.asarray(np.rint(image).clip(0, 255), np.uint8) if image.dtype != np.uint8 else np.asarray(image, np.uint8)
