"""The SQLite file under the journal: its layout, and how a connection to it is opened."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from faceplate.errors import StoreError
from faceplate.events import JournalRow
from faceplate.files import sync_folder
from faceplate.journal.chain import Mark
from faceplate.journal.head import Head

APPLICATION_ID = 0x46504A31
"""Marks an SQLite file as ours ("FPJ1")"""

NEW = 0
"""Of a file in which there is nothing yet"""

UNSIGNED = 1
"""The layout before there was a signed head"""

SCHEMA = 2

_TABLE = """
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    ts TEXT NOT NULL,
    event_type TEXT NOT NULL,
    payload TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
);
"""

_HEAD_TABLE = """
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    base_seq INTEGER NOT NULL,
    base_hash TEXT NOT NULL,
    last_seq INTEGER NOT NULL,
    last_hash TEXT NOT NULL,
    unsigned_until INTEGER NOT NULL,
    mac TEXT NOT NULL
)
"""

# The casts, and the decoder below, let a row be read that somebody filled with other types or with bytes that are no
# text: it then fails its hash, instead of the reading.
ROWS = """
SELECT seq, CAST(id AS TEXT), CAST(ts AS TEXT), CAST(event_type AS TEXT), CAST(payload AS TEXT),
    CAST(previous AS TEXT), CAST(hash AS TEXT) FROM journal
"""

_HEAD = """
SELECT CAST(base_seq AS INTEGER), CAST(base_hash AS TEXT), CAST(last_seq AS INTEGER), CAST(last_hash AS TEXT),
    CAST(unsigned_until AS INTEGER), CAST(mac AS TEXT) FROM head
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
    """A connection for the one writer; the file is made if need be.

    Raises:
        OSError, sqlite3.Error: the file cannot be made or opened.
    """
    _make(path)
    # Several threads write, one at a time: the journal's own lock sees to that.
    connection = sqlite3.connect(path, timeout=_WRITER_PATIENCE, isolation_level=None, check_same_thread=False)
    connection.text_factory = _decode
    connection.execute("PRAGMA synchronous = FULL")
    # What retention erases is overwritten, not only forgotten.
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def _make(path: Path) -> None:
    try:
        # Before SQLite opens it: closing a second descriptor of an open database drops SQLite's locks.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        path.chmod(0o600)
    else:
        sync_folder(path.parent)


def schema_of(connection: sqlite3.Connection, path: Path) -> int:
    """The layout of the file: NEW, UNSIGNED or SCHEMA.

    Raises:
        StoreError: it is no journal of this program, or from a newer version.
    """
    if _pragma(connection, "page_count") == 0:
        return NEW
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise StoreError(f"{path} is not a Faceplate journal; name another file as journal.path")
    schema = _pragma(connection, "user_version")
    if schema == SCHEMA:
        return SCHEMA
    if schema == UNSIGNED:
        return UNSIGNED
    raise StoreError(f"{path} has layout {schema}, this program knows {SCHEMA}: use the Faceplate that wrote it")


def lay_out(connection: sqlite3.Connection, schema: int, head: Head, mac: str) -> None:
    """Bring a new file, or one of the layout `schema`, to the present one; no row changes.

    One transaction: a power cut leaves what was there, or the whole of it.
    """
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        if schema == NEW:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(_TABLE)
        connection.execute(_HEAD_TABLE)
        write_head(connection, head, mac)
        connection.execute(f"PRAGMA user_version = {SCHEMA}")


def use_wal(connection: sqlite3.Connection, path: Path) -> None:
    """Let readers read while a row is written; each commit is synchronised to the disk.

    Raises:
        StoreError: the file system cannot do that.
    """
    if (mode := _pragma(connection, "journal_mode = WAL")) != "wal":
        raise StoreError(f"{path}: expected SQLite's WAL mode, got {mode!r}; put the journal on a local file system")


def empty_wal(connection: sqlite3.Connection) -> None:
    """Take what is erased out of the write-ahead log, too; while somebody reads, that waits for the next time."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def last_rows(connection: sqlite3.Connection, count: int) -> list[JournalRow]:
    """The last rows, newest first."""
    return [JournalRow(*row) for row in connection.execute(f"{ROWS} ORDER BY seq DESC LIMIT ?", (count,))]


def rows_between(connection: sqlite3.Connection, after: int | None, until: int) -> Iterator[JournalRow]:
    """The rows that follow number `after`, up to number `until`, oldest first; from the very first if it is None."""
    which = "seq <= ?" if after is None else "seq <= ? AND seq > ?"
    bounds = (until,) if after is None else (until, after)
    return (JournalRow(*row) for row in connection.execute(f"{ROWS} WHERE {which} ORDER BY seq", bounds))


def first_since(connection: sqlite3.Connection, ts: str, after: int, until: int) -> int | None:
    """Number of the first row written at `ts` or later, of those that follow number `after`, up to number `until`."""
    found: int | None = connection.execute(
        "SELECT min(seq) FROM journal WHERE seq > ? AND seq <= ? AND CAST(ts AS TEXT) >= ?", (after, until, ts)
    ).fetchone()[0]
    return found


def append(connection: sqlite3.Connection, row: JournalRow) -> None:
    """Add a row, within the caller's transaction."""
    fields = (row.seq, row.id, row.ts, row.event_type, row.payload, row.previous, row.hash)
    connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)", fields)


def read_head(connection: sqlite3.Connection) -> tuple[Head, str] | None:
    """The head and its signature, unchecked; None if there is none."""
    found = connection.execute(_HEAD).fetchone()
    if found is None:
        return None
    base_seq, base_hash, last_seq, last_hash, unsigned_until, mac = found
    return Head(Mark(base_seq, base_hash), Mark(last_seq, last_hash), unsigned_until), mac


def write_head(connection: sqlite3.Connection, head: Head, mac: str) -> None:
    """Put `head` in place of the one that is there, within the caller's transaction."""
    fields = (head.base.seq, head.base.hash, head.last.seq, head.last.hash, head.unsigned_until, mac)
    connection.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?, ?, ?, ?)", fields)


def stamp(time: datetime) -> str:
    """The wall-clock time as rows carry it: later times are later in the alphabet, too."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _pragma(connection: sqlite3.Connection, name: str) -> object:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace")
