"""The journal's key: where it is, and when a new one may be made."""

from __future__ import annotations

from pathlib import Path

from faceplate import keys
from faceplate.errors import StoreError
from faceplate.journal.head import Signer
from faceplate.keys import KeyPlace

CREDENTIAL = "journal.key"
"""Name of the systemd credential that goes before the key file"""


def load_signer(key_file: Path) -> Signer:
    """What signs the head under the systemd credential `journal.key`, or else under `key_file`.

    Raises:
        SealError: there is no key, or others could read it.
    """
    return Signer(keys.load_key(_place(key_file)))


def key_is_there(key_file: Path) -> bool:
    """Whether `load_signer` would find a key.

    Raises:
        SealError: nobody can tell.
    """
    return keys.key_is_there(_place(key_file))


def signer_for(key_file: Path, journal: Path, *, may_make: bool) -> Signer:
    """The signer for the one writer; with a new key if there is none and the journal is not signed yet.

    Raises:
        StoreError: the journal is signed, and its key is missing. With a new one nobody could tell any more whether the
            journal was changed, so that is left to the owner.
        SealError: the key is unsafe, or cannot be made.
    """
    if not key_is_there(key_file):
        if not may_make:
            raise StoreError(
                f"the journal {journal} is signed, and its key {key_file} is missing. Put back the key; if it is lost, "
                "keep the journal, move it away, and a new one is begun under a new key."
            )
        keys.make_key(_place(key_file))
    return load_signer(key_file)


def _place(key_file: Path) -> KeyPlace:
    return KeyPlace(
        key_file,
        owner="journal",
        setting="journal.key_file",
        when_missing="`faceplate run` makes it at its first start; put it back if it was there. "
        "`faceplate journal verify --unsigned` checks the chain of hashes without it.",
    )
