"""What the table of rates says of a household: the arithmetic, against slow references and by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.config import AccessConfig
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.model.calibration import OperatingPoint
from faceplate.model.false_accepts import DAYS, FramesRule, a_year, rates_of
from faceplate.model.metrics import Rate

SHIPPED = load_bundle(DEFAULT_BUNDLE).manifest.calibration

units = st.floats(0, 1)
scores = units | st.sampled_from([row.score for row in SHIPPED.table])
counts = st.integers(1, 20)
rates = st.tuples(units, units, units).map(sorted).map(lambda three: Rate(three[1], three[0], three[2]))
small_rules = st.integers(1, 6).flatmap(lambda m: st.integers(1, m).map(lambda k: FramesRule(k, m)))


def point(anchors, rate, score, visit=None):
    return OperatingPoint(
        anchors=anchors,
        false_accept_rate=rate,
        score=score,
        false_accept_bounds=(rate / 2, rate * 2),
        false_reject_rate=0.01,
        false_reject_bounds=(0.0, 0.02),
        visitors=50,
        impostor_visits=1000,
        genuine_visits=100,
        visit_false_accept_rate=visit,
        visit_false_accept_bounds=None if visit is None else (0.0, visit * 3),
        visit_false_reject_rate=None,
        visit_false_reject_bounds=None,
    )


TABLE = replace(
    SHIPPED,
    people_support=1e-9,
    table=(
        point(1, 1e-2, 0.2, visit=2e-3),
        point(1, 1e-3, 0.5, visit=1e-4),
        point(1, 1e-4, 0.8),
        point(3, 1e-2, 0.3, visit=3e-3),
        point(3, 1e-3, 0.4),
    ),
)


def found(anchors, detection, **asked):
    return rates_of(TABLE, anchors, detection, visits_hold=asked.get("visits_hold", True))


def test_a_row_counts_from_its_own_score_on():
    assert found(1, 0.5).row == TABLE.table[1]
    assert found(1, 0.4999).row == TABLE.table[0]
    assert found(1, 1.0).row == TABLE.table[2]
    assert found(1, 0.1999) is None


def test_between_two_numbers_of_anchors_the_worse_counts_and_beyond_the_last_the_last():
    assert found(2, 0.9).row == TABLE.table[4]
    assert found(2, 0.45).row == TABLE.table[0]
    assert found(2, 0.25) is None, "known with one picture, and not with three"
    assert found(3, 0.35).row == found(20, 0.35).row == TABLE.table[3]


def test_the_rates_are_those_of_the_row():
    assert found(1, 0.5).picture == Rate(1e-3, 5e-4, 2e-3)
    assert found(1, 0.5).visit == Rate(1e-4, 0.0, pytest.approx(3e-4))


def test_visits_are_silent_where_they_were_not_measured_or_do_not_hold():
    assert found(1, 0.9).visit is None
    assert found(1, 0.5, visits_hold=False).visit is None
    assert found(1, 0.5, visits_hold=False).picture == found(1, 0.5).picture


@given(anchors=counts, detection=scores)
def test_the_upper_bound_is_never_below_what_the_people_can_show(anchors, detection):
    answer = rates_of(SHIPPED, anchors, detection, visits_hold=True)
    if answer is not None:
        assert answer.picture.high >= SHIPPED.people_support
        assert answer.picture.low <= answer.picture.value <= answer.picture.high


def test_what_the_people_can_show_bounds_a_rate_from_above():
    few = replace(TABLE, people_support=0.1)
    assert rates_of(few, 1, 0.5, visits_hold=True).picture == Rate(1e-3, 5e-4, 0.1)


@given(anchors=counts, lower=scores, higher=scores)
def test_a_higher_threshold_never_lets_more_in(anchors, lower, higher):
    lower, higher = sorted((lower, higher))
    lax, strict = (rates_of(SHIPPED, anchors, detection, visits_hold=True) for detection in (lower, higher))
    assert lax is None or strict is not None
    if lax is not None and strict is not None:
        assert strict.picture.value <= lax.picture.value


@given(anchors=counts)
def test_with_the_shipped_threshold_everybody_is_known_and_no_row_is_left_out(anchors):
    answer = rates_of(SHIPPED, anchors, SHIPPED.threshold(5e-6), visits_hold=True)
    assert answer is not None
    near = [row for row in SHIPPED.table if abs(row.anchors - anchors) <= 2 or (anchors > 5 and row.anchors == 5)]
    assert answer.row in near
    assert answer.picture.value <= 1e-5


@given(rule=small_rules, other=small_rules)
def test_one_rule_implies_another_exactly_when_every_visit_of_its_frames_says_so(rule, other):
    visits = product([False, True], repeat=rule.considered)
    let_in = [frames for frames in visits if sum(frames) >= rule.needed]
    assert rule.implies(other) == all(sum(frames[: other.considered]) >= other.needed for frames in let_in)


def test_what_the_levels_of_risk_imply():
    measured = FramesRule(AccessConfig().frames_needed, AccessConfig().frames_considered)
    assert measured.implies(measured)
    assert FramesRule(5, 7).implies(measured), "high"
    assert not FramesRule(2, 4).implies(measured), "convenience"


@given(rule=small_rules, chances=st.lists(st.floats(0, 1), min_size=64, max_size=64))
def test_no_visit_passes_more_often_than_markov_allows(rule, chances):
    """For any joint distribution over the frames of a visit, however they hang together."""
    visits = list(product([False, True], repeat=rule.considered))
    weights = [chance + 1e-6 for chance in chances[: len(visits)]]
    share = [weight / sum(weights) for weight in weights]
    of_one = sum(p * sum(frames) / rule.considered for p, frames in zip(share, visits, strict=True))
    of_visit = sum(p for p, frames in zip(share, visits, strict=True) if sum(frames) >= rule.needed)
    assert of_visit <= rule.most * of_one + 1e-12


def test_a_year_by_hand():
    """Twenty strangers a day, four people, at one in 200,000: 365.25 * 20 * 4 / 200000."""
    assert DAYS == 365.25
    year = a_year([Rate(5e-6, 0.0, 2e-5)] * 4, 20)
    assert year.value == pytest.approx(0.1461)
    assert (year.low, year.high) == (0.0, pytest.approx(0.5844))


@given(people=st.lists(rates, max_size=8), visits=st.floats(0, 1000))
def test_expectations_add_up_person_by_person(people, visits):
    year = a_year(people, visits)
    alone = [a_year([rate], visits) for rate in people]
    for part in ("value", "low", "high"):
        assert getattr(year, part) == pytest.approx(sum(getattr(each, part) for each in alone))
    assert year.low <= year.value * (1 + 1e-9)
    assert year.value <= year.high * (1 + 1e-9)


@given(people=st.lists(rates, max_size=4), at=st.integers(0, 4))
def test_one_who_is_not_known_makes_the_sum_unknown(people, at):
    people.insert(at, None)
    assert a_year(people, 20) is None


def test_nobody_is_let_in_by_mistake_where_nobody_is_enrolled():
    assert a_year([], 20) == Rate(0, 0, 0)
