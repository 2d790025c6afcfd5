from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate_trainer.data.labelled import DatasetError, in_split
from faceplate_trainer.data.prepared import USES
from faceplate_trainer.data.splits import DEFAULT_SHARES, shares_from, split_people

PEOPLE = st.sets(st.text(min_size=1, max_size=8), min_size=1, max_size=60)
WEIGHTS = st.lists(st.integers(0, 20), min_size=len(USES), max_size=len(USES)).filter(any)


def shares_of(weights):
    return {use: weight / sum(weights) for use, weight in zip(USES, weights, strict=True)}


@given(PEOPLE, WEIGHTS)
def test_everybody_has_one_use_and_the_shares_are_within_one_person(people, weights) -> None:
    shares = shares_of(weights)
    uses = split_people(people, shares)
    assert uses.keys() == people
    counts = Counter(uses.values())
    assert all(abs(counts[use] - share * len(people)) <= 1 for use, share in shares.items())
    assert not [use for use, share in shares.items() if share == 0 and counts[use]]


@given(
    st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=60, unique=True).flatmap(
        lambda people: st.tuples(st.just(people), st.permutations(people))
    ),
    WEIGHTS,
)
def test_the_order_of_the_names_does_not_matter(orders, weights) -> None:
    once, again = (split_people(order, shares_of(weights)) for order in orders)
    assert once == again


@given(PEOPLE, st.integers(0, 10), st.integers(0, 10))
def test_who_is_trained_with_stays_so_when_more_are(people, few, more) -> None:
    small, large = sorted((few / 10, more / 10))
    before, after = (split_people(people, {"train": share, "report": 1 - share}) for share in (small, large))
    assert {p for p in people if before[p] == "train"} <= {p for p in people if after[p] == "train"}


@given(PEOPLE, WEIGHTS, st.data())
def test_an_enrolled_person_is_trained_with_whatever_the_shares(people, weights, data) -> None:
    enrolled = data.draw(st.sampled_from(sorted(people)))
    uses = split_people(people, shares_of(weights), {enrolled, "somebody who is not there"})
    assert uses[enrolled] == "train"
    assert uses.keys() == people


def test_reported_people_are_those_whom_the_older_halves_report_on() -> None:
    people = {f"person {number}" for number in range(500)}
    uses = split_people(people, shares_from("train=.6,report=.4"))
    assert all(in_split(person, "report") for person in people if uses[person] == "report")


def test_the_uses_of_a_few_names_are_the_same_for_ever() -> None:
    uses = split_people(["Anna", "Boris", "Chloe", "Dmitri"], shares_from("train=.5,calibration=.25,report=.25"))
    assert uses == {"Boris": "train", "Chloe": "train", "Dmitri": "calibration", "Anna": "report"}


def test_the_default_shares_make_up_everybody() -> None:
    assert sum(shares_from(DEFAULT_SHARES).values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("train=.5", "add up to 0.5"),
        ("train=.5,tset=.5", "tset"),
        ("train=half,report=.5", "train=half"),
        ("train=1.5,report=-.5", "from 0 to 1"),
        ("train=nan,report=1", "from 0 to 1"),
        ("", "expected shares of"),
    ],
)
def test_shares_that_make_no_split_are_refused(words, fault) -> None:
    with pytest.raises(DatasetError, match=fault):
        shares_from(words)
