"""What lies between the door and the journal, so that the door never waits for the disk."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from faceplate.backoff import waiting_times
from faceplate.errors import StoreError
from faceplate.events import Entry
from faceplate.journal.entries import EventsLost, describe
from faceplate.journal.journal import AT_ONCE
from faceplate.types import Clock, Seconds

_log = logging.getLogger(__name__)

LATE: Final = Seconds(1.0)
"""A row that is written later than this says so"""

ROOM: Final = 10_000
"""Door events that are kept until the disk works again: more than a week of an ordinary door's, some 5 MB"""

_SHORTEST_WAIT: Final = Seconds(0.5)
_LONGEST_WAIT: Final = Seconds(30.0)
"""Between two attempts of a disk that fails"""

_JOIN_TIMEOUT: Final = Seconds(5.0)
"""A write takes milliseconds, and SQLite waits 2 s for another program; longer than this, and the disk hangs"""


class OpenJournal(Protocol):
    """What the recorder needs of a journal."""

    def write(self, entry: Entry | EventsLost, delayed: Seconds) -> None:
        """Write one row for good before returning, or raise StoreError."""

    def close(self) -> None:
        """Let the file go."""


@dataclass(frozen=True, slots=True)
class _Noted:
    entry: Entry | EventsLost
    time: Seconds


class Recorder:
    """Writes the journal. Decisions and commands wait until they are on disk, door events are noted for later.

    `write` is called from any thread but the door's, `note` from any. While the disk fails, what was noted is kept and
    written in order as soon as that works again; each failed attempt closes the journal and opens it anew, so that one
    that was moved away, or mounted again, is found.
    """

    def __init__(
        self,
        open_journal: Callable[[], OpenJournal],
        clock: Clock,
        report: Callable[[bool], None],
        *,
        room: int = ROOM,
        wait: Callable[[threading.Event, Seconds], object] = threading.Event.wait,
    ) -> None:
        """Build a recorder; nothing is opened before `open_now`, or the first row.

        Args:
            open_journal: opens the journal, or raises StoreError.
            clock: monotonic; gives how late a row is.
            report: told True when the journal cannot be written, and False when a row has been written again. It may
                call `note`, and never `write`.
            room: how many events are kept; of those that come when it is full, only the number.
            wait: how the thread waits for an event, at most so many seconds of `clock`.
        """
        self._open_journal = open_journal
        self._clock = clock
        self._report = report
        self._room = room
        self._wait = wait
        self._journal: OpenJournal | None = None
        self._faulty = False
        self._changes = 0
        self._writing = threading.Lock()
        """Held by whoever uses the journal; guards the three above"""
        self._noted: deque[_Noted] = deque()
        self._brief = threading.Lock()
        """Guards what is noted; never held during anything slow"""
        self._work = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write_noted, name="recorder", daemon=True)

    def start(self) -> None:
        """Write what is noted, from now on, in a thread of its own."""
        self._thread.start()

    def open_now(self) -> None:
        """Open the journal, instead of with the first row.

        Raises:
            StoreError: it cannot be opened. That may pass; the recorder tries again with the next row.
        """
        with self._writing:
            self._attempt(self._open)

    def write(self, entry: Entry) -> None:
        """Write what was noted, and then this, for good before returning; what changes nothing is not written.

        Raises:
            StoreError: this was not written. What was noted is, or is kept.
        """
        if describe(entry) is None:
            return  # a door nobody stands at must not depend on the disk
        with self._writing:
            self._attempt(lambda: self._flush_and_write(entry))

    def changes(self) -> int:
        """Another number whenever the journal may have changed; from any thread, at once."""
        return self._changes

    def note(self, event: Entry) -> None:
        """Have this written soon. Never waits for the disk, and never fails."""
        with self._brief:
            if len(self._noted) < self._room:
                self._noted.append(_Noted(event, self._clock()))
            else:
                self._count_lost()
        self._work.set()

    def close(self, timeout: Seconds = _JOIN_TIMEOUT) -> None:
        """Write what is noted, if the disk does not hang for longer than `timeout`, and let the journal go."""
        self._stop.set()
        self._work.set()
        if self._thread.is_alive():
            self._thread.join(timeout)
        if not self._writing.acquire(timeout=timeout):
            _log.error("the disk hangs: %d door events are not in the journal", len(self._noted))
            return
        try:
            self._flush_quietly()
            self._open_journal = _closed
            self._forget()
        finally:
            self._writing.release()
        if self._noted:
            _log.error("the journal cannot be written: %d door events are not in it", len(self._noted))

    def _write_noted(self) -> None:
        waits = waiting_times(_SHORTEST_WAIT, _LONGEST_WAIT)
        while not self._stop.is_set():
            self._work.wait()
            self._work.clear()
            with self._writing:
                written = self._flush_quietly()
            if written:
                waits = waiting_times(_SHORTEST_WAIT, _LONGEST_WAIT)
            else:
                self._work.set()
                self._wait(self._stop, next(waits))

    def _flush_quietly(self) -> bool:
        """Write what is noted, if that works; whether it did."""
        try:
            self._attempt(self._flush)
        except StoreError:
            return False  # it has been said
        return True

    def _attempt(self, work: Callable[[], object]) -> None:
        """Do what needs the journal, and say when that begins to fail."""
        try:
            work()
        except StoreError as error:
            self._forget()
            _log.log(logging.DEBUG if self._faulty else logging.ERROR, "%s", error)
            if not self._faulty:
                self._faulty = True
                self._report(True)  # noqa: FBT003 - the one thing it is told
            raise

    def _flush_and_write(self, entry: Entry) -> None:
        self._flush()
        self._put(entry, AT_ONCE)

    def _flush(self) -> None:
        while (noted := self._take()) is not None:
            late = Seconds(self._clock() - noted.time)
            try:
                self._put(noted.entry, late if late > LATE else AT_ONCE)
            except StoreError:
                with self._brief:
                    self._noted.appendleft(noted)
                raise

    def _open(self) -> OpenJournal:
        if self._journal is None:
            self._journal = self._open_journal()
            self._changes += 1
        return self._journal

    def _put(self, entry: Entry | EventsLost, delayed: Seconds) -> None:
        self._open().write(entry, delayed)
        self._changes += 1
        if self._faulty:
            self._faulty = False
            _log.info("the journal can be written again")
            self._report(False)  # noqa: FBT003 - the one thing it is told

    def _take(self) -> _Noted | None:
        with self._brief:
            return self._noted.popleft() if self._noted else None

    def _count_lost(self) -> None:
        """Keep in mind, at this place of the order, that one more event was lost."""
        last = self._noted[-1]
        if isinstance(last.entry, EventsLost):
            self._noted[-1] = _Noted(EventsLost(last.entry.count + 1), last.time)
        else:
            _log.error("the journal has not been writable for long: from now on door events are only counted")
            self._noted.append(_Noted(EventsLost(1), self._clock()))

    def _forget(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None
            self._changes += 1


def _closed() -> OpenJournal:
    raise StoreError("the journal is closed: the daemon is stopping")
