"""`faceplate doctor`: what is wrong with this door, and how to mend it."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from faceplate.commands.asking import order
from faceplate.commands.common import ExitCode, Subparsers, config_of
from faceplate.config import Config
from faceplate.doctor.checks import CHECKS
from faceplate.doctor.finding import Case, Check, Finding, Level, examined
from faceplate.errors import FaceplateError, NotRunningError
from faceplate.types import Seconds

_COLOURS = {Level.OK: "32", Level.WARNING: "33", Level.FAULT: "31"}
_NAMES = tuple(check.name for check in CHECKS)


def register(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "doctor",
        parents=[common],
        help="check everything, and say how to mend what is wrong",
        description="Look at everything the door depends on, change nothing, and name a cure for each fault. Run it as "
        "root. While the daemon runs, the camera is the daemon's, and it is asked how the camera does. Exit code 1 if "
        "there is a fault; a warning alone is none.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object for each check")
    parser.add_argument(
        "--seconds", type=_seconds, default=3.0, metavar="S", help="look through the camera for so long (default: 3)"
    )
    parser.add_argument(
        "--only", action="append", choices=_NAMES, metavar="CHECK", help=f"this check alone: {', '.join(_NAMES)}"
    )
    parser.set_defaults(run=_run)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= 600:  # noqa: PLR2004 - ten minutes
        raise argparse.ArgumentTypeError(f"expected 0 to 600 seconds, got {text}")
    return value


def _run(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    logging.basicConfig(level="CRITICAL", force=True)  # what goes wrong is found, and not logged besides
    case = _case(arguments, config)
    worst = ExitCode.OK
    for check, finding in _examine(case, [check for check in CHECKS if check.name in (arguments.only or _NAMES)]):
        _tell(check, finding, as_json=arguments.json)
        if finding.level is Level.FAULT:
            worst = ExitCode.FAILED
    return worst


def _case(arguments: argparse.Namespace, config: Config) -> Case:
    seconds = Seconds(arguments.seconds)
    try:
        return Case(config, arguments.config, seconds, status=order(config, "status"), runs=True)
    except FaceplateError as error:
        runs = not isinstance(error, NotRunningError)
        return Case(config, arguments.config, seconds, silence=str(error), runs=runs)


def _examine(case: Case, checks: Sequence[Check]) -> Iterator[tuple[Check, Finding]]:
    for check in checks:
        yield check, examined(check, case)


def _tell(check: Check, finding: Finding, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"check": check.name, **asdict(finding)}, ensure_ascii=False), flush=True)
        return
    word = f"{finding.level:8}"
    if sys.stdout.isatty():
        word = f"\033[{_COLOURS[finding.level]}m{word}\033[0m"
    print(f"{word} {check.name:15} {finding.found}", flush=True)
    if finding.cure:
        print(f"{'':24} -> {finding.cure}", flush=True)
