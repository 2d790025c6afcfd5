"""Reading the journal, beside the writer or without one."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from faceplate.errors import StoreError
from faceplate.events import JournalRow
from faceplate.journal import database
from faceplate.journal.chain import Verification, verify_chain


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


def verify(path: Path) -> Verification:
    """Check every row against its hash and the row before.

    Raises:
        StoreError: there is no journal, or it cannot be read.
    """
    with _reading(path) as connection:
        return verify_chain(JournalRow(*row) for row in connection.execute(f"{database.ROWS} ORDER BY seq"))


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(database.open_for_reading(path)) as connection:
            database.check_kind(connection, path)
            yield connection
    except StoreError:
        raise
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"cannot read the journal {path}: {error}. Its folder must be writable for whoever reads it, "
            "as SQLite keeps an index there; if the file is damaged, keep a copy and restore a backup."
        ) from error
