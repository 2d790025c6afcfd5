"""`faceplate journal`: what happened at the door."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from faceplate.bridge.outbox import Cursor, CursorFile
from faceplate.commands.common import ExitCode, Subparsers, config_of
from faceplate.config import Config
from faceplate.errors import StoreError
from faceplate.events import JournalRow
from faceplate.files import sync_folder
from faceplate.journal import reader
from faceplate.journal.chain import Mark, Verification, parse_mark
from faceplate.journal.export import as_json_line, as_table, printable, verify_lines
from faceplate.journal.head import Head, Signer
from faceplate.journal.signing import key_is_there, load_signer

_PAGE = 500


def register(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "journal",
        help="show, check or export the record of what happened",
        description="The record of every decision, door event and order. Each row carries the hash of the one before, "
        "and the end is signed.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    show = actions.add_parser(
        "show",
        parents=[common],
        help="print the rows, oldest first",
        description="Print the journal, oldest row first. Works while the daemon runs, and while it does not.",
    )
    show.add_argument("--json", action="store_true", help="one JSON object a row, with its hashes")
    which = show.add_mutually_exclusive_group()
    which.add_argument("--last", type=_count, metavar="N", help="only the last N rows")
    which.add_argument("--after", type=_count, metavar="SEQ", default=0, help="only the rows that follow number SEQ")
    show.set_defaults(run=_show)
    _add_verify(actions, common)
    _add_export(actions, common)


def _add_verify(actions: Subparsers, common: argparse.ArgumentParser) -> None:
    verify = actions.add_parser(
        "verify",
        parents=[common],
        help="check that nobody changed a row",
        description="Follow the chain of hashes from the first row to the signed end, and name the first row that was "
        "changed, removed, swapped or inserted; exit 1 if there is one. The row that the bridge delivered last must be "
        "there, too. An old copy of the whole file is found by that, or by --expect.",
    )
    verify.add_argument("--unsigned", action="store_true", help="check the chain of hashes only, without the key")
    verify.add_argument(
        "--expect",
        type=_mark,
        metavar="SEQ:HASH",
        help="this row must be there: the last one of an earlier `verify`, noted elsewhere",
    )
    verify.add_argument(
        "--file", type=Path, metavar="EXPORT", help="check the chain of an export (JSON Lines) instead of the journal"
    )
    verify.set_defaults(run=_verify)


def _add_export(actions: Subparsers, common: argparse.ArgumentParser) -> None:
    export = actions.add_parser(
        "export",
        parents=[common],
        help="write the rows to a file",
        description="Write the journal as JSON Lines, which carry the chain of hashes, or as a table for a "
        "spreadsheet. Works while the daemon runs. Times without a zone are UTC, as the journal's.",
    )
    export.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="default: jsonl")
    export.add_argument(
        "--output", type=Path, metavar="FILE", help="readable by its owner only (default: standard output)"
    )
    export.add_argument("--since", type=_begin, metavar="DATE", help="from the first row written then or later")
    export.add_argument("--until", type=_end, metavar="DATE", help="to the last row written on that day, or before")
    export.add_argument("--after", type=_count, metavar="SEQ", default=0, help="only the rows that follow number SEQ")
    export.set_defaults(run=_export)


def _show(arguments: argparse.Namespace) -> ExitCode:
    path = config_of(arguments).journal.path
    if arguments.last is not None:
        _tell(reader.read_last(path, arguments.last), as_json=arguments.json)
        return ExitCode.OK
    after = arguments.after
    while rows := reader.read(path, after, _PAGE):
        _tell(rows, as_json=arguments.json)
        after = rows[-1].seq
    return ExitCode.OK


def _verify(arguments: argparse.Namespace) -> ExitCode:
    if arguments.file:
        return _verify_file(arguments.file)
    config = config_of(arguments)
    path = config.journal.path
    delivered = _delivered(config)  # before the journal, which is never behind it
    found, head = reader.verify(path, None if arguments.unsigned else _signer(config))
    if not found.fault and arguments.expect and (fault := reader.holds(path, arguments.expect)):
        return _bad(path, f"the row of --expect, number {arguments.expect.seq}, is {fault}")
    if not found.fault and delivered.seq and (fault := _fault_of_delivered(path, found, delivered.seq, delivered.id)):
        return _bad(path, f"{fault} ({config.bridge.cursor_file})")
    return _judge(path, found, _about_end(head, signed=not arguments.unsigned))


def _delivered(config: Config) -> Cursor:
    """How far the bridge has come; it is the bridge's to tell, and root's to see."""
    try:
        return CursorFile(config.bridge.cursor_file).load()
    except StoreError as error:
        print(f"not held against what the bridge has delivered: {error}", file=sys.stderr)
        return Cursor()


def _verify_file(file: Path) -> ExitCode:
    try:
        with file.open(encoding="utf-8") as lines:
            found = verify_lines(lines)
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"cannot read {file}: {error}") from error
    return _judge(file, found, f"; the first row follows {found.base}, and nothing is signed")


def _signer(config: Config) -> Signer | None:
    """What checks the signature; None for a journal from before there was any, as long as there is no key either."""
    key_file = config.journal.key_file
    return load_signer(key_file) if reader.is_signed(config.journal.path) or key_is_there(key_file) else None


def _fault_of_delivered(path: Path, found: Verification, seq: int, row_id: str) -> str:
    """What is wrong if the row that the bridge delivered last is to be in the journal; empty if nothing is."""
    if seq <= found.base.seq:
        return ""  # erased since
    row = next(iter(reader.read(path, seq - 1, 1)), None)
    if row is not None and (row.seq, row.id) == (seq, row_id):
        return ""
    return (
        f"row {seq}, which the bridge has delivered, is not there: an old copy of the journal was put back, or it is "
        "another journal that the bridge has not yet seen"
    )


def _about_end(head: Head | None, *, signed: bool) -> str:
    if head is None:
        return "; its end is not signed: an earlier Faceplate wrote it"
    if not signed:
        return "; its signature was not checked"
    earlier = f"; rows up to {head.unsigned_until} were there before any was signed" if head.unsigned_until else ""
    return f", and its end is signed{earlier}"


def _judge(path: Path, found: Verification, about_end: str) -> ExitCode:
    if found.bad_row is not None:
        return _bad(path, f"row {found.bad_row} is {found.fault}; the {found.rows} before it are intact")
    if found.fault:
        return _bad(path, f"{found.rows} rows form a chain, but {found.fault}")
    print(f"{path}: {found.rows} rows, all intact{about_end}")
    print(f"last row: {found.last}")
    return ExitCode.OK


def _bad(path: Path, what: str) -> ExitCode:
    print(f"{path}: {what}", file=sys.stderr)
    return ExitCode.FAILED


def _export(arguments: argparse.Namespace) -> ExitCode:
    path = config_of(arguments).journal.path
    rows = reader.read_all(path, arguments.after, arguments.since, arguments.until)
    lines = as_table(rows) if arguments.format == "csv" else (f"{as_json_line(row)}\n" for row in rows)
    if arguments.output is None:
        sys.stdout.writelines(lines)
    else:
        _write(arguments.output, lines)
    return ExitCode.OK


def _write(path: Path, lines: Iterable[str]) -> None:
    """Write a file that may be too long to hold in memory; whole, or not at all."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}. Nothing was written.") from error


def _tell(rows: list[JournalRow], *, as_json: bool) -> None:
    for row in rows:
        print(json.dumps(asdict(row)) if as_json else _line(row))


def _line(row: JournalRow) -> str:
    # What a stranger may have typed into the file goes out escaped, not to the terminal.
    return printable(f"{row.seq:6}  {row.ts}  {row.event_type:26}  {row.payload}")


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"expected 0 or more, got {number}")
    return number


def _mark(text: str) -> Mark:
    try:
        return parse_mark(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _begin(text: str) -> datetime:
    return _moment(text)


def _end(text: str) -> datetime:
    moment = _moment(text)
    return moment + timedelta(days=1) if _is_day(text) else moment


def _moment(text: str) -> datetime:
    try:
        moment = datetime.combine(date.fromisoformat(text), time()) if _is_day(text) else datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a date as 2026-03-01 or 2026-03-01T12:00, got {text!r}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_day(text: str) -> bool:
    return len(text) == len("2026-03-01")
