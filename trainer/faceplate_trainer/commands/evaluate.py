"""`faceplate-train evaluate`: how good a bundle is on labelled pictures."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from faceplate.config import PeopleConfig
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.vision.network import SiameseNetwork
from faceplate_trainer.commands.common import eyes_that_see_all, write_json
from faceplate_trainer.data.labelled import embed_index
from faceplate_trainer.measuring.evaluate import compare_fusions, judge_pairs, judge_people, score_pairs

if TYPE_CHECKING:
    from faceplate_trainer.commands.common import Subparsers


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "evaluate",
        help="measure a bundle on labelled pictures",
        description="Measure a bundle, as it ships and through the daemon's own pipeline, on labelled pictures.",
    )
    parser.add_argument(
        "--bundle",
        type=_folder,
        default="default",
        metavar="DIR",
        help='the bundle\'s folder; "default", and the default, is the one in the package',
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--pairs", type=Path, metavar="CSV", help="labelled pairs: fold,same,a,b; a picture without a face is an error"
    )
    what.add_argument(
        "--index", type=Path, metavar="CSV", help="labelled pictures: file,person; every picture visits everybody"
    )
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="the folder the table's files are relative to"
    )
    parser.add_argument(
        "--split",
        choices=("all", "calibration", "report"),
        default="all",
        help="only this half of the people: thresholds are calibrated on the one, figures reported on the other",
    )
    parser.add_argument(
        "--fusions", action="store_true", help="with --index: also compare the ways to fuse several anchors"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the result there, too")
    parser.set_defaults(run=_evaluate)


def _folder(word: str) -> Path:
    """As in the daemon's configuration, "default" is the bundle in the package."""
    return DEFAULT_BUNDLE if word == "default" else Path(word)


def _evaluate(arguments: argparse.Namespace) -> None:
    bundle = load_bundle(arguments.bundle)
    network = SiameseNetwork(bundle, threads=2)
    look = eyes_that_see_all(bundle.detector, network.embed).look
    if arguments.pairs:
        pairs = score_pairs(arguments.pairs, arguments.images, look, network.compare, arguments.split)
        result = judge_pairs(pairs, bundle.manifest.calibration.threshold(PeopleConfig().false_accept_rate))
    else:
        embedded = embed_index(arguments.index, arguments.images, look, arguments.split)
        result = judge_people(embedded, lambda cosines: _scores(network, bundle.manifest.embedding_size, cosines))
        if arguments.fusions:
            result["fusions_true_accept_rate_at_1e-5"] = compare_fusions(embedded, 1e-5)
    result = {"bundle": bundle.manifest.name, "split": arguments.split} | result
    _tell(result)
    if arguments.json:
        write_json(result, arguments.json)


def _scores(network: SiameseNetwork, size: int, cosines: NDArray[np.float32]) -> NDArray[np.float64]:
    """The shipped head's scores of pairs of unit vectors that have these cosines."""
    one = np.zeros((len(cosines), size), np.float32)
    one[:, 0] = 1
    other = np.zeros_like(one)
    other[:, 0] = cosines
    other[:, 1] = np.sqrt(np.maximum(0, 1 - cosines**2))
    return network.compare(one, other).astype(np.float64)


def _tell(tree: dict[str, Any], indent: int = 0) -> None:
    for key, value in tree.items():
        if isinstance(value, dict):
            print(f"{'  ' * indent}{key}:")
            _tell(value, indent + 1)
        elif isinstance(value, float):
            print(f"{'  ' * indent}{key}: {value:.6g}")
        else:
            print(f"{'  ' * indent}{key}: {value}")
