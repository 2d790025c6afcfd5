"""`faceplate-train evaluate-liveness`: what photographs and screens do to a bundle."""

from __future__ import annotations

import argparse
import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from faceplate.files import write_atomically
from faceplate.liveness import LivenessMode
from faceplate.model.bundle import Bundle, load_bundle
from faceplate.people.matching import Matcher
from faceplate.pictures import read_picture
from faceplate.vision.liveness.cues import check_with
from faceplate.vision.liveness.network import PassiveNetwork, passive_network
from faceplate.vision.network import SiameseNetwork
from faceplate_trainer.commands.common import eyes_that_see_all, write_json
from faceplate_trainer.commands.evaluate import bundle_folder, tell
from faceplate_trainer.measuring.liveness import judge_liveness
from faceplate_trainer.measuring.presentations import Judge, NetworkFor, presentations
from faceplate_trainer.measuring.shipped import shipped_rules

if TYPE_CHECKING:
    from faceplate_trainer.commands.common import Subparsers

_log = logging.getLogger(__name__)


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "evaluate-liveness",
        help="measure what a photograph or a screen does to a bundle",
        description="Measure a bundle on pictures of living people and of photographs and screens that show them: "
        "APCER for each kind of spoof, BPCER, and how many spoofs are verified as the person they show, with liveness "
        "and without. A single picture is judged by the liveness network alone; rows with the same value in a column "
        "`sequence` are frames, 0.1 s apart, that the door's own check judges together.",
    )
    parser.add_argument("--bundle", type=bundle_folder, default="default", metavar="DIR", help="the bundle's folder")
    parser.add_argument(
        "--index",
        type=Path,
        required=True,
        metavar="CSV",
        help='labelled pictures: file,label,subject, and session and sequence where known; label is "live" or a kind '
        "of spoof",
    )
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="the folder the table's files are relative to"
    )
    parser.add_argument(
        "--leave-subjects-out",
        type=Path,
        metavar="RUN",
        help="judge each subject of a `fit-liveness` by its network and thresholds that were made without them, in "
        "place of the bundle's",
    )
    parser.add_argument(
        "--mode",
        choices=("passive", "motion"),
        default="motion",
        help="what a sequence must show, as vision.liveness says at the door (default: %(default)s)",
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the result there, too")
    parser.add_argument("--report", type=Path, metavar="HTML", help="and a page with pictures of what was missed")
    parser.set_defaults(run=_evaluate)


def _evaluate(arguments: argparse.Namespace) -> None:
    bundle = load_bundle(arguments.bundle)
    network = SiameseNetwork(bundle, threads=2)
    rules = shipped_rules(bundle.manifest.calibration)
    words, network_for = _networks(bundle, arguments.leave_subjects_out)
    eyes = eyes_that_see_all(bundle.detector, network.embed)
    mode: LivenessMode = arguments.mode
    judge = Judge(eyes.look, network_for, lambda passive: check_with(passive, mode))
    shown = presentations(arguments.index, arguments.images, judge)
    judged = judge_liveness(shown, network.embed, lambda enrolled: Matcher(enrolled, network.compare, rules))
    result = {"bundle": bundle.manifest.name, "detection_threshold": rules.detection, "liveness": words} | judged
    tell(result)
    if arguments.json:
        write_json(result, arguments.json)
    if arguments.report:
        from faceplate_trainer.reporting.liveness_page import liveness_page  # noqa: PLC0415 - loads jinja2

        title = f"Liveness of {bundle.manifest.name}"
        page = liveness_page(result, shown, lambda file: read_picture(arguments.images / file), title)
        write_atomically(arguments.report, page.encode())
        _log.info("wrote %s", arguments.report)


def _networks(bundle: Bundle, left_out: Path | None) -> tuple[str, NetworkFor]:
    """What judges whom, and how to say it."""
    if left_out is not None:
        return f"By networks that never saw the subject they judge ({left_out.name}).", _leaving_out(left_out)
    if bundle.manifest.liveness is None:
        return "none: every picture with a face counts as live.", lambda _: None
    network = passive_network(bundle)
    return "By the bundle's network.", lambda _: network


def _leaving_out(folder: Path) -> NetworkFor:
    """For each subject of a run the network without them; for others, whom it never saw, the one of all."""
    from faceplate_trainer.liveness.run import network_of, read_run  # noqa: PLC0415 - loads TensorFlow

    run = read_run(folder)
    whole = PassiveNetwork(network_of(folder, run.model.file), run.model)
    networks = {}
    for each in run.left_out:
        model = dataclasses.replace(
            run.model, file=each.file, deny_below=each.deny_below, confirm_above=each.confirm_above
        )
        networks[each.subject] = PassiveNetwork(network_of(folder, each.file), model)
    return lambda subject: networks.get(subject, whole)
