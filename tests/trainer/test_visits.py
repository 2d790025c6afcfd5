from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.access.visit import Visit, observed, verdict
from faceplate.config import AccessConfig
from faceplate.types import Box, Face, Likeness, Look, Match, Outcome, Pixels, Seconds, Sighting, TrackId
from faceplate_trainer.measuring.attempts import FUSIONS, Sequences, attempts, cosines
from faceplate_trainer.measuring.visits import visits

FACE = Face(Box(Pixels(0), Pixels(0), Pixels(80), Pixels(80)), np.zeros((5, 2), np.float32), 0.9)
SIGHTING = Sighting(TrackId(1), Look(FACE, np.zeros((112, 112, 3), np.uint8), (), np.zeros(8, np.float32)))


def granted_by_the_daemon(verified: list[bool], rules: AccessConfig) -> bool:
    """Whether the door opens to somebody who shows these frames, a tenth of a second apart."""
    visit = Visit(began=Seconds(0.0), seen=Seconds(0.0))
    for number, frame in enumerate(verified):
        likeness = Likeness.VERIFIED if frame else Likeness.UNKNOWN
        visit = observed(visit, Match(SIGHTING, likeness, "Ada"), Seconds(number / 10), rules)
        if verdict(visit, rules)[0] is Outcome.GRANTED:
            return True
    return False


@given(st.data())
def test_a_visit_passes_exactly_when_the_daemon_grants_it(data) -> None:
    considered = data.draw(st.integers(1, 8))
    rules = AccessConfig(frames_considered=considered, frames_needed=data.draw(st.integers(1, considered)))
    numbers = st.lists(st.floats(-5, 5, width=32), min_size=considered, max_size=considered)
    log_odds, threshold = np.array([data.draw(numbers)], np.float32), data.draw(st.floats(-5, 5, width=32))
    decisive = Sequences(rules.frames_considered, rules.frames_needed).decide(log_odds)
    assert (decisive[0] > threshold) == granted_by_the_daemon((log_odds[0] > threshold).tolist(), rules)


@pytest.fixture(scope="module")
def crowd() -> tuple[np.ndarray, np.ndarray]:
    """People with 2, 6, 11 and 16 pictures."""
    draw = np.random.default_rng(1)
    people = np.repeat(["two", "six", "eleven", "sixteen"], [2, 6, 11, 16])
    centres = {name: draw.normal(size=24) for name in np.unique(people)}
    vectors = np.array([centres[name] for name in people]) + draw.normal(size=(len(people), 24))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), people


def visited(crowd, *, anchors: int, rules: AccessConfig | None = None):
    return visits(
        *crowd,
        similarity=cosines,
        anchors=anchors,
        fuse=FUSIONS["centroid"],
        rounds=1,
        seed=0,
        rules=rules or AccessConfig(),
    )


def test_nobody_with_fewer_pictures_than_frames_comes(crowd) -> None:
    found = visited(crowd, anchors=1)
    # Of six pictures one is enrolled and five make a visit; of eleven ten make two; of sixteen fifteen make three.
    assert len(found.genuine) == 1 + 2 + 3
    # One, two and three whole visits; each against the three others, "two" being enrolled and never coming.
    assert len(found.impostor) == (1 + 2 + 3) * 3
    assert len(np.unique(found.impostor_visitor)) == 3
    assert len(np.unique(found.impostor_enrolled)) == 4


def test_no_picture_is_shown_twice(crowd) -> None:
    seen = []

    def note(visitors, references):
        seen.append(visitors)
        return cosines(visitors, references)

    visits(*crowd, similarity=note, anchors=1, fuse=FUSIONS["centroid"], rounds=1, seed=0, rules=AccessConfig())
    strangers = seen[-1]
    assert len(np.unique(strangers, axis=0)) == len(strangers) == 5 * (1 + 2 + 3)


def test_visits_of_one_frame_are_attempts(crowd) -> None:
    single = visited(crowd, anchors=3, rules=AccessConfig(frames_considered=1, frames_needed=1))
    pictures = attempts(*crowd, similarity=cosines, anchors=3, fuse=FUSIONS["centroid"], rounds=1, seed=0)
    assert np.array_equal(single.genuine, pictures.genuine)
    assert np.array_equal(single.impostor, pictures.impostor)


def test_needing_more_frames_lets_fewer_pass(crowd) -> None:
    strictness = [visited(crowd, anchors=1, rules=AccessConfig(frames_needed=k)) for k in range(1, 6)]
    for lenient, strict in itertools.pairwise(strictness):
        assert (strict.genuine <= lenient.genuine).all()
        assert (strict.impostor <= lenient.impostor).all()
