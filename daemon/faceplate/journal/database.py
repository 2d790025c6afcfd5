"""The SQLite file under the journal: its layout, and how a connection to it is opened."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from faceplate.errors import StoreError
from faceplate.events import JournalRow
from faceplate.files import sync_folder

APPLICATION_ID = 0x46504A31
"""Marks an SQLite file as ours ("FPJ1")"""

SCHEMA = 1

_TABLE = """
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    ts TEXT NOT NULL,
    event_type TEXT NOT NULL,
    payload TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
)
"""

# The casts, and the decoder below, let a row be read that somebody filled with other types or with bytes that are no
# text: it then fails its hash, instead of the reading.
ROWS = """
SELECT seq, CAST(id AS TEXT), CAST(ts AS TEXT), CAST(event_type AS TEXT), CAST(payload AS TEXT),
    CAST(previous AS TEXT), CAST(hash AS TEXT) FROM journal
"""

_WRITER_PATIENCE = 2.0
"""Seconds a write waits for somebody else's lock on the file, before it fails"""


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that cannot change anything; it works beside a writer and without one.

    Raises:
        StoreError: there is no journal there.
    """
    if not path.is_file():
        raise StoreError(f"there is no journal at {path} yet: `faceplate run` makes it; else check journal.path")
    connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, isolation_level=None)
    connection.text_factory = _decode
    return connection


def open_for_writing(path: Path) -> sqlite3.Connection:
    """A connection for the one writer; the journal, and the last folder of its path, are made if need be.

    Raises:
        OSError, sqlite3.Error: the file cannot be made or opened.
    """
    _make(path)
    # Two threads write, one at a time: the journal's own lock sees to that.
    connection = sqlite3.connect(path, timeout=_WRITER_PATIENCE, isolation_level=None, check_same_thread=False)
    connection.text_factory = _decode
    return connection


def _make(path: Path) -> None:
    try:
        # Before SQLite opens it: closing a second descriptor of an open database drops SQLite's locks.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        path.chmod(0o600)
    else:
        sync_folder(path.parent)


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make every commit outlast a power cut, and lay out the file if it is new.

    Raises:
        StoreError: the file is of another kind, or cannot be made safe.
    """
    if _pragma(connection, "page_count") == 0:
        # One transaction: a power cut leaves an empty file, which is new again, or the whole of it.
        connection.executescript(
            f"BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA}; {_TABLE}; COMMIT"
        )
    check_kind(connection, path)
    if (mode := _pragma(connection, "journal_mode = WAL")) != "wal":
        raise StoreError(f"{path}: expected SQLite's WAL mode, got {mode!r}; put the journal on a local file system")
    connection.execute("PRAGMA synchronous = FULL")


def check_kind(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a database that is not a journal of this program.

    Raises:
        StoreError: it is something else, or from a newer version.
    """
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise StoreError(f"{path} is not a Faceplate journal; name another file as journal.path")
    if (schema := _pragma(connection, "user_version")) != SCHEMA:
        raise StoreError(f"{path} has layout {schema}, this program knows {SCHEMA}: use the Faceplate that wrote it")


def last_rows(connection: sqlite3.Connection, count: int) -> list[JournalRow]:
    """The last rows, newest first."""
    return [JournalRow(*row) for row in connection.execute(f"{ROWS} ORDER BY seq DESC LIMIT ?", (count,))]


def _pragma(connection: sqlite3.Connection, name: str) -> object:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace")
