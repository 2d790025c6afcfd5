from __future__ import annotations

import numpy as np
import pytest

from faceplate_trainer.measuring.calibrate import Head, calibrate, fit_head


@pytest.fixture(scope="module")
def crowd() -> tuple[np.ndarray, np.ndarray]:
    """200 made-up people with six pictures each, some hard to tell apart."""
    draw = np.random.default_rng(3)
    centres = draw.normal(size=(200, 24))
    vectors = np.repeat(centres, 6, axis=0) + draw.normal(size=(1200, 24)) * 0.6
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), np.repeat([f"person {i}" for i in range(200)], 6)


def test_scores_rise_with_likeness_and_stay_between_0_and_1(crowd) -> None:
    scores = fit_head(*crowd, prior=1e-3).scores(np.linspace(-1, 1, 50))
    assert (np.diff(scores) > 0).all()
    assert 0 <= scores.min() < 0.01
    assert 0.99 < scores.max() <= 1


@pytest.mark.parametrize("prior", [1e-3, 1e-2, 0.5])
def test_scores_are_the_chance_of_a_genuine_visit_under_the_prior(crowd, prior) -> None:
    """The mark of a logistic regression: weighted by the prior, the mean score is the share of genuine pairs."""
    embeddings, people = crowd
    cosines = (embeddings @ embeddings.T)[np.triu_indices(len(people), 1)]
    same = (people[:, None] == people)[np.triu_indices(len(people), 1)]
    scores = fit_head(embeddings, people, prior=prior).scores(cosines)
    mean = prior * scores[same].mean() + (1 - prior) * scores[~same].mean()
    assert mean == pytest.approx(prior, rel=0.02)


def test_nobody_counts_with_more_than_twenty_pictures(crowd) -> None:
    embeddings, people = crowd
    flood = np.tile(embeddings[:1], (500, 1))
    with_flood = fit_head(np.vstack([embeddings, flood]), np.concatenate([people, ["star"] * 500]), prior=1e-2)
    with_twenty = fit_head(np.vstack([embeddings, flood[:20]]), np.concatenate([people, ["star"] * 20]), prior=1e-2)
    assert with_flood == with_twenty


def test_the_table_keeps_what_it_promises_on_the_people_it_was_made_from(crowd) -> None:
    head = fit_head(*crowd, prior=1e-3)
    calibration = calibrate(*crowd, head, rates=(1e-2, 1e-3, 1e-4))
    assert {point.anchors for point in calibration.table} == {1, 3, 5}
    for point in calibration.table:
        assert point.false_accept_bounds[0] <= point.false_accept_rate <= point.false_accept_bounds[1]
        assert point.false_reject_bounds[0] <= point.false_reject_rate <= point.false_reject_bounds[1]
        assert 0 < point.score < 1
    assert calibration.threshold(1e-2) < calibration.threshold(1e-3) < calibration.threshold(1e-4)


def test_a_rate_that_so_few_people_cannot_support_is_left_out(crowd) -> None:
    calibration = calibrate(*crowd, Head(10.0, 5.0, 1e-3), rates=(1e-2, 1e-9))
    assert {point.false_accept_rate for point in calibration.table} == {1e-2}


def test_more_anchors_refuse_fewer(crowd) -> None:
    calibration = calibrate(*crowd, fit_head(*crowd, prior=1e-3), rates=(1e-3,))
    refused = {point.anchors: point.false_reject_rate for point in calibration.table}
    assert refused[5] < refused[1]
