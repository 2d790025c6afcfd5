"""One page of what liveness made of presentations, with pictures of what was missed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from faceplate.model.preprocessing import surroundings
from faceplate.types import Image
from faceplate_trainer.measuring.liveness import counts_as_live
from faceplate_trainer.measuring.presentations import LIVE, Presentation
from faceplate_trainer.reporting.page import render
from faceplate_trainer.reporting.pictures import data_uri

SIDE: Final = 160
AROUND: Final = 2.7
MOST: Final = 24
"""Pictures of a kind; the most telling"""


@dataclass(frozen=True, slots=True)
class Missed:
    """A picture on the page."""

    picture: str
    """Its address, which holds it"""
    species: str
    subject: str
    liveness: str
    score: float | None


def liveness_page(
    result: Mapping[str, Any], shown: Sequence[Presentation], read: Callable[[str], Image], title: str
) -> str:
    """The page as HTML, all within itself.

    Args:
        result: what `judge_liveness` found.
        shown: what was judged.
        read: gives the picture of a `Presentation.file`.
        title: of the page.
    """
    spoofs = [each for each in shown if each.species != LIVE and counts_as_live(each)]
    living = [each for each in shown if each.species == LIVE and each.look and not counts_as_live(each)]
    values = {
        "title": title,
        "result": result,
        "accepted": [_missed(each, read) for each in _first(spoofs, sign=-1)],
        "accepted_in_all": len(spoofs),
        "refused": [_missed(each, read) for each in _first(living, sign=1)],
        "refused_in_all": len(living),
    }
    return render(values, "liveness.html")


def _first(shown: Sequence[Presentation], sign: int) -> list[Presentation]:
    return sorted(shown, key=lambda each: (sign * (each.score or 0.0), each.file))[:MOST]


def _missed(shown: Presentation, read: Callable[[str], Image]) -> Missed:
    image = read(shown.file)
    box = shown.look.face.box if shown.look else None
    cut = surroundings(image, box, (AROUND,), SIDE) if box else image
    return Missed(data_uri(cut), shown.species, shown.subject, shown.liveness.value, shown.score)
