"""Everybody in one file, under a passphrase: names, rights and faces, to be kept elsewhere or moved to another door.

The file is a line that says what it is, a salt, a nonce, and JSON under AES-GCM with a key that scrypt makes of the
passphrase. Embeddings are not in it: another door's network makes its own from the faces.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import unicodedata
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from faceplate.errors import EnrolmentError, StoreError
from faceplate.people import rights_record
from faceplate.people.person import Anchor, Person, pixels, png

SHORTEST_PASSPHRASE: Final = 12
"""Characters. Whoever has the file may try as many as they have time for"""

_MAGIC: Final = b"faceplate people 1\n"
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = len(_MAGIC) + _SALT_BYTES + _NONCE_BYTES

# 64 MiB and about a second on a Raspberry Pi (RFC 7914, section 2: 128 * n * r bytes).
_COST: Final = 2**16
_MOST_MEMORY: Final = 2**27


def archived(people: Sequence[Person], passphrase: str) -> bytes:
    """Everybody, sealed.

    Raises:
        EnrolmentError: the passphrase is too short.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise EnrolmentError(f"a passphrase has {SHORTEST_PASSPHRASE} characters or more; four random words are good")
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    head = _MAGIC + salt + nonce
    plain = json.dumps({"people": [_tree_of(person) for person in people]}, ensure_ascii=False).encode()
    return head + _cipher(passphrase, salt).encrypt(nonce, plain, head)


def people_in(archive: bytes, passphrase: str) -> list[Person]:
    """Everybody in an archive. Their embeddings are empty, and their bundle none: `embedded_by` makes them anew.

    Raises:
        StoreError: it is not an archive, is not whole, or the passphrase is another one.
    """
    head = archive[:_HEAD_BYTES]
    if not head.startswith(_MAGIC) or len(head) < _HEAD_BYTES:
        raise StoreError("this is not a file that `faceplate people export` made, or its beginning is missing")
    salt, nonce = head[len(_MAGIC) : -_NONCE_BYTES], head[-_NONCE_BYTES:]
    try:
        plain = _cipher(passphrase, salt).decrypt(nonce, archive[_HEAD_BYTES:], head)
    except InvalidTag:
        raise StoreError("the passphrase is not the one of this archive, or the file is damaged or cut short") from None
    return [_person_from(tree) for tree in json.loads(plain)["people"]]


def _tree_of(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "enrolled": person.enrolled,
        "rights": rights_record.to_tree(person.rights),
        "crops": [base64.b64encode(png(anchor.crop)).decode("ascii") for anchor in person.anchors],
    }


def _person_from(tree: dict[str, Any]) -> Person:
    nothing = np.empty(0, np.float32)
    anchors = tuple(Anchor(pixels(base64.b64decode(crop)), nothing) for crop in tree["crops"])
    rights = rights_record.from_tree(tree["rights"])
    return Person(tree["id"], tree["name"], tree["enrolled"], "", anchors, rights)


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    # What is typed on one machine as one character may come from another as two.
    typed = unicodedata.normalize("NFC", passphrase).encode()
    return AESGCM(hashlib.scrypt(typed, salt=salt, n=_COST, r=8, p=1, maxmem=_MOST_MEMORY, dklen=32))
