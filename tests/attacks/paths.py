"""How a visitor, or a hand that holds a picture, moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Track = NDArray[np.float64]
"""float64 (N,), one value for each frame"""

TREMOR = (8.0, 12.0)
"""Hertz: physiological tremor of an outstretched hand (Elble and Koller, "Tremor", 1990)"""


WALK = 2.0
"""Seconds that a visitor comes nearer for"""

SETTLED = 0.3
"""Times as far sways somebody who waits"""


@dataclass(frozen=True, slots=True)
class Lean:
    """What somebody does besides going along their path."""

    yaw: float = 0.0
    """Degrees, as a path's"""
    pitch: float = 0.0
    """The same: who looks up has less"""
    nearer: float = 1.0
    """So many times as near"""
    calm: float = 1.0
    """So many times as far as along their path they look aside"""
    lids: float = 0.0
    """How far their eyes are shut, 0..1"""


AS_IT_GOES = Lean()


@dataclass(frozen=True, slots=True)
class Path:
    """Where a thing is before the camera, frame by frame."""

    x: Track
    """Millimetres to the picture's right"""
    y: Track
    """Millimetres down"""
    z: Track
    """Millimetres away from the camera"""
    yaw: Track
    """Degrees about the upright axis"""
    pitch: Track
    roll: Track

    def __len__(self) -> int:
        return len(self.x)

    def at(self, frame: int, lean: Lean = AS_IT_GOES) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Rotation (3, 3) and translation (3,) of a frame."""
        yaw, pitch, roll = np.radians(
            [lean.calm * self.yaw[frame] + lean.yaw, self.pitch[frame] + lean.pitch, self.roll[frame]]
        )
        about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
        about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
        return about_z @ about_x @ about_y, np.array([self.x[frame], self.y[frame], self.z[frame] / lean.nearer])


def visitor(rng: np.random.Generator, times: Track, near: float = 550.0) -> Path:
    """Somebody who comes 10 to 40 % nearer within two seconds, sways, and turns the head by 5 to 20 degrees or so."""
    growth = rng.uniform(1.1, 1.4)
    progress = np.minimum(times / WALK, 1.0)
    z = near / (1 / growth + (1 - 1 / growth) * progress)
    return Path(
        x=rng.uniform(-60, 60) + sway(rng, times, rng.uniform(5, 25)),
        y=rng.uniform(-40, 20) + sway(rng, times, rng.uniform(2, 10)),
        z=z + sway(rng, times, 10),
        yaw=rng.normal(0, 4) + sway(rng, times, rng.uniform(2.5, 10)),
        pitch=rng.normal(0, 4) + sway(rng, times, rng.uniform(1, 5)),
        roll=rng.normal(0, 3) + sway(rng, times, rng.uniform(0.5, 4)),
    )


def settled(path: Path, times: Track) -> Path:
    """The same until somebody has come; then they stand, and sway within a second `SETTLED` times as far."""
    there = times >= WALK
    share = 1 - (1 - SETTLED) * np.clip(times - WALK, 0, 1)

    def calmed(track: Track) -> Track:
        middle = track[there].mean()
        return np.where(there, middle + (track - middle) * share, track)

    return Path(*(calmed(getattr(path, name)) for name in Path.__slots__))


def hand(rng: np.random.Generator, times: Track, far: float, tilt: float = 8.0, reach: float = 35.0) -> Path:
    """A hand that holds something: slow sway and tilt, small tremor, now and then nearer."""
    return Path(
        x=rng.uniform(-30, 30) + sway(rng, times, rng.uniform(0.2, 1) * reach) + tremor(rng, times, 0.6),
        y=rng.uniform(-20, 20) + sway(rng, times, rng.uniform(0.2, 1) * reach) + tremor(rng, times, 0.6),
        z=far * (1 + sway(rng, times, rng.uniform(0.02, 0.15))),
        yaw=rng.normal(0, tilt / 2) + sway(rng, times, rng.uniform(0.2, 1.5) * tilt) + tremor(rng, times, 0.2),
        pitch=rng.normal(0, tilt / 2) + sway(rng, times, rng.uniform(0.2, 1.5) * tilt) + tremor(rng, times, 0.2),
        roll=rng.normal(0, 3) + sway(rng, times, rng.uniform(0.2, 1) * 5) + tremor(rng, times, 0.2),
    )


def still(times: Track, path: Path, frame: int = 0) -> Path:
    """A thing that stands where `path` is at one frame."""
    return Path(*(np.full(len(times), getattr(path, name)[frame]) for name in Path.__slots__))


def sway(rng: np.random.Generator, times: Track, size: float) -> Track:
    """A slow movement to and fro of about +- `size`."""
    parts = [
        rng.uniform(0.5, 1) * np.sin(2 * np.pi * (rng.uniform(low, high) * times + rng.uniform()))
        for low, high in ((0.15, 0.35), (0.35, 0.7))
    ]
    return np.asarray(size * np.sum(parts, axis=0) / 1.3)


def tremor(rng: np.random.Generator, times: Track, size: float) -> Track:
    """A hand's tremor of about +- `size`."""
    return np.asarray(size * np.sin(2 * np.pi * (rng.uniform(*TREMOR) * times + rng.uniform())))
