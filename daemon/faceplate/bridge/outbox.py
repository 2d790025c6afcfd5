"""What of the journal is still to be delivered: in order, at least once."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from faceplate.errors import StoreError
from faceplate.events import JournalRow
from faceplate.files import write_atomically

_log = logging.getLogger(__name__)

ReadAfter: TypeAlias = Callable[[int, int], Sequence[JournalRow]]
"""(seq, limit) -> up to `limit` rows that follow number `seq`, oldest first"""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row that was delivered."""

    seq: int = 0

    id: str = ""
    """Ties the cursor to one journal: another one has another row under this number, or none"""


class CursorStore(Protocol):
    """Where the cursor outlasts the process."""

    def load(self) -> Cursor:
        """The cursor as it was saved last; the beginning if there is none."""

    def save(self, cursor: Cursor) -> None:
        """Keep the cursor for good, before returning."""


class CursorFile:
    """The cursor in a file."""

    def __init__(self, path: Path) -> None:
        """The file need not exist yet."""
        self._path = path

    def load(self) -> Cursor:
        """The cursor in the file; the beginning if there is none, or it is damaged.

        Raises:
            StoreError: the file is there and cannot be read.
        """
        try:
            tree = json.loads(self._path.read_bytes())
            return Cursor(int(tree["seq"]), str(tree["id"]))
        except FileNotFoundError:
            return Cursor()
        except OSError as error:
            raise StoreError(
                f"cannot read the cursor {self._path}: {error.strerror}. It must be this user's."
            ) from error
        except (ValueError, KeyError, TypeError):
            _log.warning("the cursor %s is damaged: the whole journal is sent again, nothing is lost", self._path)
            return Cursor()

    def save(self, cursor: Cursor) -> None:
        """Replace the file.

        Raises:
            StoreError: it could not be written; the old cursor is still there.
        """
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            write_atomically(self._path, json.dumps(asdict(cursor)).encode())
        except OSError as error:
            raise StoreError(
                f"cannot write the cursor {self._path}: {error.strerror}. Make room and check that its folder is this "
                "user's; until then a restart sends rows a second time."
            ) from error


class Outbox:
    """The journal from the cursor on."""

    def __init__(self, read_after: ReadAfter, store: CursorStore) -> None:
        """Go on where the store says the last process stopped."""
        self._read_after = read_after
        self._store = store
        self._cursor = self._kept = store.load()
        self._warned_of = 0

    def pending(self, limit: int) -> Sequence[JournalRow]:
        """Up to `limit` rows nobody has acknowledged, oldest first."""
        if self._cursor.seq == 0:
            return self._read_after(0, limit)
        # The row under the cursor is read along with them: it must be the one that was delivered.
        rows = self._read_after(self._cursor.seq - 1, limit + 1)
        if rows and (rows[0].seq, rows[0].id) == (self._cursor.seq, self._cursor.id):
            return rows[1:]
        if rows and rows[0].seq > self._cursor.seq:
            return self._after_erased(rows[:limit])
        if not rows and not self._read_after(0, 1):
            return ()  # no row at all: every one was erased, or there has never been one
        _log.warning(
            "row %d of the journal is not the one delivered last: another journal? sending all", self._cursor.seq
        )
        self._cursor = Cursor()
        return self._read_after(0, limit)

    def _after_erased(self, rows: Sequence[JournalRow]) -> Sequence[JournalRow]:
        """The journal's own retention erased the row under the cursor: go on with what is left."""
        erased = rows[0].seq - self._cursor.seq - 1
        if erased and rows[0].seq != self._warned_of:
            self._warned_of = rows[0].seq
            _log.warning("%d rows before number %d were erased before they were delivered", erased, rows[0].seq)
        return rows

    def delivered(self, row: JournalRow) -> None:
        """The broker has acknowledged `row`, and every row before it. A kill before `keep` sends it again."""
        self._cursor = Cursor(row.seq, row.id)

    def keep(self) -> None:
        """Keep for good how far it came; writes nothing if that is kept.

        Raises:
            StoreError: it could not be kept; this process knows it all the same.
        """
        if self._cursor != self._kept:
            self._store.save(self._cursor)
            self._kept = self._cursor
