"""Is a face good enough to be recognised? If not, why: the visitor is told, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from faceplate.config import QualityConfig
from faceplate.types import Face, Flaw, Image, Pixels


@dataclass(frozen=True, slots=True)
class Quality:
    """What was measured of one face."""

    size: Pixels
    """Width of the face in the frame"""

    sharpness: float
    """Variance of the Laplacian of the grey crop (Pech-Pacheco et al. 2000)"""

    brightness: float
    """Mean luma of the crop, 0..255"""

    turn: float
    """How far the head is turned aside: 0 straight at the camera, about 1 a profile"""


def measure(face: Face, crop: Image) -> Quality:
    """Measure a face and its aligned crop, RGB uint8 (112, 112, 3)."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    return Quality(
        size=face.box.width,
        sharpness=float(cv2.Laplacian(grey, cv2.CV_32F).var()),
        brightness=float(grey.mean()),
        turn=_turn(face),
    )


def flaws(quality: Quality, limits: QualityConfig) -> tuple[Flaw, ...]:
    """Everything that makes a face unusable, the first to be mended first."""
    return tuple(_flaws(quality, limits))


def _flaws(quality: Quality, limits: QualityConfig) -> Iterator[Flaw]:
    if quality.size < limits.min_size:
        yield Flaw.TOO_SMALL
    if quality.brightness < limits.min_brightness:
        yield Flaw.TOO_DARK
    if quality.brightness > limits.max_brightness:
        yield Flaw.TOO_BRIGHT
    if quality.turn > limits.max_turn:
        yield Flaw.TURNED_AWAY
    if quality.sharpness < limits.min_sharpness:
        yield Flaw.BLURRED


def _turn(face: Face) -> float:
    """How far the nose lies aside of the middle between the eyes, in half eye distances, along the line of the eyes.

    The nose stands out from the plane of the eyes, so it moves aside as the head turns, however the head is tilted.
    """
    left, right, nose = face.landmarks[:3].astype(np.float64)
    eyes = right - left
    distance_squared = max(float(eyes @ eyes), 1e-6)
    return abs(2.0 * float((nose - (left + right) / 2) @ eyes) / distance_squared)
