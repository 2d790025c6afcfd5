"""What photographs and screens do to a bundle, in the terms of ISO/IEC 30107-3."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from faceplate.model.template import template
from faceplate.people.matching import Matcher
from faceplate.people.person import Anchor, Person, new_person, with_anchors
from faceplate.types import Embedding, Image, Likeness, Look, Sighting, TrackId
from faceplate_trainer.data.labelled import DatasetError, crops_of, read_table
from faceplate_trainer.measuring.calibrate import share_of

LIVE = "live"
ANCHORS = 5

MakeMatcher = Callable[[Sequence[Person]], Matcher]


@dataclass(frozen=True, slots=True)
class Presentation:
    """One picture shown to the camera."""

    species: str
    """ "live", or what kind of spoof it is"""
    subject: str
    """Who is there, or who is shown"""
    look: Look | None
    """None: no face was found"""


def presentations(table: Path, images: Path, look: Callable[[Image], list[Look]]) -> tuple[Presentation, ...]:
    """Look at the pictures of a table with the columns `file`, `label` ("live" or a spoof species), `subject`.

    A column `session` puts the earliest first; without it the rows' order stands.

    Raises:
        DatasetError: the table cannot be used, or holds no live or no spoof picture.
        PictureError: a picture cannot be read.
    """
    rows = sorted(read_table(table, ["file", "label", "subject"]), key=lambda row: row.get("session", ""))
    if {row["label"] == LIVE for row in rows} != {True, False}:
        raise DatasetError(f"{table}: expected pictures labelled {LIVE!r} and pictures of spoofs, found only one kind")
    looks = crops_of((row["file"] for row in rows), images, look)
    return tuple(Presentation(row["label"], row["subject"], looks[row["file"]]) for row in rows)


def judge_liveness(
    shown: Sequence[Presentation], embed: Callable[[Image], Embedding], make_matcher: MakeMatcher
) -> dict[str, Any]:
    """Error rates of telling the living from spoofs, and how often a spoof is taken for its owner.

    There is no liveness network in a bundle yet, so every picture with a face counts as live. APCER: share of a
    species' pictures that count as live, the worst species first. BPCER: share of live pictures that do not. IAPAR:
    share of a species' pictures verified as their owner, who is enrolled by five live pictures.
    """
    enrolled, visiting = _enrolled(shown, embed)
    matcher = make_matcher(enrolled)
    names = {person.name for person in enrolled}
    by_species = defaultdict(list)
    for each in visiting:
        by_species[each.species].append(each)
    live = by_species.pop(LIVE, [])
    measured = {species: _attack(group, matcher, names) for species, group in by_species.items()}
    worst_first = sorted(measured, key=lambda species: -measured[species]["apcer"]["value"])
    return {
        "liveness": "none: every picture with a face counts as live",
        "subjects_enrolled": len(enrolled),
        "anchors": ANCHORS,
        "apcer_worst": measured[worst_first[0]]["apcer"]["value"],
        "species": {species: measured[species] for species in worst_first},
        "bona_fide": _bona_fide(live, matcher, names) if live else None,
    }


def _enrolled(
    shown: Sequence[Presentation], embed: Callable[[Image], Embedding]
) -> tuple[list[Person], list[Presentation]]:
    """Who is enrolled by their first live pictures, and everything else that is shown."""
    anchors: dict[str, list[Anchor]] = defaultdict(list)
    visiting = []
    for each in shown:
        if (
            each.species == LIVE
            and len(anchors[each.subject]) < ANCHORS
            and each.look
            and each.look.embedding is not None
        ):
            anchors[each.subject].append(Anchor(each.look.crop, template(each.look.crop, embed)))
        else:
            visiting.append(each)
    enough = {subject: some for subject, some in anchors.items() if len(some) == ANCHORS}
    return [with_anchors(new_person(subject, ""), some) for subject, some in enough.items()], visiting


def _attack(group: Sequence[Presentation], matcher: Matcher, enrolled: set[str]) -> dict[str, Any]:
    counted_as_live = _share(group, [each.look is not None for each in group])
    return _counts(group) | {"apcer": counted_as_live, "iapar": _verified(group, matcher, enrolled)}


def _bona_fide(group: Sequence[Presentation], matcher: Matcher, enrolled: set[str]) -> dict[str, Any]:
    counted_as_spoof = _share(group, [each.look is None for each in group])
    return _counts(group) | {"bpcer": counted_as_spoof, "verified": _verified(group, matcher, enrolled)}


def _counts(group: Sequence[Presentation]) -> dict[str, int]:
    return {"pictures": len(group), "subjects": len({each.subject for each in group})}


def _verified(group: Sequence[Presentation], matcher: Matcher, enrolled: set[str]) -> dict[str, float] | None:
    known = [each for each in group if each.subject in enrolled]
    return _share(known, [_is_verified(each, matcher) for each in known]) if known else None


def _is_verified(shown: Presentation, matcher: Matcher) -> bool:
    """Taken for the very person it shows."""
    if shown.look is None:
        return False
    match = matcher.match(Sighting(TrackId(0), shown.look))
    return match.likeness is Likeness.VERIFIED and match.person == shown.subject


def _share(group: Sequence[Presentation], hits: Sequence[bool]) -> dict[str, float]:
    subjects, owner = np.unique([each.subject for each in group], return_inverse=True)
    return dataclasses.asdict(share_of(np.array(hits), owner, people=len(subjects)))
