"""The one place where frames become a person, or are refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from faceplate.enrolling.choice import Candidate, chosen
from faceplate.enrolling.guide import Taken
from faceplate.errors import EnrolmentError
from faceplate.people.enrolment import Picture
from faceplate.pictures import decoded
from faceplate.recognition import Likest, Recognition

NO_LIVING_FACE: Final = (
    "nobody was enrolled: this is taken for a picture or a screen, and not for a living face. Have the person stand "
    "before the camera themselves; if they do, try again in other light, and see docs/enrolment.md"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Somebody may be enrolled."""

    pictures: Sequence[Picture]
    """From these, the best first"""

    likest: Likest | None
    """Whom else they look like, if that must be told"""


def verdict(name: str, taken: Sequence[Taken], recognition: Recognition) -> Verdict:
    """Decide whether somebody may be enrolled from what was seen of them, and from which pictures.

    Everything that refuses by what the frames show together does so here, before anything is stored: too few that are
    different and good, and a face that is enrolled under another name.

    Args:
        name: of whoever is to be enrolled.
        taken: every picture that was good enough, in the order of time; each shows one person alone.
        recognition: this door's own; nobody else uses its network meanwhile.

    Raises:
        EnrolmentError: they may not; the message says why.
    """
    pictures, candidates = [], []
    for each in taken:
        picture = Picture(f"{each.step}, frame {each.frame}", decoded(each.jpeg, f"frame {each.frame}"))
        looks = recognition.look(picture.image)
        if looks and (embedding := looks[0].embedding) is not None:
            pictures.append(picture)
            candidates.append(Candidate(each.step, each.quality, embedding))
    likest = recognition.likest(name, [candidate.embedding for candidate in candidates])
    if likest is not None and likest.taken:
        raise EnrolmentError(already_enrolled(likest.person, likest.score))
    return Verdict([pictures[index] for index in chosen(candidates)], likest)


def already_enrolled(person: str, score: float) -> str:
    """Why somebody is refused who is there under another name."""
    return (
        f"nobody was enrolled: this face is enrolled as {person} (score {score:.2f}). Use that name to add pictures, "
        f"or remove {person} first"
    )
