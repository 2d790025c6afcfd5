"""The signed head: where the journal begins and ends, under a key that is not in the journal. Pure.

The chain of hashes needs no key, so whoever may write the file could cut off its end, or compute the rest anew. The
head says which rows belong to the journal, and its signature cannot be made without the key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, replace

from faceplate.journal.chain import BEGINNING, Mark, Verification
from faceplate.keys import derive


@dataclass(frozen=True, slots=True)
class Head:
    """Which rows the journal has."""

    base: Mark = BEGINNING
    """The last row that retention erased"""

    last: Mark = BEGINNING
    """The newest row"""

    unsigned_until: int = 0
    """Rows up to this number were there before anything was signed"""


class Signer:
    """Signs heads under one key (HMAC-SHA256)."""

    def __init__(self, key: bytes) -> None:
        self._key = derive(key, b"faceplate journal: head")

    def sign(self, head: Head) -> str:
        """The signature that belongs to `head`, in hexadecimal."""
        form = [head.base.seq, head.base.hash, head.last.seq, head.last.hash, head.unsigned_until]
        return hmac.new(self._key, json.dumps(form, separators=(",", ":")).encode("ascii"), hashlib.sha256).hexdigest()

    def fits(self, head: Head, signature: str) -> bool:
        """Whether `signature` was made for `head` under this key."""
        # As bytes: what somebody else wrote there need not be ASCII.
        return hmac.compare_digest(self.sign(head).encode(), signature.encode())


def against_head(found: Verification, head: Head, surplus: int | None) -> Verification:
    """Whether an intact chain ends where the head says.

    Args:
        found: what came of checking the rows up to the head's last.
        head: as it was signed.
        surplus: number of the first row after the head's last; None if there is none.
    """
    if found.last.seq < head.last.seq:
        signed = f"the journal was signed up to row {head.last.seq}"
        return replace(found, bad_row=found.last.seq + 1, fault=f"missing: {signed}")
    if found.last.hash != head.last.hash:
        return replace(found, bad_row=found.last.seq, fault="replaced: the journal was signed with another last row")
    if surplus is not None:
        return replace(found, bad_row=surplus, fault=f"inserted: the journal was signed up to row {head.last.seq}")
    return found
