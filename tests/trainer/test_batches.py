"""Batches: the same for the same seed and step, balanced, and shared among workers without loss."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.training.batches import (
    PairBatches,
    PeopleBatches,
    augmentation_draw,
    crowd_of,
    left_people,
    share_of,
)

SEEDS = st.integers(0, 2**32 - 1)
STEPS = st.integers(0, 10**9)
CROWDS = st.lists(st.integers(1, 6), min_size=2, max_size=12).filter(lambda counts: max(counts) > 1)
"""How many pictures each person has"""


def crowd(counts):
    return crowd_of([f"person {i:02}" for i, count in enumerate(counts) for _ in range(count)])


def pair_batches(people, pairs, seed, **only):
    return PairBatches(people, left_people(people, "training", **only), pairs, seed)


@given(CROWDS, SEEDS, STEPS, st.integers(1, 8))
def test_pairs_are_of_the_same_person_and_of_different_people_in_turn(counts, seed, step, half):
    people = crowd(counts)
    left, right = pair_batches(people, 2 * half, seed).at(step).reshape(-1, 2).T
    same = people.owner[left] == people.owner[right]
    assert same.tolist() == [True, False] * half
    assert (left != right).all()
    assert all(counts[people.owner[crop]] > 1 for crop in left)


@given(CROWDS, SEEDS, STEPS)
def test_a_step_looks_at_the_same_crops_however_often_it_is_asked(counts, seed, step):
    people = crowd(counts)
    assert np.array_equal(pair_batches(people, 4, seed).at(step), pair_batches(people, 4, seed).at(step))
    one, other = PeopleBatches(people, 2, 1, seed), PeopleBatches(people, 2, 1, seed)
    other.at(step + 1)
    assert np.array_equal(one.at(step), other.at(step))


def test_other_steps_and_seeds_look_at_other_crops():
    people = crowd([5] * 50)
    drawn = {tuple(pair_batches(people, 8, seed).at(step)) for seed in range(5) for step in range(20)}
    assert len(drawn) == 100


@given(st.data(), CROWDS, SEEDS, STEPS, st.integers(1, 4))
def test_people_batches_hold_so_many_different_people_with_so_many_pictures(data, counts, seed, step, pictures):
    able = sum(count >= min(2, pictures) for count in counts)
    wanted = data.draw(st.integers(1, able))
    people = crowd(counts)
    rows = PeopleBatches(people, wanted, pictures, seed).at(step).reshape(wanted, pictures)
    owners = people.owner[rows]
    assert (owners == owners[:, :1]).all()
    assert len(set(owners[:, 0])) == wanted
    for row, owner in zip(rows, owners[:, 0], strict=True):
        assert len(set(row)) == min(pictures, counts[owner]), "no picture twice before all were shown"


def test_people_are_drawn_with_equal_chances_however_many_pictures_they_have():
    people = crowd([100, 2, 2, 2])
    owners = [people.owner[pair_batches(people, 2, 1).at(step)[0]] for step in range(2000)]
    assert all(400 < count < 600 for count in Counter(owners).values())


def test_one_enrolled_person_and_strangers_with_one_picture_make_pairs():
    people = crowd([5, 1, 1, 1])
    left, right = pair_batches(people, 200, 1).at(0).reshape(-1, 2).T
    assert set(people.owner[left]) == {0}
    assert set(people.owner[right]) == {0, 1, 2, 3}


@given(SEEDS, STEPS)
def test_pairs_of_the_enrolled_person_have_that_person_on_the_left(seed, step):
    people = crowd([3, 5, 1, 2])
    left, right = pair_batches(people, 6, seed, only={"person 01"}).at(step).reshape(-1, 2).T
    assert set(people.owner[left]) == {1}
    assert (people.owner[right] == 1).tolist() == [True, False] * 3


@pytest.mark.parametrize("only", [{"somebody else"}, {"person 02"}])
def test_an_enrolled_person_has_two_pictures(only):
    with pytest.raises(DatasetError, match=r"at least 1 enrolled person with 2 or more.*there are 0 with"):
        pair_batches(crowd([3, 5, 1]), 2, 1, only=only)


@pytest.mark.parametrize("counts", [[1, 1, 1], [5]])
def test_without_pairs_there_is_an_error_that_counts(counts):
    with pytest.raises(DatasetError, match=rf"there are {sum(c > 1 for c in counts)} with 2 or more.*of {len(counts)}"):
        pair_batches(crowd(counts), 2, 1)


def test_too_few_people_with_two_pictures_is_an_error_that_counts():
    with pytest.raises(DatasetError, match=r"at least 3 training people with 2 or more.*there are 2 \(of 4\)"):
        PeopleBatches(crowd([2, 3, 1, 1]), 3, 2, 1)
    assert PeopleBatches(crowd([2, 3, 1, 1]), 4, 1, 1).rows == 4


@given(st.integers(1, 6), st.integers(1, 5), st.integers(1, 4))
def test_workers_share_every_row_and_keep_groups_together(per_worker, group, workers):
    rows = per_worker * group * workers
    shares = [share_of(rows, group, worker, workers) for worker in range(workers)]
    assert sorted(np.concatenate(shares)) == list(range(rows))
    for share in shares:
        together = share.reshape(-1, group)
        assert (together // group == together[:, :1] // group).all()


def test_a_batch_that_cannot_be_shared_evenly_is_refused():
    with pytest.raises(ValueError, match="3 groups of 4, which 2 workers"):
        share_of(12, 4, 0, 2)


def test_every_row_of_every_step_is_augmented_by_a_generator_of_its_own():
    firsts = {augmentation_draw(1, step, row).random() for step in range(30) for row in range(30)}
    choices = {np.random.default_rng([1, step]).random() for step in range(30)}
    assert len(firsts) == 900
    assert not firsts & choices, "NumPy pads a seed with zeros: [1, 2] is [1, 2, 0]"
