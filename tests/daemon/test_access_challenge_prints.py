"""Real prints, held and moved by hand before a webcam, are challenged."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from attacks.sources import detector
from faceplate.liveness import Liveness
from faceplate.pictures import read_picture
from faceplate.types import Face, Outcome
from reception_desk import World
from strategies_access import alive, verified

pytestmark = [pytest.mark.once, pytest.mark.research_data]

FEWEST = 9
"""Pictures of a presentation"""

LONGEST = 250
"""Frames"""


def presentations(folder: Path) -> list[list[Face]]:
    """The faces of each of NUAA's prints, in the order in which their pictures were taken."""
    taken = defaultdict(list)
    for line in (folder / "index.csv").read_text().splitlines()[1:]:
        file, label, subject, session, pose, frame = line.split(",")
        if label == "spoof":
            taken[subject, session, pose].append((int(frame), file))
    find = detector(80.0)
    shown = [[find.find(read_picture(folder / file)) for _, file in sorted(each)] for each in taken.values()]
    faces = [[found[0] for found in each if found] for each in shown]
    return [each for each in faces if len(each) >= FEWEST]


def challenged(faces: list[Face], seed: int) -> Outcome:
    """What comes of it to show them over and over, all of them verified; nothing speaks against what is shown."""
    world = World(liveness="challenge", dice=random.Random(seed))  # noqa: S311 - to repeat, not to hide
    ada = alive(verified("Ada"), Liveness.UNSURE)
    for number in range(LONGEST):
        look = replace(ada.sighting.look, face=faces[(number + 7 * seed) % len(faces)])
        decision = world.see(replace(ada, sighting=replace(ada.sighting, look=look)), wait=0.1)
        if decision.outcome is not Outcome.NOTHING:
            return decision.outcome
    return Outcome.NOTHING


def test_a_print_in_a_hand_passes_no_challenge(research_data):
    """Even of one whose face was taken to have a depth."""
    shown = presentations(research_data / "nuaa_dev")
    outcomes = [challenged(faces, seed) for faces in shown for seed in range(6)]
    assert len(shown) == 50
    assert set(outcomes) <= {Outcome.DENIED, Outcome.NOTHING}
