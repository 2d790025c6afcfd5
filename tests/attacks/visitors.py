"""Simulated living visitors: stills given depth, turned and brought nearer before a room that stays where it is."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from attacks.camera import Sensor, Surface, put, seen
from attacks.clip import LIVE, Clip, clip
from attacks.heads import Still, head
from attacks.paths import Path, sway, visitor
from attacks.rooms import room
from attacks.viewpoints import FIRST, Viewpoint
from faceplate.types import Image

FRAMES = 20


def live_like(  # noqa: PLR0913, PLR0917 - who comes, how long, and from where it is seen
    still: Still,
    points: NDArray[np.float32],
    seed: int,
    frames: int = FRAMES,
    species: str = f"simulated {LIVE}",
    view: Viewpoint = FIRST,
) -> Clip:
    """Somebody who comes to the door, 10 frames a second.

    Not modelled: blinking, hair and clothes that move by themselves, a neck (the whole turns as one), what a head
    hides of itself, light that changes as the head turns, motion blur.
    """
    rng = np.random.default_rng([seed, 1])
    times = view.times(frames)
    path, behind = visitor(rng, times), view.behind(room(rng))
    scenes = visit(head(still, points), path, behind, rng, times, view)
    sensor, drawn = view.sensor(rng)
    images = filmed(scenes, sensor, drawn, times)
    return clip(species, still.subject, images, list(times), alone(behind, sensor, seed))


def visit(  # noqa: PLR0913, PLR0917 - what a visit is, and from where it is seen
    person: Surface,
    path: Path,
    behind: NDArray[np.float32],
    rng: np.random.Generator,
    times: NDArray[np.float64],
    view: Viewpoint = FIRST,
) -> list[NDArray[np.float32]]:
    """The scenes before the camera, RGB float32; some visitors talk."""
    talks = rng.uniform(2, 6) if rng.uniform() < 0.3 else 0.0
    open_by = talks * np.abs(np.sin(2 * np.pi * rng.uniform(1.5, 3) * times))
    return [
        put(behind, talking, *seen(talking, *view.of(*path.at(frame))))
        for frame in range(len(times))
        for talking in [_jaw(person, float(open_by[frame]))]
    ]


def filmed(
    scenes: list[NDArray[np.float32]], sensor: Sensor, rng: np.random.Generator, times: NDArray[np.float64]
) -> list[NDArray[np.uint8]]:
    """What one camera makes of scenes, its exposure wandering by a few percent."""
    exposure = 1 + sway(rng, times, rng.uniform(0, 0.04))
    return [sensor.take(scene, rng, float(exposure[frame])) for frame, scene in enumerate(scenes)]


def alone(behind: NDArray[np.float32], sensor: Sensor, seed: int) -> Image:
    """What the camera sees of a room in which nobody is."""
    return sensor.take(behind, np.random.default_rng([seed, 10]))


def _jaw(person: Surface, drop: float) -> Surface:
    """The same head with the chin lowered by so many millimetres."""
    if drop == 0:
        return person
    x, y = person.place[..., 0], person.place[..., 1]
    lowered = drop / (1 + np.exp(-(y - 30) / 4)) * np.exp(-((x / 50) ** 2) - (np.maximum(y - 75, 0) / 20) ** 2)
    place = person.place.copy()
    place[..., 1] += cv2.GaussianBlur(lowered.astype(np.float32), (0, 0), 1.0)
    return Surface(person.texture, person.alpha, place)
