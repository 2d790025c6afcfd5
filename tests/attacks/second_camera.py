"""Show simulated visitors and attacks to two cameras at once, and count what the second one's cue makes of them.

The thresholds were chosen on the first people in the order of `attacks.measure`; figures are of the people after those.
How an ink looks in infra-red is not known here, so prints are shown to a second view alone.
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from attacks import prints, screens, sources, visitors
from attacks.clip import LIVE, Clip
from attacks.heads import Still, meshed
from attacks.judging import by_cues
from attacks.measure import CHOSEN_ON, Job, Shown, simulated, upper_bound
from attacks.viewpoints import Viewpoint, beside
from faceplate.liveness import SecondKind
from faceplate.vision.liveness.cues import added_by_second

FRAMES, RATE = 4, 3.2
"""Of a presentation of a second; the cues look no more often"""

PRINTED = ("shaken print", "bent print", "cut-out mask")
KINDS = (LIVE, *PRINTED, "phone replay", "monitor replay", "near monitor replay")


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m attacks.second_camera", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the research pictures")
    parser.add_argument("--people", type=int, default=66, help="of each species (default: %(default)s)")
    parser.add_argument("--kind", choices=("view", "infrared"), default="view", help="of camera (default: %(default)s)")
    parser.add_argument("--late", type=float, default=0.0, help="seconds that it lags behind (default: %(default)s)")
    parser.add_argument("--lenses", type=float, nargs=2, default=(60.0, 100.0), help="least and most mm between them")
    parser.add_argument("--species", nargs="*", choices=KINDS, default=KINDS)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    told = parser.parse_args()
    one = partial(_of_one, told=told)
    print_table(simulated(told.data, told.people, one, told.processes))


def pairs(
    people: tuple[Still, Still], points: NDArray[np.float32], seed: int, view: Viewpoint, chosen: Iterable[str] = KINDS
) -> Iterator[Clip]:
    """Presentations as a first camera and one at `view` see them.

    Args:
        people: who comes, and is shown; and another, whose face is shown as a mask.
        points: as `meshed` gives them, of the first.
        seed: of everything that is drawn.
        view: the second camera.
        chosen: names of `KINDS`.
    """
    somebody, other = people
    first = Viewpoint(rate=view.rate)
    # A camera that lags sees what came between two frames of the first one
    filmed = Viewpoint(rate=3 * view.rate) if view.late else first
    recording = visitors.live_like(
        somebody, points, seed, round((FRAMES - 1) * filmed.rate / view.rate) + 1, view=filmed
    )
    making: dict[str, Callable[[Viewpoint], Clip]] = {
        LIVE: lambda view: (
            recording if view is filmed else visitors.live_like(somebody, points, seed, FRAMES, view=view)
        ),
        "shaken print": lambda view: prints.shaken_print(somebody, seed, FRAMES, view),
        "bent print": lambda view: prints.bent_print(somebody, seed, FRAMES, view),
        "cut-out mask": lambda view: prints.mask(other, somebody, points, seed, FRAMES, view),
        "phone replay": lambda view: screens.phone_replay(recording, seed, view),
        "monitor replay": lambda view: screens.monitor_replay(recording, seed, view),
        "near monitor replay": lambda view: screens.near_monitor_replay(recording, seed, view),
    }
    for name, make in making.items():
        if name in chosen:
            yield replace(make(first), seconds=make(view).images)


def _of_one(job: Job, told: argparse.Namespace) -> list[Shown]:
    cv2.setNumThreads(1)
    number, somebody, other = job
    kind: SecondKind = told.kind
    points = meshed(somebody)
    view = beside(CHOSEN_ON + number, tuple(told.lenses), late=told.late, rate=RATE)
    chosen = told.species
    if kind == "infrared":
        view, chosen = replace(view, infrared=True), [each for each in chosen if each not in PRINTED]
    judge = by_cues(
        lambda: [added_by_second(kind, sources.detector().find).cue],
        sources.detector,
        [added_by_second(kind, sources.detector().find).confirms],
    )
    made = pairs((somebody, other), points, CHOSEN_ON + number, view, chosen)
    return [Shown(each.species, each.subject, judge(each)) for each in made]


def print_table(shown: Iterable[Shown]) -> None:
    """A line for each species: the share that was denied, and confirmed; and what the rate of errors is at most."""
    by_species = defaultdict(list)
    for each in shown:
        by_species[each.species].append(each.watched)
    print(f"{'':<30}{'n':>5}{'faces':>7}{'denied':>8}{'alive':>7}{'bound':>8}{'after':>7}")
    for name, watched in by_species.items():
        live = [each.live_after for each in watched if each.live_after]
        denied = [each for each in watched if each.denied]
        wrong = len(denied) if LIVE in name.split() else len(live)
        print(
            f"{name:<30}{len(watched):>5}{sum(each.faces > 0 for each in watched):>7}"
            f"{len(denied) / len(watched):>8.2f}{len(live) / len(watched):>7.2f}"
            f"{upper_bound(wrong, len(watched)):>8.3f}{sorted(live)[len(live) // 2] if live else '-':>7}"
        )
    print(
        '"bound": of the living who were denied, of attacks that were taken for alive; "after": looks until they were'
    )


if __name__ == "__main__":
    main()
