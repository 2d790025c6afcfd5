"""`faceplate check-gallery`: are the people enrolled recognised, kept apart, and unlike strangers?"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import cv2

from faceplate.commands.common import ExitCode, Subparsers, config_of, set_up_logging
from faceplate.commands.in_force import in_force
from faceplate.errors import ModelError
from faceplate.model.cohort import Cohort, load_cohort
from faceplate.model.metrics import RULE_OF_THREE
from faceplate.people.coverage import Coverage, coverage_of, view_of
from faceplate.people.examination import Pair, Probe, Stranger, nearest_stranger, pairs_of, probes_of
from faceplate.people.findings import (
    Finding,
    findings_of,
    findings_of_pairs,
    findings_of_stranger,
    nobody_enrolled,
    without_cohort,
)
from faceplate.people.matching import Thresholds
from faceplate.people.person import Person
from faceplate.recognition import Recognition
from faceplate.vision.detector import FaceDetector

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, for people and for machines."""

    thresholds: Thresholds
    people: Sequence[Person]
    probes: Sequence[Probe]
    coverages: Sequence[Coverage]
    pairs: Sequence[Pair]
    strangers: int
    stranger: Stranger | None
    findings: Sequence[Finding]

    @property
    def faults(self) -> int:
        """How many findings are faults."""
        return sum(finding.fault for finding in self.findings)


def register(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "check-gallery",
        parents=[common],
        help="are the people enrolled recognised, kept apart, and unlike strangers?",
        description="Hold every enrolled picture against its person's other pictures and against everybody else, and "
        "a cohort of strangers against everybody, at the thresholds in force; tell what the pictures show; and say "
        "what to do. Changes nothing, and works whether the daemon runs or not. Exit code 1 if there is a fault.",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=_check)


def _check(arguments: argparse.Namespace) -> ExitCode:
    config = config_of(arguments)
    set_up_logging(config.log)
    recognition = Recognition(config.vision, config.people)
    people = [recognition.current(person) for person in recognition.gallery.people()]
    report = examined(recognition, people, in_force(config, recognition.bundle).thresholds)
    if arguments.json:
        print(json.dumps(_tree(report), ensure_ascii=False))
    else:
        print("\n".join(_lines(report)))
    return ExitCode.FAILED if report.faults else ExitCode.OK


def examined(recognition: Recognition, people: Sequence[Person], thresholds: Thresholds) -> Report:
    """Examine people as this bundle sees them."""
    network, detector = recognition.network, recognition.detector()
    pictures = sum(len(person.anchors) for person in people)
    probes = list(_counted(probes_of(people, network.embed, network.compare, thresholds), pictures))
    pairs = pairs_of(probes)
    coverages = [_coverage(person, detector) for person in people]
    cohort, findings = _cohort(recognition)
    stranger = nearest_stranger(people, cohort.embeddings, network.compare, thresholds) if cohort else None
    strangers = cohort.facts.people if cohort else 0
    for index, person in enumerate(people):
        own = [probe for probe in probes if probe.person == index]
        findings += findings_of(person, own, coverages[index])
    findings += findings_of_pairs(people, pairs)
    findings += findings_of_stranger(people, stranger, strangers) if stranger else []
    findings += [] if people else [nobody_enrolled()]
    findings.sort(key=lambda finding: not finding.fault)
    return Report(thresholds, people, probes, coverages, pairs, strangers, stranger, findings)


def _cohort(recognition: Recognition) -> tuple[Cohort | None, list[Finding]]:
    try:
        return load_cohort(recognition.bundle), []
    except ModelError as error:
        return None, [without_cohort(str(error))]


def _coverage(person: Person, detector: FaceDetector) -> Coverage:
    views = []
    for anchor in person.anchors:
        faces = detector.find(anchor.crop)
        grey = cv2.cvtColor(anchor.crop, cv2.COLOR_RGB2GRAY)
        views.append(view_of(faces[0].landmarks if faces else None, float(grey.mean())))
    return coverage_of(views)


def _counted(things: Iterable[_T], total: int) -> Iterator[_T]:
    """The same things, while a terminal is told how far it is."""
    for number, thing in enumerate(things, 1):
        if sys.stderr.isatty():
            print(f"\rpicture {number} of {total}", end="\n" if number == total else "", file=sys.stderr, flush=True)
        yield thing


def _recognised(report: Report, index: int) -> int | None:
    """How many of a person's pictures the others know; None where there is one only."""
    own = [probe for probe in report.probes if probe.person == index]
    return sum(probe.recognised for probe in own) if len(own) > 1 else None


def _tree(report: Report) -> dict[str, Any]:
    names = [person.name for person in report.people]
    people = [
        {
            "name": person.name,
            "pictures": len(person.anchors),
            "recognised": _recognised(report, index),
            "facing": {facing.value: count for facing, count in report.coverages[index].facing.items()},
            "facing_untold": report.coverages[index].untold,
            "light": {light.value: count for light, count in report.coverages[index].light.items()},
        }
        for index, person in enumerate(report.people)
    ]
    pair, stranger = next(iter(report.pairs), None), report.stranger
    return {
        "thresholds": asdict(report.thresholds),
        "people": people,
        "closest_pair": pair
        and {"people": [names[i] for i in pair.people], "score": pair.score, "apart_by": pair.apart.name.lower()},
        "stranger": stranger
        and {
            "person": names[stranger.person],
            "score": stranger.score,
            "passing": stranger.passing,
            "strangers": report.strangers,
        },
        "findings": [asdict(finding) for finding in report.findings],
        "faults": report.faults,
    }


def _lines(report: Report) -> Iterator[str]:
    limits = report.thresholds
    yield (
        f"thresholds in force: score above {limits.detection:.3f}, more than {limits.verification:.0%} of the "
        f"pictures, lead above {limits.margin:g}"
    )
    for index, person in enumerate(report.people):
        known = _recognised(report, index)
        told = "" if known is None else f", {known} recognised by the others"
        yield f"{person.name}: {len(person.anchors)} picture{'s'[: len(person.anchors) != 1]}{told}"
        yield f"  {report.coverages[index].in_words()}"
    yield from _lines_of_likeness(report)
    for finding in report.findings:
        yield f"{'FAULT' if finding.fault else 'advice'}: {finding.message}\n  {finding.advice}"
    yield f"{report.faults or 'no'} fault{'s'[: report.faults != 1]}"


def _lines_of_likeness(report: Report) -> Iterator[str]:
    names = [person.name for person in report.people]
    if report.pairs:
        pair = report.pairs[0]
        one, other = (names[index] for index in pair.people)
        yield f"closest pair: {one} and {other}, score {pair.score:.3f}, kept apart by: {pair.apart.name.lower()}"
    if stranger := report.stranger:
        yield (
            f"nearest of {report.strangers} strangers: score {stranger.score:.3f} for {names[stranger.person]}; "
            f"{stranger.passing or 'none'} would pass"
        )
        if not stranger.passing:
            yield f"  (which shows no more than that fewer than {RULE_OF_THREE / report.strangers:.1%} do)"
