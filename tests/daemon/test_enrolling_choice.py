"""Which pictures are kept: all poses, no moment twice, none for being odd because it is bad."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.enrolling.choice import ALIKE, LEAST, MOST, Candidate, chosen
from faceplate.enrolling.steps import Step
from faceplate.errors import EnrolmentError
from strategies import SIZE, unit_vectors

AXES = np.eye(SIZE, dtype=np.float32)


def candidate(step, embedding, quality=0.9):
    return Candidate(step, quality, embedding)


def near(axis, other, share):
    """A direction by `axis`, turned a little towards another one."""
    mixed = AXES[axis] * (1 - share) + AXES[other] * share
    return (mixed / np.linalg.norm(mixed)).astype(np.float32)


candidates = st.lists(
    st.builds(Candidate, st.sampled_from(Step), st.floats(0.6, 1), unit_vectors()), min_size=0, max_size=30
)


@given(candidates)
def test_what_is_kept_is_different_enough_and_not_too_much(pictures):
    try:
        kept = chosen(pictures)
    except EnrolmentError:
        return
    assert LEAST <= len(kept) <= MOST
    assert len(set(kept)) == len(kept)
    for place, index in enumerate(kept):
        for other in kept[:place]:
            assert float(pictures[index].embedding @ pictures[other].embedding) <= ALIKE + 1e-6


@given(candidates)
def test_what_is_left_out_repeats_what_is_kept_unless_there_is_enough(pictures):
    try:
        kept = chosen(pictures)
    except EnrolmentError:
        return
    if len(kept) < MOST:
        for index in set(range(len(pictures))) - set(kept):
            assert max(float(pictures[index].embedding @ pictures[other].embedding) for other in kept) > ALIKE - 1e-6


def test_every_step_is_there_by_its_best_picture():
    pictures = [
        candidate(Step.STRAIGHT, near(0, 1, 0.3), 0.7),
        candidate(Step.STRAIGHT, AXES[0], 0.9),
        candidate(Step.LEFT, AXES[2], 0.8),
        candidate(Step.RIGHT, AXES[3], 0.8),
    ]
    assert chosen(pictures)[:3] == [1, 2, 3]
    assert set(chosen(pictures)) == {0, 1, 2, 3}


def test_then_comes_what_is_farthest_from_all_of_them():
    pictures = [
        candidate(Step.STRAIGHT, AXES[0], 1.0),
        candidate(Step.STRAIGHT, near(0, 1, 0.3)),
        candidate(Step.STRAIGHT, AXES[2]),
        candidate(Step.STRAIGHT, near(0, 1, 0.4)),
    ]
    assert chosen(pictures)[:2] == [0, 2]


def test_a_bad_picture_is_not_kept_for_being_odd():
    pictures = [
        candidate(Step.STRAIGHT, AXES[0], 1.0),
        candidate(Step.STRAIGHT, near(0, 1, 0.5), 1.0),
        candidate(Step.STRAIGHT, near(0, 2, 0.55), 0.6),
    ]
    assert chosen(pictures) == [0, 1, 2]


def test_one_moment_many_times_is_one_picture():
    with pytest.raises(EnrolmentError, match=r"3 different good pictures are needed, and of 30 that were taken 1 are"):
        chosen([candidate(Step.STRAIGHT, AXES[0])] * 30)


def test_of_nothing_nothing_is_made():
    with pytest.raises(EnrolmentError, match="of 0 that were taken 0 are"):
        chosen([])
