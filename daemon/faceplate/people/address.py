"""A door's address: the public half of a key only that door has, as text that can be read out, typed and pasted.

RFC 4648 base32 of the X25519 public key (RFC 7748) and a checksum, in groups of four.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from faceplate.errors import EnrolmentError

KEY_BYTES: Final = 32

_LABEL: Final = b"faceplate address 1\n"
_CHECK_BYTES: Final = 3
"""One typing error in 16 million passes; and with the key it makes whole groups"""

_GROUP: Final = 4
_CHARACTERS: Final = (KEY_BYTES + _CHECK_BYTES) * 8 // 5
_ALPHABET: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


@dataclass(frozen=True, slots=True)
class Address:
    """Where people can be sent, sealed so that nobody else can open them. Not a secret."""

    key: bytes
    """X25519 public key, 32 bytes"""

    @classmethod
    def of(cls, key: X25519PrivateKey) -> Self:
        """The address of whoever has this key."""
        return cls(key.public_key().public_bytes_raw())

    @classmethod
    def read(cls, typed: str) -> Self:
        """An address as somebody typed it: small letters, and spaces or hyphens anywhere, are no matter.

        Raises:
            EnrolmentError: it is none, or there is a typing error in it.
        """
        letters = "".join(typed.replace("-", " ").split()).upper()
        if strange := sorted(set(letters) - _ALPHABET):
            raise EnrolmentError(
                f"an address is written in the letters A to Z and the digits 2 to 7, and there is {strange[0]!r} in "
                "this one; compare it with what `faceplate people address` says at the other door"
            )
        if len(letters) != _CHARACTERS:
            raise EnrolmentError(
                f"an address has {_CHARACTERS} letters and digits, this one has {len(letters)}; compare it with what "
                "`faceplate people address` says at the other door"
            )
        content = base64.b32decode(letters)
        key, check = content[:KEY_BYTES], content[KEY_BYTES:]
        if check != _check_of(key):
            raise EnrolmentError(
                "there is a typing error in this address: its checksum is wrong. Compare it with what "
                "`faceplate people address` says at the other door"
            )
        return cls(key)

    def __str__(self) -> str:
        letters = base64.b32encode(self.key + _check_of(self.key)).decode("ascii")
        return "-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))


def _check_of(key: bytes) -> bytes:
    return hashlib.sha256(_LABEL + key).digest()[:_CHECK_BYTES]
