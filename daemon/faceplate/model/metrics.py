"""How good scores are. Rates over comparisons (FMR, FNMR), as ISO/IEC 19795-1 defines them; TAR = 1 - FNMR."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]
"""float (N,), higher means more alike."""

RULE_OF_THREE = 3
"""Without an error in n comparisons the rate is below 3 / n, with 95 % confidence"""


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % bounds."""

    value: float
    low: float
    high: float


def threshold_at(impostor: Scores, false_match_rate: float) -> float:
    """The lowest threshold above which at most this share of impostor comparisons lies.

    Raises:
        ValueError: there are fewer than 3 / rate comparisons, so that not even the absence of errors would show the
            rate with 95 % confidence (rule of three).
    """
    needed = RULE_OF_THREE / false_match_rate
    if len(impostor) < needed:
        raise ValueError(
            f"a false-match rate of {false_match_rate:g} takes at least {needed:.0f} impostor comparisons, "
            f"there are {len(impostor)}"
        )
    allowed = int(false_match_rate * len(impostor))
    return float(np.partition(impostor, len(impostor) - 1 - allowed)[len(impostor) - 1 - allowed])


def share_above(scores: Scores, threshold: float) -> float:
    """Share of scores above a threshold: FMR of impostor scores, TAR of genuine ones."""
    return float(np.mean(scores > threshold))


def area_under_roc(genuine: Scores, impostor: Scores) -> float:
    """Chance that a genuine comparison scores higher than an impostor one (Mann-Whitney U), ties counting half."""
    ordered = np.sort(impostor)
    below = np.searchsorted(ordered, genuine, side="left")
    not_above = np.searchsorted(ordered, genuine, side="right")
    return float((below + not_above).mean() / 2 / len(impostor))


def equal_error_rate(genuine: Scores, impostor: Scores) -> float:
    """Where FMR and FNMR are equal: their mean at the threshold that brings them nearest."""
    thresholds = np.sort(np.concatenate([genuine, impostor]))
    misses = np.searchsorted(np.sort(genuine), thresholds, side="right") / len(genuine)
    false_matches = 1 - np.searchsorted(np.sort(impostor), thresholds, side="right") / len(impostor)
    nearest = int(np.argmin(np.abs(misses - false_matches)))
    return float((misses[nearest] + false_matches[nearest]) / 2)


def best_threshold(scores: Scores, same: NDArray[np.bool_]) -> float:
    """The threshold that calls the most pairs right: of several the middle one, halfway between two scores."""
    order = np.argsort(scores, kind="stable")
    ordered, labels = scores[order], same[order]
    # With a threshold between i and i + 1 everything up to i is called different, everything after it the same.
    right = np.cumsum(~labels) + labels.sum() - np.cumsum(labels)
    equally_good = np.flatnonzero(right == right.max())
    best = int(equally_good[len(equally_good) // 2])
    return float((ordered[best] + ordered[min(best + 1, len(ordered) - 1)]) / 2)


def bootstrap_over_people(
    hits: NDArray[np.floating], counts: NDArray[np.floating], *, rounds: int = 1000, seed: int = 0
) -> Rate:
    """A rate with bounds by drawing people, not comparisons, with replacement (Bolle, Ratha, Pankanti 2004).

    Comparisons of one person hang together; drawing them one by one would give bounds far too narrow.

    Args:
        hits: how many comparisons came out so: (P,) by person, or (P, Q) by enrolled and visiting person.
        counts: of how many, shaped alike.
        rounds: how often to draw.
        seed: of the draws.
    """
    draw = np.random.default_rng(seed)
    values = np.empty(rounds)
    for i in range(rounds):
        weights = [draw.multinomial(size, np.full(size, 1 / size)).astype(np.float64) for size in hits.shape]
        values[i] = _weighted(hits, weights) / max(_weighted(counts, weights), 1e-300)
    low, high = np.quantile(values, [0.025, 0.975])
    # No error found is no proof that there are none.
    at_most = min(1.0, max(float(high), RULE_OF_THREE / float(counts.sum())))
    return Rate(float(hits.sum() / counts.sum()), float(low), at_most)


def _weighted(table: NDArray[np.floating], weights: list[NDArray[np.float64]]) -> float:
    return float(weights[0] @ table) if table.ndim == 1 else float(weights[0] @ table @ weights[1])
