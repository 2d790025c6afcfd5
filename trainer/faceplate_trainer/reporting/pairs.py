"""Pairs of pictures worth looking at: right, wrong, and nearly wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceplate_trainer.measuring.head import sigmoid
from faceplate_trainer.reporting.evidence import Evidence

_ROWS = 512
"""Pictures compared with all others at a time"""
_CANDIDATES = 2000
"""Pairs of a kind kept on the way; enough that somebody with many pictures leaves room for others"""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures and their score as one comparison."""

    a: int
    b: int
    score: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """Each kind with the most telling pair first; nobody twice in a kind."""

    wrongly_accepted: tuple[Pair, ...]
    """Different people above the threshold, the highest first"""
    wrongly_refused: tuple[Pair, ...]
    """One person not above it, the lowest first"""
    barely_refused: tuple[Pair, ...]
    """Different people, rightly not above it, the highest first"""
    barely_accepted: tuple[Pair, ...]
    """One person, rightly above it, the lowest first"""
    typical_same: tuple[Pair, ...]
    """One person, drawn at random from those rightly above"""
    typical_different: tuple[Pair, ...]


class _Kind:
    """The pairs with the highest keys that have come by."""

    def __init__(self) -> None:
        self._key = np.empty(0, np.float32)
        self._ab = np.empty((0, 2), np.intp)
        self._logit = np.empty(0, np.float32)

    def offer(self, which: NDArray[np.bool_], logits: NDArray[np.float32], key: NDArray[np.float32], row: int) -> None:
        """Take the pairs (row + i, j) where `which[i, j]`; `key` says how telling they are."""
        i, j = np.nonzero(which)
        self._key = np.concatenate([self._key, key[i, j]])
        self._ab = np.concatenate([self._ab, np.stack([i + row, j], axis=1)])
        self._logit = np.concatenate([self._logit, logits[i, j]])
        best = np.argsort(-self._key, kind="stable")[:_CANDIDATES]
        self._key, self._ab, self._logit = self._key[best], self._ab[best], self._logit[best]

    def chosen(self, people: NDArray[np.str_], most: int) -> tuple[Pair, ...]:
        """The most telling pairs in which nobody comes twice."""
        seen: set[str] = set()
        pairs: list[Pair] = []
        for (a, b), logit in zip(self._ab.tolist(), self._logit, strict=True):
            shown = {str(people[a]), str(people[b])}
            if len(pairs) < most and not shown & seen:
                seen |= shown
                pairs.append(Pair(a, b, float(sigmoid(np.array(logit)))))
        return tuple(pairs)


def telling_pairs(evidence: Evidence, *, most: int, seed: int) -> Pairs:
    """Compare every picture with every other, as single comparisons, and keep at most `most` pairs of each kind."""
    embeddings, people = evidence.embedded.embeddings, evidence.embedded.people
    draw = np.random.default_rng(seed)
    kinds = [_Kind() for _ in range(6)]
    for row in tqdm(range(0, len(people), _ROWS), desc="every pair of pictures", disable=None):
        logits = evidence.head.logits(embeddings[row : row + _ROWS], evidence.embedded.templates)
        later = np.arange(len(people)) > np.arange(row, row + len(logits))[:, None]
        same = people[row : row + len(logits), None] == people
        above = logits > evidence.threshold
        lot = draw.random(logits.shape, dtype=np.float32)
        offers = (
            (~same & above, logits),
            (same & ~above, -logits),
            (~same & ~above, logits),
            (same & above, -logits),
            (same & above, lot),
            (~same & ~above, lot),
        )
        for kind, (which, key) in zip(kinds, offers, strict=True):
            kind.offer(_most_telling(which & later, key), logits, key, row)
    return Pairs(*(kind.chosen(people, most) for kind in kinds))


def _most_telling(which: NDArray[np.bool_], key: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Only what can be among the candidates at all, so that a hundred million pairs need not be sorted."""
    if int(which.sum()) <= _CANDIDATES:
        return which
    least = np.partition(key[which], -_CANDIDATES)[-_CANDIDATES]
    return np.asarray(which & (key >= least))
