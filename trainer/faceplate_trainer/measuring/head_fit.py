"""Fitting the Siamese head on frozen embeddings."""

from __future__ import annotations

import logging
import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from faceplate_trainer.measuring.head import Form, Head, sigmoid, uniform_head
from faceplate_trainer.measuring.pairs import Pairs, choose_pairs, cosines_in_rows, some_of_each

PRIOR = 1e-3
"""Share of genuine visits to assume"""

PULL = 1.0
"""How strongly the weights of elements are pulled to being one and the same.

Of 0.003 to 10, 1 to 3 gave the lowest cross-entropy on people that neither head nor tower was fitted on (SFace on LFW,
86 people judged by 430 and 430 by 258; squared and absolute alike); less was worse throughout.
"""

_BINS = 4000
_CONVERGED = 1e-9

_MOST_NUMBERS = 30_000_000
"""Pairs times elements in memory"""

_log = logging.getLogger(__name__)


def fit_heads(
    embeddings: NDArray[np.float32], people: NDArray[np.str_], *, prior: float = PRIOR, seed: int = 0
) -> dict[Form, Head]:
    """Fit a head of each form by prior-weighted logistic regression (Brümmer, du Preez 2006).

    Genuine pairs together weigh `prior`, impostor pairs the rest, so that the fit is best where a door decides: among
    the rare impostors that look alike. Nobody counts with more than 20 pictures.

    Args:
        embeddings: unit vectors float32 (N, D), of people the tower was not trained on.
        people: who each shows, (N,).
        prior: share of genuine visits to assume, 0..1.
        seed: of the choice of pairs.

    Raises:
        DatasetError: nobody has two pictures, or there is only one person.
    """
    chosen = some_of_each(people, seed)
    embeddings, people = embeddings[chosen], people[chosen]
    pairs = choose_pairs(embeddings, people, most=_MOST_NUMBERS // embeddings.shape[1], seed=seed)
    heads: dict[Form, Head] = {
        "cosine": _fit_cosine(embeddings, people, prior),
        "squared": _fit_elements(embeddings, pairs, prior, 2),
        "absolute": _fit_elements(embeddings, pairs, prior, 1),
    }
    for form, head in heads.items():
        _log.info("head %s: weights %.3g to %.3g, bias %.3f", form, head.weights.min(), head.weights.max(), head.bias)
    return heads


def _fit_cosine(embeddings: NDArray[np.float32], people: NDArray[np.str_], prior: float) -> Head:
    """One weight, on all pairs, counted in bins."""
    edges = np.linspace(-1, 1, _BINS + 1)
    genuine, impostor = np.zeros((2, _BINS))
    for _, cosine, same, different in cosines_in_rows(embeddings, people):
        bounded = np.clip(cosine, -1, 1)
        genuine += np.histogram(bounded[same], edges)[0]
        impostor += np.histogram(bounded[different], edges)[0]
    distance = 2 - (edges[:-1] + edges[1:])
    weight, bias = _logistic(distance, prior * genuine / genuine.sum(), (1 - prior) * impostor / impostor.sum())
    return uniform_head(weight, bias, size=embeddings.shape[1], prior=prior)


def _fit_elements(
    embeddings: NDArray[np.float32], pairs: Pairs, prior: float, power: Literal[1, 2], pull: float = PULL
) -> Head:
    """A weight for each element, none below 0, starting from one and the same and pulled back to it.

    Minimised is the prior-weighted cross-entropy, in units of the prior's own entropy, plus `pull` times the mean
    squared deviation of the weights from the common one, in units of that.
    """
    from scipy.optimize import minimize  # noqa: PLC0415 - takes a second, and most commands do without

    apart = np.abs(embeddings[pairs.first] - embeddings[pairs.second]) ** power
    ones, zeros = (np.where(pairs.same == which, pairs.weight, 0) for which in (True, False))
    ones, zeros = prior * ones / ones.sum(), (1 - prior) * zeros / zeros.sum()
    common, bias = _logistic(apart.sum(axis=1, dtype=np.float64), ones, zeros)
    unit = -(prior * math.log(prior) + (1 - prior) * math.log(1 - prior))

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        relative = parameters[:-1]
        log_odds = parameters[-1] - apart @ (common * relative).astype(np.float32)
        log_odds = log_odds.astype(np.float64)
        surprise = ones @ np.logaddexp(0, -log_odds) + zeros @ np.logaddexp(0, log_odds)
        slope = (ones + zeros) * sigmoid(log_odds) - ones
        steps = np.append(-common * (slope.astype(np.float32) @ apart), slope.sum()) / unit
        steps[:-1] += 2 * pull * (relative - 1) / len(relative)
        return float(surprise / unit + pull * np.mean((relative - 1) ** 2)), steps

    start = np.append(np.ones(apart.shape[1]), bias)
    bounds = [(0, None)] * apart.shape[1] + [(None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    return Head(common * found.x[:-1], float(found.x[-1]), power, prior)


def _logistic(x: NDArray[np.floating], ones: NDArray[np.floating], zeros: NDArray[np.floating]) -> tuple[float, float]:
    """Weighted logistic regression of one variable by Newton's method: P(one) = sigmoid(bias - weight x)."""
    design = np.stack([-x, np.ones_like(x)], axis=1)
    beta = np.array([1.0, math.log(ones.sum() / zeros.sum())])
    for _ in range(200):
        chance = sigmoid(design @ beta)
        gradient = design.T @ (ones - (ones + zeros) * chance)
        curvature = (design * ((ones + zeros) * chance * (1 - chance))[:, None]).T @ design
        step = np.linalg.solve(curvature + 1e-12 * np.eye(2), gradient)
        beta += step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-9))
        if float(np.abs(step).max()) < _CONVERGED:
            break
    return float(beta[0]), float(beta[1])
