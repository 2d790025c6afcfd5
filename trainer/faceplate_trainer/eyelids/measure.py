"""Thresholds by some people's open eyes, and what they do to other people's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from faceplate.model.eyelids_model import EyelidsMeasured
from faceplate.model.metrics import Rate
from faceplate_trainer.data.scored import Scored
from faceplate_trainer.eyelids.people import FEWEST, OPEN, SHUT
from faceplate_trainer.eyelids.recipe import FitRecipe
from faceplate_trainer.measuring.calibrate import share_of

TAKEN: Final = (0.01, 0.05)
"""Shares of open pictures above thresholds that the shut ones are held against"""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What scores mean."""

    shut_above: float
    risen_by: float


def thresholds(scored: Sequence[Scored], recipe: FitRecipe) -> Thresholds:
    """Where no more open pictures are taken for shut than the recipe says.

    Args:
        scored: open pictures of people not fitted on, some of them with at least FEWEST.
        recipe: says how many.
    """
    risen = _risen(scored)
    return Thresholds(
        float(np.quantile([each.score for each in scored], 1 - recipe.taken)),
        float(np.quantile(risen[~np.isnan(risen)], 1 - recipe.risen)),
    )


def measure(scored: Sequence[Scored], limits: Thresholds, *, seed: int) -> EyelidsMeasured:
    """Rates of single pictures.

    Args:
        scored: pictures of people whom neither network nor thresholds know, some SHUT, some OPEN.
        limits: chosen without them.
        seed: of the bounds.
    """
    score = np.array([each.score for each in scored])
    shut = np.array([each.shown.label == SHUT for each in scored])
    people = np.array([each.shown.subject for each in scored])
    risen = _risen(scored)
    compared = ~np.isnan(risen)
    taken = (score > limits.shut_above) & (risen > limits.risen_by)

    def share(hits: NDArray[np.bool_], of: NDArray[np.bool_]) -> Rate:
        _, owner = np.unique(people[of], return_inverse=True)
        return share_of(hits[of], owner, people=int(owner.max()) + 1, seed=seed)

    return EyelidsMeasured(
        subjects=len(set(people)),
        shut=int(shut.sum()),
        open=int((~shut).sum()),
        found={f"{rate:g}": share(score > np.quantile(score[~shut], 1 - rate), shut) for rate in TAKEN},
        shut_found=share(score > limits.shut_above, shut),
        open_taken=share(score > limits.shut_above, ~shut),
        risen_found=share(taken, shut & compared) if (shut & compared).any() else None,
        risen_taken=share(taken, ~shut & compared) if (~shut & compared).any() else None,
    )


def _risen(scored: Sequence[Scored]) -> NDArray[np.float64]:
    """How far each picture scores above the median of the same person's other open ones, (N,).

    NaN: they are fewer than FEWEST, itself counted.
    """
    by_person: dict[str, list[int]] = {}
    for place, each in enumerate(scored):
        if each.shown.label == OPEN:
            by_person.setdefault(each.shown.subject, []).append(place)
    risen = np.full(len(scored), np.nan)
    for place, each in enumerate(scored):
        others = [scored[other].score for other in by_person.get(each.shown.subject, []) if other != place]
        if len(others) + 1 >= FEWEST:
            risen[place] = each.score - float(np.median(others))
    return risen
