"""`faceplate-train prepare`: from pictures to a dataset of aligned faces, split by person."""

from __future__ import annotations

import argparse
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate_trainer.commands.common import eyes_that_only_cut
from faceplate_trainer.data.inputs import read_folder, read_index
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.data.prepare import Wishes, prepare
from faceplate_trainer.data.splits import DEFAULT_SHARES, shares_from

if TYPE_CHECKING:
    from faceplate_trainer.commands.common import Subparsers
    from faceplate_trainer.data.inputs import Input
    from faceplate_trainer.data.prepared import Prepared


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "prepare",
        help="cut, align and split pictures of people",
        description="Find the faces in pictures with the daemon's own detector, cut them out aligned, leave out "
        "duplicates and pictures without a face, and split the people (never the pictures of one person) into those to "
        "train on, to stop the training by, to fit the head, to calibrate, and to report figures on. A folder holds a "
        "folder for each person (as LFW, with or without an outer folder), or a tutorial's anchor/, positive/ and "
        "negative/, where anchors and positives are one person, and negatives are told apart by LFW's file names.",
    )
    parser.add_argument(
        "inputs", nargs="*", metavar="IN", help="a folder, or LABEL=FOLDER to name the camera or collection it is from"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DATASET", help="the dataset's folder")
    parser.add_argument("--index", type=Path, metavar="CSV", help="also take labelled pictures: file,person")
    parser.add_argument("--images", type=Path, metavar="DIR", help="the folder the table's files are relative to")
    parser.add_argument(
        "--person", metavar="NAME", help="whom a tutorial's anchors show (default: the name of the folder around them)"
    )
    parser.add_argument(
        "--shares",
        default=DEFAULT_SHARES,
        metavar="USE=SHARE,...",
        help="how many of the people to use for what; they add up to 1 (default: %(default)s)",
    )
    parser.add_argument(
        "--usable-only", action="store_true", help="leave out what the daemon would refuse: blurred, dark, turned away"
    )
    parser.add_argument(
        "--min-pictures", type=int, default=1, metavar="N", help="leave out people with fewer (default: %(default)s)"
    )
    _add_technical(parser)
    parser.set_defaults(run=_prepare)


def _add_technical(parser: argparse.ArgumentParser) -> None:
    detector = parser.add_mutually_exclusive_group()
    detector.add_argument("--detector", type=Path, metavar="ONNX", help="another YuNet face detector")
    detector.add_argument(
        "--bundle", default="default", metavar="DIR", help="use this bundle's detector (default: the package's)"
    )
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="threads (default: %(default)s)"
    )
    parser.add_argument("--overwrite", action="store_true", help="put it in the place of the dataset that is there")


def _prepare(arguments: argparse.Namespace) -> None:
    inputs = _inputs(arguments)
    for found in inputs:
        people = len({picture.person for picture in found.pictures})
        print(f"{found.label}: {found.layout}, {len(found.pictures)} pictures of {people} people")
    detector = _detector(arguments)
    dataset = prepare(
        inputs,
        lambda: eyes_that_only_cut(detector).look,
        arguments.out,
        Wishes(
            shares_from(arguments.shares),
            usable_only=arguments.usable_only,
            min_pictures=arguments.min_pictures,
            workers=max(1, arguments.workers),
            overwrite=arguments.overwrite,
        ),
        detector_sha256=hashlib.sha256(detector).hexdigest(),
    )
    _tell(dataset)


def _inputs(arguments: argparse.Namespace) -> list[Input]:
    if (arguments.index is None) != (arguments.images is None):
        raise DatasetError("--index and --images go together: the table, and the folder its files are relative to")
    inputs = [read_folder(words, person=arguments.person) for words in arguments.inputs]
    if arguments.index is not None:
        inputs.append(read_index(arguments.index, arguments.images))
    if not inputs:
        raise DatasetError("expected pictures: name a folder, or a table with --index and --images")
    return inputs


def _detector(arguments: argparse.Namespace) -> bytes:
    if arguments.detector is None:
        return load_bundle(DEFAULT_BUNDLE if arguments.bundle == "default" else Path(arguments.bundle)).detector
    from faceplate_trainer.exporting.detector import plain_detector  # noqa: PLC0415 - loads onnx

    return plain_detector(arguments.detector)


def _tell(dataset: Prepared) -> None:
    print(f"\n{'use':<12}{'people':>8}{'of one crop':>13}{'crops':>8}")
    for use, count in dataset.manifest["uses"].items():
        print(f"{use:<12}{count['people']:>8}{count['people_with_one_crop']:>13}{count['crops']:>8}")
    for reason, number in dataset.manifest["rejected"].items():
        print(f"left out: {number} {reason}")
    for warning in dataset.manifest["warnings"]:
        print(f"WARNING: {warning}")
    print(f"\nwrote {dataset.folder} (dataset {dataset.id[:12]}); what was left out is in its rejected.csv")
