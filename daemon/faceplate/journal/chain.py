"""The hash chain: what a row is worth, and where a chain is broken. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from faceplate.events import JournalRow

GENESIS = "0" * 64
"""`previous` of the first row"""


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of checking a chain."""

    rows: int
    """How many rows are intact, counted from the first"""

    bad_row: int | None = None
    """`seq` of the first row that is not; None if all are"""

    fault: str = ""
    """What is wrong with it"""


def hash_of(row: JournalRow) -> str:
    """SHA-256 of the row's canonical form, in hexadecimal.

    The form is a JSON array without spaces, everything outside ASCII escaped: no two different rows share one.
    """
    form = [row.previous, row.seq, row.id, row.ts, row.event_type, row.payload]
    return hashlib.sha256(json.dumps(form, separators=(",", ":")).encode("ascii")).hexdigest()


def sealed(row: JournalRow) -> JournalRow:
    """The row with the hash that belongs to it."""
    return replace(row, hash=hash_of(row))


def verify_chain(rows: Iterable[JournalRow]) -> Verification:
    """Follow a whole chain from its first row, up to the first fault.

    Rows cut off at the end leave a shorter, intact chain: nothing here can see that.
    """
    intact = 0
    previous = GENESIS
    for row in rows:
        fault = fault_of(row, seq=intact + 1, previous=previous)
        if fault:
            return Verification(intact, bad_row=min(row.seq, intact + 1), fault=fault)
        intact, previous = row.seq, row.hash
    return Verification(intact)


def fault_of(row: JournalRow, *, seq: int, previous: str) -> str:
    """What is wrong with a row that should be number `seq` and follow the hash `previous`; empty if nothing is."""
    if row.seq > seq:
        return f"missing: the next row there is, is number {row.seq}"
    if row.seq < seq:
        return f"inserted: expected number {seq} here"
    if hash_of(row) != row.hash:
        return "changed: its content does not fit its own hash"
    if row.previous != previous:
        return "not the successor of the row before: one of the two was replaced, swapped or inserted"
    return ""
