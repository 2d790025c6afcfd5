"""`faceplate-train report`: one page that says how good a bundle is, for pupils and for biometricians."""

from __future__ import annotations

import argparse
import logging
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from faceplate.files import write_atomically
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.vision.network import SiameseNetwork
from faceplate_trainer.data.prepared import read_prepared
from faceplate_trainer.measuring.calibrate import ANCHORS
from faceplate_trainer.measuring.embedded import embed_crops
from faceplate_trainer.measuring.head import head_of
from faceplate_trainer.measuring.shipped import shipped_rules

if TYPE_CHECKING:
    from faceplate_trainer.commands.common import Subparsers

_log = logging.getLogger(__name__)


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "report",
        help="write one HTML page that shows how good a bundle is",
        description="Measure a bundle, as it ships and by the door's own rules, on the people of a dataset that are "
        "kept for reports, and write one HTML page: accuracy, precision, recall, curves, thresholds, the pictures it "
        "is wrong about, each person, look-alikes, the training. The page needs no network and no other file; it "
        "holds pictures of people.",
    )
    parser.add_argument(
        "--bundle",
        type=_folder,
        default="default",
        metavar="DIR",
        help='the bundle\'s folder; "default", and the default, is the one in the package',
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DATASET", help="what `prepare` wrote")
    # `run` is taken: by the function that every command sets.
    parser.add_argument(
        "--run", dest="training", type=Path, metavar="RUN", help="what `fit` wrote: shows the training as well"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="HTML", help="the page to write")
    parser.add_argument(
        "--anchors",
        type=int,
        choices=ANCHORS,
        default=3,
        help="how many pictures people are enrolled by, where the page says one figure (default: %(default)s)",
    )
    parser.add_argument(
        "--people",
        type=_how_many,
        default=200,
        metavar="all|N",
        help="how many people the table lists, worst first (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of who is enrolled by which picture (default: 0)")
    parser.set_defaults(run=_report)


def _folder(word: str) -> Path:
    """As in the daemon's configuration, "default" is the bundle in the package."""
    return DEFAULT_BUNDLE if word == "default" else Path(word)


def _how_many(word: str) -> int | None:
    """None for "all"."""
    if word == "all":
        return None
    if not word.isdecimal() or int(word) == 0:
        raise argparse.ArgumentTypeError(f'expected "all" or a number of people from 1, received {word!r}')
    return int(word)


def _report(arguments: argparse.Namespace) -> None:
    # Matplotlib takes a second to load, and the other commands do without it.
    from faceplate_trainer.reporting.evidence import Evidence  # noqa: PLC0415
    from faceplate_trainer.reporting.report import Wishes, write_report  # noqa: PLC0415
    from faceplate_trainer.reporting.training import training_of  # noqa: PLC0415
    from faceplate_trainer.training.run_folder import read_run  # noqa: PLC0415

    bundle = load_bundle(arguments.bundle)
    dataset = read_prepared(arguments.data)
    training = training_of(read_run(arguments.training)) if arguments.training else None
    network = SiameseNetwork(bundle, threads=2)
    crops = dataset.of("report")
    evidence = Evidence(
        embedded=embed_crops(dataset, crops, network.embed),
        crops=crops,
        head=head_of(network.compare, bundle.manifest.embedding_size, prior=bundle.manifest.calibration.prior),
        rules=shipped_rules(bundle.manifest.calibration),
    )
    wishes = Wishes(arguments.anchors, arguments.people, arguments.seed, _command(arguments))
    page = write_report(bundle, dataset, evidence, training, wishes).encode()
    write_atomically(arguments.out, page)
    _log.info("wrote %s: %.2f MB", arguments.out, len(page) / 1e6)


def _command(arguments: argparse.Namespace) -> str:
    """What to type to make the page again."""
    words = ["faceplate-train", "report", "--bundle", str(arguments.bundle), "--data", str(arguments.data)]
    if arguments.training:
        words += ["--run", str(arguments.training)]
    people = "all" if arguments.people is None else str(arguments.people)
    words += ["--out", str(arguments.out), "--anchors", str(arguments.anchors), "--people", people]
    return shlex.join([*words, "--seed", str(arguments.seed)])
