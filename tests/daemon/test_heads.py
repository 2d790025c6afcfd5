"""What is measured of heads on their tracks: when eyes are shut, against how they looked before."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from faceplate.types import EyeState, Flaw, Frame, Seconds
from faceplate.vision.eyelids import Eyelids
from faceplate.vision.face_mesh import FaceMesh
from faceplate.vision.heads import FEWEST, KNOWN_FOR, Heads
from strategies_access import ROOM, a_sighting

POINTS = np.random.default_rng(0).uniform(0, 1, (468, 3)).astype(np.float32)


def shown(scores: Iterable[float], *flaws: Flaw, every: float = 0.1, track: int = 1) -> list[EyeState | None]:
    """What is told of a face whose eyes have these scores, of which one above 0, and 4 above the usual, is shut."""
    left = list(scores)
    times = [Seconds(every * number) for number in range(len(left))]
    model = SimpleNamespace(is_shut=lambda score, usual: score > 0 and score - usual > 4)
    eyelids = cast("Eyelids", SimpleNamespace(score=lambda _: left.pop(0), model=model))
    heads = Heads(cast("FaceMesh", SimpleNamespace(points=lambda *_: POINTS)), eyelids)
    sightings = [heads.measured(a_sighting(track, *flaws), Frame(0, time, ROOM)) for time in times]
    return [each.eye_state for each in sightings]


def words(states: list[EyeState | None]) -> str:
    return "".join("?" if each is None else "x" if each.shut else "o" for each in states)


def test_eyes_are_shut_that_look_so_and_looked_otherwise_before() -> None:
    assert words(shown([-8] * 6 + [3, 3, -8])) == "ooooooxxo"
    assert words(shown([-3] * 6 + [0.5, 3])) == "ooooooox"


def test_eyes_that_always_look_shut_are_not() -> None:
    assert words(shown([3] * 12)) == "o" * 12


def test_before_it_is_known_how_they_look_open_none_are_shut() -> None:
    assert words(shown([-8] * (FEWEST - 1) + [5])) == "o" * FEWEST
    assert words(shown([-8] * FEWEST + [5])) == "o" * FEWEST + "x"


def test_eyes_that_stay_shut_are_so_for_as_long_as_it_is_remembered() -> None:
    told = words(shown([-8] * 30 + [5] * 60))
    assert told.startswith("o" * 30 + "x" * 30)
    assert "x" not in told[30 + round(KNOWN_FOR / 0.1) + 1 :]


def test_of_a_face_that_cannot_be_judged_nothing_is_told() -> None:
    assert words(shown([-8] * 3, Flaw.BLURRED)) == "???"


@pytest.mark.parametrize(("every", "looks"), [(0.1, 20), (0.02, 5)])
def test_it_looks_ten_times_a_second_at_most(every: float, looks: int) -> None:
    looked: list[float] = []

    def score(_: object) -> float:
        looked.append(-8.0)
        return looked[-1]

    eyelids = cast("Eyelids", SimpleNamespace(score=score, model=SimpleNamespace(is_shut=lambda *_: False)))
    heads = Heads(cast("FaceMesh", SimpleNamespace(points=lambda *_: POINTS)), eyelids)
    for number in range(20):
        heads.measured(a_sighting(), Frame(number, Seconds(every * number), ROOM))
    assert len(looked) == looks
