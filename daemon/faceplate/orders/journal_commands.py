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


def rows_of(journal: Path) -> Callable[[Rows], dict[str, Any]]:
    """Reads rows of the journal in that file; may raise StoreError."""
    return lambda wanted: _told(reader.read(journal, wanted.after, wanted.limit))


def journal_commands(journal: Path) -> dict[str, Command[Any]]:
    """The commands, by name."""
    return {
        "journal.read": Command(Rows, rows_of(journal), always, Who.BRIDGE, audited=False),
        "journal.last": Command(LastRow, partial(_last, journal), always, Who.BRIDGE, audited=False),
    }


def _last(journal: Path, wanted: LastRow) -> dict[str, Any]:
    return _told(reader.read_last(journal, 1, wanted.event_types))


def _told(rows: Sequence[JournalRow]) -> dict[str, Any]:
    return {"rows": [asdict(row) for row in rows]}
