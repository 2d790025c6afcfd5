"""What an examination of the people enrolled comes to, in words, each with what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from shlex import quote

from faceplate.people.coverage import Coverage
from faceplate.people.examination import Apart, Pair, Probe, Stranger
from faceplate.people.person import Person
from faceplate.types import Likeness

ENOUGH_PICTURES = 3


class Kind(StrEnum):
    """What was found."""

    NOBODY = "nobody"
    NOT_RECOGNISED = "not_recognised"
    ODD_PICTURE = "odd_picture"
    FEW_PICTURES = "few_pictures"
    LOOK_MISSING = "look_missing"
    TOO_ALIKE = "too_alike"
    STRANGER_PASSES = "stranger_passes"
    NO_COHORT = "no_cohort"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    kind: Kind
    people: tuple[str, ...]
    message: str
    advice: str

    fault: bool = False
    """False: it could be better, and the door does what it should all the same"""


def findings_of(person: Person, probes: Sequence[Probe], coverage: Coverage) -> Iterator[Finding]:
    """What there is to say of one person, by the probes with that person's pictures."""
    name, count = person.name, len(person.anchors)
    add = f"faceplate people add {quote(name)} PICTURE"
    if count > 1:
        yield from _unrecognised(name, probes)
    if count < ENOUGH_PICTURES:
        pictures = "one picture, which nothing can be held against" if count == 1 else f"{count} pictures"
        yield Finding(
            Kind.FEW_PICTURES,
            (name,),
            f"{name} has {pictures}",
            f"add pictures until there are {ENOUGH_PICTURES} to 5 different ones: {add}",
        )
    if missing := coverage.missing():
        yield Finding(
            Kind.LOOK_MISSING,
            (name,),
            f"no picture shows {name} {' or '.join(missing)}",
            f"enrol again with another look: one picture {', one '.join(missing)}: {add}",
        )


def _unrecognised(name: str, probes: Sequence[Probe]) -> Iterator[Finding]:
    # Where it is another person who comes between, that is what there is to say.
    odd = [probe.picture + 1 for probe in probes if probe.likeness is Likeness.UNKNOWN]
    if not odd:
        return
    which = f"{'picture' if len(odd) == 1 else 'pictures'} {', '.join(map(str, odd))} of {len(probes)}"
    if 2 * len(odd) >= len(probes):
        yield Finding(
            Kind.NOT_RECOGNISED,
            (name,),
            f"by their other pictures {name} would not be recognised in {which}",
            f"enrol {name} again with three to five sharp pictures from the door's own camera: first "
            f"`faceplate people remove {quote(name)}`",
            fault=True,
        )
    else:
        yield Finding(
            Kind.ODD_PICTURE,
            (name,),
            f"by their other pictures {name} would not be recognised in {which}",
            f"if {name} does look like that at the door, add another picture with that look; if not, enrol again "
            "without it",
        )


def findings_of_pairs(people: Sequence[Person], pairs: Sequence[Pair]) -> Iterator[Finding]:
    """Who is not kept apart."""
    for pair in pairs:
        if pair.apart > Apart.REFUSED:
            continue
        one, other = (people[index] for index in pair.people)
        pinned = [person.name for person in (one, other) if person.rights.pin is not None]
        refused = pair.apart is Apart.REFUSED
        what = "is refused, because it could be either of them" if refused else "opens for the other"
        yield Finding(
            Kind.TOO_ALIKE,
            (one.name, other.name),
            f"{one.name} and {other.name} are too alike: a picture of one {what} (score {pair.score:.3f})",
            _advice(one.name, other.name, pinned, refused=refused),
            fault=not (refused and pinned),
        )


def _advice(one: str, other: str, pinned: Sequence[str], *, refused: bool) -> str:
    if not refused:
        return (
            f"if the two are one person, remove one of them; else enrol both again, set `access.risk: high`, or ask "
            f"one of them for a PIN always (`access.roles`): faceplate people set {quote(one)} --pin"
        )
    if pinned:
        return f"{' and '.join(pinned)} can tell by PIN who it is (access.pin.for_lookalikes)"
    return f"give one of them a PIN: faceplate people set {quote(other)} --pin; or enrol both with more pictures"


def findings_of_stranger(people: Sequence[Person], stranger: Stranger, cohort: int) -> Iterator[Finding]:
    """Whether the door is open to strangers."""
    if not stranger.passing:
        return
    name = people[stranger.person].name
    yield Finding(
        Kind.STRANGER_PASSES,
        (name,),
        f"{stranger.passing} of {cohort} strangers would be taken for somebody enrolled; the nearest scores "
        f"{stranger.score:.3f} for {name}",
        f"if that is {name} themselves, well; else set a lower people.false_accept_rate, give {name} a stricter "
        f"threshold (faceplate people set {quote(name)} --detection-threshold), or enrol {name} "
        "again with better pictures",
        fault=True,
    )


def nobody_enrolled() -> Finding:
    """The gallery is empty."""
    return Finding(
        Kind.NOBODY, (), "nobody is enrolled: the door opens for nobody", "faceplate people add NAME PICTURE..."
    )


def without_cohort(why: str) -> Finding:
    """There are no strangers to hold against anybody."""
    return Finding(Kind.NO_COHORT, (), f"no strangers were held against anybody: {why}", "see docs/gallery.md")
