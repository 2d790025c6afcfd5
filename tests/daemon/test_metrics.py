"""Rates, curves and bounds against definitions written out slowly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceplate.model.metrics import (
    area_under_roc,
    best_threshold,
    bootstrap_over_people,
    equal_error_rate,
    share_above,
    threshold_at,
)

# Few different scores, so that ties are common.
scores = st.integers(0, 20).map(lambda n: n / 20) | st.floats(0, 1)


def lists(min_size, max_size=60):
    return st.lists(scores, min_size=min_size, max_size=max_size).map(np.array)


@given(impostor=lists(24), rate=st.sampled_from([1 / 2, 1 / 4, 1 / 8]))
def test_the_threshold_at_a_rate_is_the_lowest_that_keeps_it(impostor, rate):
    keeping = [t for t in impostor if sum(s > t for s in impostor) <= rate * len(impostor)]
    assert threshold_at(impostor, rate) == min(keeping)


@pytest.mark.parametrize("power", range(1, 7))
def test_a_rate_takes_three_times_its_inverse_in_comparisons(power):
    rate, enough = 10.0**-power, 3 * 10**power
    impostor = np.arange(enough) / enough
    assert share_above(impostor, threshold_at(impostor, rate)) <= rate
    with pytest.raises(ValueError, match=f"at least {enough} impostor comparisons, there are {enough - 1}"):
        threshold_at(impostor[1:], rate)


@given(impostor=lists(1), threshold=scores)
def test_a_share_above_is_a_count(impostor, threshold):
    assert share_above(impostor, threshold) == pytest.approx(sum(s > threshold for s in impostor) / len(impostor))


@given(genuine=lists(1, 20), impostor=lists(1, 20))
def test_the_area_is_the_chance_to_rank_a_pair_right(genuine, impostor):
    right = sum((g > i) + (g == i) / 2 for g in genuine for i in impostor)
    assert area_under_roc(genuine, impostor) == pytest.approx(right / len(genuine) / len(impostor))


@given(genuine=lists(1, 20), impostor=lists(1, 20))
def test_the_equal_error_rate_is_where_both_errors_are_nearest(genuine, impostor):
    errors = []
    for threshold in sorted([*genuine, *impostor]):
        misses = sum(g <= threshold for g in genuine) / len(genuine)
        false_matches = sum(i > threshold for i in impostor) / len(impostor)
        errors.append((abs(misses - false_matches), (misses + false_matches) / 2))
    nearest = min(gap for gap, _ in errors)
    rates = [rate for gap, rate in errors if gap == pytest.approx(nearest, abs=1e-12)]
    found = equal_error_rate(genuine, impostor)
    assert any(found == pytest.approx(rate) for rate in rates)


@given(st.lists(st.tuples(st.integers(0, 1000), st.booleans()), min_size=1, max_size=30, unique_by=lambda p: p[0]))
def test_the_best_threshold_calls_the_most_pairs_right(pairs):
    values, same = np.array([score / 1000 for score, _ in pairs]), np.array([label for _, label in pairs])

    def right(threshold):
        return sum((value > threshold) == label for value, label in zip(values, same, strict=True))

    # Below every score only one more threshold differs: the one that calls everything the same.
    assert right(best_threshold(values, same)) == max(right(threshold) for threshold in values)


def test_a_threshold_lies_halfway_between_the_scores_it_divides():
    assert best_threshold(np.array([0.1, 0.2, 0.6, 0.9]), np.array([False, False, True, True])) == pytest.approx(0.4)


def test_perfect_and_useless_scores():
    low, high = np.array([0.1, 0.2]), np.array([0.8, 0.9])
    assert (area_under_roc(high, low), equal_error_rate(high, low)) == (1.0, 0.0)
    assert (area_under_roc(low, high), equal_error_rate(low, high)) == (0.0, 1.0)
    assert area_under_roc(low, low) == 0.5


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), min_size=1, max_size=10))
def test_a_bootstrapped_rate_is_the_share_within_its_bounds(people):
    hits = np.array([min(hit, count) for hit, count in people], float)
    counts = np.array([count for _, count in people], float)
    rate = bootstrap_over_people(hits, counts, rounds=50)
    assert rate.value == pytest.approx(hits.sum() / counts.sum())
    assert 0 <= rate.low <= rate.high <= 1


def test_bounds_are_as_wide_as_people_differ_not_as_there_are_many_comparisons():
    counts = np.full(40, 1000.0)
    alike = bootstrap_over_people(np.full(40, 500.0), counts)
    unlike = bootstrap_over_people(np.tile([0.0, 1000.0], 20), counts)
    assert (alike.low, alike.high) == pytest.approx((0.5, 0.5))
    # The standard error of the share of 40 people is sqrt(.25 / 40) = .079, so 95 % lie within 1.96 times that.
    assert (unlike.low, unlike.high) == pytest.approx((0.5 - 0.155, 0.5 + 0.155), abs=0.03)


def test_the_same_seed_gives_the_same_bounds():
    hits, counts = np.arange(40.0) ** 2, np.full(40, 2000.0)
    assert bootstrap_over_people(hits, counts) == bootstrap_over_people(hits, counts, seed=0)
    assert bootstrap_over_people(hits, counts) != bootstrap_over_people(hits, counts, seed=1)


def test_pairs_of_people_are_drawn_by_both():
    hits, counts = np.diag(np.full(30, 10.0)), np.full((30, 30), 10.0)
    rate = bootstrap_over_people(hits, counts)
    assert rate.value == pytest.approx(1 / 30)
    assert rate.low < rate.value < rate.high
