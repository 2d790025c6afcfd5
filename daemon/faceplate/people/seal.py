"""How stored faces are sealed: AES-GCM under a key that is not stored beside them, and a secret rotation inside.

A stolen store does not open without the key. The embeddings within are turned by an orthogonal matrix derived from the
key, so that even opened ones do not compare with embeddings of the same people from anywhere else. The gallery turns
them back as it reads them: a Siamese head may weigh each element of an embedding by itself.
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from faceplate import keys
from faceplate.errors import SealError
from faceplate.keys import KEY_BYTES, KeyPlace

CREDENTIAL = "gallery.key"
"""Name of the systemd credential that goes before the key file"""

_MAGIC = b"faceplate sealed 1\n"
_ID_BYTES = 16
_NONCE_BYTES = 12


class Seal:
    """Seals and opens byte strings under one key."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise SealError(f"a gallery key has {KEY_BYTES} bytes, this one has {len(key)}")
        self._cipher = AESGCM(_derive(key, b"seal"))
        self._rotation_seed = _derive(key, b"rotation")
        self._id = _derive(key, b"identity")[:_ID_BYTES]

    def seal(self, plain: bytes, name: str) -> bytes:
        """Encrypt and authenticate `plain`, bound to `name`: under another name it does not open."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        head = _MAGIC + self._id + nonce
        return head + self._cipher.encrypt(nonce, plain, head + name.encode())

    def open(self, sealed: bytes, name: str) -> bytes:
        """Decrypt what `seal` made.

        Raises:
            SealError: it was sealed with another key, or is not what was sealed under this name.
        """
        head = sealed[: len(_MAGIC) + _ID_BYTES + _NONCE_BYTES]
        if not head.startswith(_MAGIC) or len(head) < len(_MAGIC) + _ID_BYTES + _NONCE_BYTES:
            raise SealError(
                f"{name} is not a sealed record: its beginning is damaged. Restore it, or remove it and enrol again."
            )
        if head[len(_MAGIC) : -_NONCE_BYTES] != self._id:
            raise SealError(f"{name} was sealed with another key. Give people.key_file the key it was sealed with.")
        try:
            return self._cipher.decrypt(head[-_NONCE_BYTES:], sealed[len(head) :], head + name.encode())
        except InvalidTag:
            raise SealError(f"{name} is damaged or was changed. Restore it, or remove it and enrol again.") from None

    def rotation(self, size: int) -> NDArray[np.float32]:
        """The secret orthogonal matrix float32 (size, size).

        The Q of the QR factorisation of a Gaussian matrix, signs fixed, is uniform over the orthogonal group
        (Mezzadri 2007). The Gaussian numbers are made from the key by SHAKE-256 and the Box-Muller transform, and not
        by numpy's generators, whose streams may change from version to version.
        """
        stream = hashlib.shake_256(self._rotation_seed).digest(8 * 2 * size * size)
        uniform = (np.frombuffer(stream, dtype="<u8") >> np.uint64(11)).astype(np.float64).reshape(
            2, size, size
        ) * 2.0**-53
        gaussian = np.sqrt(-2.0 * np.log1p(-uniform[0])) * np.cos(2.0 * np.pi * uniform[1])
        q, r = np.linalg.qr(gaussian)
        return (q * np.sign(np.diag(r))).astype(np.float32)


def load_seal(key_file: Path) -> Seal:
    """The seal under the systemd credential `gallery.key`, or else under `key_file`.

    Raises:
        SealError: there is no key, or others could read it.
    """
    return Seal(keys.load_key(_place(key_file)))


def load_address_key(key_file: Path) -> X25519PrivateKey:
    """The key of this door's address, to open what was sealed for it; made of the gallery key, and nowhere stored.

    Raises:
        SealError: there is no gallery key, or others could read it.
    """
    return X25519PrivateKey.from_private_bytes(_derive(keys.load_key(_place(key_file)), b"address"))


def key_is_there(key_file: Path) -> bool:
    """Whether `load_seal` would find a key.

    Raises:
        SealError: nobody can tell; making a new one could destroy it.
    """
    return keys.key_is_there(_place(key_file))


def make_key(key_file: Path) -> None:
    """Make a new key, readable by its owner only.

    Raises:
        SealError: it cannot be written, or there is one already.
    """
    keys.make_key(_place(key_file))


def _place(key_file: Path) -> KeyPlace:
    return KeyPlace(
        key_file,
        owner="gallery",
        setting="people.key_file",
        when_missing="Put back the copy you keep; if nobody is enrolled yet, `faceplate people add` makes one with "
        "the first person.",
    )


def _derive(key: bytes, purpose: bytes) -> bytes:
    return keys.derive(key, b"faceplate gallery: " + purpose)
