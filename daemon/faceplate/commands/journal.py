"""`faceplate journal`: what happened at the door."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from faceplate.commands.common import ExitCode, Subparsers, config_of
from faceplate.events import JournalRow
from faceplate.journal import reader

_PAGE = 500


def register(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "journal",
        help="show or check the record of what happened",
        description="The record of every decision and door event. Each row carries the hash of the one before.",
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
    verify = actions.add_parser(
        "verify",
        parents=[common],
        help="check that nobody changed a row",
        description="Follow the chain of hashes from the first row to the last, and name the first row that was "
        "changed, removed, swapped or inserted; exit 1 if there is one. Rows cut off at the end cannot be seen.",
    )
    verify.set_defaults(run=_verify)


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
    path = config_of(arguments).journal.path
    found = reader.verify(path)
    if found.bad_row is None:
        print(f"{path}: {found.rows} rows, all intact")
        return ExitCode.OK
    print(f"{path}: row {found.bad_row} is {found.fault}; the {found.rows} before it are intact", file=sys.stderr)
    return ExitCode.FAILED


def _tell(rows: list[JournalRow], *, as_json: bool) -> None:
    for row in rows:
        print(json.dumps(asdict(row), ensure_ascii=False) if as_json else _line(row))


def _line(row: JournalRow) -> str:
    # What a stranger may have typed into the file goes out escaped, not to the terminal.
    text = f"{row.seq:6}  {row.ts}  {row.event_type:14}  {row.payload}"
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"expected 0 or more, got {number}")
    return number
