"""From pictures to an enrolled person, refusing what would weaken the door and saying why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np

from faceplate.errors import EnrolmentError
from faceplate.people.matching import Compare, Matcher
from faceplate.people.person import Anchor
from faceplate.types import Embedding, Image, Likeness, Look, Score, Sighting, TrackId

MOST_ANCHORS = 20
"""More than this adds no accuracy, only time"""

# A face in the background, less than half as wide as the one in front, is nobody being enrolled.
_BYSTANDER = 0.5

# Two pictures this alike are one picture: it would count twice in every share of anchors.
_REPEATED = 0.995

LookAt: TypeAlias = Callable[[Image], list[Look]]
"""Every face of a picture, the largest first."""


class Refusal(StrEnum):
    """Why a picture was not taken."""

    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    TURNED_AWAY = "turned_away"
    REPEATED = "repeated"
    UNLIKE_THE_OTHERS = "unlike_the_others"
    ALREADY_ENROLLED = "already_enrolled"
    ENOUGH_ANCHORS = "enough_anchors"


_ADVICE = {
    Refusal.NO_FACE: "no face was found; use a picture that shows the whole face from the front",
    Refusal.SEVERAL_FACES: "there are several faces; use a picture of this person alone",
    Refusal.TOO_SMALL: "the face is too small; come closer, or use a larger picture",
    Refusal.BLURRED: "the face is blurred; hold still, or use a sharper picture",
    Refusal.TOO_DARK: "the face is too dark; use more light",
    Refusal.TOO_BRIGHT: "the face is too bright; use less light",
    Refusal.TURNED_AWAY: "the face is turned away; look at the camera",
    Refusal.REPEATED: "this is the same picture as another one; use different ones",
    Refusal.UNLIKE_THE_OTHERS: "this does not look like the same person as the other pictures; leave it out",
    Refusal.ALREADY_ENROLLED: "this face is enrolled under another name; use that name, or remove that person first",
    Refusal.ENOUGH_ANCHORS: f"a person has at most {MOST_ANCHORS} pictures; remove the person and enrol the best ones",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture offered for enrolment."""

    name: str
    """What to call it when it is refused, usually its path"""

    image: Image
    """RGB uint8 (H, W, 3)"""


@dataclass(frozen=True, slots=True)
class Refused:
    """A picture that was not taken."""

    picture: str
    reason: Refusal
    person: str | None = None
    """Who it looks like, where that is the reason"""

    def __str__(self) -> str:
        """Why, in a sentence with what to do."""
        who = f" ({self.person})" if self.person else ""
        return f"{self.picture}: {_ADVICE[self.reason]}{who}"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What came of the pictures offered."""

    anchors: tuple[Anchor, ...]
    """One for each picture that was taken"""

    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class Enroller:
    """Chooses anchors from pictures."""

    look: LookAt
    keep: Callable[[Image], Embedding]
    """Aligned crop -> what is stored of it, a unit vector"""
    compare: Compare
    same_person: Score
    """Score above which two pictures may show the same person; lower than what opens a door"""

    def enrol(
        self, pictures: Sequence[Picture], *, others: Matcher, present: Sequence[Anchor] = (), least: int = 1
    ) -> Enrolment:
        """Take what is fit of `pictures`.

        Args:
            pictures: all of one person.
            others: names everybody who is enrolled already under another name.
            present: anchors this person has already.
            least: pictures that must be taken.

        Raises:
            EnrolmentError: fewer pictures could be taken, the person is enrolled under another name, or most pictures
                are unlike the rest, so that nobody can tell whose they are; the message says why for each picture.
        """
        anchors: list[Anchor] = []
        refused: list[Refused] = []
        for picture in pictures:
            answer = self._consider(picture, others, [*present, *anchors])
            refused.append(answer) if isinstance(answer, Refused) else anchors.append(answer)
        reasons = [refusal.reason for refusal in refused]
        divided = reasons.count(Refusal.UNLIKE_THE_OTHERS) >= len(present) + len(anchors)
        if len(anchors) < least or divided or Refusal.ALREADY_ENROLLED in reasons:
            raise EnrolmentError("nothing was enrolled:\n" + "\n".join(f"  {refusal}" for refusal in refused))
        return Enrolment(tuple(anchors), tuple(refused))

    def _consider(self, picture: Picture, others: Matcher, taken: Sequence[Anchor]) -> Anchor | Refused:
        found = self._one_face(picture)
        if isinstance(found, Refused):
            return found
        match = others.match(Sighting(TrackId(0), found))
        if match.likeness in {Likeness.VERIFIED, Likeness.AMBIGUOUS}:
            return Refused(picture.name, Refusal.ALREADY_ENROLLED, match.person)
        anchor = Anchor(found.crop, self.keep(found.crop))
        reason = self._against_the_others(anchor, taken)
        return Refused(picture.name, reason) if reason else anchor

    def _one_face(self, picture: Picture) -> Look | Refused:
        looks = self.look(picture.image)
        if not looks:
            return Refused(picture.name, Refusal.NO_FACE)
        nearest, *rest = looks
        if any(look.face.box.width > _BYSTANDER * nearest.face.box.width for look in rest):
            return Refused(picture.name, Refusal.SEVERAL_FACES)
        if nearest.flaws:
            return Refused(picture.name, Refusal(nearest.flaws[0].value))
        return nearest

    def _against_the_others(self, anchor: Anchor, taken: Sequence[Anchor]) -> Refusal | None:
        if not taken:
            return None
        if len(taken) >= MOST_ANCHORS:
            return Refusal.ENOUGH_ANCHORS
        embeddings = np.array([other.embedding for other in taken])
        if float((embeddings @ anchor.embedding).max()) > _REPEATED:
            return Refusal.REPEATED
        scores = self.compare(np.broadcast_to(anchor.embedding, embeddings.shape), embeddings)
        return None if float(scores.max()) > self.same_person else Refusal.UNLIKE_THE_OTHERS
