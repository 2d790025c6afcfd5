"""Simulated attempts: every picture against every enrolled person, by the daemon's own rule."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Squared = NDArray[np.float32]
Similarity = Callable[[Squared], NDArray[np.float32]]
"""Cosines (N,) -> scores (N,), rising."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """Scores of pictures against enrolled people who have a given number of anchors."""

    genuine: NDArray[np.float32]
    """float32 (G,)"""
    genuine_person: NDArray[np.intp]
    """(G,)"""
    impostor: NDArray[np.float32]
    """float32 (I,)"""
    impostor_enrolled: NDArray[np.intp]
    """Whom the impostor was compared with, (I,)"""
    impostor_visitor: NDArray[np.intp]
    """Who the impostor was, (I,)"""
    people: int


Fusion = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
"""Cosines to the anchors (V, A) and to their centroid (V,) -> the cosine that decides (V,)."""


def daemon_rule(verification_threshold: float) -> Fusion:
    """What the daemon does: centroid and more than a share of the anchors must each exceed `detection_threshold`.

    Both do exactly when the lower does, of the centroid's score and of the score of the last anchor that is needed.
    """

    def fuse(anchors: NDArray[np.float32], centroid: NDArray[np.float32]) -> NDArray[np.float32]:
        needed = min(math.floor(verification_threshold * anchors.shape[1] + 1e-9) + 1, anchors.shape[1])
        last_needed = np.partition(anchors, anchors.shape[1] - needed, axis=1)[:, anchors.shape[1] - needed]
        return np.minimum(last_needed, centroid)

    return fuse


FUSIONS: dict[str, Fusion] = {
    "max": lambda anchors, _: anchors.max(axis=1),
    "mean": lambda anchors, _: anchors.mean(axis=1),
    "share of anchors > 0.5": lambda anchors, _: np.sort(anchors, axis=1)[:, (anchors.shape[1] - 1) // 2],
    "centroid": lambda _, centroid: centroid,
    "centroid and share > 0.3 (shipped)": daemon_rule(0.3),
}


def attempts(  # noqa: PLR0913 - all of them matter
    embeddings: NDArray[np.float32], people: NDArray[np.str_], *, anchors: int, fuse: Fusion, rounds: int, seed: int
) -> Attempts:
    """Enrol everybody who has `anchors` pictures, `rounds` times by other pictures; all that are left visit.

    Args:
        embeddings: unit vectors float32 (N, D).
        people: who each shows, (N,).
        anchors: how many pictures to enrol.
        fuse: how several anchors become one cosine.
        rounds: how often to choose.
        seed: of the choices.
    """
    names, owner = np.unique(people, return_inverse=True)
    draw = np.random.default_rng(seed)
    nobody = np.empty(0, np.intp)
    genuine, impostor = [(np.empty(0, np.float32), nobody)], [(np.empty(0, np.float32), nobody, nobody)]
    for person, chosen in _enrolments(owner, anchors, rounds, draw):
        cosines = fuse(embeddings @ embeddings[chosen].T, embeddings @ _centroid(embeddings[chosen]))
        mine = owner == person
        mine_left = mine.copy()
        mine_left[chosen] = False
        genuine.append((cosines[mine_left], owner[mine_left]))
        impostor.append((cosines[~mine], np.full((~mine).sum(), person), owner[~mine]))
    return Attempts(
        genuine=np.concatenate([scores for scores, _ in genuine]),
        genuine_person=np.concatenate([who for _, who in genuine]),
        impostor=np.concatenate([scores for scores, _, _ in impostor]),
        impostor_enrolled=np.concatenate([enrolled for _, enrolled, _ in impostor]),
        impostor_visitor=np.concatenate([visitor for _, _, visitor in impostor]),
        people=len(names),
    )


def _enrolments(
    owner: NDArray[np.intp], anchors: int, rounds: int, draw: np.random.Generator
) -> Iterator[tuple[int, NDArray[np.intp]]]:
    for person in range(int(owner.max()) + 1):
        pictures = np.flatnonzero(owner == person)
        if len(pictures) >= anchors:
            for _ in range(rounds):
                yield person, draw.choice(pictures, anchors, replace=False)


def _centroid(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    middle = embeddings.mean(axis=0)
    return np.asarray(middle / np.linalg.norm(middle), dtype=np.float32)
