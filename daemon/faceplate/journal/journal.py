"""Writing the journal. There is one writer."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import threading
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from faceplate.errors import StoreError
from faceplate.events import Entry, JournalRow, wall_clock
from faceplate.journal import database
from faceplate.journal.chain import BEGINNING, Mark, fault_of, sealed
from faceplate.journal.entries import EventsLost, canonical, describe
from faceplate.journal.head import Head, Signer
from faceplate.journal.retention import Retention, due, erase
from faceplate.journal.signing import signer_for
from faceplate.types import Seconds

_log = logging.getLogger(__name__)

PRUNED_EVERY: Final = 64
"""Rows written between two looks at what is to be erased"""

PRUNED_AT_ONCE: Final = 256
"""Rows erased at once, at most: more than come in meanwhile, and done in about ten milliseconds"""

PRUNED_AT_OPEN: Final = 20_000
"""Rows erased when the journal is opened, at most"""


AT_ONCE: Final = Seconds(0.0)

_KEEP_AND_BEGIN: Final = "keep the file, move it away, and a new journal is begun."


class Journal:
    """The open journal. Any thread may write to it; `close()` it at the end."""

    def __init__(
        self,
        path: Path,
        key_file: Path | None = None,
        keep: Retention | None = None,
        wall_clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        """Open the journal at `path`, or begin one.

        Args:
            path: the file.
            key_file: the key its head is signed with; made with a new journal. By default `journal.key` beside it.
            keep: how long rows are kept.
            wall_clock: gives the present time, aware.

        Raises:
            StoreError: somebody else writes to it, it is damaged or no journal, its key is missing or another one, or
                it cannot be written.
        """
        self._path = path
        self._keep = keep or Retention()
        self._wall_clock = wall_clock
        self._one_at_a_time = threading.Lock()
        with ExitStack() as stack:
            try:
                path.parent.mkdir(mode=0o700, exist_ok=True)
                stack.enter_context(_only_writer(path))
                self._database = database.open_for_writing(path)
                stack.callback(self._database.close)
                self._signer = self._prepare(key_file or path.with_name("journal.key"))
                self._check_end(self._head())
            except StoreError:
                raise
            except (OSError, sqlite3.Error) as error:
                raise _store_error(f"cannot open the journal {path}", error) from error
            self._open = stack.pop_all()
        self._rows_to_pruning = PRUNED_EVERY
        self._prune_at_open()

    def write(self, entry: Entry | EventsLost, delayed: Seconds = AT_ONCE) -> None:
        """Write one row for good before returning; a decision that changes nothing is not written.

        Args:
            entry: what happened.
            delayed: how long ago it happened, if that is worth telling.

        Raises:
            StoreError: nothing of it was written. The journal stays usable: writing again works once the cause is gone.
        """
        described = describe(entry)
        if described is None:
            return
        event_type, facts = described
        if delayed:
            facts["delayed"] = round(delayed, 1)
        with self._one_at_a_time:
            try:
                with self._database:  # commits, or rolls back
                    self._append(event_type, facts)
            except sqlite3.Error as error:
                raise _store_error(f"cannot write to the journal {self._path}", error) from error
            self._rows_to_pruning -= 1
            if self._rows_to_pruning == 0:
                self._rows_to_pruning = PRUNED_EVERY
                self._prune()

    def close(self) -> None:
        """Let the file go. Closing twice is fine."""
        with self._one_at_a_time:
            self._open.close()

    def _prepare(self, key_file: Path) -> Signer:
        """Lay out a new file, sign an old one; give what signs its head."""
        schema = database.schema_of(self._database, self._path)
        signer = signer_for(key_file, self._path, may_make=schema != database.SCHEMA)
        if schema != database.SCHEMA:
            head = Head()
            if schema == database.UNSIGNED and (last := next(iter(database.last_rows(self._database, 1)), None)):
                head = Head(BEGINNING, Mark(last.seq, last.hash), unsigned_until=last.seq)
                self._check_end(head)
                _log.warning("the journal %s is signed from now on; rows up to %d were not", self._path, last.seq)
            database.lay_out(self._database, schema, head, signer.sign(head))
        database.use_wal(self._database, self._path)
        return signer

    def _append(self, event_type: str, facts: dict[str, Any]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        # The end is read anew each time: after a failed write nobody has to know what became of it.
        head = self._head()
        row = sealed(
            JournalRow(
                seq=head.last.seq + 1,
                id=uuid.uuid4().hex,
                ts=database.stamp(self._wall_clock()),
                event_type=event_type,
                payload=canonical(facts),
                previous=head.last.hash,
                hash="",
            )
        )
        database.append(self._database, row)
        self._set_head(replace(head, last=Mark(row.seq, row.hash)))

    def _prune_at_open(self) -> None:
        rounds = 0
        while rounds < PRUNED_AT_OPEN // PRUNED_AT_ONCE and self._prune():
            rounds += 1
        if rounds:
            database.empty_wal(self._database)

    def _prune(self) -> bool:
        """Erase some of what is kept no longer; whether any was. It can wait, so a failure is only said."""
        try:
            with self._database:
                self._database.execute("BEGIN IMMEDIATE")
                head = self._head()
                until = due(self._database, head, self._keep, self._wall_clock(), PRUNED_AT_ONCE)
                if until == head.base.seq:
                    return False
                self._set_head(erase(self._database, head, until))
        except (StoreError, sqlite3.Error) as error:
            _log.error("old rows of the journal %s could not be erased: %s", self._path, error)
            return False
        return True

    def _head(self) -> Head:
        """The head as it was signed."""
        found = database.read_head(self._database)
        if found is None or not self._signer.fits(*found):
            raise StoreError(
                f"the end of the journal {self._path} is not signed with its key: it was changed, or it is another "
                f"key. Put back the key if it was replaced; else {_KEEP_AND_BEGIN}"
            )
        return found[0]

    def _set_head(self, head: Head) -> None:
        database.write_head(self._database, head, self._signer.sign(head))

    def _check_end(self, head: Head) -> None:
        """Rows are chained to the last one, so that one must be sound, and be the one that was signed."""
        last, before = (*database.last_rows(self._database, 2), None, None)[:2]
        fault = ""
        if last is not None:
            fault = fault_of(last, after=Mark(before.seq, before.hash) if before else head.base)
        end = Mark(last.seq, last.hash) if last else head.base
        if not fault and end != head.last:
            fault = f"not the one that was signed, number {head.last.seq}"
        if fault:
            raise StoreError(
                f"the last row of the journal {self._path}, number {end.seq}, is {fault}. "
                f"See `faceplate journal verify`; {_KEEP_AND_BEGIN}"
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
