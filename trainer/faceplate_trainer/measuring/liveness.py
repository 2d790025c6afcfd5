"""What photographs and screens do to a bundle, in the terms of ISO/IEC 30107-3."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from faceplate.liveness import Liveness
from faceplate.model.template import template
from faceplate.people.matching import Matcher
from faceplate.people.person import Anchor, Person, new_person, with_anchors
from faceplate.types import Embedding, Image, Likeness, Sighting, TrackId
from faceplate_trainer.measuring.calibrate import share_of
from faceplate_trainer.measuring.presentations import LIVE, Presentation, by_species

ANCHORS = 5

MakeMatcher = Callable[[Sequence[Person]], Matcher]


def judge_liveness(
    shown: Sequence[Presentation], embed: Callable[[Image], Embedding], make_matcher: MakeMatcher
) -> dict[str, Any]:
    """Error rates of telling the living from spoofs, and how often a spoof is taken for its living owner.

    APCER: share of a species' presentations that count as live, the worst species first. BPCER: share of live ones that
    do not. IAPAR: share of a species' presentations that count as live and are verified as their owner, who is enrolled
    by five live pictures; beside it, how many are verified with liveness off. Where nobody judged liveness, every
    picture with a face counts as live.
    """
    enrolled, visiting = _enrolled(shown, embed)
    matcher = make_matcher(enrolled)
    names = {person.name for person in enrolled}
    groups = dict(by_species(visiting))
    live = groups.pop(LIVE, [])
    measured = {species: _attack(group, matcher, names) for species, group in groups.items()}
    worst_first = sorted(measured, key=lambda species: -measured[species]["apcer"]["value"])
    return {
        "subjects_enrolled": len(enrolled),
        "anchors": ANCHORS,
        "apcer_worst": measured[worst_first[0]]["apcer"]["value"],
        "species": {species: measured[species] for species in worst_first},
        "bona_fide": _bona_fide(live, matcher, names) if live else None,
    }


def counts_as_live(shown: Presentation) -> bool:
    """Whether liveness would let it in; unsure is not live."""
    return shown.look is not None and shown.liveness in {Liveness.LIVE, Liveness.UNCHECKED}


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
    live, known = [counts_as_live(each) for each in group], [each for each in group if each.subject in enrolled]
    verified = [_is_verified(each, matcher) for each in known]
    both = [known_one and counts_as_live(each) for known_one, each in zip(verified, known, strict=True)]
    return _counts(group) | {
        "apcer": _share(group, live),
        "denied": _share(group, [each.liveness is Liveness.SPOOF for each in group]),
        "iapar": _share(known, both) if known else None,
        "iapar_liveness_off": _share(known, verified) if known else None,
        "worst_subject": _worst(group, live),
    }


def _bona_fide(group: Sequence[Presentation], matcher: Matcher, enrolled: set[str]) -> dict[str, Any]:
    refused, known = [not counts_as_live(each) for each in group], [each for each in group if each.subject in enrolled]
    verified = [_is_verified(each, matcher) for each in known]
    both = [known_one and counts_as_live(each) for known_one, each in zip(verified, known, strict=True)]
    return _counts(group) | {
        "bpcer": _share(group, refused),
        "denied": _share(group, [each.liveness is Liveness.SPOOF for each in group]),
        "verified": _share(known, both) if known else None,
        "verified_liveness_off": _share(known, verified) if known else None,
        "worst_subject": _worst(group, refused),
    }


def _counts(group: Sequence[Presentation]) -> dict[str, int]:
    return {"presentations": len(group), "subjects": len({each.subject for each in group})}


def _is_verified(shown: Presentation, matcher: Matcher) -> bool:
    """Taken for the very person it shows."""
    if shown.look is None:
        return False
    match = matcher.match(Sighting(TrackId(0), shown.look))
    return match.likeness is Likeness.VERIFIED and match.person == shown.subject


def _share(group: Sequence[Presentation], hits: Sequence[bool]) -> dict[str, float]:
    subjects, owner = np.unique([each.subject for each in group], return_inverse=True)
    return dataclasses.asdict(share_of(np.array(hits), owner, people=len(subjects)))


def _worst(group: Sequence[Presentation], hits: Sequence[bool]) -> dict[str, Any]:
    """The subject for whom the share is highest."""
    by_subject: dict[str, list[bool]] = defaultdict(list)
    for each, hit in zip(group, hits, strict=True):
        by_subject[each.subject].append(hit)
    subject = max(sorted(by_subject), key=lambda name: sum(by_subject[name]) / len(by_subject[name]))
    return {"subject": subject, "value": sum(by_subject[subject]) / len(by_subject[subject])}
