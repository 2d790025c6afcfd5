"""`faceplate-train fit-liveness`: fit the network that tells the living from photographs."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from faceplate.model.bundle import load_bundle
from faceplate_trainer.commands.common import eyes_that_only_cut, prepare_tensorflow, words_of
from faceplate_trainer.commands.evaluate import bundle_folder, tell
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.data.shown import LIVE, Shown, pictures_below, read_folders, read_shown
from faceplate_trainer.liveness.recipe import load_liveness_recipe

if TYPE_CHECKING:
    from faceplate_trainer.commands.common import Subparsers
    from faceplate_trainer.liveness.run import LivenessRun


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "fit-liveness",
        help="fit the network that tells the living from photographs",
        description="Fit the passive liveness network on labelled pictures of living people and of spoofs, split by "
        "subject: it is fitted once without each subject, whose pictures then say how good it is and where its "
        "thresholds lie, and once on all. Pictures are whole frames of the camera, not cut-out faces. The same "
        "pictures, recipe and seed give the same network.",
    )
    parser.add_argument("--recipe", default="passive", metavar="RECIPE", help="a recipe's name, or a YAML file")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="SECTION.KEY=VALUE")
    parser.add_argument("--index", type=Path, metavar="CSV", help='file,label,subject; label is "live" or the spoof')
    parser.add_argument("--images", type=Path, metavar="DIR", help="the folder the table's files are relative to")
    parser.add_argument("--live", type=Path, metavar="DIR", help="instead of a table: a folder for each living subject")
    parser.add_argument(
        "--spoof",
        action="append",
        default=[],
        metavar="KIND=DIR",
        help="and a folder for each subject shown, such as print=prints; may be given several times",
    )
    parser.add_argument("--others", type=Path, metavar="DIR", help="pictures of other living people, in any folders")
    parser.add_argument("--detector", type=bundle_folder, default="default", metavar="BUNDLE", help="whose detector")
    parser.add_argument("--origin", default="", metavar="TEXT", help="where the labelled pictures come from")
    parser.add_argument("--others-origin", default="", metavar="TEXT", help="where the others come from")
    parser.add_argument("--unknown", default="", metavar="TEXT", help="what is not known of them, or what they lack")
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="the run's folder")
    parser.set_defaults(run=_fit)


def _fit(arguments: argparse.Namespace) -> None:
    prepare_tensorflow(in_one_order=True)
    from faceplate_trainer.liveness.fitting import Order, fit_liveness  # noqa: PLC0415 - TensorFlow takes seconds to load

    order = Order(
        shown=_labelled(arguments),
        others=_others(arguments.others),
        recipe=load_liveness_recipe(arguments.recipe, arguments.overrides),
        folder=arguments.out,
        origin=arguments.origin,
        others_origin=arguments.others_origin,
        unknown=arguments.unknown,
        command=shlex.join(["faceplate-train", *sys.argv[1:]]),
    )
    run = fit_liveness(order, eyes_that_only_cut(load_bundle(arguments.detector).detector).look)
    tell(_summary(run))
    print(f"{arguments.out}: put it into a bundle with `faceplate-train add-liveness BUNDLE --run {arguments.out}`")


def _labelled(arguments: argparse.Namespace) -> tuple[Shown, ...]:
    if arguments.index and arguments.images and not (arguments.live or arguments.spoof):
        return read_shown(arguments.index, arguments.images)
    if arguments.index or arguments.images or not (arguments.live and arguments.spoof):
        raise DatasetError("give --index with --images, or --live DIR with --spoof KIND=DIR")
    shown = read_folders(LIVE, arguments.live)
    for words in arguments.spoof:
        kind, equals, folder = words.partition("=")
        if not equals or not kind or kind == LIVE:
            raise DatasetError(f"--spoof: expected KIND=DIR such as print=prints, received {words!r}")
        shown += read_folders(kind, Path(folder))
    return shown


def _others(folder: Path | None) -> tuple[Shown, ...]:
    return tuple(Shown(file, LIVE, "") for file in pictures_below(folder)) if folder else ()


def _summary(run: LivenessRun) -> dict[str, object]:
    measured = run.model.measured
    return {
        "subjects": measured.subjects,
        "deny_below": round(run.model.deny_below, 4),
        "confirm_above": round(run.model.confirm_above, 4),
        "spoofs confirmed": {kind: words_of(rate) for kind, rate in measured.apcer.items()},
        "spoofs denied": {kind: words_of(rate) for kind, rate in measured.denied.items()},
        "living not confirmed": words_of(measured.bpcer),
        "living denied": words_of(measured.live_denied),
        "worst subject": {"spoofs confirmed": measured.worst_apcer, "living not confirmed": measured.worst_bpcer},
    }
