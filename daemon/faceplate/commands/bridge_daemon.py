"""The daemon behind its control socket, for the bridge; the journal's file in its place while it is stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from faceplate.bridge.daemon import DaemonAwayError, DaemonRefusedError
from faceplate.control.client import Caller
from faceplate.control.protocol import Done, Refused
from faceplate.errors import ControlError, NotRunningError, StoreError
from faceplate.events import JournalRow
from faceplate.journal import reader
from faceplate.types import Seconds

_ANSWERS_WITHIN: Final = Seconds(3.0)
"""What only tells something"""

_DONE_WITHIN: Final = Seconds(20.0)
"""A PIN is compared with everybody's, a tenth of a second each; the broker waits longer"""


class AskedDaemon:
    """Asks over one connection, which is made anew after an error."""

    def __init__(self, socket: Path, journal: Path) -> None:
        """Nothing is connected yet."""
        self._caller = Caller(socket)
        self._journal = journal

    def order(self, command: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Have something done."""
        return self._ask(command, arguments, _DONE_WITHIN)

    def status(self) -> Mapping[str, Any]:
        """What the daemon is like."""
        return self._ask("status", {}, _ANSWERS_WITHIN)

    def rows_after(self, seq: int, limit: int) -> Sequence[JournalRow]:
        """Rows of the journal."""
        return self._rows(
            "journal.read", {"after": seq, "limit": limit}, lambda: reader.read(self._journal, seq, limit)
        )

    def last_row(self, *event_types: str) -> JournalRow | None:
        """The newest row of these types."""
        rows = self._rows(
            "journal.last",
            {"event_types": list(event_types)},
            lambda: reader.read_last(self._journal, 1, event_types),
        )
        return next(iter(rows), None)

    def close(self) -> None:
        """Hang up."""
        self._caller.close()

    def _ask(self, command: str, arguments: Mapping[str, Any], patience: Seconds) -> Mapping[str, Any]:
        try:
            answer = self._caller.ask(command, arguments, patience)
        except ControlError as error:
            raise DaemonAwayError(str(error)) from error
        match answer:
            case Done(result):
                return result
            case Refused(reason, message):
                raise DaemonRefusedError(reason.value, message)

    def _rows(
        self, command: str, arguments: Mapping[str, Any], from_file: Callable[[], Sequence[JournalRow]]
    ) -> Sequence[JournalRow]:
        try:
            answer = self._caller.ask(command, arguments, _ANSWERS_WITHIN)
        except NotRunningError:
            return from_file()
        except ControlError as error:
            raise StoreError(str(error)) from error
        match answer:
            case Done(result):
                return [JournalRow(**row) for row in result["rows"]]
            case Refused(_, message):
                raise StoreError(message)
