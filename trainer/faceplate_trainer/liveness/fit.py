"""Weights in closed form, thresholds from subjects left out, and what both do to subjects that chose neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceplate.model.liveness_model import LivenessMeasured
from faceplate.model.metrics import Rate, bootstrap_over_people
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.data.shown import LIVE, Shown
from faceplate_trainer.liveness.network import PATTERNS, Weights
from faceplate_trainer.liveness.pictures import Examples
from faceplate_trainer.liveness.recipe import FitRecipe

FEWEST_SUBJECTS = 3
"""One to be left out, and two to choose thresholds on"""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What scores mean, 0..1."""

    deny_below: float
    confirm_above: float


def subjects_of(shown: Sequence[Shown]) -> list[str]:
    """Who can be left out: all of them.

    Raises:
        DatasetError: they are too few, or a kind of picture is missing.
    """
    subjects = sorted({each.subject for each in shown})
    if len(subjects) < FEWEST_SUBJECTS:
        raise DatasetError(
            f"expected pictures of at least {FEWEST_SUBJECTS} subjects, received {len(subjects)}: each is left out "
            "once, and the others say how good the network is and where its thresholds lie"
        )
    if {each.label == LIVE for each in shown} != {True, False}:
        raise DatasetError(f"expected pictures labelled {LIVE!r} and pictures of spoofs, received only one kind")
    return subjects


def fit(examples: Examples, chosen: NDArray[np.bool_], others: NDArray[np.float64], recipe: FitRecipe) -> Weights:
    """Ridge regression on 1 for the living and -1 for spoofs; every subject's two kinds weigh the same.

    Args:
        examples: labelled pictures.
        chosen: which of them to fit on, bool (N,).
        others: features of other living people (M, F), M may be 0.
        recipe: how.
    """
    counted = examples.features[chosen]
    copies = counted.shape[1]
    rows = [counted.reshape(-1, counted.shape[-1]), others]
    shown = [each for each, is_in in zip(examples.shown, chosen, strict=True) if is_in]
    alive = np.array([each.label == LIVE for each in shown])
    target = np.concatenate([np.repeat(np.where(alive, 1.0, -1.0), copies), np.ones(len(others))])
    weight = np.repeat(_balanced(shown), copies)
    extra = np.full(len(others), recipe.others * weight.sum() / max(len(others), 1))
    learnt, bias = _ridge(np.concatenate(rows), target, np.concatenate([weight, extra]), recipe.penalty)
    return Weights((learnt * recipe.steepness).reshape(-1, PATTERNS), bias * recipe.steepness)


def scores(weights: Weights, counted: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the network makes of features (..., F), in full precision: 0..1."""
    return np.asarray(1 / (1 + np.exp(-(counted @ weights.patterns.ravel() + weights.bias))))


def thresholds(found: NDArray[np.float64], alive: NDArray[np.bool_], recipe: FitRecipe) -> Thresholds:
    """Where no more of the living are denied, and of spoofs confirmed, than the recipe says.

    Args:
        found: scores of subjects not fitted on, (N,) or (N, copies).
        alive: (N,).
        recipe: says how many.
    """
    live, spoof = (
        np.quantile(found[alive], recipe.living_denied),
        np.quantile(found[~alive], 1 - recipe.spoofs_confirmed),
    )
    return Thresholds(float(min(live, spoof)), float(max(live, spoof)))


def measure(
    shown: Sequence[Shown], found: NDArray[np.float64], limits: Sequence[Thresholds], *, seed: int
) -> LivenessMeasured:
    """Rates of single pictures.

    Args:
        shown: the pictures.
        found: their scores by networks that never saw their subjects, (N,).
        limits: for each picture, chosen without its subject.
        seed: of the bounds.
    """
    subjects = np.array([each.subject for each in shown])
    labels = np.array([each.label for each in shown])
    confirmed = found > np.array([each.confirm_above for each in limits])
    denied = found < np.array([each.deny_below for each in limits])
    alive, kinds = labels == LIVE, sorted(set(labels) - {LIVE})

    def share(hits: NDArray[np.bool_], of: NDArray[np.bool_]) -> Rate:
        return _share(hits[of], subjects[of], seed)

    return LivenessMeasured(
        subjects=len(set(subjects)),
        live=int(alive.sum()),
        spoofs=int((~alive).sum()),
        apcer={kind: share(confirmed, labels == kind) for kind in kinds},
        denied={kind: share(denied, labels == kind) for kind in kinds},
        bpcer=share(~confirmed, alive),
        live_denied=share(denied, alive),
        worst_apcer=_worst(confirmed[~alive], subjects[~alive]),
        worst_bpcer=_worst(~confirmed[alive], subjects[alive]),
    )


def _share(hits: NDArray[np.bool_], subjects: NDArray[np.str_], seed: int) -> Rate:
    _, owner = np.unique(subjects, return_inverse=True)
    sums, counts = np.bincount(owner, hits).astype(np.float64), np.bincount(owner).astype(np.float64)
    return bootstrap_over_people(sums, counts, seed=seed)


def _worst(hits: NDArray[np.bool_], subjects: NDArray[np.str_]) -> float:
    return max(float(hits[subjects == subject].mean()) for subject in set(subjects))


def _balanced(shown: Sequence[Shown]) -> NDArray[np.float64]:
    """Weights of mean 1 with which each subject's living and spoofed pictures weigh the same."""
    groups = [f"{each.subject}/{each.label == LIVE}" for each in shown]
    _, group, count = np.unique(groups, return_inverse=True, return_counts=True)
    weight = 1.0 / count[group]
    return np.asarray(weight / weight.mean())


def _ridge(
    rows: NDArray[np.float64], target: NDArray[np.float64], weight: NDArray[np.float64], penalty: float
) -> tuple[NDArray[np.float64], float]:
    """Weights and bias that come nearest to the target, each feature first brought to mean 0 and deviation 1."""
    weight = weight / weight.sum()
    centre, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-4
    standard = (rows - centre) / spread
    mean, middle = weight @ standard, float(weight @ target)
    centred = standard - mean
    gram = (centred * weight[:, None]).T @ centred + penalty * np.eye(rows.shape[1])
    solved = np.linalg.solve(gram, (centred * weight[:, None]).T @ (target - middle))
    learnt = solved / spread
    return learnt, float(middle - mean @ solved - centre @ learnt)
