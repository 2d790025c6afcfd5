"""How long rows are kept, and erasing those whose time is over."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from faceplate.errors import StoreError
from faceplate.journal import database
from faceplate.journal.chain import verify_chain
from faceplate.journal.head import Head


@dataclass(frozen=True, slots=True)
class Retention:
    """What is kept. The defaults are those of the configuration."""

    days: int = 365
    """Older rows are erased"""

    rows: int = 1_000_000
    """Of more rows than this the oldest are erased"""


def due(connection: sqlite3.Connection, head: Head, keep: Retention, now: datetime, most: int) -> int:
    """Number of the last row to erase, at most `most` rows from the first; the base's if none is due.

    Only what lies at the beginning is erased: a row younger than the limit keeps all that follow it.
    """
    bound = min(head.base.seq + most, head.last.seq)
    too_many = max(head.base.seq, head.last.seq - keep.rows)
    limit = database.stamp(now - timedelta(days=keep.days))
    young = database.first_since(connection, limit, too_many, bound)
    return bound if young is None else young - 1


def erase(connection: sqlite3.Connection, head: Head, until: int) -> Head:
    """Erase the rows after the base up to number `until`, within the caller's transaction.

    Returns:
        The head from now on.

    Raises:
        StoreError: a row does not fit the chain. That is evidence, which the new base would hide, so nothing is erased.
    """
    found = verify_chain(database.rows_between(connection, head.base.seq, until), head.base)
    if found.fault or found.last.seq != until:
        fault = found.fault or "missing"
        raise StoreError(f"row {found.last.seq + 1} is {fault}. See `faceplate journal verify`; all rows are kept")
    connection.execute("DELETE FROM journal WHERE seq <= ?", (until,))
    return replace(head, base=found.last)
