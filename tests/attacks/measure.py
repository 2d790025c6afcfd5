"""Show every kind of simulated attack, and living people real and simulated, to the liveness cues, and count.

The thresholds were chosen on the first `CHOSEN_ON` people of the order in which `sources.stills` draws them, and on
the real recordings; what is simulated here is of the people after those.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from typing import TypeVar

import cv2

from attacks import sources, species
from attacks.clip import LIVE
from attacks.heads import Still, meshed
from attacks.judging import Watch, Watched, by_cues, by_eyes
from faceplate.config_file import config_from
from faceplate.recognition import Recognition
from faceplate.vision.liveness.edges import Edges
from faceplate.vision.liveness.motion import Motion
from faceplate.vision.liveness.screen import Screen
from faceplate.vision.liveness.stream import Stream

ORDER = 11
"""Seed of the order of people"""

CHOSEN_ON = 41
CONFIDENCE = 0.95
CUES = ("flat", "edges", "stream", "screen", "relief", "parallax", "scene")


Job = tuple[int, Still, Still]
"""Number, who comes and is shown, and another"""

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Shown:
    """One presentation and what came of it."""

    species: str
    subject: str
    watched: Watched


def cues() -> Watch:
    """The cues that need no network."""
    return by_cues(lambda: (Motion(), Edges(), Stream(), Screen()), sources.detector)


def whole() -> Watch:
    """The daemon's own eyes with its defaults, and whatever liveness belongs to them."""
    with tempfile.TemporaryDirectory() as folder:  # nobody is enrolled, and nothing is written
        tree = {"people": {"store": "people", "key_file": "gallery.key"}, "vision": {"threads": 1}}
        config = config_from(tree, base=Path(folder), where="the measurement's configuration")
        return by_eyes(Recognition(config.vision, config.people).eyes)


WATCHES: dict[str, Callable[[], Watch]] = {"cues": cues, "whole": whole}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m attacks.measure", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the research pictures")
    parser.add_argument("--people", type=int, default=66, help="of each simulated species (default: %(default)s)")
    parser.add_argument("--species", nargs="*", choices=species.ALL, default=species.ALL)
    parser.add_argument("--watch", choices=WATCHES, default="cues", help="who judges (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    told = parser.parse_args()
    one = partial(_of_one, chosen=tuple(told.species), watch=told.watch)
    shown = recorded(told.data, WATCHES[told.watch]())
    print_table([*shown, *simulated(told.data, told.people, one, told.processes)])


def recorded(data: Path, watch: Watch) -> list[Shown]:
    """Living people as they were filmed, in presentations that overlap."""
    clips = sources.presentations(sources.recordings(data))
    return [Shown(LIVE, each.subject, watch(each)) for each in clips]


def simulated(
    data: Path, people: int, one: Callable[[Job], list[Made]], processes: int, first: int = CHOSEN_ON
) -> Iterator[Made]:
    """All that `one` makes and judges of each of so many people from the `first` on, as it comes."""
    stills = list(islice(sources.stills(data, first + people + 1, ORDER), first, None))
    jobs = [(first - CHOSEN_ON + number, *pair) for number, pair in enumerate(pairwise(stills))]
    # OpenCV's threads do not live on in a process that was forked: the first call that wants them would wait for ever.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        for some in pool.map(one, jobs):
            yield from some


def _of_one(job: Job, chosen: tuple[str, ...], watch: str) -> list[Shown]:
    cv2.setNumThreads(1)
    number, somebody, other = job
    points = meshed(somebody)
    judge = WATCHES[watch]()
    made = species.presentations(somebody, other, points, CHOSEN_ON + number, chosen)
    return [Shown(each.species, each.subject, judge(each)) for each in made]


def upper_bound(hits: int, tries: int, confidence: float = CONFIDENCE) -> float:
    """The rate above which so few hits would be rarer than 1 - `confidence` (Clopper and Pearson 1934, one-sided)."""
    if hits >= tries:
        return 1.0
    low, high = hits / tries, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        seen = sum(math.comb(tries, k) * middle**k * (1 - middle) ** (tries - k) for k in range(hits + 1))
        low, high = (middle, high) if seen > 1 - confidence else (low, middle)
    return high


def print_table(shown: Iterable[Shown]) -> None:
    """A line for each species: what share each cue spoke of, and what share came out as live."""
    by_species = defaultdict(list)
    for each in shown:
        by_species[each.species].append(each.watched)
    print(
        f"{'':<28}{'n':>5}{'faces':>7}" + "".join(f"{cue:>10}" for cue in CUES) + f"{'live':>8}{'bound':>8}{'after':>7}"
    )
    for name, all_watched in by_species.items():
        # A detector that found no face let nobody in either, and no cue had its say.
        watched = [each for each in all_watched if each.faces]
        live = [each.live_after for each in watched if each.live_after]
        wrong = len(watched) - len(live) if LIVE in name.split() else len(live)
        shares = [sum(cue in each.denied | each.confirmed for each in watched) / len(watched) for cue in CUES]
        print(
            f"{name:<28}{len(all_watched):>5}{len(watched):>7}"
            + "".join(f"{share:>10.2f}" for share in shares)
            + f"{len(live) / len(watched):>8.2f}{upper_bound(wrong, len(watched)):>8.3f}"
            + f"{sorted(live)[len(live) // 2] if live else '-':>7}"
        )
    print('"bound": of the share that came out wrong; "after": frames until the middle one was live')


if __name__ == "__main__":
    main()
