"""Simulated living visitors: stills given depth, turned and brought nearer before a room that stays where it is."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from attacks.camera import Surface, put, seen
from attacks.clip import LIVE, Clip
from attacks.heads import Still, head, with_eyes_shut
from attacks.paths import Lean, Track, settled, visitor
from attacks.rooms import room
from attacks.stage import Stage, staged
from attacks.viewpoints import FIRST, Viewpoint

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

    Not modelled: blinking unasked, glances, hair and clothes that move by themselves, a neck (the whole turns as one),
    what a head hides of itself, light that changes as the head turns, motion blur.
    """
    return coming(still, points, seed, view.times(frames), species=species, view=view).clip()


def coming(  # noqa: PLR0913 - who comes, and how
    still: Still,
    points: NDArray[np.float32],
    seed: int,
    times: Track,
    *,
    stays: bool = False,
    rigid: bool = False,
    species: str = f"simulated {LIVE}",
    view: Viewpoint = FIRST,
) -> Stage:
    """Somebody who comes to the door, talks or not; who `stays` waits there and sways less.

    They shut their eyes if they lean so; with `points` that are no mesh they cannot, nor can what is `rigid`: a mask of
    a whole head, with the eyes painted on.
    """
    rng = np.random.default_rng([seed, 1])
    person, path, behind = head(still, points), visitor(rng, times), view.behind(room(rng))
    asleep = person if rigid else with_eyes_shut(person, still, points)
    if stays:
        path = settled(path, times)
    talks = rng.uniform(2, 6) if rng.uniform() < 0.3 else 0.0
    open_by = talks * np.abs(np.sin(2 * np.pi * rng.uniform(1.5, 3) * times))

    def scene(frame: int, lean: Lean) -> NDArray[np.float32]:
        talking = _jaw(asleep if lean.lids > 0.5 else person, float(open_by[frame]))
        return put(behind, talking, *seen(talking, *view.of(*path.at(frame, lean))))

    return staged(species, still.subject, behind, scene, times, seed, rng, view)


def _jaw(person: Surface, drop: float) -> Surface:
    """The same head with the chin lowered by so many millimetres."""
    if drop == 0:
        return person
    x, y = person.place[..., 0], person.place[..., 1]
    lowered = drop / (1 + np.exp(-(y - 30) / 4)) * np.exp(-((x / 50) ** 2) - (np.maximum(y - 75, 0) / 20) ** 2)
    place = person.place.copy()
    place[..., 1] += cv2.GaussianBlur(lowered.astype(np.float32), (0, 0), 1.0)
    return Surface(person.texture, person.alpha, place)
