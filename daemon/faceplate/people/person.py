"""Somebody who is enrolled, and their record in the gallery."""

from __future__ import annotations

import base64
import json
import unicodedata
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Self

import cv2
import numpy as np

from faceplate.errors import EnrolmentError, StoreError
from faceplate.people import consent, rights_record
from faceplate.people.additions import Addition
from faceplate.people.consent import Consent
from faceplate.rights import Rights
from faceplate.types import Embedding, Image

_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Anchor:
    """One enrolled picture of a person."""

    crop: Image = field(repr=False)
    """The aligned face, RGB uint8 (112, 112, 3), kept so that a new bundle can embed it again"""

    embedding: Embedding = field(repr=False)
    """Unit vector float32 (D,): `faceplate.model.template` of the crop"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may come in."""

    id: str
    """Random; names the file, so that a folder listing tells no names"""

    name: str

    enrolled: str
    """UTC, ISO 8601"""

    bundle: str
    """`Bundle.id` of the network that made the embeddings"""

    anchors: tuple[Anchor, ...]

    rights: Rights = field(default_factory=Rights)
    """What this person may do"""

    consent: Consent | None = None
    """To their face being kept; None: it was not asked for here"""

    additions: tuple[Addition, ...] = ()
    """What each enrolment added, the last one last; those of an earlier program are not among them"""

    def to_bytes(self) -> bytes:
        """The record, before it is sealed."""
        anchors = [
            {"crop": _text(png(a.crop)), "embedding": _text(a.embedding.astype("<f4").tobytes())} for a in self.anchors
        ]
        record = {
            "name": self.name,
            "enrolled": self.enrolled,
            "bundle": self.bundle,
            "anchors": anchors,
            "rights": rights_record.to_tree(self.rights),
            "consent": consent.to_tree(self.consent),
            "additions": [addition.to_tree() for addition in self.additions],
        }
        return json.dumps(record, ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, person_id: str, record: bytes) -> Self:
        """Read what `to_bytes` made; an earlier program's record may have no rights, and is a resident's, then."""
        tree = json.loads(record)
        anchors = tuple(
            Anchor(
                pixels(base64.b64decode(a["crop"])),
                np.frombuffer(base64.b64decode(a["embedding"]), "<f4").astype(np.float32),
            )
            for a in tree["anchors"]
        )
        rights = rights_record.from_tree(tree["rights"]) if "rights" in tree else Rights()
        agreed = consent.from_tree(tree.get("consent"))
        additions = tuple(map(Addition.from_tree, tree.get("additions", ())))
        return cls(person_id, tree["name"], tree["enrolled"], tree["bundle"], anchors, rights, agreed, additions)


def new_person(name: str, bundle: str) -> Person:
    """A person who was not there before, still without anchors.

    Raises:
        EnrolmentError: the name cannot be used.
    """
    return Person(uuid.uuid4().hex, tidy_name(name), datetime.now(UTC).isoformat(timespec="seconds"), bundle, ())


def with_anchors(person: Person, anchors: Sequence[Anchor]) -> Person:
    """The same person with more anchors."""
    return replace(person, anchors=person.anchors + tuple(anchors))


def with_addition(before: Person, adjusted: Person, anchors: Sequence[Anchor], agreed: Consent | None = None) -> Person:
    """The person after an enrolment, which can be taken back.

    Args:
        before: the person as they were.
        adjusted: the same, with the rights they are to have.
        anchors: what is added.
        agreed: to what they agreed now; None: what they agreed to before holds.
    """
    rights = None if adjusted.rights == before.rights else before.rights
    addition = Addition(len(anchors), rights, before.consent)
    enlarged = with_anchors(adjusted, anchors)
    return replace(enlarged, consent=agreed or before.consent, additions=(*before.additions, addition))


def without_last_addition(person: Person) -> Person | None:
    """The person as they were before the last enrolment; None: there was nobody.

    Raises:
        EnrolmentError: nothing is known of an enrolment.
    """
    if not person.additions:
        raise EnrolmentError(
            f"nothing is known of an enrolment of {person.name!r} that could be undone: an earlier Faceplate enrolled "
            "them, or they came with an archive. To erase them: faceplate people remove NAME"
        )
    *earlier, last = person.additions
    left = person.anchors[: len(person.anchors) - last.pictures]
    if not left:
        return None
    return replace(
        person,
        anchors=left,
        rights=person.rights if last.rights is None else last.rights,
        consent=last.consent,
        additions=tuple(earlier),
    )


def same_name(a: str, b: str) -> bool:
    """Whether two names are one, however their letters are cased."""
    return tidy_name(a).casefold() == tidy_name(b).casefold()


def tidy_name(name: str) -> str:
    """The name as it is kept: composed letters, single spaces.

    Raises:
        EnrolmentError: it is empty, too long, or holds characters that cannot be shown.
    """
    tidy = " ".join(unicodedata.normalize("NFC", name).split())
    if not tidy or len(tidy) > _LONGEST_NAME or not tidy.isprintable():
        raise EnrolmentError(f"a name has 1 to {_LONGEST_NAME} printable characters, got {name!r}")
    return tidy


def png(crop: Image) -> bytes:
    """A crop as it is stored, without loss."""
    _, encoded = cv2.imencode(".png", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR))
    return encoded.tobytes()


def pixels(png: bytes) -> Image:
    """What `png` made of a crop, as a crop.

    Raises:
        StoreError: it is no picture.
    """
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise StoreError("a sealed record holds something that is not a picture; remove the person and enrol again")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
