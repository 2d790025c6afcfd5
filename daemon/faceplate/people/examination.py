"""Every enrolled picture as a visitor: do the others know it, and whom else is it like? And strangers, likewise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from faceplate.people.matching import Compare, Likenesses, Matcher, Thresholds, judge, ranked, stricter
from faceplate.people.person import Anchor, Person
from faceplate.types import Embedding, Image, Likeness


class Apart(IntEnum):
    """What keeps one person from being taken for another; the lower, the worse."""

    NOTHING = 0
    """A picture of one opens for the other"""

    REFUSED = 1
    """A picture could be either of them, and is refused"""

    MARGIN = 2
    """It would match the other as well, and is nearer to its own person by more than the margin"""

    THRESHOLD = 3
    """It does not match the other"""


@dataclass(frozen=True, slots=True)
class Probe:
    """One enrolled picture, held against everybody as if its person came without it."""

    person: int
    picture: int
    """Index among the person's"""

    likeness: Likeness
    best: int
    """Whom it is most like"""

    rival: int | None
    """Whom it is most like of all others; None where there is nobody else"""

    rival_score: float
    apart: Apart
    """From the rival"""

    @property
    def recognised(self) -> bool:
        """Whether its person would have been let in by the other pictures."""
        return self.likeness is Likeness.VERIFIED and self.best == self.person


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people, and the picture of one that is most like the other."""

    people: tuple[int, int]
    """In the order of the gallery"""

    score: float
    apart: Apart
    """What keeps the two apart, at the worst picture"""


@dataclass(frozen=True, slots=True)
class Stranger:
    """The stranger most like somebody enrolled."""

    person: int
    score: float
    passing: int
    """How many strangers would be taken for somebody: a match, or for two"""


def probes_of(
    people: Sequence[Person], embed: Callable[[Image], Embedding], compare: Compare, thresholds: Thresholds
) -> Iterator[Probe]:
    """Hold each picture against everybody, one after the other.

    Args:
        people: everybody enrolled, embedded by one network.
        embed: aligned crop -> unit vector float32 (D,): as a visitor's face is, not as a kept one.
        compare: the Siamese head.
        thresholds: what counts as the same person.
    """
    everybody = Matcher(people, compare, thresholds)
    own = {index: stricter(thresholds, person.rights) for index, person in enumerate(people)}
    for index, person in enumerate(people):
        for picture, anchor in enumerate(person.anchors):
            embedding = embed(anchor.crop)
            found = everybody.likenesses(embedding)
            if len(person.anchors) > 1:
                others = replace(person, anchors=_without(person.anchors, picture))
                found = _with(found, index, Matcher([others], compare, thresholds).likenesses(embedding))
            yield _probe(index, picture, found, thresholds, own)


def pairs_of(probes: Sequence[Probe]) -> list[Pair]:
    """Everybody's likeness to everybody else that some picture comes nearest to, the closest pair first."""
    pairs: dict[tuple[int, int], Pair] = {}
    for probe in probes:
        if probe.rival is None:
            continue
        people = (min(probe.person, probe.rival), max(probe.person, probe.rival))
        before = pairs.get(people, Pair(people, 0.0, Apart.THRESHOLD))
        pairs[people] = Pair(people, max(before.score, probe.rival_score), min(before.apart, probe.apart))
    return sorted(pairs.values(), key=lambda pair: (pair.apart, -pair.score))


def nearest_stranger(
    people: Sequence[Person], strangers: NDArray[np.float32], compare: Compare, thresholds: Thresholds
) -> Stranger | None:
    """Hold strangers, unit vectors float32 (N, D), against everybody; None where nobody is enrolled."""
    if not people or not len(strangers):
        return None
    matcher = Matcher(people, compare, thresholds)
    own = {index: stricter(thresholds, person.rights) for index, person in enumerate(people)}
    found = [matcher.likenesses(stranger) for stranger in strangers]
    passing = sum(judge(each, thresholds, own)[0] is not Likeness.UNKNOWN for each in found)
    nearest = max(found, key=lambda each: float(each.scores.max()))
    person = ranked(nearest.scores)[0]
    return Stranger(person, float(nearest.scores[person]), passing)


def _probe(person: int, picture: int, found: Likenesses, thresholds: Thresholds, own: dict[int, Thresholds]) -> Probe:
    likeness, best, _ = judge(found, thresholds, own)
    rival = next((index for index in ranked(found.scores) if index != person), None)
    if rival is None:
        return Probe(person, picture, likeness, best, None, 0.0, Apart.THRESHOLD)
    limits = own[rival]
    matches = float(found.scores[rival]) > limits.detection and found.shares[rival] > limits.verification
    apart = Apart.THRESHOLD
    if likeness is Likeness.VERIFIED and best == rival:
        apart = Apart.NOTHING
    elif likeness is Likeness.AMBIGUOUS:
        apart = Apart.REFUSED
    elif matches:
        apart = Apart.MARGIN
    return Probe(person, picture, likeness, best, rival, float(found.scores[rival]), apart)


def _with(found: Likenesses, index: int, alone: Likenesses) -> Likenesses:
    """The likenesses, with one person's replaced."""
    scores, shares = found.scores.copy(), found.shares.copy()
    scores[index], shares[index] = alone.scores[0], alone.shares[0]
    return Likenesses(scores, shares)


def _without(anchors: Sequence[Anchor], index: int) -> tuple[Anchor, ...]:
    return tuple(chain(anchors[:index], anchors[index + 1 :]))
