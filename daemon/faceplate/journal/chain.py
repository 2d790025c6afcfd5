"""The hash chain: what a row is worth, and where a chain is broken. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from faceplate.events import JournalRow

GENESIS = "0" * 64
"""`previous` of the first row"""


@dataclass(frozen=True, slots=True)
class Mark:
    """A row's number and hash. As each hash covers the one before, it stands for everything up to that row."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


BEGINNING = Mark(0, GENESIS)
"""What the first row of a journal follows"""


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of checking a chain."""

    base: Mark
    """What the first row follows: the beginning, or the last row that was erased on purpose"""

    last: Mark
    """The last row that is intact; `base` if none is"""

    bad_row: int | None = None
    """`seq` of the first row that is not; None if all are"""

    fault: str = ""
    """What is wrong, with that row or with the whole; empty if nothing is"""

    @property
    def rows(self) -> int:
        """How many rows are intact, counted from the first."""
        end = self.last.seq if self.bad_row is None else min(self.last.seq, self.bad_row - 1)
        return max(0, end - self.base.seq)


def parse_mark(text: str) -> Mark:
    """The mark that `str()` of one gives.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch(r"\d{1,18}:[0-9a-f]{64}", text, re.ASCII):
        raise ValueError(f"expected SEQ:HASH, with a hash of 64 hexadecimal digits, got {text!r}")
    seq, digits = text.split(":")
    return Mark(int(seq), digits)


def hash_of(row: JournalRow) -> str:
    """SHA-256 of the row's canonical form, in hexadecimal.

    The form is a JSON array without spaces, everything outside ASCII escaped: no two different rows share one.
    """
    form = [row.previous, row.seq, row.id, row.ts, row.event_type, row.payload]
    return hashlib.sha256(json.dumps(form, separators=(",", ":")).encode("ascii")).hexdigest()


def sealed(row: JournalRow) -> JournalRow:
    """The row with the hash that belongs to it."""
    return replace(row, hash=hash_of(row))


def verify_chain(rows: Iterable[JournalRow], base: Mark = BEGINNING) -> Verification:
    """Follow a whole chain from the first row after `base`, up to the first fault.

    Rows cut off at the end leave a shorter, intact chain: the signed head shows that, not this.
    """
    last = base
    for row in rows:
        fault = fault_of(row, after=last)
        if fault:
            return Verification(base, last, bad_row=min(row.seq, last.seq + 1), fault=fault)
        last = Mark(row.seq, row.hash)
    return Verification(base, last)


def fault_of(row: JournalRow, *, after: Mark) -> str:
    """What is wrong with the row that should follow `after`; empty if nothing is."""
    if row.seq > after.seq + 1:
        return f"missing: the next row there is, is number {row.seq}"
    if row.seq < after.seq + 1:
        return f"inserted: expected number {after.seq + 1} here"
    if hash_of(row) != row.hash:
        return "changed: its content does not fit its own hash"
    if row.previous != after.hash:
        return "not the successor of the row before: one of the two was replaced, swapped or inserted"
    return ""
