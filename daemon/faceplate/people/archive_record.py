"""What is inside an archive: people as JSON, read as something that anybody may have written.

Whoever knows a door's address can seal an archive for it. An `id` becomes the name of a file, a name is printed, a
picture is decoded: each is what it should be, or the archive is refused as a whole.
"""

from __future__ import annotations

import base64
import json
import struct
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Final

import numpy as np
from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from faceplate import strict_json
from faceplate.config.section import Section
from faceplate.errors import EnrolmentError, StoreError
from faceplate.people import consent, rights_record
from faceplate.people.person import Anchor, Person, pixels, png, tidy_name
from faceplate.people.rights_change import faults_of
from faceplate.rights import Rights
from faceplate.types import Image

_DEEPEST: Final = 5
"""Levels of JSON: the archive, its list, a person, their rights or pictures"""

_CROP: Final = (112, 112)
_PNG_BEGINS: Final = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", *_CROP)
"""W3C PNG, 5.2 and 11.2.1: signature; length, type, width and height of the first chunk"""

_RIGHTS: Final = TypeAdapter(Rights)


class _Record(Section):
    id: Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,64}$")]
    name: str
    enrolled: str
    rights: dict[str, Any]
    crops: list[str]
    consent: dict[str, str] | None = None
    """Missing where none was asked for, so that earlier programs read it"""


class _Content(Section):
    people: list[_Record]


def tree_of(people: Sequence[Person]) -> dict[str, Any]:
    """People as JSON has them, with the hashes of their PINs and without embeddings."""
    return {"people": [_tree_of(person) for person in people]}


def people_from(plain: bytes) -> list[Person]:
    """The people that were written as JSON. Their embeddings are empty, and their bundle none.

    Raises:
        StoreError: something is not as this program would have written it; nothing of it is taken.
    """
    try:
        content = _Content.model_validate(strict_json.object_from(plain, _DEEPEST), strict=True)
        people = [_person_from(record) for record in content.people]
    except ValidationError as error:
        raise _unreadable(faults_of(error)) from None
    except (ValueError, EnrolmentError) as error:
        raise _unreadable(str(error)) from None
    marks = Counter(mark for person in people for mark in (("id", person.id), ("name", person.name.casefold())))
    if twice := next((mark for mark, count in marks.items() if count > 1), None):
        raise _unreadable(f"the {twice[0]} {twice[1]!r} is there twice")
    return people


def _tree_of(person: Person) -> dict[str, Any]:
    tree = {
        "id": person.id,
        "name": person.name,
        "enrolled": person.enrolled,
        "rights": rights_record.to_tree(person.rights),
        "crops": [base64.b64encode(png(anchor.crop)).decode("ascii") for anchor in person.anchors],
    }
    return tree if person.consent is None else tree | {"consent": consent.to_tree(person.consent)}


def _person_from(record: _Record) -> Person:
    if tidy_name(record.name) != record.name:
        raise ValueError(f"{record.name!r} is not a name as it is kept")
    TypeAdapter(AwareDatetime).validate_strings(record.enrolled)
    rights = rights_record.from_tree(record.rights)
    _RIGHTS.validate_json(json.dumps(record.rights), strict=True)
    if not (rights.schedule or "x").isprintable():
        raise ValueError("the name of a schedule cannot be shown")
    nothing = np.empty(0, np.float32)
    anchors = tuple(Anchor(_crop_from(crop), nothing) for crop in record.crops)
    agreed = consent.from_tree(record.consent)
    return Person(record.id, record.name, record.enrolled, "", anchors, rights, agreed)


def _crop_from(text: str) -> Image:
    content = base64.b64decode(text, validate=True)
    # Before it is decoded: a small PNG may unfold to gigabytes.
    if content[: len(_PNG_BEGINS)] != _PNG_BEGINS:
        raise ValueError(f"expected pictures of {_CROP[0]} x {_CROP[1]} as PNG, got something else")
    return pixels(content)


def _unreadable(why: str) -> StoreError:
    return StoreError(
        f"the archive opens, and holds what this program cannot read: {why}. Nobody was imported; use the Faceplate "
        "that wrote it"
    )
