"""The orders that read the journal, for whoever may not open its file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from faceplate.config.section import Section
from faceplate.events import JournalRow
from faceplate.journal import reader
from faceplate.orders.orders import Command, Who, always


class Rows(Section):
    """Rows in their order."""

    after: Annotated[int, Field(ge=0)]
    """Number of the row before the first"""

    limit: Annotated[int, Field(ge=1, le=500)]


class JournalRows(Rows):
    """Rows in their order, as many as fit into a message."""

    limit: Annotated[int, Field(ge=1, le=100)]


class LastRow(Section):
    """The newest row of some kinds."""

    event_types: Annotated[list[str], Field(min_length=1, max_length=20)]


ReadRows = Callable[[Rows], dict[str, Any]]
"""Gives rows of the journal; may raise StoreError"""


def rows_of(journal: Path) -> ReadRows:
    """Reads rows of the journal in that file."""
    return lambda wanted: _told(reader.read(journal, wanted.after, wanted.limit))


def news_of(read: ReadRows, changes: Callable[[], int]) -> ReadRows:
    """Reads only what may have changed since it was asked the same.

    Whoever waits for news asks several times a second, and opening SQLite's journal writes: each reader marks its place
    in the shared index beside the file, which the kernel then puts on the disk.

    Args:
        read: reads.
        changes: another number whenever the journal may have changed.
    """
    last: tuple[Rows, int, dict[str, Any]] | None = None

    def news(wanted: Rows) -> dict[str, Any]:
        nonlocal last
        state, known = changes(), last  # before it is read: what comes meanwhile is read the next time
        if known is not None and known[:2] == (wanted, state):
            return known[2]
        rows = read(wanted)
        last = (wanted, state, rows)
        return rows

    return news


def journal_commands(journal: Path, changes: Callable[[], int] | None = None) -> dict[str, Command[Any]]:
    """The commands, by name; `changes` as for `news_of`, None where nobody knows."""
    rows = rows_of(journal)
    news = rows if changes is None else news_of(rows, changes)
    return {
        "journal.read": Command(Rows, news, always, Who.BRIDGE, audited=False),
        "journal.last": Command(LastRow, partial(_last, journal), always, Who.BRIDGE, audited=False),
    }


def _last(journal: Path, wanted: LastRow) -> dict[str, Any]:
    return _told(reader.read_last(journal, 1, wanted.event_types))


def _told(rows: Sequence[JournalRow]) -> dict[str, Any]:
    return {"rows": [asdict(row) for row in rows]}
