"""Which crops a step looks at: a pure function of the seed and the step, so that a resumed run sees exactly the same.

Pairs: rows 2i and 2i + 1 are a pair, of the same person and of different people alternately. The left crop always shows
somebody with at least two pictures, or only the enrolled person, as in the Siamese tutorials; the right one of a
different pair shows anybody else. People are drawn first, with equal chances, then their pictures, so that somebody
with a hundred pictures counts no more than somebody with two.

People: P people, K crops of each, one after another.

Several workers share a batch by groups that must stay together: worker w of n takes the groups w, w + n, w + 2n, ...
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from faceplate_trainer.data.labelled import DatasetError

_CHOICE = 0
"""First word after seed and step of the choice's generator; augmentation of row i uses 1 + i"""

_ROWS_OF_TWO_PAIRS = 4


@dataclass(frozen=True, slots=True)
class Crowd:
    """Whose picture each crop is."""

    owner: NDArray[np.intp]
    """Number of the person each crop shows, (N,), 0 .. people - 1"""

    names: tuple[str, ...]
    """By number"""

    by_person: tuple[NDArray[np.intp], ...]
    """The crops of each person"""

    @property
    def people(self) -> int:
        """How many there are."""
        return len(self.by_person)

    def with_pictures(self, least: int) -> NDArray[np.intp]:
        """The people who have at least so many."""
        return np.flatnonzero(np.bincount(self.owner, minlength=self.people) >= least)


def crowd_of(people: Sequence[str] | NDArray[np.str_]) -> Crowd:
    """Number the people of a list of crops in the order of their names."""
    names, owner = np.unique(np.asarray(people, dtype=np.str_), return_inverse=True)
    order = np.argsort(owner, kind="stable")
    by_person = np.split(order, np.cumsum(np.bincount(owner, minlength=len(names)))[:-1])
    return Crowd(owner, tuple(map(str, names)), tuple(by_person))


class Batches(Protocol):
    """Gives the crops of every step."""

    @property
    def rows(self) -> int:
        """Crops in a batch."""

    @property
    def group(self) -> int:
        """Rows that must stay together on one worker."""

    def at(self, step: int) -> NDArray[np.intp]:
        """The crops of a step, (rows,)."""


@dataclass(frozen=True, slots=True)
class PairBatches:
    """Half the pairs show the same person, half different people, alternately."""

    crowd: Crowd
    left: NDArray[np.intp]
    """The people whom left crops show, as `left_people` chose them"""
    pairs: int
    seed: int

    @property
    def rows(self) -> int:
        """Crops in a batch."""
        return 2 * self.pairs

    @property
    def group(self) -> int:
        """A pair of the same and a pair of different people: every worker's share is balanced."""
        return _ROWS_OF_TWO_PAIRS

    def at(self, step: int) -> NDArray[np.intp]:
        """The crops of a step, (rows,)."""
        draw = np.random.default_rng([self.seed, step, _CHOICE])
        drawn = [draw_pair(self.crowd, self.left, draw, same=i % 2 == 0) for i in range(self.pairs)]
        return np.array(drawn, dtype=np.intp).reshape(-1)


@dataclass(frozen=True, slots=True)
class PeopleBatches:
    """So many different people, so many pictures of each.

    Whoever has fewer pictures is shown with some of them again (augmented anew), but has at least two, unless one
    picture is all that is asked for.
    """

    crowd: Crowd
    people: int
    pictures: int
    seed: int

    def __post_init__(self) -> None:
        least = min(2, self.pictures)
        able = len(self.crowd.with_pictures(least))
        if able < self.people:
            raise DatasetError(
                f"a batch of {self.people} people takes at least {self.people} training people with {least} or more "
                f"pictures, there are {able} (of {self.crowd.people}). Add people to the dataset, or lower batch.people"
            )

    @property
    def rows(self) -> int:
        """Crops in a batch."""
        return self.people * self.pictures

    @property
    def group(self) -> int:
        """All crops of one person."""
        return self.pictures

    def at(self, step: int) -> NDArray[np.intp]:
        """The crops of a step, (rows,)."""
        draw = np.random.default_rng([self.seed, step, _CHOICE])
        able = self.crowd.with_pictures(min(2, self.pictures))
        chosen = draw.choice(able, self.people, replace=False)
        return np.concatenate([self._pictures_of(int(person), draw) for person in chosen])

    def _pictures_of(self, person: int, draw: np.random.Generator) -> NDArray[np.intp]:
        return np.resize(draw.permutation(self.crowd.by_person[person]), self.pictures)


def left_people(crowd: Crowd, use: str, *, only: Collection[str] | None = None) -> NDArray[np.intp]:
    """The people whom the left crop of a pair can show: with two pictures or more, and among `only`, if that is given.

    Raises:
        DatasetError: there are no pairs of the same person and of different people.
    """
    able = crowd.with_pictures(2)
    if only is not None:
        able = able[[crowd.names[person] in only for person in able]]
    if len(able) < 1 or crowd.people < 2:  # noqa: PLR2004 - a pair
        who = "person" if only is None else "enrolled person"
        raise DatasetError(
            f"pairs for {use} take at least 1 {who} with 2 or more pictures and 1 other person; there are {len(able)} "
            f"with 2 or more pictures, of {crowd.people}. Add pictures, and run `faceplate-train prepare` again"
        )
    return able


def draw_pair(crowd: Crowd, left: NDArray[np.intp], draw: np.random.Generator, *, same: bool) -> tuple[int, int]:
    """Two crops, the first of somebody among `left`."""
    person = int(draw.choice(left))
    if same:
        a, b = draw.choice(crowd.by_person[person], 2, replace=False)
        return int(a), int(b)
    other = int(draw.integers(crowd.people - 1))
    other += other >= person  # anybody but the first
    return int(draw.choice(crowd.by_person[person])), int(draw.choice(crowd.by_person[other]))


def share_of(rows: int, group: int, worker: int, workers: int) -> NDArray[np.intp]:
    """The rows of a batch that one of several workers takes, in order.

    Raises:
        ValueError: the groups cannot be shared evenly.
    """
    groups = rows // group
    if groups % workers:
        raise ValueError(
            f"a batch of {rows} crops has {groups} groups of {group}, which {workers} workers cannot share evenly; "
            f"choose a batch with a multiple of {workers} groups"
        )
    return np.arange(rows, dtype=np.intp).reshape(groups, group)[worker::workers].reshape(-1)


def augmentation_draw(seed: int, step: int, row: int) -> np.random.Generator:
    """The generator of one crop's augmentation: its own, whichever worker or thread shows it."""
    return np.random.default_rng([seed, step, 1 + row])
