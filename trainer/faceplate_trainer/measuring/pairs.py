"""Pairs of pictures to fit a head on: all of one person, and of different people those that matter and a sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceplate_trainer.data.labelled import DatasetError

MOST_PICTURES_OF_ONE = 20
_MOST_PICTURES = 20_000
_ROWS = 1000
_NONE = np.empty((0, 3))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of pictures, each with how many pairs it stands for."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    """Indices of the pictures, (N,)"""
    same: NDArray[np.bool_]
    weight: NDArray[np.float64]
    """Such that sums over these pairs are unbiased estimates of sums over all; (N,)"""


def some_of_each(people: NDArray[np.str_], seed: int = 0) -> NDArray[np.intp]:
    """Indices of at most 20 pictures of each person, and of no more people than 20,000 pictures show."""
    each = [np.flatnonzero(people == person)[:MOST_PICTURES_OF_ONE] for person in np.unique(people)]
    if sum(map(len, each)) > _MOST_PICTURES:
        order = np.random.default_rng(seed).permutation(len(each))
        fits = np.cumsum([len(each[i]) for i in order]) <= _MOST_PICTURES
        each = [each[i] for i in np.sort(order[fits])]
    return np.concatenate(each)


def cosines_in_rows(
    embeddings: NDArray[np.float32], people: NDArray[np.str_]
) -> Iterator[tuple[int, NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]]:
    """All pairs, some rows of the matrix at a time, so that it is never whole in memory.

    Yields:
        Index of the first row; cosines float32 (R, N); which pairs show one person, and which show two, bool (R, N);
        each pair once.
    """
    _, owner = np.unique(people, return_inverse=True)
    for start in range(0, len(people), _ROWS):
        rows = slice(start, start + _ROWS)
        once = np.arange(len(people)) > np.arange(len(people))[rows, None]
        same = owner[rows, None] == owner
        yield start, embeddings[rows] @ embeddings.T, same & once, ~same & once


def choose_pairs(embeddings: NDArray[np.float32], people: NDArray[np.str_], *, most: int, seed: int) -> Pairs:
    """A third of the pairs of one person, a third the strangers most alike, a third other strangers at random.

    The hardest impostors stand for themselves, those at random for all the rest (stratified sampling).

    Args:
        embeddings: unit vectors float32 (N, D).
        people: who each shows, (N,).
        most: how many pairs to choose.
        seed: of the choices.

    Raises:
        DatasetError: nobody has two pictures, or there is only one person.
    """
    draw = np.random.default_rng(seed)
    genuine, hardest, sample, impostors = _strata(embeddings, people, most // 3, draw)
    if not len(genuine) or not impostors:
        raise DatasetError(
            f"expected several people, some with two pictures or more, to fit a head on; received {len(people)} "
            f"pictures of {len(np.unique(people))} people"
        )
    chosen = genuine if len(genuine) <= most // 3 else draw.choice(genuine, most // 3, replace=False)
    parts = [(chosen, len(genuine)), (hardest, len(hardest)), (sample, impostors - len(hardest))]
    both = np.concatenate([pairs for pairs, _ in parts])
    return Pairs(
        both[:, 0],
        both[:, 1],
        np.arange(len(both)) < len(chosen),
        np.concatenate([np.full(len(pairs), stands_for / max(1, len(pairs))) for pairs, stands_for in parts]),
    )


def _strata(
    embeddings: NDArray[np.float32], people: NDArray[np.str_], most: int, draw: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], int]:
    """Pairs of one person, the most alike of different people, some of the others; how many of the last two there are.

    The pairs are (N, 2).
    """
    impostors = _pairs_of_two(people)
    genuine, hardest, sample = [_NONE[:, :2]], _NONE, [_NONE]
    for start, cosine, same, different in cosines_in_rows(embeddings, people):
        genuine.append(np.argwhere(same) + np.array([start, 0]))
        floor = hardest[-1, 2] if len(hardest) == most else -np.inf
        new = _with_cosines(different & (cosine > floor), cosine, start)
        hardest = np.concatenate([hardest, new])
        hardest = hardest[np.argsort(-hardest[:, 2], kind="stable")][:most]
        drawn = different & (draw.random(different.shape, np.float32) < most / max(1, impostors))
        sample.append(_with_cosines(drawn, cosine, start))
    others = np.concatenate(sample)
    others = others[others[:, 2] < hardest[-1, 2]] if len(hardest) else others
    return np.concatenate(genuine).astype(np.intp), _pictures(hardest), _pictures(others), impostors


def _pictures(with_cosines: NDArray[np.float64]) -> NDArray[np.intp]:
    return with_cosines[:, :2].astype(np.intp)


def _with_cosines(which: NDArray[np.bool_], cosine: NDArray[np.float32], start: int) -> NDArray[np.float64]:
    """First picture, second picture, cosine: float64 (N, 3)."""
    first, second = np.nonzero(which)
    return np.stack([first + start, second, cosine[first, second]], axis=1).astype(np.float64)


def _pairs_of_two(people: NDArray[np.str_]) -> int:
    """How many pairs of pictures show two people."""
    _, counts = np.unique(people, return_counts=True)
    return (len(people) ** 2 - int((counts**2).sum())) // 2
