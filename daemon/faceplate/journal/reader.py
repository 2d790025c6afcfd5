"""Reading the journal, beside the writer or without one."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from faceplate.errors import StoreError
from faceplate.events import JournalRow
from faceplate.journal import database
from faceplate.journal.chain import BEGINNING, Mark, Verification, verify_chain
from faceplate.journal.head import Head, Signer, against_head


def read(path: Path, after: int, limit: int) -> list[JournalRow]:
    """Up to `limit` rows that follow number `after`, oldest first.

    Raises:
        StoreError: there is no journal, or it cannot be read.
    """
    with _reading(path) as connection:
        rows = connection.execute(f"{database.ROWS} WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit))
        return [JournalRow(*row) for row in rows]


def read_last(path: Path, count: int, event_types: Collection[str] = ()) -> list[JournalRow]:
    """The last `count` rows, oldest first; of these event types only, if any are named.

    Raises:
        StoreError: there is no journal, or it cannot be read.
    """
    places = ", ".join("?" * len(event_types))
    which = f"WHERE event_type IN ({places})" if event_types else ""
    with _reading(path) as connection:
        rows = connection.execute(f"{database.ROWS} {which} ORDER BY seq DESC LIMIT ?", (*event_types, count))
        return [JournalRow(*row) for row in rows][::-1]


def read_all(
    path: Path, after: int = 0, since: datetime | None = None, until: datetime | None = None
) -> Iterator[JournalRow]:
    """The rows that follow number `after`, as they are at one moment, oldest first.

    Args:
        path: the journal.
        after: number of the row before the first.
        since: begin with the first row written then or later.
        until: end with the last row written earlier.

    All between the first and the last row are given, even if the clock was set back meanwhile: a chain without gaps.

    Raises:
        StoreError: there is no journal, or it cannot be read.
    """
    begin, end = (database.stamp(time) if time else None for time in (since, until))
    with _reading(path) as connection:
        rows = connection.execute(
            f"{database.ROWS} WHERE seq > ? {_FROM_TIME_TO_TIME} ORDER BY seq", (after, begin, begin, end, end)
        )
        yield from (JournalRow(*row) for row in rows)


def is_signed(path: Path) -> bool:
    """Whether the journal has a head; one that an earlier program wrote has none until the daemon opens it.

    Raises:
        StoreError: there is no journal, or it cannot be read.
    """
    with _reading(path) as connection:
        return database.schema_of(connection, path) == database.SCHEMA


def verify(path: Path, signer: Signer | None) -> tuple[Verification, Head | None]:
    """Check every row against its hash and the row before, and both ends against the signed head.

    Args:
        path: the journal.
        signer: knows the key. None: the head is believed as it is, which anybody could have written.

    Returns:
        What came of it, and the head; None where the journal has none.

    Raises:
        StoreError: there is no journal, or it cannot be read.
    """
    with _reading(path) as connection:
        connection.execute("BEGIN")  # one moment of the journal, though the daemon goes on writing
        if database.schema_of(connection, path) != database.SCHEMA:
            found = verify_chain(JournalRow(*row) for row in connection.execute(f"{database.ROWS} ORDER BY seq"))
            if signer and not found.fault:
                found = replace(found, fault=_NOT_SIGNED)
            return found, None
        return _verify_signed(connection, signer)


def holds(path: Path, mark: Mark) -> str:
    """What is wrong if the journal is to hold, or to have erased on purpose, the row of `mark`; empty if nothing is.

    Raises:
        StoreError: there is no journal, or it cannot be read.
    """
    row = next(iter(read(path, mark.seq - 1, 1)), None)
    if row is None or row.seq > mark.seq:
        with _reading(path) as connection:
            head = database.read_head(connection) if database.schema_of(connection, path) == database.SCHEMA else None
        base = head[0].base if head else BEGINNING
        if mark.seq < base.seq:
            return "erased long ago, by retention: note a newer one"
        return "" if mark == base else "not there: the journal is another one, or an old copy of it was put back"
    return "" if row.hash == mark.hash else "another one: the journal is another one, or was computed anew"


def _verify_signed(connection: sqlite3.Connection, signer: Signer | None) -> tuple[Verification, Head | None]:
    stored = database.read_head(connection)
    if stored is None:
        return Verification(BEGINNING, BEGINNING, fault="the signed head of the journal was removed"), None
    head = stored[0]
    found = verify_chain(database.rows_between(connection, None, head.last.seq), head.base)
    if not found.fault:
        surplus = connection.execute("SELECT min(seq) FROM journal WHERE seq > ?", (head.last.seq,)).fetchone()[0]
        found = against_head(found, head, surplus)
    if signer and not found.fault and not signer.fits(*stored):
        found = replace(found, fault=_WRONG_SIGNATURE)
    return found, head


_FROM_TIME_TO_TIME = """
    AND (? IS NULL OR seq >= (SELECT min(seq) FROM journal WHERE ts >= ?))
    AND (? IS NULL OR seq <= (SELECT max(seq) FROM journal WHERE ts < ?))
"""

_NOT_SIGNED = (
    "its end is not signed, though there is a key: another journal was put in its place, or the daemon has not yet "
    "opened it since the update"
)

_WRONG_SIGNATURE = "its end is not signed with this key: it was changed, or the key is another one"


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(database.open_for_reading(path)) as connection:
            _refuse_empty(connection, path)
            yield connection
    except StoreError:
        raise
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"cannot read the journal {path}: {error}. Its folder must be writable for whoever reads it, "
            "as SQLite keeps an index there; if the file is damaged, keep a copy and restore a backup."
        ) from error


def _refuse_empty(connection: sqlite3.Connection, path: Path) -> None:
    if database.schema_of(connection, path) == database.NEW:
        raise StoreError(f"{path} is an empty file, not a Faceplate journal; name another as journal.path")
