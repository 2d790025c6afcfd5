"""Simulated attempts and visits: everybody against every enrolled person, by the daemon's own rule."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

MOST_IMPOSTORS = 20_000_000
"""More are not tried, but drawn from: so many show a rate of 1.5e-7, and fit in memory"""

_NUMBERS_AT_ONCE = 16_000_000

Logits: TypeAlias = NDArray[np.float32]

Similarity: TypeAlias = Callable[[NDArray[np.float32], NDArray[np.float32]], Logits]
"""Embeddings of visitors float32 (V, D) and references (A, D) -> how alike float32 (V, A), such as `Head.logits`."""

Fusion: TypeAlias = Callable[[Logits, Logits], Logits]
"""How like the anchors (V, A) and their centroid (V,) -> what decides (V,)."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """How like the enrolled people, who have a given number of anchors, their visitors were."""

    genuine: NDArray[np.float32]
    """float32 (G,), as the similarity gives it: log odds of a head"""
    genuine_person: NDArray[np.intp]
    """(G,)"""
    impostor: NDArray[np.float32]
    """float32 (I,)"""
    impostor_enrolled: NDArray[np.intp]
    """Whom the impostor was compared with, (I,)"""
    impostor_visitor: NDArray[np.intp]
    """Who the impostor was, (I,)"""
    people: int


@dataclass(frozen=True, slots=True)
class Sequences:
    """What a visit is: so many pictures one after the other, of which so many must be verified."""

    frames: int = 1
    needed: int = 1

    def decide(self, similarity: Logits) -> Logits:
        """Of each visit's frames (..., frames) the one that decides, the needed-th best."""
        return np.asarray(np.partition(similarity, self.frames - self.needed, axis=-1)[..., self.frames - self.needed])


SINGLE = Sequences()
"""Every picture is an attempt of its own"""


def daemon_rule(verification_threshold: float) -> Fusion:
    """What the daemon does: centroid and more than a share of the anchors must each exceed `detection_threshold`.

    Both do exactly when the lower does, of the centroid's score and of the score of the last anchor that is needed.
    """

    def fuse(anchors: Logits, centroid: Logits) -> Logits:
        needed = math.floor(verification_threshold * anchors.shape[1] + 1e-9) + 1
        if needed > anchors.shape[1]:
            return np.full(len(anchors), -np.inf, np.float32)  # more than all of them never match
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


def cosines(visitors: NDArray[np.float32], references: NDArray[np.float32]) -> Logits:
    """The similarity before there is a head: unit vectors (V, D) and (A, D) -> cosines (V, A)."""
    return np.asarray(visitors @ references.T)


def attempts(  # noqa: PLR0913 - all of them matter
    embeddings: NDArray[np.float32],
    people: NDArray[np.str_],
    *,
    templates: NDArray[np.float32] | None = None,
    similarity: Similarity,
    anchors: int,
    fuse: Fusion,
    rounds: int,
    seed: int,
    each: Sequences = SINGLE,
) -> Attempts:
    """Enrol everybody who has `anchors` pictures, `rounds` times by other pictures; all that are left visit.

    Where that makes more than 20 million attempts by strangers, each enrolled person is visited by a share of them,
    drawn anew.

    Args:
        embeddings: unit vectors float32 (N, D).
        people: who each shows, (N,).
        templates: what is kept of each when it is enrolled, float32 (N, D); the embedding itself if None.
        similarity: how alike two embeddings are.
        anchors: how many pictures to enrol.
        fuse: how several anchors become one.
        rounds: how often to choose.
        seed: of the choices.
        each: what one visitor shows of themselves: one picture, or several in a visit.
    """
    names, owner = np.unique(people, return_inverse=True)
    draw = np.random.default_rng(seed)
    enrolled = list(_enrolments(owner, anchors, rounds, draw))
    visits = _visits(owner, each.frames, draw)
    share = min(1.0, MOST_IMPOSTORS / max(1, len(enrolled) * len(visits)))
    trial = _Trial(embeddings, embeddings if templates is None else templates, owner, similarity, fuse, each)
    genuine, impostor = [_nothing(2)], [_nothing(3)]
    with tqdm(total=len(enrolled), desc=f"{anchors} anchors", unit="people", delay=2, disable=None) as progress:
        for some in _batches(enrolled, share * visits.size * (anchors + 1)):
            genuine += [trial.genuine(enrolment, draw) for enrolment in some]
            impostor += trial.impostors(some, visits[draw.random(len(visits)) < share] if share < 1 else visits)
            progress.update(len(some))
    likeness, person = _joined(genuine)
    impostor_likeness, whom, who = _joined(impostor)
    return Attempts(likeness, person, impostor_likeness, whom, who, len(names))


@dataclass(frozen=True, slots=True)
class _Enrolment:
    person: int
    anchors: NDArray[np.intp]
    """Which pictures, (A,)"""


@dataclass(frozen=True, slots=True)
class _Trial:
    embeddings: NDArray[np.float32]
    templates: NDArray[np.float32]
    owner: NDArray[np.intp]
    similarity: Similarity
    fuse: Fusion
    each: Sequences

    def genuine(self, enrolment: _Enrolment, draw: np.random.Generator) -> tuple[NDArray[Any], ...]:
        """What decides, and whose it is, of the visits that the enrolled person's other pictures make."""
        left = np.setdiff1d(np.flatnonzero(self.owner == enrolment.person), enrolment.anchors)
        visits = _in_visits(left, self.each.frames, draw)
        return self._decisive(visits, [enrolment])[:, 0], np.full(len(visits), enrolment.person)

    def impostors(
        self, enrolments: Sequence[_Enrolment], visits: NDArray[np.intp]
    ) -> list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
        """For each enrolled person: what decides, who is enrolled, who comes, of the visits of all others."""
        decisive = self._decisive(visits, enrolments)
        visitor = self.owner[visits[:, 0]]
        strangers = [visitor != enrolment.person for enrolment in enrolments]
        return [
            (decisive[which, i], np.full(which.sum(), enrolments[i].person), visitor[which])
            for i, which in enumerate(strangers)
        ]

    def _decisive(self, visits: NDArray[np.intp], enrolments: Sequence[_Enrolment]) -> Logits:
        """Visits (V, frames) against E enrolled people -> float32 (V, E)."""
        anchors = [self.templates[enrolment.anchors] for enrolment in enrolments]
        references = np.concatenate([np.vstack([some, _centroid(some)]) for some in anchors])
        similar = self.similarity(self.embeddings[visits.ravel()], references)
        blocks = np.split(similar, len(enrolments), axis=1)
        decided = [self.each.decide(self.fuse(b[:, :-1], b[:, -1]).reshape(visits.shape)) for b in blocks]
        return np.stack(decided, axis=1)


def _enrolments(owner: NDArray[np.intp], anchors: int, rounds: int, draw: np.random.Generator) -> Iterator[_Enrolment]:
    for person, pictures in enumerate(_pictures_of_each(owner)):
        if len(pictures) >= anchors:
            for _ in range(rounds):
                yield _Enrolment(person, draw.choice(pictures, anchors, replace=False))


def _visits(owner: NDArray[np.intp], frames: int, draw: np.random.Generator) -> NDArray[np.intp]:
    """Every picture in at most one visit of the person it shows, (V, frames)."""
    return np.concatenate([_in_visits(pictures, frames, draw) for pictures in _pictures_of_each(owner)])


def _in_visits(pictures: NDArray[np.intp], frames: int, draw: np.random.Generator) -> NDArray[np.intp]:
    shuffled = draw.permutation(pictures) if frames > 1 else pictures
    return shuffled[: len(shuffled) // frames * frames].reshape(-1, frames)


def _pictures_of_each(owner: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    order = np.argsort(owner, kind="stable")
    return np.split(order, np.cumsum(np.bincount(owner))[:-1])


def _batches(enrolled: Sequence[_Enrolment], numbers_each: float) -> Iterator[tuple[_Enrolment, ...]]:
    """As many at once as fit in memory: one matrix product for all of them is faster than one for each."""
    left = iter(enrolled)
    while some := tuple(itertools.islice(left, max(1, int(_NUMBERS_AT_ONCE / max(1.0, numbers_each))))):
        yield some


def _nothing(columns: int) -> tuple[NDArray[Any], ...]:
    return (np.empty(0, np.float32), *[np.empty(0, np.intp)] * (columns - 1))


def _joined(parts: Sequence[tuple[NDArray[Any], ...]]) -> list[NDArray[Any]]:
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def _centroid(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """As `faceplate.people.matching.centroid`."""
    middle = embeddings.mean(axis=0)
    return np.asarray(middle / max(float(np.linalg.norm(middle)), 1e-9), dtype=np.float32)
