"""Show simulated visitors and attacks to the cue of the ring light, which shines at them what it draws, and count.

The thresholds were chosen on the first `CHOSEN_ON` people of the order in which `sources.stills` draws them; what is
told here is of the people after those. **All of it is simulated**: no ring shone at anybody.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from attacks import ring_scenes, screens, sources, visitors
from attacks.heads import Still, meshed
from attacks.measure import CHOSEN_ON, ORDER, Job, upper_bound
from attacks.ring_scenes import Film, Installation, Stage
from faceplate.model.preprocessing import align
from faceplate.types import Colour, Frame, Look, Seconds, Sighting
from faceplate.vision.detector import FaceDetector
from faceplate.vision.liveness.evidence import Tells
from faceplate.vision.liveness.ring_light import RingLight
from faceplate.vision.tracker import Tracker

EVERY = 0.14
"""Seconds from frame to frame: what a Raspberry Pi looks at"""

FRAMES = 26
LIVE, BRIGHT = "live", "live in bright light"

DAYLIGHT = (0.004, 0.05)
"""Ratios of the ring's light to all other where there is much of that"""

REFLECTING = (0.02, 0.05)
"""Share of light that a screen gives back"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of one presentation."""

    species: str
    ratio: float
    faces: int
    """Frames with a face"""
    said: tuple[Tells, ...]
    """All that was said but nothing"""


@dataclass(slots=True)
class _Ring:
    """Remembers what shone, and when."""

    now: Seconds
    shone: list[tuple[float, Colour]] = field(default_factory=lambda: [(-1.0, Colour())])

    def shine(self, colour: Colour) -> None:
        self.shone.append((self.now, colour))

    def between(self, begin: float, end: float) -> NDArray[np.float64]:
        """The mean of what shone, red, green and blue."""
        moments = np.linspace(begin, end, 9)
        colours = [next(colour for since, colour in reversed(self.shone) if since <= moment) for moment in moments]
        return np.array([[each.red, each.green, each.blue] for each in colours], np.float64).mean(axis=0)


def asked(species: str, stage: Stage, there: Installation, find: FaceDetector, seed: int) -> Asked:
    """Look at a stage, and shine at it what the cue draws."""
    ring, film, tracker = _Ring(Seconds(0.0)), Film(stage, there, EVERY, seed), Tracker()
    cue = RingLight(ring, lambda: ring.now, random.Random(seed))  # noqa: S311 - the same every time
    said, seen = [], 0
    for number in range(FRAMES):
        taken = number * EVERY
        image = film.take(number, ring.between(taken - there.exposure, taken))
        frame = Frame(number, Seconds(taken + there.late), image)
        ring.now = Seconds(frame.time + there.slow)
        faces = find.find(image)
        for track, face in list(zip(tracker.follow(faces, frame.time), faces, strict=True))[:1]:
            seen += 1
            sighting = Sighting(track, Look(face, align(image, face.landmarks), (), None))
            said.append(cue.observe(sighting, frame).tells)
        if not faces:
            cue.nobody(frame)
    return Asked(species, there.ratio, seen, tuple(each for each in said if each is not Tells.NOTHING))


def stages(
    somebody: Still, other: Still, points: NDArray[np.float32], there: Installation, seed: int
) -> Iterator[tuple[str, Installation, Stage]]:
    """Every kind of presentation of one person."""
    times = np.arange(FRAMES) * EVERY
    bright = replace(there, ratio=float(np.exp(np.random.default_rng([seed, 7]).uniform(*np.log(DAYLIGHT)))))
    for name, light in ((LIVE, there), (BRIGHT, bright)):
        yield name, light, ring_scenes.living(somebody, points, light, seed, times)
    for name, bends in (("shaken print", False), ("bent print", True)):
        yield name, there, ring_scenes.printed(somebody, there, seed, times, bends=bends)
    yield "cut-out mask", there, ring_scenes.masked(other, somebody, points, there, seed, times)
    recording = list(visitors.live_like(somebody, points, seed, FRAMES).images)
    kinds = (("phone replay", screens.PHONE), ("monitor replay", screens.MONITOR), ("near monitor", screens.NEAR))
    for name, kind in kinds:
        yield name, there, ring_scenes.replayed(recording, kind, there, seed, times, REFLECTING)


def of_one(job: Job) -> list[Asked]:
    """All of one person."""
    cv2.setNumThreads(1)
    number, somebody, other = job
    seed = CHOSEN_ON + number
    points = meshed(somebody)
    there = Installation.some(np.random.default_rng([seed, 8]))
    find = sources.detector()
    made = stages(somebody, other, points, there, seed)
    return [asked(name, stage, light, find, seed) for name, light, stage in made]


def measured(data: Path, people: int, one: Callable[[Job], list[Asked]], processes: int) -> Iterator[Asked]:
    """All of so many people, none of whom the thresholds were chosen on."""
    stills = list(islice(sources.stills(data, CHOSEN_ON + people + 1, ORDER), CHOSEN_ON, None))
    jobs = [(number, stills[number], stills[number + 1]) for number in range(len(stills) - 1)]
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        for some in pool.map(one, jobs):
            yield from some


def print_table(everything: Iterable[Asked]) -> None:
    """A line for each species, and for the living by how bright the ring was."""
    by_species: dict[str, list[Asked]] = defaultdict(list)
    for each in everything:
        by_species[each.species].append(each)
        if each.species in {LIVE, BRIGHT}:
            upper = next(bound for bound in (0.01, 0.02, 0.05, 0.1, 0.2, 0.3) if each.ratio <= bound)
            by_species[f"  living, ring <= {upper:.0%}"].append(each)
    print(f"{'':<28}{'n':>5}{'faces':>7}{'confirmed':>11}{'bound':>8}{'doubted':>9}{'in the end':>12}")
    for name, all_asked in sorted(by_species.items()):
        some = [each for each in all_asked if each.faces]
        confirmed = sum(Tells.CONFIRMS in each.said for each in some)
        doubted = sum(Tells.DOUBTS in each.said for each in some)
        last = sum(each.said[-1:] == (Tells.CONFIRMS,) for each in some)
        print(
            f"{name:<28}{len(all_asked):>5}{len(some):>7}{confirmed / len(some):>11.2f}"
            f"{upper_bound(confirmed, len(some)):>8.3f}{doubted / len(some):>9.2f}{last / len(some):>12.2f}"
        )
    print('"in the end": confirmed when it was looked at last; "bound": of the share that was confirmed, from above')


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m attacks.ring_light", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the research pictures")
    parser.add_argument("--people", type=int, default=24, help="of each kind (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    told = parser.parse_args()
    print_table(measured(told.data, told.people, of_one, told.processes))


if __name__ == "__main__":
    main()
