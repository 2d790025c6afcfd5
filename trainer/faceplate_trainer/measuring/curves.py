"""What a report draws: confusion, ROC, DET, histograms, the best thresholds, and the grid of both thresholds. Pure.

Scores may be chances or log odds; thresholds are of the same kind. A comparison is accepted when it is above one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from faceplate.model.metrics import RULE_OF_THREE, Scores, threshold_at
from faceplate_trainer.measuring.attempts import Similarity, attempts, daemon_rule
from faceplate_trainer.measuring.head import logit

Criterion: TypeAlias = Literal["accuracy", "f1", "youden", "equal_error", "lowest_false_accept_rate"]

STEPS = tuple(tenths / 10 for tenths in range(11))
"""Of the grid of both thresholds"""


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many comparisons came out how, at one threshold."""

    true_accepts: int
    false_rejects: int
    false_accepts: int
    true_rejects: int

    @property
    def accuracy(self) -> float:
        """Share of all comparisons that came out right; tells little where there are far more of one kind."""
        right = self.true_accepts + self.true_rejects
        return _ratio(right, right + self.false_accepts + self.false_rejects)

    @property
    def balanced_accuracy(self) -> float:
        """The same with genuine and impostor comparisons counting half each: 0.5 is guessing."""
        return (self.recall + _ratio(self.true_rejects, self.true_rejects + self.false_accepts)) / 2

    @property
    def precision(self) -> float:
        """Share of the accepted that were genuine; depends on how many impostors there were."""
        return _ratio(self.true_accepts, self.true_accepts + self.false_accepts)

    @property
    def recall(self) -> float:
        """Share of the genuine that were accepted: 1 - FNMR."""
        return _ratio(self.true_accepts, self.true_accepts + self.false_rejects)

    @property
    def false_match_rate(self) -> float:
        """Share of the impostors that were accepted."""
        return _ratio(self.false_accepts, self.false_accepts + self.true_rejects)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        wrong = self.false_accepts + self.false_rejects
        return _ratio(2 * self.true_accepts, 2 * self.true_accepts + wrong)


@dataclass(frozen=True, slots=True)
class Curve:
    """Rates over thresholds, from the strictest to the most lenient; all float64 (N,)."""

    thresholds: NDArray[np.float64]
    """infinity first: nobody is accepted"""
    false_match_rate: NDArray[np.float64]
    true_match_rate: NDArray[np.float64]

    @property
    def false_non_match_rate(self) -> NDArray[np.float64]:
        """What a DET curve draws against the false-match rate (both on logarithmic or normal-deviate axes)."""
        return 1 - self.true_match_rate


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many comparisons have which score."""

    edges: NDArray[np.float64]
    """(B + 1,)"""
    genuine: NDArray[np.intp]
    """(B,)"""
    impostor: NDArray[np.intp]
    """(B,)"""


@dataclass(frozen=True, slots=True)
class Grid:
    """What any pair of both thresholds gives; float64 (11, 11), row: detection, column: verification threshold."""

    detection: NDArray[np.float64]
    """(11,), 0..1"""
    verification: NDArray[np.float64]
    """(11,), 0..1"""
    accuracy: NDArray[np.float64]
    """Genuine and impostor attempts count half each: 0.5 is guessing"""
    false_accept_rate: NDArray[np.float64]
    false_reject_rate: NDArray[np.float64]


def confusion(genuine: Scores, impostor: Scores, threshold: float) -> Confusion:
    """Count the four outcomes of comparisons at a threshold."""
    accepted, false = int((genuine > threshold).sum()), int((impostor > threshold).sum())
    return Confusion(accepted, len(genuine) - accepted, false, len(impostor) - false)


def roc(genuine: Scores, impostor: Scores, *, points: int = 400) -> Curve:
    """The receiver operating characteristic at no more than `points` + 2 thresholds, both ends among them.

    Half the points are evenly spaced along the impostors, half evenly in the logarithm of how many are left above,
    where a door decides; so the same curve serves as a DET.
    """
    thresholds = np.unique(np.concatenate([_spread(impostor, points // 2), _spread(genuine, points - points // 2)]))
    thresholds = np.concatenate([[np.inf], thresholds[::-1], [-np.inf]])
    return Curve(thresholds, _shares_above(impostor, thresholds), _shares_above(genuine, thresholds))


def histogram(genuine: Scores, impostor: Scores, *, bins: int = 60) -> Histogram:
    """Both kinds of scores in the same bins."""
    both = np.concatenate([genuine, impostor])
    edges = np.linspace(float(both.min()), float(both.max()), bins + 1)
    if edges[0] == edges[-1]:
        edges = np.linspace(edges[0] - 0.5, edges[0] + 0.5, bins + 1)
    counts = [np.histogram(scores, edges)[0] for scores in (genuine, impostor)]
    return Histogram(edges, *counts)


def best_thresholds(genuine: Scores, impostor: Scores) -> dict[Criterion, float]:
    """The threshold that is best by each of several criteria.

    accuracy: the most comparisons right, as many as there are of each kind. f1: of precision and recall. youden:
    TAR - FAR, both kinds counting alike (Youden 1950). equal_error: FMR and FNMR nearest each other.
    lowest_false_accept_rate: the lowest rate that so many impostors can show (rule of three).
    """
    g, i = np.sort(genuine), np.sort(impostor)
    candidates = np.unique(np.concatenate([g, i]))
    accepted = len(g) - np.searchsorted(g, candidates, side="right")
    false = len(i) - np.searchsorted(i, candidates, side="right")
    match, mismatch = accepted / len(g), false / len(i)
    lowest = RULE_OF_THREE / len(i)
    return {
        "accuracy": _where(candidates, accepted - false),
        "f1": _where(candidates, 2 * accepted / (accepted + false + len(g))),
        "youden": _where(candidates, match - mismatch),
        "equal_error": _where(candidates, -np.abs(1 - match - mismatch)),
        "lowest_false_accept_rate": threshold_at(i, lowest * (1 + 1e-9)) if lowest <= 1 else float(candidates[-1]),
    }


def threshold_grid(  # noqa: PLR0913 - as `attempts`
    embeddings: NDArray[np.float32],
    people: NDArray[np.str_],
    *,
    templates: NDArray[np.float32] | None = None,
    similarity: Similarity,
    anchors: int,
    rounds: int,
    seed: int,
) -> Grid:
    """FAR, FRR and accuracy of attempts at every pair of both thresholds, 0..1 in steps of 0.1, by the daemon's rule.

    The arguments are those of `attempts`; the similarity must give log odds, as a head does.
    """
    steps = np.array(STEPS)
    false_accept, true_accept = np.empty((2, len(steps), len(steps)))
    needed = np.floor(steps * anchors + 1e-9)
    for column, share in enumerate(STEPS):
        if column and needed[column] == needed[column - 1]:
            false_accept[:, column], true_accept[:, column] = false_accept[:, column - 1], true_accept[:, column - 1]
            continue
        rule = daemon_rule(share)
        tried = attempts(
            embeddings,
            people,
            templates=templates,
            similarity=similarity,
            anchors=anchors,
            fuse=rule,
            rounds=rounds,
            seed=seed,
        )
        false_accept[:, column] = _shares_above(tried.impostor, logit(steps))
        true_accept[:, column] = _shares_above(tried.genuine, logit(steps))
    return Grid(steps, steps, (true_accept + 1 - false_accept) / 2, false_accept, 1 - true_accept)


def _shares_above(scores: Scores, thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """NaN where there are no scores."""
    if len(scores) == 0:
        return np.full(len(thresholds), np.nan)
    return np.asarray(1 - np.searchsorted(np.sort(scores), thresholds, side="right") / len(scores))


def _spread(scores: Scores, count: int) -> NDArray[np.float64]:
    """Of the scores, some evenly spaced by rank, some evenly in the logarithm of the rank from the highest."""
    ordered = np.sort(scores)[::-1]
    even = np.linspace(0, len(ordered) - 1, count // 2)
    dense_at_the_top = np.geomspace(1, len(ordered), count - count // 2) - 1
    return np.asarray(ordered[np.concatenate([even, dense_at_the_top]).astype(np.intp)], dtype=np.float64)


def _where(candidates: NDArray[np.floating], goodness: NDArray[Any]) -> float:
    """Of several equally good thresholds the highest: the door would rather ask again."""
    return float(candidates[len(goodness) - 1 - int(np.argmax(goodness[::-1]))])


def _ratio(part: float, whole: float) -> float:
    """NaN of nothing."""
    return part / whole if whole else float("nan")
