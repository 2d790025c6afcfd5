"""Which frames somebody is enrolled from: only ever one person's, alone in view."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.enrolling.gathering import (
    ADVICE,
    ALIKE,
    APART,
    KNOWN,
    NOBODY,
    NOTHING,
    SEVERAL,
    SPOOF,
    TAKEN,
    TOO_ALIKE,
    considered,
)
from faceplate.liveness import Liveness
from faceplate.types import Flaw, Likeness
from strategies_access import a_frame, alive, ambiguous, unknown, unusable, verified


def facing(match, degrees):
    """The same face, turned so far: its embedding is another."""
    angle = np.radians(degrees)
    embedding = np.array([np.cos(angle), np.sin(angle)], np.float32)
    look = replace(match.sighting.look, embedding=embedding)
    return replace(match, sighting=replace(match.sighting, look=look))


def gathered(*shown, every=1.0):
    """What there is after these frames; each is what was in view."""
    now = NOTHING
    for number, matches in enumerate(shown):
        now = considered(now, a_frame(number, number * every), matches)
    return now


def pose(number, track=1):
    return facing(unknown(track), 20 * number)


def test_different_pictures_of_one_person_are_taken():
    after = gathered([pose(0)], [pose(1)], [pose(2)])
    assert [frame.index for frame in after.frames] == [0, 1, 2]
    assert len(after.embeddings) == 3
    assert after.says == TAKEN


def test_pictures_that_are_alike_are_not_taken_and_the_advice_is_to_move():
    nearly = np.degrees(np.arccos(ALIKE)) - 0.5
    after = gathered([pose(0)], [facing(unknown(1), nearly)])
    assert (len(after.frames), after.says) == (1, TOO_ALIKE)
    assert len(gathered([pose(0)], [facing(unknown(1), nearly + 1)]).frames) == 2


def test_pictures_of_one_moment_are_one():
    shown = [[pose(number)] for number in range(5)]
    assert len(gathered(*shown, every=APART / 2).frames) == 3
    assert len(gathered(*shown, every=APART * 1.01).frames) == 5


@pytest.mark.parametrize(
    ("matches", "says"),
    [
        ([pose(1), pose(2, track=2)], SEVERAL),
        ([pose(1), unusable(2, Flaw.TOO_SMALL)], SEVERAL),
        ([alive(unknown(), Liveness.SPOOF)], SPOOF),
        ([verified("Ada")], KNOWN),
        ([ambiguous()], KNOWN),
        ([pose(1, track=2)], TAKEN),
    ],
)
def test_whoever_else_comes_makes_it_begin_anew(matches, says):
    after = gathered([pose(0)], [pose(2)], matches)
    assert after.says == says
    assert len(after.frames) == (1 if says is TAKEN else 0)
    assert len(gathered([pose(0)], [pose(2)], matches, [pose(0)]).frames) == 1


@pytest.mark.parametrize("flaw", Flaw)
def test_a_poor_picture_is_not_taken_and_what_was_is_kept(flaw):
    after = gathered([pose(0)], [unusable(1, flaw)])
    assert (len(after.frames), after.says) == (1, ADVICE[flaw])
    assert len(gathered([pose(0)], [unusable(1, flaw)], [pose(1)]).frames) == 2


def test_every_flaw_has_its_advice():
    assert set(ADVICE) == set(Flaw)


def test_somebody_out_of_view_for_a_moment_goes_on_if_they_are_followed():
    assert gathered([pose(0)], []).says == NOBODY
    assert len(gathered([pose(0)], [], [pose(1)]).frames) == 2
    assert len(gathered([pose(0)], [], [pose(1, track=2)]).frames) == 1


anybody = st.one_of(
    st.builds(pose, st.integers(0, 12), st.integers(1, 3)),
    st.sampled_from([verified("Ada", 2), ambiguous(3), unusable(1, Flaw.BLURRED), unusable(2, Flaw.TOO_SMALL)]),
)
views = st.lists(anybody, max_size=2, unique_by=lambda match: match.sighting.track)


@given(st.lists(views, max_size=30), st.sampled_from([0.1, 0.3, 1.0]))
def test_what_is_gathered_is_one_unknown_persons_alone(shown, every):
    after = gathered(*shown, every=every)
    for frame in after.frames:
        (match,) = shown[frame.index]
        assert match.likeness is Likeness.UNKNOWN
        assert match.sighting.track == after.track
    if after.frames:
        since = shown[after.frames[0].index :]
        assert all(len(matches) <= 1 for matches in since), "nobody else was in view since"
        assert all(match.sighting.track == after.track for matches in since for match in matches)
        times = [frame.time for frame in after.frames]
        assert all(later - earlier >= APART - 1e-9 for earlier, later in itertools.pairwise(times))
    vectors = after.embeddings
    assert all(float(a @ b) <= ALIKE for n, a in enumerate(vectors) for b in vectors[:n])
