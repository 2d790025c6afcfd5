"""Something before a simulated camera, drawn frame by frame for as long as somebody looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attacks.camera import Sensor
from attacks.clip import RATE, Clip, clip
from attacks.paths import AS_IT_GOES, Lean, Track, sway
from attacks.viewpoints import FIRST, Viewpoint
from faceplate.types import Image

Scene = Callable[[int, Lean], NDArray[np.float32]]
"""What is before the camera on a frame, RGB float32 (H, W, 3), while somebody leans so"""


@dataclass(frozen=True, slots=True)
class Stage:
    """A presentation that can go on, and do as it is asked."""

    species: str
    subject: str
    """Who is there, or who is shown"""
    behind: NDArray[np.float32]
    """The room, RGB float32 (H, W, 3)"""
    scene: Scene
    times: Track
    """Seconds of the frames that there may be"""
    seed: int
    """That all of it was drawn from"""
    sensor: Sensor
    exposure: Track
    rng: np.random.Generator
    """Of the sensor's noise: frames are to be taken in their order"""

    def take(self, frame: int, lean: Lean = AS_IT_GOES) -> Image:
        """What the camera makes of it."""
        return self.sensor.take(self.scene(frame, lean), self.rng, float(self.exposure[frame]))

    def clip(self) -> Clip:
        """All of it, by itself."""
        images = [self.take(frame) for frame in range(len(self.times))]
        alone = self.sensor.take(self.behind, np.random.default_rng([self.seed, 10]))
        return clip(self.species, self.subject, images, list(self.times), alone)

    def empty(self, rng: np.random.Generator) -> Image:
        """What the same camera sees of the room while nobody is there, at some moment."""
        return self.sensor.take(self.behind, rng, float(rng.choice(self.exposure)))


def staged(  # noqa: PLR0913, PLR0917 - what there is to be seen, and when
    species: str,
    subject: str,
    behind: NDArray[np.float32],
    scene: Scene,
    times: Track,
    seed: int,
    rng: np.random.Generator,
    view: Viewpoint = FIRST,
) -> Stage:
    """Something before one camera, its exposure wandering by a few percent."""
    sensor, drawn = view.sensor(rng)
    exposure = 1 + sway(drawn, times, drawn.uniform(0, 0.04))
    return Stage(species, subject, behind, scene, times, seed, sensor, exposure, drawn)


def clock(frames: int) -> Track:
    """Times of so many frames, seconds."""
    return np.arange(frames) / RATE
