"""Writing the journal. There is one writer."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from faceplate.errors import StoreError
from faceplate.events import DoorEvent, JournalRow
from faceplate.journal import database
from faceplate.journal.chain import GENESIS, fault_of, sealed
from faceplate.journal.entries import describe
from faceplate.types import Decision


def wall_clock() -> datetime:
    """The present time, for people to read; no rule runs on it."""
    return datetime.now(UTC)


class Journal:
    """The open journal. Any thread may write to it; `close()` it at the end."""

    def __init__(self, path: Path, wall_clock: Callable[[], datetime] = wall_clock) -> None:
        """Open the journal at `path`, or begin one.

        Raises:
            StoreError: somebody else writes to it, it is damaged or no journal, or it cannot be written.
        """
        self._path = path
        self._wall_clock = wall_clock
        self._one_at_a_time = threading.Lock()
        with ExitStack() as stack:
            try:
                path.parent.mkdir(mode=0o700, exist_ok=True)
                stack.enter_context(_only_writer(path))
                self._database = database.open_for_writing(path)
                stack.callback(self._database.close)
                database.prepare(self._database, path)
                self._check_end()
            except StoreError:
                raise
            except (OSError, sqlite3.Error) as error:
                raise _store_error(f"cannot open the journal {path}", error) from error
            self._open = stack.pop_all()

    def write(self, entry: Decision | DoorEvent) -> None:
        """Write one row for good before returning; a decision that changes nothing is not written.

        Raises:
            StoreError: nothing of it was written. The journal stays usable: writing again works once the cause is gone.
        """
        described = describe(entry)
        if described is None:
            return
        with self._one_at_a_time:
            try:
                with self._database:  # commits, or rolls back
                    self._append(*described)
            except sqlite3.Error as error:
                raise _store_error(f"cannot write to the journal {self._path}", error) from error

    def close(self) -> None:
        """Let the file go. Closing twice is fine."""
        with self._one_at_a_time:
            self._open.close()

    def _append(self, event_type: str, payload: str) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        # The end is read anew each time: after a failed write nobody has to know what became of it.
        last = next(iter(database.last_rows(self._database, 1)), None)
        time = self._wall_clock().astimezone(UTC)
        row = sealed(
            JournalRow(
                seq=last.seq + 1 if last else 1,
                id=uuid.uuid4().hex,
                ts=time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                event_type=event_type,
                payload=payload,
                previous=last.hash if last else GENESIS,
                hash="",
            )
        )
        fields = (row.seq, row.id, row.ts, row.event_type, row.payload, row.previous, row.hash)
        self._database.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)", fields)

    def _check_end(self) -> None:
        """Rows are chained to the last one, so that one must be sound."""
        last, before = (*database.last_rows(self._database, 2), None, None)[:2]
        if last is None:
            return
        fault = fault_of(last, seq=before.seq + 1 if before else 1, previous=before.hash if before else GENESIS)
        if fault:
            raise StoreError(
                f"the last row of the journal {self._path}, number {last.seq}, is {fault}. "
                "See `faceplate journal verify`; keep the file, move it away, and a new journal is begun."
            )


def _only_writer(path: Path) -> ExitStack:
    """Hold the lock file beside the journal until the stack is closed; the kernel lets go of it when we die."""
    stack = ExitStack()
    lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    stack.callback(os.close, lock)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        stack.close()
        raise StoreError(
            f"another program writes to the journal {path}: is `faceplate run` running already? Stop that one first."
        ) from error
    return stack


def _store_error(what: str, error: Exception) -> StoreError:
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return StoreError(f"{what}: the disk is full. Make room; nothing was half-written.")
    return StoreError(f"{what}: {error}. Check that its folder exists and is this user's, and the disk's health.")
