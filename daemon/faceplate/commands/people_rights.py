"""The options that say what somebody may do, and how that is shown."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from faceplate.commands.asking import secret
from faceplate.errors import EnrolmentError
from faceplate.rights import Role

NONE: Final = "none"

_PLAIN: Final = ("role", "enabled", "schedule", "extended_time", "detection_threshold", "verification_threshold")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add them; one that is not given leaves things as they are."""
    group = parser.add_argument_group("rights", argument_default=argparse.SUPPRESS)
    group.add_argument("--role", choices=[role.value for role in Role], help="what this person is to the household")
    for flags, key, brief in (
        (("--from",), "valid_from", "let in from this day on"),
        (("--until", "--valid-until"), "valid_until", "let in until the end of this day; a guest must have one"),
    ):
        group.add_argument(
            *flags,
            dest=key,
            type=_day,
            metavar="DATE",
            help=f"{brief}: 2026-03-01, or 2026-03-01T18:00 for a moment, by the house's clock; none: no limit",
        )
    group.add_argument(
        "--schedule", type=_or_none, metavar="NAME", help="when this person may come in; none: as the role says"
    )
    enabled = group.add_mutually_exclusive_group()
    enabled.add_argument("--enable", dest="enabled", action="store_true", help="let this person in again")
    enabled.add_argument("--disable", dest="enabled", action="store_false", help="know this person, and keep them out")
    group.add_argument(
        "--extended-time", action=argparse.BooleanOptionalAction, help="this person needs longer to reach the door"
    )
    for which in ("detection", "verification"):
        group.add_argument(
            f"--{which}-threshold",
            type=_threshold,
            metavar="0..1",
            help=f"a stricter {which} threshold for this person; a looser one has no effect; none: as for everybody",
        )
    for key, brief in (("pin", "PIN"), ("duress_pin", "PIN that opens and calls for help")):
        group.add_argument(
            f"--{key.replace('_', '-')}",
            dest=key,
            action=argparse.BooleanOptionalAction,
            help=f"set, or take away, the {brief}; it is typed unseen, or comes from standard input, one line each",
        )


def change_of(arguments: argparse.Namespace, time_zone: str | None) -> dict[str, Any]:
    """What the options ask for, as `people.set` takes it. Asks for the PINs.

    Raises:
        EnrolmentError: a time cannot be told, or a PIN was not typed the same way twice.
    """
    given = vars(arguments)
    change: dict[str, Any] = {key: given[key] for key in _PLAIN if key in given}
    zone = ZoneInfo(time_zone) if time_zone else None
    for key, days in (("valid_from", 0), ("valid_until", 1)):
        if key in given:
            change[key] = given[key] and _moment(given[key], zone, timedelta(days=days)).isoformat()
    for key, prompt in (("pin", "New PIN"), ("duress_pin", "New duress PIN")):
        if key in given:
            change[key] = secret(prompt, twice=True) if given[key] else None
    return change


def in_words(facts: Mapping[str, Any], time_zone: str | None) -> str:
    """A person on one line."""
    zone = ZoneInfo(time_zone) if time_zone else None
    parts = [str(facts["name"]), f"{facts['pictures']} pictures", str(facts["enrolled"]), str(facts["role"])]
    parts += [] if facts["enabled"] else ["DISABLED"]
    for key, word in (("valid_from", "from"), ("valid_until", "until")):
        if facts[key]:
            parts.append(f"{word} {datetime.fromisoformat(facts[key]).astimezone(zone):%Y-%m-%d %H:%M}")
    parts += [f"schedule: {facts['schedule']}"] if facts["schedule"] else []
    parts += ["extended time"] if facts["extended_time"] else []
    for key in ("detection_threshold", "verification_threshold"):
        parts += [f"{key}: {facts[key]:g}"] if facts[key] is not None else []
    parts += ["PIN: set"] if facts["pin"] else []
    parts += ["duress PIN: set"] if facts["duress_pin"] else []
    return "  ".join(parts)


def _moment(day: date, zone: tzinfo | None, whole_day: timedelta) -> datetime:
    """A moment in UTC; a day is taken to begin, or to end, at midnight by the household's clock."""
    try:
        if isinstance(day, datetime):
            moment = day
        else:
            after = day + whole_day
            moment = datetime(after.year, after.month, after.day)  # noqa: DTZ001 - the household's zone follows
        if moment.tzinfo is None and zone is not None:
            moment = moment.replace(tzinfo=zone)
        return moment.astimezone(UTC)
    except (OverflowError, ValueError, OSError):
        raise EnrolmentError(f"{day} is too far away; use another date") from None


def _day(text: str) -> date | None:
    if text == NONE:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a date like 2026-03-01, or a moment like 2026-03-01T18:00, got {text!r}"
        ) from None


def _or_none(text: str) -> str | None:
    return None if text == NONE else text


def _threshold(text: str) -> float | None:
    if text == NONE:
        return None
    number = float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {text}")
    return number
