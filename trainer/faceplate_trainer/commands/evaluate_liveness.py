"""`faceplate-train evaluate-liveness`: what photographs and screens do to a bundle."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from faceplate.model.bundle import load_bundle
from faceplate.people.matching import Matcher
from faceplate.vision.network import SiameseNetwork
from faceplate_trainer.commands.common import eyes_that_see_all, write_json
from faceplate_trainer.commands.evaluate import bundle_folder, tell
from faceplate_trainer.measuring.liveness import judge_liveness, presentations
from faceplate_trainer.measuring.shipped import shipped_rules

if TYPE_CHECKING:
    from faceplate_trainer.commands.common import Subparsers


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "evaluate-liveness",
        help="measure what a photograph or a screen does to a bundle",
        description="Measure a bundle on pictures of living people and of photographs and screens that show them: "
        "APCER for each kind of spoof, BPCER, and how many spoofs are verified as the person they show. A bundle holds "
        "no liveness network yet: every picture in which a face is found counts as live.",
    )
    parser.add_argument("--bundle", type=bundle_folder, default="default", metavar="DIR", help="the bundle's folder")
    parser.add_argument(
        "--index",
        type=Path,
        required=True,
        metavar="CSV",
        help='labelled pictures: file,label,subject, and session where known; label is "live" or a kind of spoof',
    )
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="the folder the table's files are relative to"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the result there, too")
    parser.set_defaults(run=_evaluate)


def _evaluate(arguments: argparse.Namespace) -> None:
    bundle = load_bundle(arguments.bundle)
    network = SiameseNetwork(bundle, threads=2)
    rules = shipped_rules(bundle.manifest.calibration)
    shown = presentations(arguments.index, arguments.images, eyes_that_see_all(bundle.detector, network.embed).look)
    result = judge_liveness(shown, network.embed, lambda enrolled: Matcher(enrolled, network.compare, rules))
    result = {"bundle": bundle.manifest.name, "detection_threshold": rules.detection} | result
    tell(result)
    if arguments.json:
        write_json(result, arguments.json)
