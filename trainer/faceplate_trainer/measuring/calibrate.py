"""From distances to a score that means something, and from scores to rates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceplate.model.bundle import Calibration, OperatingPoint
from faceplate.model.metrics import RULE_OF_THREE, Rate, bootstrap_over_people, share_above, threshold_at
from faceplate_trainer.measuring.attempts import Attempts, Fusion, attempts, daemon_rule

VERIFICATION_THRESHOLD = 0.3
"""The shipped one; calibration holds for it"""

RATES = (1e-2, 1e-3, 1e-4, 1e-5, 5e-6, 2e-6)
ANCHORS = (1, 3, 5)

_MOST_PICTURES_OF_ONE = 20
_BINS = 4000
_CONVERGED = 1e-9


@dataclass(frozen=True, slots=True)
class Head:
    """The Siamese head: score = sigmoid(bias - weight * squared Euclidean distance)."""

    weight: float
    bias: float
    prior: float
    """Share of genuine visits assumed; where evidence and prior balance the score is 0.5"""

    def scores(self, cosines: NDArray[np.floating]) -> NDArray[np.float64]:
        """Scores of unit vectors with these cosines: their squared distance is 2 - 2 cosine."""
        return np.asarray(1 / (1 + np.exp(-(self.bias - self.weight * (2 - 2 * cosines)))))


def fit_head(embeddings: NDArray[np.float32], people: NDArray[np.str_], *, prior: float) -> Head:
    """Fit the logistic by prior-weighted logistic regression (Brümmer, du Preez 2006) over all pairs of pictures.

    Genuine pairs together weigh `prior`, impostor pairs the rest, so that the fit is best where a door decides: among
    the rare impostors that look alike. Nobody counts with more than 20 pictures.

    Args:
        embeddings: unit vectors float32 (N, D).
        people: who each shows, (N,).
        prior: share of genuine visits to assume, 0..1.
    """
    chosen = _some_of_each(people)
    cosines = (embeddings[chosen] @ embeddings[chosen].T)[np.triu_indices(len(chosen), 1)]
    same = (people[chosen][:, None] == people[chosen])[np.triu_indices(len(chosen), 1)]
    edges = np.linspace(-1, 1, _BINS + 1)
    distance = 2 - (edges[:-1] + edges[1:])
    genuine, impostor = (np.histogram(cosines[which], edges)[0] for which in (same, ~same))
    weight, bias = _logistic(distance, prior * genuine / genuine.sum(), (1 - prior) * impostor / impostor.sum())
    return Head(weight, bias, prior)


def calibrate(
    embeddings: NDArray[np.float32],
    people: NDArray[np.str_],
    head: Head,
    *,
    rates: Sequence[float] = RATES,
    seed: int = 0,
) -> Calibration:
    """Measure which score gives which rates, for each number of anchors, by the rule that ships.

    A rate that so few comparisons cannot support (rule of three) is left out of the table.
    """
    rule = daemon_rule(VERIFICATION_THRESHOLD)
    tried = {n: _attempts(embeddings, people, n, rule, seed) for n in ANCHORS}
    table = [
        _operating_point(n, rate, tried[n], head, seed)
        for n in ANCHORS
        for rate in rates
        if len(tried[n].impostor) * rate >= RULE_OF_THREE and len(tried[n].genuine)
    ]
    return Calibration(
        people=len(np.unique(people)),
        impostor_pairs=max(len(a.impostor) for a in tried.values()),
        genuine_pairs=max(len(a.genuine) for a in tried.values()),
        prior=head.prior,
        fusion="centroid",
        verification_threshold=VERIFICATION_THRESHOLD,
        table=tuple(table),
    )


def rate_of(
    scores: NDArray[np.floating], threshold: float, *owners: NDArray[np.intp], people: int, seed: int = 0
) -> Rate:
    """Share of scores above a threshold with bounds over people; `owners` say whom each score belongs to."""
    shape = (people,) * len(owners)
    hits, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(hits, owners, (scores > threshold).astype(np.float64))
    np.add.at(counts, owners, 1.0)
    return bootstrap_over_people(hits, counts, rounds=300 if len(owners) > 1 else 1000, seed=seed)


def _attempts(
    embeddings: NDArray[np.float32], people: NDArray[np.str_], anchors: int, rule: Fusion, seed: int
) -> Attempts:
    return attempts(embeddings, people, anchors=anchors, fuse=rule, rounds=1 if anchors == 1 else 4, seed=seed)


def _operating_point(anchors: int, rate: float, tried: Attempts, head: Head, seed: int) -> OperatingPoint:
    cosine = threshold_at(tried.impostor, rate)
    accepted = rate_of(
        tried.impostor, cosine, tried.impostor_enrolled, tried.impostor_visitor, people=tried.people, seed=seed
    )
    passed = rate_of(tried.genuine, cosine, tried.genuine_person, people=tried.people, seed=seed)
    return OperatingPoint(
        anchors=anchors,
        false_accept_rate=rate,
        score=float(head.scores(np.array(cosine))),
        false_accept_bounds=(accepted.low, accepted.high),
        false_reject_rate=1 - share_above(tried.genuine, cosine),
        false_reject_bounds=(1 - passed.high, 1 - passed.low),
    )


def _some_of_each(people: NDArray[np.str_]) -> NDArray[np.intp]:
    return np.concatenate([np.flatnonzero(people == person)[:_MOST_PICTURES_OF_ONE] for person in np.unique(people)])


def _logistic(x: NDArray[np.floating], ones: NDArray[np.floating], zeros: NDArray[np.floating]) -> tuple[float, float]:
    """Weighted logistic regression of one variable by Newton's method: P(one) = sigmoid(bias - weight x)."""
    design = np.stack([-x, np.ones_like(x)], axis=1)
    beta = np.array([1.0, math.log(ones.sum() / zeros.sum())])
    for _ in range(200):
        chance = 1 / (1 + np.exp(-design @ beta))
        gradient = design.T @ (ones - (ones + zeros) * chance)
        curvature = (design * ((ones + zeros) * chance * (1 - chance))[:, None]).T @ design
        step = np.linalg.solve(curvature + 1e-12 * np.eye(2), gradient)
        beta += step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-9))
        if float(np.abs(step).max()) < _CONVERGED:
            break
    return float(beta[0]), float(beta[1])
