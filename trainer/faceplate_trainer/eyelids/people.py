"""Who is fitted on, who chooses the thresholds, and who is only measured."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from faceplate_trainer.data.labelled import DatasetError, in_split
from faceplate_trainer.data.shown import Shown

SHUT: Final = "shut"
OPEN: Final = "open"
UNCLEAR: Final = "unclear"
"""What a picture may show; one that is unclear is left out of everything"""

FEWEST: Final = 3
"""Open pictures of a person from which one may be compared with the median of the others"""


@dataclass(frozen=True, slots=True)
class Split:
    """Pictures by what they are for. Nobody is in two of them."""

    fitted: tuple[Shown, ...]

    choosing: tuple[Shown, ...]
    """Of people with open eyes only: thresholds are chosen by how many of those are taken for shut"""

    held_back: tuple[Shown, ...]
    """Figures are of these"""


def split(shown: Sequence[Shown], choosing: float) -> Split:
    """Split by person: half of the people are held back (`in_split`), whatever else there is.

    Args:
        shown: pictures labelled SHUT, OPEN or UNCLEAR.
        choosing: share of the other half's people without a shut picture who choose thresholds, at least one person.

    Raises:
        DatasetError: a label is another, or a part would lack pictures of shut or of open eyes.
    """
    if strange := sorted({each.label for each in shown} - {SHUT, OPEN, UNCLEAR}):
        raise DatasetError(f"expected pictures labelled {SHUT!r}, {OPEN!r} or {UNCLEAR!r}, received {strange[0]!r}")
    clear = [each for each in shown if each.label != UNCLEAR]
    held_back = tuple(each for each in clear if in_split(each.subject, "report"))
    known = [each for each in clear if in_split(each.subject, "calibration")]
    blinking = {each.subject for each in known if each.label == SHUT}
    ranked = sorted({each.subject for each in known} - blinking, key=_rank)
    choosers = set(ranked[: max(round(choosing * len(ranked)), 1)])
    found = Split(
        tuple(each for each in known if each.subject not in choosers),
        tuple(each for each in known if each.subject in choosers),
        held_back,
    )
    _check(found)
    return found


def _rank(person: str) -> tuple[bytes, str]:
    # Not by the hash that `in_split` goes by.
    return hashlib.sha256(f"eyelids {person}".encode()).digest(), person


def _check(found: Split) -> None:
    for part, use in ((found.fitted, "fitted on"), (found.held_back, "measured")):
        for label in (SHUT, OPEN):
            if not any(each.label == label for each in part):
                raise DatasetError(
                    f"expected pictures of {label} eyes of people who are {use}, received none: half of the people, by "
                    "a hash of their names, are fitted on, the others measured"
                )
    counts: dict[str, int] = {}
    for each in found.choosing:
        counts[each.subject] = counts.get(each.subject, 0) + 1
    if max(counts.values(), default=0) < FEWEST:
        raise DatasetError(
            f"expected several people with open eyes to choose thresholds by, at least one of them in {FEWEST} "
            f"pictures; received {len(counts)} without. Give --others with more people, or raise fit.thresholds."
        )
