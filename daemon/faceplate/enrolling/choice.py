"""Which of the pictures taken are kept: those that show most of a face. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from faceplate.enrolling.steps import Step
from faceplate.errors import EnrolmentError
from faceplate.types import Embedding

MOST: Final = 10
"""More add time, and no accuracy"""

LEAST: Final = 3
"""Fewer, and somebody would be refused too often"""

ALIKE: Final = 0.97
"""Cosine of two embeddings: pictures more alike than this show one moment twice"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of a picture that may be kept."""

    step: Step
    quality: float
    """0..1"""
    embedding: Embedding


def chosen(candidates: Sequence[Candidate]) -> list[int]:
    """The indices of what is kept, the best first: greedily the picture farthest from all those kept so far.

    That is Gonzalez' farthest-first traversal ("Clustering to minimize the maximum intercluster distance", Theoretical
    Computer Science 38, 1985), whose choice covers the rest at most twice as badly as the best one could. It begins
    with the best picture of each step, so that every pose is there; distances are weighed by quality, so that a picture
    is not kept for being odd because it is bad; and it ends at MOST, or when what is left repeats what is kept.

    Raises:
        EnrolmentError: fewer than LEAST can be kept.
    """
    kept: list[int] = []
    if candidates:
        embeddings = np.array([candidate.embedding for candidate in candidates], dtype=np.float64)
        alike = embeddings @ embeddings.T
        for index in _best_of_each_step(candidates):
            _keep(kept, index, alike)
        _add_farthest(kept, alike, np.array([candidate.quality for candidate in candidates]))
    if len(kept) < LEAST:
        raise EnrolmentError(
            f"nobody was enrolled: {LEAST} different good pictures are needed, and of {len(candidates)} that were "
            f"taken {len(kept)} are. Try again with more of the steps, at more light, or nearer to the camera"
        )
    return kept


def _best_of_each_step(candidates: Sequence[Candidate]) -> list[int]:
    best: dict[Step, int] = {}
    for index, candidate in enumerate(candidates):
        if candidate.step not in best or candidate.quality > candidates[best[candidate.step]].quality:
            best[candidate.step] = index
    return list(best.values())


def _keep(kept: list[int], index: int, alike: NDArray[np.float64]) -> None:
    if not kept or alike[index, kept].max() <= ALIKE:
        kept.append(index)


def _add_farthest(kept: list[int], alike: NDArray[np.float64], quality: NDArray[np.float64]) -> None:
    while len(kept) < min(MOST, len(quality)):
        nearest = alike[:, kept].max(axis=1)
        farthest = int(np.argmax(np.where(nearest <= ALIKE, (1.0 - nearest) * quality, -1.0)))
        if nearest[farthest] > ALIKE:
            return
        kept.append(farthest)
