"""The options of `faceplate enroll`."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from faceplate.commands import people_rights
from faceplate.enrolling.steps import Step
from faceplate.errors import EnrolmentError

_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--undo", action="store_true", help="take back what NAME's last enrolment added, and no more")
    parser.add_argument("--consent-given", action="store_true", help="NAME has read the text of consent, and agreed")
    parser.add_argument("--yes", action="store_true", help="ask nothing but the consent: keep it, look-alikes too")
    parser.add_argument("--json", action="store_true", help="one JSON object at the end; words go to standard error")
    _add_steps(parser)
    page = parser.add_argument_group("preview page")
    page.add_argument(
        "--page",
        choices=["local", "lan"],
        default="local",
        help="who can call it: this machine, which is also who tunnels here by ssh (default), or the local network",
    )
    page.add_argument("--page-port", type=int, default=0, metavar="PORT", help="default: one that is free")
    page.add_argument("--no-page", action="store_true", help="serve no page")
    people_rights.add_options(parser)
    parser.add_argument(
        "--valid-for", type=_duration, metavar="TIME", help="let in for so long from now on: 12h, 3d or 2w"
    )


def _add_steps(parser: argparse.ArgumentParser) -> None:
    steps = parser.add_argument_group("what is asked")
    steps.add_argument("--skip", action="append", default=[], type=Step, choices=[*Step][1:], help="leave a step out")
    either = argparse.BooleanOptionalAction
    steps.add_argument("--glasses", action=either, help="NAME wears glasses, and takes them off for a step")
    steps.add_argument("--other-light", action=either, help="once more in other light")
    steps.add_argument(
        "--patience",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="a step of which no picture could be taken for so long is left out (default: %(default)g)",
    )


def rights_of(arguments: argparse.Namespace, time_zone: str | None) -> dict[str, Any]:
    """What they say of rights, as `people.set` takes it. Asks for the PINs."""
    change = people_rights.change_of(arguments, time_zone)
    if arguments.valid_for is None:
        return change
    if "valid_until" in change:
        raise EnrolmentError("--valid-for and --valid-until both say when it ends; give one of them")
    return change | {"valid_until": (datetime.now(UTC) + arguments.valid_for).isoformat(timespec="seconds")}


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,4})([hdw])", text)
    if match is None or not int(match[1]):
        raise argparse.ArgumentTypeError(f"expected a number of hours, days or weeks like 12h, 3d or 2w, got {text!r}")
    return int(match[1]) * _UNITS[match[2]]
