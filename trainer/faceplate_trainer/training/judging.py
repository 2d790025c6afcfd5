"""How an epoch went: the tower judged on fixed pairs of people it learns from, and of people it does not."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceplate.model.metrics import area_under_roc, best_threshold
from faceplate_trainer.data.prepared import Prepared
from faceplate_trainer.training.learner import Learner
from faceplate_trainer.training.validation import Confusion, Pairs, confusion, score

FIGURES = 8
"""How many numbers a judgement has"""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an epoch is worth. The threshold is the best on the training pairs; validation has no say in it."""

    train: Confusion
    validation: Confusion | None
    area_under_roc: float | None
    """Of the validation pairs"""
    threshold: float

    def to_numbers(self) -> NDArray[np.float64]:
        """float64 (FIGURES,), NaN for what there is not."""
        nothing = Confusion(math.nan, math.nan, math.nan)
        parts = [self.train, self.validation or nothing]
        figures = [figure for part in parts for figure in (part.accuracy, part.precision, part.recall)]
        area = math.nan if self.area_under_roc is None else self.area_under_roc
        return np.array([*figures, area, self.threshold])

    @classmethod
    def from_numbers(cls, numbers: NDArray[np.float64]) -> Judgement:
        """What `to_numbers` wrote."""
        *figures, area, threshold = numbers.tolist()
        validated = not math.isnan(area)
        return cls(
            Confusion(*figures[:3]),
            Confusion(*figures[3:]) if validated else None,
            area if validated else None,
            threshold,
        )


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges by the same pairs each time."""

    prepared: Prepared
    train: Pairs
    validation: Pairs | None

    def judge(self, learner: Learner) -> Judgement:
        """Score all pairs with the tower as it is.

        Raises:
            PictureError: a crop cannot be read.
        """
        scores = score(self.train, self.prepared, learner.embed, learner.score, what="judging on training people")
        threshold = best_threshold(scores, self.train.same)
        train = confusion(scores, self.train.same, threshold)
        if self.validation is None:
            return Judgement(train, None, None, threshold)
        same = self.validation.same
        scores = score(self.validation, self.prepared, learner.embed, learner.score, what="judging on other people")
        return Judgement(
            train, confusion(scores, same, threshold), area_under_roc(scores[same], scores[~same]), threshold
        )
