"""The journal outside its file: JSON Lines that carry the chain of hashes, or a table for a spreadsheet. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from itertools import chain
from typing import Any

from faceplate.errors import StoreError
from faceplate.events import JournalRow
from faceplate.journal.chain import BEGINNING, Mark, Verification, verify_chain
from faceplate.journal.entries import canonical

COLUMNS = ("seq", "ts", "event_type", "person", "reason", "cause", "method", "payload")
"""Of the table: what most rows have; `payload` has everything"""

_FORMULA = tuple("=+-@\t\r")
"""What makes a spreadsheet take a text for a formula (OWASP, CSV Injection)"""

_TYPES = {field.name: int if field.name == "seq" else str for field in fields(JournalRow)}


def as_json_line(row: JournalRow) -> str:
    """The row as one JSON object in ASCII, its payload an object wherever the stored text can be made from that."""
    facts = _facts(row)
    return json.dumps(asdict(row) | {"payload": row.payload if facts is None else facts})


def row_of(line: str) -> JournalRow:
    """The row that `as_json_line` made a line of.

    Raises:
        StoreError: the line is nothing of the kind.
    """
    try:
        tree = json.loads(line)
        payload = tree["payload"]
        values = tree | {"payload": canonical(payload) if isinstance(payload, dict) else payload}
    except (ValueError, KeyError, TypeError, RecursionError):
        values = {}
    if values.keys() != _TYPES.keys() or any(not isinstance(values[name], _TYPES[name]) for name in _TYPES):
        raise StoreError(f"expected a row as `faceplate journal export` writes it, got {line[:80]!r}")
    return JournalRow(**values)


def verify_lines(lines: Iterable[str]) -> Verification:
    """Follow the chain through an export. What its first row follows is believed, unless that is the journal's first.

    Raises:
        StoreError: a line is no row.
    """
    rows = iter(map(row_of, lines))
    first = next(rows, None)
    if first is None:
        return Verification(BEGINNING, BEGINNING)
    base = Mark(first.seq - 1, first.previous) if first.seq > 1 else BEGINNING
    return verify_chain(chain([first], rows), base)


def as_table(rows: Iterable[JournalRow]) -> Iterator[str]:
    """The lines of a CSV file (RFC 4180), its header first. No cell is a formula or speaks to a terminal."""
    yield _csv_line(COLUMNS)
    for row in rows:
        facts = _facts(row) or {}
        own = {"seq": row.seq, "ts": row.ts, "event_type": row.event_type, "payload": row.payload}
        yield _csv_line([_cell((facts | own).get(column)) for column in COLUMNS])


def printable(text: str) -> str:
    """The text with everything escaped that a terminal might obey."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def _facts(row: JournalRow) -> dict[str, Any] | None:
    """The payload, if it is the canonical JSON of an object, as we write it."""
    try:
        facts = json.loads(row.payload)
        return facts if isinstance(facts, dict) and canonical(facts) == row.payload else None
    except (ValueError, RecursionError):
        return None


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return printable(f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text)


def _csv_line(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
