from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.model.metrics import area_under_roc, share_above
from faceplate_trainer.measuring.attempts import attempts, daemon_rule
from faceplate_trainer.measuring.curves import best_thresholds, confusion, histogram, roc, threshold_grid
from faceplate_trainer.measuring.head import sigmoid, uniform_head

pytestmark = pytest.mark.trainer


score_lists = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40).map(np.array)


@given(genuine=score_lists, impostor=score_lists, threshold=st.floats(0, 1))
def test_every_comparison_comes_out_one_way(genuine, impostor, threshold) -> None:
    counted = confusion(genuine, impostor, threshold)
    assert counted.true_accepts + counted.false_rejects == len(genuine)
    assert counted.false_accepts + counted.true_rejects == len(impostor)
    assert counted.recall == pytest.approx(share_above(genuine, threshold))
    assert counted.false_match_rate == pytest.approx(share_above(impostor, threshold))
    assert counted.balanced_accuracy == pytest.approx((counted.recall + 1 - counted.false_match_rate) / 2)


def test_the_figures_of_a_confusion() -> None:
    counted = confusion(np.array([0.9, 0.8, 0.4]), np.array([0.7, 0.2, 0.1, 0.0, 0.0]), 0.5)
    assert counted.accuracy == 6 / 8
    assert counted.precision == counted.recall == 2 / 3
    assert counted.f1 == pytest.approx(2 / 3)
    assert np.isnan(confusion(np.array([0.1]), np.array([0.1]), 0.5).precision)


@given(genuine=score_lists, impostor=score_lists)
def test_a_curve_goes_from_nobody_to_everybody_and_only_rises(genuine, impostor) -> None:
    curve = roc(genuine, impostor)
    for rates in (curve.false_match_rate, curve.true_match_rate):
        assert (rates[0], rates[-1]) == (0, 1)
        assert (np.diff(rates) >= 0).all()
    assert (np.diff(curve.thresholds) < 0).all()


def test_a_thinned_curve_is_small_and_keeps_area_and_low_rates() -> None:
    draw = np.random.default_rng(1)
    genuine, impostor = draw.normal(2, 1, 5000), draw.normal(0, 1, 200_000)
    curve = roc(genuine, impostor, points=400)
    assert len(curve.thresholds) <= 402
    area = np.trapezoid(curve.true_match_rate, curve.false_match_rate)
    assert area == pytest.approx(area_under_roc(genuine, impostor), abs=1e-3)
    assert ((curve.false_match_rate > 0) & (curve.false_match_rate < 1e-4)).sum() >= 5
    assert np.allclose(curve.false_non_match_rate, 1 - curve.true_match_rate)


@given(genuine=score_lists, impostor=score_lists)
def test_a_histogram_leaves_nobody_out(genuine, impostor) -> None:
    counted = histogram(genuine, impostor, bins=7)
    assert (counted.genuine.sum(), counted.impostor.sum()) == (len(genuine), len(impostor))
    assert len(counted.edges) == 8


@given(genuine=score_lists, impostor=score_lists)
def test_no_threshold_is_better_than_the_best(genuine, impostor) -> None:
    best = best_thresholds(genuine, impostor)
    candidates = np.concatenate([genuine, impostor])
    for criterion, threshold in best.items():
        assert threshold in candidates, criterion
    for other in candidates:
        there = confusion(genuine, impostor, other)
        assert confusion(genuine, impostor, best["accuracy"]).accuracy >= there.accuracy - 1e-12
        assert confusion(genuine, impostor, best["f1"]).f1 >= there.f1 - 1e-12
        youden = confusion(genuine, impostor, best["youden"])
        assert youden.balanced_accuracy >= there.balanced_accuracy - 1e-12
        equal = confusion(genuine, impostor, best["equal_error"])
        assert abs(1 - equal.recall - equal.false_match_rate) <= abs(1 - there.recall - there.false_match_rate) + 1e-12


def test_the_lowest_rate_lets_no_more_than_three_strangers_pass() -> None:
    draw = np.random.default_rng(2)
    genuine, impostor = draw.normal(2, 1, 100), draw.normal(0, 1, 1000)
    assert (
        confusion(genuine, impostor, best_thresholds(genuine, impostor)["lowest_false_accept_rate"]).false_accepts == 3
    )


def test_the_grid_says_what_attempts_say() -> None:
    draw = np.random.default_rng(4)
    vectors = np.repeat(draw.normal(size=(12, 16)), 5, axis=0) + draw.normal(size=(60, 16))
    embeddings = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    people = np.repeat([f"person {i}" for i in range(12)], 5)
    head = uniform_head(3.0, 2.0, size=16, prior=0.1)
    grid = threshold_grid(embeddings, people, similarity=head.logits, anchors=3, rounds=2, seed=0)
    assert grid.accuracy.shape == grid.false_accept_rate.shape == grid.false_reject_rate.shape == (11, 11)
    for column, share in enumerate(grid.verification):
        tried = attempts(
            embeddings, people, similarity=head.logits, anchors=3, fuse=daemon_rule(float(share)), rounds=2, seed=0
        )
        for row, detection in enumerate(grid.detection):
            assert grid.false_accept_rate[row, column] == pytest.approx(
                share_above(sigmoid(tried.impostor), float(detection)), abs=0.01
            )
    # Nobody has more than all anchors matching, nor a score above 1.
    assert (grid.false_reject_rate[-1] == 1).all()
    assert (grid.false_reject_rate[:, -1] == 1).all()
    assert grid.false_reject_rate[0, 0] == 0
    for axis in (0, 1):
        assert (np.diff(grid.false_accept_rate, axis=axis) <= 0).all()
        assert (np.diff(grid.false_reject_rate, axis=axis) >= 0).all()
    assert np.allclose(grid.accuracy, 1 - (grid.false_accept_rate + grid.false_reject_rate) / 2)
