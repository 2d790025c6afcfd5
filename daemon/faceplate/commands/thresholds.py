"""`faceplate thresholds`: what the present setting means for this household."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from faceplate.commands.common import ExitCode, Subparsers, config_of, set_up_logging
from faceplate.commands.in_force import InForce, in_force
from faceplate.commands.origins import Origin, origins_of
from faceplate.config import AccessConfig, Config
from faceplate.config_file import written_keys
from faceplate.model.bundle import Bundle
from faceplate.model.calibration import Calibration
from faceplate.model.false_accepts import FramesRule, PersonRates, a_year, rates_of
from faceplate.model.metrics import Rate
from faceplate.people.gallery import Gallery
from faceplate.people.matching import stricter
from faceplate.people.person import Person
from faceplate.recognition import bundle_of

_VISITS_A_DAY = 20.0


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the setting means, for people and for machines."""

    origins: Sequence[Origin]
    people: Sequence[tuple[Person, float, PersonRates | None]]
    """Those who are enabled: the threshold in force for them, and how often a stranger's visit passes for them"""

    frames: FramesRule
    visits_a_day: float
    by_picture: Rate | None
    by_visit: Rate | None
    limits: Sequence[str]


def register(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "thresholds",
        parents=[common],
        help="what the present setting means for this household",
        description="Tell which thresholds are in force and where each comes from, how many false accepts a year are "
        "to be expected with the people enrolled, by the rates the model bundle was measured to have, and what those "
        "rates do not say. Changes nothing, and works whether the daemon runs or not.",
    )
    parser.add_argument(
        "--visits-a-day",
        type=_visits,
        default=_VISITS_A_DAY,
        metavar="N",
        help="strangers who come before the camera each day (default: %(default)g)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=_thresholds)


def _visits(word: str) -> float:
    number = float(word)
    if not (number >= 0 and math.isfinite(number)):
        raise argparse.ArgumentTypeError(f"expected a number of visits from 0, got {word}")
    return number


def _thresholds(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    set_up_logging(config.log)
    bundle = bundle_of(config.vision)
    people = Gallery(config.people.store, config.people.key_file).people()
    written = written_keys(arguments.config, arguments.overrides)
    found = meaning(config, written, in_force(config, bundle), bundle, people, arguments.visits_a_day)
    if arguments.json:
        print(json.dumps(_tree(found), ensure_ascii=False))
    else:
        print("\n".join(_lines(found)))
    return ExitCode.OK


def meaning(  # noqa: PLR0913, PLR0917 - each is one part of the question
    config: Config,
    written: frozenset[str],
    now: InForce,
    bundle: Bundle,
    people: Sequence[Person],
    visits_a_day: float,
) -> Meaning:
    """Put together what the setting means."""
    calibration, frames = bundle.manifest.calibration, frames_of(config.access)
    holds = frames.implies(frames_of(AccessConfig()))
    enabled = [person for person in people if person.rights.enabled]
    limits = [float(stricter(now.thresholds, person.rights).detection) for person in enabled]
    rates = [
        rates_of(calibration, len(person.anchors), limit, visits_hold=holds)
        for person, limit in zip(enabled, limits, strict=True)
    ]
    return Meaning(
        list(origins_of(config, written, now, calibration)),
        list(zip(enabled, limits, rates, strict=True)),
        frames,
        visits_a_day,
        a_year([each.picture if each else None for each in rates], visits_a_day),
        a_year([each.visit if each else None for each in rates], visits_a_day),
        list(limits_of(config, now, calibration, enabled, visits_hold=holds)),
    )


def frames_of(access: AccessConfig) -> FramesRule:
    """Visits were measured with the rule that ships."""
    return FramesRule(access.frames_needed, access.frames_considered)


def limits_of(
    config: Config, now: InForce, calibration: Calibration, people: Sequence[Person], *, visits_hold: bool
) -> Iterator[str]:
    """What the figures do not say."""
    yield (
        f"measured on {calibration.people} people. Counting each two of them once they show rates down to "
        f"{calibration.people_support:.2g}; what is lower rests on several pictures of the same two people, and what "
        f"is below {min(row.false_accept_rate for row in calibration.table):g} cannot be shown at all"
    )
    yield "not for look-alikes, least of all twins and close kin, nor for people unlike those it was measured on"
    if config.vision.liveness == "off":
        yield "not for photographs: vision.liveness is off, and a picture of somebody enrolled opens the door"
    else:
        yield "not for pictures of somebody enrolled: whether a face is alive is asked besides, and told elsewhere"
    yield "not for somebody who tries again and again, or stays: each further visit counts, until the lock-out"
    if now.thresholds.verification < calibration.verification_threshold:
        yield (
            f"measured with a verification_threshold of {calibration.verification_threshold:g}; "
            f"{now.thresholds.verification:g} is in force, so more may pass than is said here"
        )
    if not visits_hold:
        yield (
            f"visits were measured with {AccessConfig().frames_needed} of {AccessConfig().frames_considered} frames; "
            f"{config.access.frames_needed} of {config.access.frames_considered} lets in others, so only single "
            "pictures can be reckoned with"
        )
    most = max(row.anchors for row in calibration.table)
    if more := [person.name for person in people if len(person.anchors) > most]:
        yield f"measured with {most} pictures at most, {', '.join(more)} {'has' if len(more) == 1 else 'have'} more"


def _tree(found: Meaning) -> dict[str, Any]:
    people = [
        {
            "name": person.name,
            "pictures": len(person.anchors),
            "detection_threshold": detection,
            "measured_with": rates and rates.row.anchors,
            "measured_score": rates and rates.row.score,
            "picture": rates and asdict(rates.picture),
            "visit": rates and rates.visit and asdict(rates.visit),
        }
        for person, detection, rates in found.people
    ]
    return {
        "settings": [asdict(origin) for origin in found.origins],
        "people": people,
        "frames": asdict(found.frames),
        "visits_a_day": found.visits_a_day,
        "false_accepts_a_year": {
            "by_picture": found.by_picture and asdict(found.by_picture),
            "by_visit": found.by_visit and asdict(found.by_visit),
        },
        "limits": list(found.limits),
    }


def _lines(found: Meaning) -> Iterator[str]:
    yield from (f"{origin.name:<30} {_value(origin.value):<12} {origin.origin}" for origin in found.origins)
    yield ""
    if not found.people:
        yield "Nobody is enrolled, so nobody can be let in by mistake."
    for person, detection, rates in found.people:
        yield f"{person.name}, {_pictures(len(person.anchors))}, above {detection:.3f}: {_rates_in_words(rates)}"
    if found.people:
        yield from _lines_of_a_year(found)
    yield ""
    yield "What this does not say:"
    yield from (f"* {limit}" for limit in found.limits)


def _lines_of_a_year(found: Meaning) -> Iterator[str]:
    yield ""
    yield (
        f"With {found.visits_a_day:g} strangers a day before the camera, and {_people(len(found.people))} enrolled, "
        "false accepts to be expected:"
    )
    if found.by_picture is None:
        yield "  not known: the threshold is below all that was measured. Expect strangers to be let in."
        return
    yield f"  if all frames of a visit were one picture: {_year_in_words(found.by_picture)}"
    if found.by_visit is None:
        yield "  if each frame were a picture of another day: too few visits were measured to say"
    else:
        yield f"  if each frame were a picture of another day: {_year_in_words(found.by_visit)}"
    frames = found.frames
    yield (
        f"  The frames of a visit are neither, so expect something between. Whatever they are, {frames.considered} "
        f"frames pass at most {frames.most:.2g} times as often as one picture."
    )


def _rates_in_words(rates: PersonRates | None) -> str:
    if rates is None:
        return "below all that was measured"
    row, picture = rates.row, rates.picture
    return (
        f"one stranger's picture passes with at most {picture.value:.2g} (95 % bounds {picture.low:.2g} .. "
        f"{picture.high:.2g}; the table's row for {_pictures(row.anchors)} above {row.score:.3f})"
    )


def _year_in_words(rate: Rate) -> str:
    words = f"{rate.value:.2g} a year (95 % bounds {rate.low:.2g} .. {rate.high:.2g})"
    return f"{words}, or one in {1 / rate.value:.2g} years" if 0 < rate.value < 1 else words


def _value(value: float | str | None) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else str(value or "-")


def _pictures(count: int) -> str:
    return f"{count} picture{'s'[: count != 1]}"


def _people(count: int) -> str:
    return f"{count} {'person' if count == 1 else 'people'}"
