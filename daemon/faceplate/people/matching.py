"""Anchors -> person, score, lead: who a face is, if anybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from faceplate.people.person import Person
from faceplate.rights import Rights
from faceplate.types import Embedding, Likeness, Match, Rival, Score, Sighting

Compare: TypeAlias = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
"""Embeddings float32 (N, D) and (N, D) -> scores float32 (N,), 0..1."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What counts as the same person. Each is 0..1, and is to be exceeded."""

    detection: Score
    """An anchor matches when its score is above this; so must the score against the person's centroid be"""

    verification: float
    """A person is verified when the share of their anchors that match is above this"""

    margin: float
    """The best person must lead the runner-up by more than this"""


@dataclass(frozen=True, slots=True)
class Likenesses:
    """How like one face is to every enrolled person."""

    scores: NDArray[np.float32]
    """Against each person's centroid, float32 (P,), 0..1"""

    shares: NDArray[np.float64]
    """Share of each person's anchors that match, float64 (P,), 0..1"""


def judge(
    likenesses: Likenesses, thresholds: Thresholds, own: Mapping[int, Thresholds] = MappingProxyType({})
) -> tuple[Likeness, int, float]:
    """Pick the person.

    Args:
        likenesses: how like the face is to everybody.
        thresholds: what counts for all.
        own: what counts for one person, by their index, in place of that.

    Returns:
        What the gallery makes of the face, the index of the best person (-1 in an empty gallery), and that person's
        lead over the runner-up, 0..1.
    """
    if len(likenesses.scores) == 0:
        return Likeness.UNKNOWN, -1, 0.0
    best, *others = ranked(likenesses.scores)
    score = float(likenesses.scores[best])
    lead = score - float(likenesses.scores[others[0]]) if others else score
    limits = own.get(best, thresholds)
    if not (score > limits.detection and likenesses.shares[best] > limits.verification):
        return Likeness.UNKNOWN, best, lead
    if others and not lead > limits.margin:
        return Likeness.AMBIGUOUS, best, lead
    return Likeness.VERIFIED, best, lead


def ranked(scores: NDArray[np.float32]) -> list[int]:
    """Indices of the best person and the runner-up, as far as there are so many."""
    return [int(index) for index in np.argsort(-scores, kind="stable")[:2]]


def stricter(thresholds: Thresholds, rights: Rights) -> Thresholds:
    """What counts for one person: what counts for all, or more where their rights ask for more."""
    return replace(
        thresholds,
        detection=Score(max(thresholds.detection, rights.detection_threshold or 0.0)),
        verification=max(thresholds.verification, rights.verification_threshold or 0.0),
    )


class Matcher:
    """Names faces against one state of the gallery."""

    def __init__(self, people: Sequence[Person], compare: Compare, thresholds: Thresholds) -> None:
        """Lay out the gallery for comparing.

        Args:
            people: everybody enrolled.
            compare: the Siamese head.
            thresholds: what counts as the same person; somebody's rights may ask for more.
        """
        self._who = [Rival(person.name, person.rights) for person in people]
        self._compare = compare
        self._thresholds = thresholds
        self._own = {index: stricter(thresholds, person.rights) for index, person in enumerate(people)}
        self._counts = np.array([len(person.anchors) for person in people], dtype=np.intp)
        self._owners = np.repeat(np.arange(len(people)), self._counts)
        limits = np.array([self._own[index].detection for index in range(len(people))], dtype=np.float32)
        self._anchor_limits = np.repeat(limits, self._counts)
        centroids = [centroid(person) for person in people]
        anchors = [anchor.embedding for person in people for anchor in person.anchors]
        self._references = np.array(centroids + anchors, dtype=np.float32)

    def match(self, sighting: Sighting) -> Match:
        """Find whom a sighting shows."""
        if sighting.look.embedding is None:
            return Match(sighting, Likeness.UNUSABLE)
        likenesses = self.likenesses(sighting.look.embedding)
        likeness, best, lead = judge(likenesses, self._thresholds, self._own)
        if best < 0:
            return Match(sighting, likeness)
        rival = self._who[ranked(likenesses.scores)[1]] if likeness is Likeness.AMBIGUOUS else None
        return Match(
            sighting,
            likeness,
            self._who[best].person,
            Score(float(likenesses.scores[best])),
            float(likenesses.shares[best]),
            lead,
            self._who[best].rights,
            rival,
            is_close_call=len(self._who) > 1 and lead < 2 * self._thresholds.margin,
        )

    def nearest(self, embedding: Embedding) -> tuple[str, Score, bool]:
        """The person most like an embedding, how like, and whether it is taken for them, or for one of two."""
        likenesses = self.likenesses(embedding)
        likeness, best, _ = judge(likenesses, self._thresholds, self._own)
        return self._who[best].person, Score(float(likenesses.scores[best])), likeness is not Likeness.UNKNOWN

    def likenesses(self, embedding: Embedding) -> Likenesses:
        """Compare an embedding with everybody at once."""
        if not self._who:
            return Likenesses(np.empty(0, np.float32), np.empty(0))
        scores = self._compare(np.broadcast_to(embedding, self._references.shape), self._references)
        centroids, anchors = np.split(scores, [len(self._who)])
        matching = np.bincount(self._owners, weights=anchors > self._anchor_limits, minlength=len(self._who))
        return Likenesses(centroids, matching / self._counts)


def centroid(person: Person) -> Embedding:
    """The direction in the middle of a person's anchors, a unit vector float32 (D,)."""
    middle = np.mean([anchor.embedding for anchor in person.anchors], axis=0)
    return np.asarray(middle / max(float(np.linalg.norm(middle)), 1e-9), dtype=np.float32)
