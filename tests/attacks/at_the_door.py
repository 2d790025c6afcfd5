"""Let simulated visitors and attackers come to the whole door, and do as it asks; count who is let in.

The people are others than the thresholds were chosen on. Each is enrolled by the one picture that they, and whatever
is shown of them, are made from: everybody is verified. All else is at the defaults.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from attacks.cast import ALL, MASK, Comer, Victim, comers, masked
from attacks.clip import ALONE, LIVE
from attacks.door import Answered, Door
from attacks.heads import Still, meshed
from attacks.measure import CHOSEN_ON, Job, simulated, upper_bound
from faceplate.errors import EnrolmentError
from faceplate.liveness import LivenessMode
from faceplate.model.head_pose import relief_pose
from faceplate_trainer.data.labelled import in_split

ASIDE = 20.0
"""Degrees"""

CHALLENGE_CHOSEN_ON = CHOSEN_ON + 340
"""The last of these showed what a challenge, and a nose, must ask for, and what a visitor must be able to do"""


@dataclass(frozen=True, slots=True)
class Hall:
    """What all doors have in common."""

    looks: int = ALONE
    """Frames of the empty room before anybody comes"""
    liveness: LivenessMode | None = None
    """None: the default"""
    living_eyes: bool = False


@dataclass(frozen=True, slots=True)
class Visited:
    """Who came, and the answer."""

    species: str
    subject: str
    answered: Answered


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m attacks.at_the_door", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the research pictures")
    parser.add_argument("--people", type=int, default=33, help="of each species (default: %(default)s)")
    parser.add_argument("--species", nargs="*", choices=ALL, default=ALL)
    parser.add_argument("--liveness", choices=("passive", "motion", "challenge"), help="in place of the default")
    parser.add_argument(
        "--living-eyes", action="store_true", help="ask for living eyes besides; half of the people stay away"
    )
    parser.add_argument("--unknown-room", action="store_true", help="the door never saw the room before somebody came")
    parser.add_argument("--each", action="store_true", help="print every visit as well")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    told = parser.parse_args()
    hall = Hall(0 if told.unknown_room else ALONE, told.liveness, told.living_eyes)
    one = partial(_of_one, chosen=tuple(told.species), hall=hall)
    visited = []
    for each in simulated(told.data, told.people, one, told.processes, CHALLENGE_CHOSEN_ON):
        visited.append(each)
        if told.each:
            print(_line(each), flush=True)
    print_table(visited)


def _of_one(job: Job, chosen: tuple[str, ...], hall: Hall) -> list[Visited]:
    cv2.setNumThreads(1)
    number, somebody, other = job
    if hall.living_eyes and not in_split(somebody.subject, "report"):
        return []  # the eyelids' network, or its thresholds, may know this very picture
    return list(visits(Victim(somebody, meshed(somebody), CHOSEN_ON + number), other, chosen, hall))


def visits(victim: Victim, other: Still, chosen: tuple[str, ...], hall: Hall) -> Iterator[Visited]:
    """Everybody who is chosen comes to a door of their own that knows the victim; or `other`, whose face the mask has.

    Nobody comes to the door of somebody whose picture cannot be enrolled, or looks aside: made of it, nobody can look
    straight at a camera.
    """
    pose = relief_pose(victim.still.face.landmarks)
    if pose is None or abs(pose.yaw) > ASIDE:
        return
    with tempfile.TemporaryDirectory() as known, tempfile.TemporaryDirectory() as masks:
        try:
            door = Door.of(victim.still.subject, victim.still.image, Path(known), living_eyes=hall.living_eyes)
            for comer in comers(victim, door, chosen):
                yield _visit(door, comer, victim.seed, hall)
            if MASK in chosen:
                door = Door.of(other.subject, other.image, Path(masks), living_eyes=hall.living_eyes)
                yield _visit(door, masked(other, victim), victim.seed, hall)
        except EnrolmentError:
            return


def _visit(door: Door, comer: Comer, seed: int, hall: Hall) -> Visited:
    rng = np.random.default_rng([seed, 12])
    empty = (comer.stage.empty(rng) for _ in range(hall.looks))
    return Visited(comer.species, comer.stage.subject, door.receive(comer.actor, seed, empty, hall.liveness))


def _line(visited: Visited) -> str:
    answered = visited.answered
    told = f"{'granted' if answered.granted else 'no':<9}{answered.reason:<22}{answered.seconds:>5.1f} s  "
    steps, cues = ", ".join(answered.steps), ", ".join(answered.cues)
    return f"{visited.species:<40}{visited.subject:<30}{told}[{steps}] [{cues}]"


def print_table(visited: Iterable[Visited]) -> None:
    """A line for each species: who was let in at once, who after a challenge, and why the others were not."""
    by_species = defaultdict(list)
    for each in visited:
        by_species[each.species].append(each.answered)
    print(f"{'':<40}{'n':>4}{'at once':>9}{'challenged':>12}{'refused':>9}{'bound':>7}{'after':>8}  why")
    for name, answered in by_species.items():
        granted = [each for each in answered if each.granted]
        after = sorted(each.seconds for each in granted)
        asked = sum(bool(each.steps) for each in granted)
        refused = len(answered) - len(granted)
        bound = upper_bound(refused if name == LIVE else len(granted), len(answered))
        why = Counter(str(each.reason) for each in answered if not each.granted)
        print(
            f"{name:<40}{len(answered):>4}{len(granted) - asked:>9}{asked:>12}{refused:>9}{bound:>7.3f}"
            + (f"{after[len(after) // 2]:>6.1f} s" if after else f"{'-':>8}")
            + "  "
            + ", ".join(f"{reason} {count}" for reason, count in why.most_common())
        )
    print('"bound": upper 95 % bound of the share let in, of living people of that refused; "after": the middle grant')


if __name__ == "__main__":
    main()
