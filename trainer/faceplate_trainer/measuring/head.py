"""The Siamese head: from two embeddings to a score that means something."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from faceplate.errors import ModelError

Form: TypeAlias = Literal["cosine", "squared", "absolute"]
"""cosine: one weight for all elements of the squared difference, which for unit vectors is a logistic of the cosine.
squared, absolute: a weight for each element of the squared or absolute difference."""

Compare: TypeAlias = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
"""Embeddings float32 (N, D) and (N, D) -> scores float32 (N,), 0..1."""

# Log odds at which a score is read off a network: sigmoid(-8) still has all of float32's digits, sigmoid(8) has not.
_READ_AT = -8.0
_READ_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """score = sigmoid(bias - sum_i weights_i * |a_i - b_i| ** power).

    The weights are not negative, so that no difference between two faces ever speaks for their being the same.
    """

    weights: NDArray[np.float64]
    """float64 (D,), >= 0"""

    bias: float
    """Log odds of two equal embeddings"""

    power: Literal[1, 2]

    prior: float
    """Share of genuine visits assumed; where evidence and prior balance the score is 0.5"""

    def __post_init__(self) -> None:
        if self.weights.ndim != 1 or not (self.weights >= 0).all() or self.power not in {1, 2}:
            raise ModelError(
                f"expected a head with weights (D,) of at least 0 and the power 1 or 2, received weights "
                f"{self.weights.shape} from {self.weights.min(initial=0):g} and the power {self.power}; fit it again"
            )

    @property
    def form(self) -> Form:
        """What it weighs."""
        if self.power == 1:
            return "absolute"
        return "cosine" if (self.weights == self.weights[0]).all() else "squared"

    def logits(self, visitors: NDArray[np.float32], references: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log odds of everybody against everybody.

        Args:
            visitors: embeddings float32 (V, D).
            references: embeddings float32 (A, D).

        Returns:
            float32 (V, A).
        """
        if self.power == 1:
            return np.asarray(self.bias - self._city_blocks(visitors, references), dtype=np.float32)
        weights = self.weights.astype(np.float32)
        distance = -2 * (visitors @ (references * weights).T)
        distance += (np.square(visitors) @ weights)[:, None]
        distance += np.square(references) @ weights
        return np.asarray(np.float32(self.bias) - np.maximum(distance, 0), dtype=np.float32)

    def scores(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
        """Scores of the rows of `a` against the rows of `b`: (N, D) twice -> float64 (N,), 0..1."""
        difference = np.abs(a.astype(np.float64) - b)
        return sigmoid(self.bias - difference**self.power @ self.weights)

    def _city_blocks(self, visitors: NDArray[np.float32], references: NDArray[np.float32]) -> NDArray[np.float64]:
        from scipy.spatial.distance import cdist  # noqa: PLC0415 - takes a second, and most heads do without

        # w |a - b| = |w a - w b|, since no weight is negative.
        return np.asarray(cdist(visitors * self.weights, references * self.weights, "cityblock"))


def uniform_head(weight: float, bias: float, *, size: int, prior: float) -> Head:
    """The calibrated cosine: one weight for the squared Euclidean distance of embeddings of `size` elements."""
    return Head(np.full(size, weight), bias, 2, prior)


def sigmoid(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Log odds as a chance, 0..1; exact at both ends."""
    chance = np.exp(-np.logaddexp(0, -logits.astype(np.float64)))
    return np.asarray(chance, dtype=np.float64)


def logit(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """The log odds of scores: -infinity of 0, infinity of 1."""
    with np.errstate(divide="ignore"):
        exact = scores.astype(np.float64)
        return np.asarray(np.log(exact) - np.log1p(-exact), dtype=np.float64)


def head_of(compare: Compare, size: int, *, prior: float) -> Head:
    """The head inside a network, read off its scores: whatever a manifest says, this is what decides at the door.

    Args:
        compare: the network's signature of that name.
        size: of an embedding.
        prior: what the bundle's calibration says of it.

    Raises:
        ModelError: `compare` is no head of the form that `Head` has.
    """
    step = _readable_step(compare, size)
    ones = np.ones(size)
    first, second, third = _log_odds(compare, step * np.array([ones, 1.05 * ones, 1.1 * ones]))
    # Log odds fall evenly with a distance that is linear in the step, and faster and faster with a squared one.
    power: Literal[1, 2] = 1 if (first - second) / (second - third) > 0.975 else 2  # noqa: PLR2004 - 1 or 0.953
    total = (first - second) / (step**power * (1.05**power - 1))
    farther = _log_odds(compare, step * (1 + 0.25 * np.eye(size)))
    weights = np.maximum(0, (first - farther) / (step**power * (1.25**power - 1)))
    if np.allclose(weights, weights.mean(), rtol=_READ_TOLERANCE):
        weights = np.full(size, total / size)
    head = Head(weights, float(first + total * step**power), power, prior)
    _check_read(head, compare)
    return head


def _readable_step(compare: Compare, size: int) -> float:
    """How far apart, along all elements alike, two vectors must be for clearly negative log odds."""
    for doublings in range(-20, 20):
        step = math.pow(2, doublings / 2)
        if _log_odds(compare, np.full((1, size), step))[0] < _READ_AT:
            return step
    raise ModelError("expected a head whose score falls with the distance, received one that does not; export it again")


def _log_odds(compare: Compare, differences: NDArray[np.float64]) -> NDArray[np.float64]:
    a = differences.astype(np.float32)
    return logit(compare(a, np.zeros_like(a)))


def _check_read(head: Head, compare: Compare) -> None:
    draw = np.random.default_rng(0)
    a, b = draw.normal(size=(2, 64, len(head.weights)))
    b = a + b * np.linspace(0, 2, 64)[:, None]  # from one and the same to strangers
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    a, b = a.astype(np.float32), b.astype(np.float32)
    worst = float(np.abs(head.scores(a, b) - compare(a, b)).max())
    if not worst <= _READ_TOLERANCE:
        raise ModelError(
            "expected a head of weighted element-wise differences and a logistic, received one whose scores differ by "
            f"{worst:.3g} from the nearest such head; rates cannot be measured for it"
        )
