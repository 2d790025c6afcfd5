"""How good the tower is, on a fixed, balanced set of pairs: half of the same person, half of different people."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceplate_trainer.data.prepared import Crop, Prepared, people_of
from faceplate_trainer.training.batches import crowd_of, draw_pair, left_people
from faceplate_trainer.training.reading import read_ahead

_CHUNK = 64
_TRIES = 8
"""So often as pairs are wanted, pairs are drawn, before the set counts as exhausted"""

Embed = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""RGB uint8 (B, 112, 112, 3) -> unit vectors float32 (B, D)."""

Score = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float64]]
"""Unit vectors float32 (N, D) and (N, D) -> float64 (N,), higher means more alike."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of crops; each pair is there once."""

    crops: tuple[Crop, ...]
    """The crops that occur"""
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    """Which of the crops each pair consists of, (N,)"""
    same: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Confusion:
    """How pairs are called at a threshold. Precision and recall of "the same person"; 0 where nothing is called so."""

    accuracy: float
    precision: float
    recall: float


def choose_pairs(
    crops: Sequence[Crop], count: int, *, seed: int, use: str, only: Collection[str] | None = None
) -> Pairs:
    """As many different pairs of both kinds, up to `count` together; the same for the same seed.

    Args:
        crops: to choose from.
        count: how many pairs.
        seed: of the choice.
        use: what they are for, for messages.
        only: one of a pair shows one of these people; None: anybody.

    Raises:
        DatasetError: there are no pairs of both kinds.
    """
    crowd = crowd_of(people_of(crops))
    left = left_people(crowd, use, only=only)
    draw = np.random.default_rng(seed)
    kinds: dict[bool, set[tuple[int, int]]] = {True: set(), False: set()}
    for same, found in kinds.items():
        for _ in range(count // 2 * _TRIES):
            if len(found) == count // 2:
                break
            a, b = draw_pair(crowd, left, draw, same=same)
            found.add((min(a, b), max(a, b)))
    fewer = min(map(len, kinds.values()))
    pairs = np.array(
        [pair for found in kinds.values() for pair in sorted(found)[:: max(1, len(found) // fewer)][:fewer]]
    )
    needed, rows = np.unique(pairs, return_inverse=True)
    rows = rows.reshape(pairs.shape)
    same_first = np.arange(len(pairs)) < fewer
    return Pairs(tuple(crops[i] for i in needed), rows[:, 0], rows[:, 1], same_first)


def score(pairs: Pairs, prepared: Prepared, embed: Embed, compare: Score, *, what: str) -> NDArray[np.float64]:
    """The score of each pair, (N,); each crop is read and embedded once.

    Raises:
        PictureError: a crop cannot be read.
    """
    chunks = -(-len(pairs.crops) // _CHUNK)

    def read(chunk: int) -> NDArray[np.uint8]:
        return np.stack([prepared.pixels(crop) for crop in pairs.crops[chunk * _CHUNK : (chunk + 1) * _CHUNK]])

    with read_ahead(read, 0, chunks) as images:
        bar = tqdm(images, desc=what, total=chunks, unit="batches", leave=False, disable=None)
        embeddings = np.concatenate([_embed_chunk(embed, chunk) for chunk in bar])
    return compare(embeddings[pairs.left], embeddings[pairs.right])


def confusion(scores: NDArray[np.float64], same: NDArray[np.bool_], threshold: float) -> Confusion:
    """Call the same person whatever scores above the threshold, and compare with the truth."""
    called = scores > threshold
    right = float((called & same).sum())
    return Confusion(
        accuracy=float((called == same).mean()),
        precision=right / max(int(called.sum()), 1),
        recall=right / max(int(same.sum()), 1),
    )


def cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of unit vectors, row by row."""
    return np.asarray(np.einsum("nd,nd->n", a, b, dtype=np.float64))


def _embed_chunk(embed: Embed, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Filled up to a whole chunk, since TensorFlow would compile the tower again for another number of rows."""
    full = np.concatenate([images, np.zeros((_CHUNK - len(images), *images.shape[1:]), np.uint8)])
    return embed(full)[: len(images)]
