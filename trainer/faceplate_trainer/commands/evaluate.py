"""`faceplate-train evaluate`: how good a bundle is on labelled pictures."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceplate.model.bundle import DEFAULT_BUNDLE, Manifest, load_bundle
from faceplate.types import Image, Look
from faceplate.vision.network import SiameseNetwork
from faceplate_trainer.commands.common import eyes_that_see_all, write_json
from faceplate_trainer.data.labelled import DatasetError, embed_index
from faceplate_trainer.data.prepared import read_prepared
from faceplate_trainer.measuring.embedded import embed_crops
from faceplate_trainer.measuring.evaluate import compare_fusions, judge_pairs, judge_people, score_pairs
from faceplate_trainer.measuring.head import head_of
from faceplate_trainer.measuring.shipped import shipped_rules

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
        type=bundle_folder,
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
    what.add_argument(
        "--data",
        type=Path,
        metavar="DATASET",
        help="what `prepare` wrote: as --index, with the people kept for reports, their faces cut out already",
    )
    parser.add_argument(
        "--images", type=Path, metavar="DIR", help="the folder the table's files are relative to; needed with a table"
    )
    parser.add_argument(
        "--split",
        choices=("all", "calibration", "report"),
        default="all",
        help="of a table only this half of the people, by a hash of the name; for the people that a bundle's own "
        "figures are reported on, use --data",
    )
    parser.add_argument(
        "--fusions", action="store_true", help="with --index or --data: also compare the ways to fuse several anchors"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the result there, too")
    parser.set_defaults(run=_evaluate)


def bundle_folder(word: str) -> Path:
    """As in the daemon's configuration, "default" is the bundle in the package."""
    return DEFAULT_BUNDLE if word == "default" else Path(word)


def _evaluate(arguments: argparse.Namespace) -> None:
    if not arguments.data and not arguments.images:
        raise DatasetError("a table of pictures needs --images: the folder its files are relative to")
    bundle = load_bundle(arguments.bundle)
    network = SiameseNetwork(bundle, threads=2)
    look = eyes_that_see_all(bundle.detector, network.embed).look
    if arguments.pairs:
        pairs = score_pairs(arguments.pairs, arguments.images, look, network.compare, arguments.split)
        result = judge_pairs(pairs, shipped_rules(bundle.manifest.calibration).detection)
    else:
        result = _people(arguments, bundle.manifest, network, look)
    split = "report" if arguments.data else arguments.split
    result = {"bundle": bundle.manifest.name, "split": split} | result
    tell(result)
    if arguments.json:
        write_json(result, arguments.json)


def _people(
    arguments: argparse.Namespace, manifest: Manifest, network: SiameseNetwork, look: Callable[[Image], list[Look]]
) -> dict[str, Any]:
    if arguments.data:
        prepared = read_prepared(arguments.data)
        embedded = embed_crops(prepared, prepared.of("report"), network.embed)
    else:
        embedded = embed_index(arguments.index, arguments.images, look, network.embed, arguments.split)
    head = head_of(network.compare, manifest.embedding_size, prior=manifest.calibration.prior)
    result = judge_people(embedded, head)
    if arguments.fusions:
        result["fusions_true_accept_rate_at_1e-5"] = compare_fusions(embedded, head, 1e-5)
    return result


def tell(tree: dict[str, Any], indent: int = 0) -> None:
    """Print a result for people to read."""
    for key, value in tree.items():
        if isinstance(value, dict):
            print(f"{'  ' * indent}{key}:")
            tell(value, indent + 1)
        elif isinstance(value, float):
            print(f"{'  ' * indent}{key}: {value:.6g}")
        else:
            print(f"{'  ' * indent}{key}: {value}")
