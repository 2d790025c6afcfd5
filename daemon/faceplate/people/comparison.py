"""What another bundle would change for the people enrolled, and whether it may be put in force. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from faceplate.people.examination import Apart, Probe
from faceplate.people.person import Person


@dataclass(frozen=True, slots=True)
class Examined:
    """What one bundle makes of the people enrolled, and of strangers."""

    probes: Sequence[Probe]

    strangers: int | None
    """How many were held against everybody; None: the bundle brings none"""

    passing: int = 0
    """How many of them would be taken for somebody"""

    decoys: int = 0
    """How many pictures without a face would be taken for somebody"""

    golden: tuple[bool, ...] = ()
    """For each golden crop, a face that hardly ever lives here, whether it would be taken for somebody"""


@dataclass(frozen=True, slots=True)
class Recognised:
    """How many of a person's pictures their other pictures know, by two bundles."""

    name: str
    pictures: int

    before: int | None
    """None: the bundle in force cannot be asked"""

    after: int

    @property
    def lost(self) -> bool:
        """Whether this person passes today, and would not any more."""
        return (
            self.before is not None and _passes(self.before, self.pictures) and not _passes(self.after, self.pictures)
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two bundles over one household."""

    people: tuple[Recognised, ...]

    taken_for: tuple[tuple[str, str], ...]
    """By the new bundle a picture of the first opens for the second"""

    strangers_before: tuple[int, int] | None
    strangers_after: tuple[int, int] | None
    """How many strangers would be taken for somebody, of how many; None: no strangers were there"""

    decoys: int = 0
    """How many pictures without a face the new bundle takes for somebody"""

    golden: int = 0
    """How many golden crops only the new bundle takes for somebody"""

    def dangers(self) -> Iterator[str]:
        """Why the new bundle must not be put in force, whatever anybody says."""
        for one, other in self.taken_for:
            yield (
                f"it would let {one} in as {other}; if both are one person, remove one of them, else enrol both again"
            )
        if self.strangers_after and self.strangers_after[0]:
            passing, strangers = self.strangers_after
            yield f"it would take {passing} of {strangers} strangers for somebody enrolled"
        if self.decoys:
            yield f"it would take {self.decoys} pictures without any face for somebody enrolled"

    def losses(self) -> Iterator[str]:
        """Who would stand before a shut door."""
        for person in self.people:
            if person.lost:
                yield (
                    f"{person.name} is recognised today in {person.before} of {person.pictures} pictures, and would be "
                    f"in {person.after}; enrol {person.name} again first, with other pictures"
                )


def compare(people: Sequence[Person], before: Examined | None, after: Examined) -> Comparison:
    """What changes between two examinations of the same people.

    Args:
        people: everybody enrolled, in the order of the probes.
        before: by the bundle in force; None: it cannot be asked.
        after: by the new one.
    """
    recognised = tuple(
        Recognised(person.name, len(person.anchors), _known(before, index) if before else None, _known(after, index))
        for index, person in enumerate(people)
    )
    taken = sorted({(probe.person, probe.best) for probe in after.probes if probe.apart is Apart.NOTHING})
    golden = sum(new and not old for old, new in zip(before.golden, after.golden, strict=True)) if before else 0
    taken_for = tuple((people[one].name, people[other].name) for one, other in taken)
    return Comparison(
        recognised, taken_for, _strangers(before) if before else None, _strangers(after), after.decoys, golden
    )


def _known(examined: Examined, index: int) -> int:
    return sum(probe.recognised for probe in examined.probes if probe.person == index)


def _strangers(examined: Examined) -> tuple[int, int] | None:
    return None if examined.strangers is None else (examined.passing, examined.strangers)


def _passes(recognised: int, pictures: int) -> bool:
    """Whether somebody is let in more often than not."""
    return 2 * recognised > pictures
