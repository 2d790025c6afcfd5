"""People in one file, to be kept elsewhere under a passphrase, or moved to another door and sealed for it alone.

Under a passphrase the file is a line that says what it is, a salt, a nonce, and JSON under AES-GCM with a key that
scrypt makes of the passphrase. For a door it is such a line, the door's public key, and the same JSON under HPKE, RFC
9180: its single-shot base mode (section 6.1) with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM, bound by
`info` to all that goes before. Base mode tells nothing of the sender: whoever knows the address can have made the file.

Embeddings are not in it: another door's network makes its own from the faces.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import unicodedata
from collections.abc import Sequence
from enum import Enum
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from faceplate.errors import EnrolmentError, StoreError
from faceplate.people.address import KEY_BYTES, Address
from faceplate.people.archive_record import people_from, tree_of
from faceplate.people.person import Person

SHORTEST_PASSPHRASE: Final = 12
"""Characters. Whoever has the file may try as many as they have time for"""

_FAMILY: Final = b"faceplate people "
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12

# 64 MiB and about a second on a Raspberry Pi (RFC 7914, section 2: 128 * n * r bytes).
_COST: Final = 2**16
_MOST_MEMORY: Final = 2**27


class ArchiveKind(Enum):
    """What opens an archive; its value is the file's first line."""

    PASSPHRASE = b"faceplate people 1\n"
    DOOR = b"faceplate people for a door 1\n"

    @property
    def head_bytes(self) -> int:
        """Length of what is not encrypted."""
        return len(self.value) + (_SALT_BYTES + _NONCE_BYTES if self is ArchiveKind.PASSPHRASE else KEY_BYTES)


def kind_of(archive: bytes) -> ArchiveKind:
    """What opens an archive.

    Raises:
        StoreError: it is none, or one of another version of Faceplate.
    """
    kind = next((kind for kind in ArchiveKind if archive.startswith(kind.value)), None)
    if kind is not None and len(archive) >= kind.head_bytes:
        return kind
    first, end, _ = archive[:80].partition(b"\n")
    if kind is None and end and first.startswith(_FAMILY):
        raise StoreError(
            f"this archive calls itself {first.decode('ascii', 'backslashreplace')!r}, and this program does not know "
            "such ones: it is damaged, or of a newer Faceplate; use that one"
        )
    raise StoreError("this is not a file that `faceplate people export` made, or its beginning is missing")


def archived(people: Sequence[Person], passphrase: str) -> bytes:
    """People, sealed under a passphrase.

    Raises:
        EnrolmentError: the passphrase is too short.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise EnrolmentError(f"a passphrase has {SHORTEST_PASSPHRASE} characters or more; four random words are good")
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    head = ArchiveKind.PASSPHRASE.value + salt + nonce
    return head + _cipher(passphrase, salt).encrypt(nonce, _plain(people), head)


def archived_for(people: Sequence[Person], address: Address) -> bytes:
    """People, sealed so that only the door of this address can open them.

    Raises:
        EnrolmentError: no door can have this address.
    """
    head = ArchiveKind.DOOR.value + address.key
    try:
        sealed = _suite().encrypt(_plain(people), X25519PublicKey.from_public_bytes(address.key), info=head)
    except ValueError:  # RFC 7748, section 6.1: a point of low order, with which everybody shares the same secret
        raise EnrolmentError(
            "no door has this address; ask for it anew: `faceplate people address` at the other door"
        ) from None
    return head + sealed


def people_in(archive: bytes, passphrase: str) -> list[Person]:
    """Everybody in an archive. Their embeddings are empty, and their bundle none: `embedded_by` makes them anew.

    Raises:
        StoreError: it is not an archive under a passphrase, is not whole, or the passphrase is another one.
    """
    head, sealed = _parts(archive, ArchiveKind.PASSPHRASE)
    salt, nonce = head[-_SALT_BYTES - _NONCE_BYTES : -_NONCE_BYTES], head[-_NONCE_BYTES:]
    try:
        return people_from(_cipher(passphrase, salt).decrypt(nonce, sealed, head))
    except InvalidTag:
        raise StoreError("the passphrase is not the one of this archive, or the file is damaged or cut short") from None


def people_for(archive: bytes, key: X25519PrivateKey) -> list[Person]:
    """Everybody in an archive that was sealed for the door of this key; else as `people_in`.

    Raises:
        StoreError: it is not an archive for a door, is not whole, or is for another door.
    """
    head, sealed = _parts(archive, ArchiveKind.DOOR)
    meant, here = Address(head[-KEY_BYTES:]), Address.of(key)
    if meant != here:
        raise StoreError(
            f"this archive is for the door {meant}, and this one is {here}: export it again --for this address (or the "
            "file is damaged)"
        )
    try:
        return people_from(_suite().decrypt(sealed, key, info=head))
    except InvalidTag:
        raise StoreError("the archive is damaged or cut short; nobody was imported, get it anew") from None


def _parts(archive: bytes, expected: ArchiveKind) -> tuple[bytes, bytes]:
    """What is not encrypted, and what is."""
    if kind_of(archive) is not expected:
        raise StoreError("this archive is not of the kind expected: one is under a passphrase, the other for a door")
    return archive[: expected.head_bytes], archive[expected.head_bytes :]


def _plain(people: Sequence[Person]) -> bytes:
    return json.dumps(tree_of(people), ensure_ascii=False).encode()


def _suite() -> Suite:
    return Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    # What is typed on one machine as one character may come from another as two.
    typed = unicodedata.normalize("NFC", passphrase).encode()
    return AESGCM(hashlib.scrypt(typed, salt=salt, n=_COST, r=8, p=1, maxmem=_MOST_MEMORY, dklen=32))
