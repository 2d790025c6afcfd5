"""`faceplate-train cohort`: strangers for `faceplate check-gallery` to hold against the people at a door."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

import numpy as np

from faceplate.files import write_atomically
from faceplate.model.bundle import Bundle, load_bundle
from faceplate.model.cohort import EMBEDDINGS, FACTS, CohortFacts, packed
from faceplate.vision.network import SiameseNetwork
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.data.prepared import Crop, Prepared, Use, read_prepared

if TYPE_CHECKING:
    from faceplate_trainer.commands.common import Subparsers

# The people of reports stay unseen until they are reported on; those it was trained on, a network tells apart too well.
_USES: Final[tuple[Use, ...]] = ("validation", "head", "calibration")


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "cohort",
        help="write embeddings of strangers beside a bundle",
        description="Embed one picture of each person of a dataset, and write the embeddings, without names, beside "
        "a bundle's files: cohort.npy, and cohort.json that says whence they come. `faceplate check-gallery` tells "
        "which of these strangers is most like somebody enrolled. Left out are the people kept for reports, and those "
        "that the network was trained on.",
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the bundle's folder")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DATASET", help="the dataset that the bundle was made from"
    )
    parser.add_argument("--source", required=True, metavar="TEXT", help="where the pictures come from")
    parser.add_argument("--licence", required=True, metavar="TEXT", help="under which terms")
    parser.set_defaults(run=_cohort)


def _cohort(arguments: argparse.Namespace) -> None:
    bundle = load_bundle(arguments.bundle)
    prepared = read_prepared(arguments.data)
    _check_split(bundle, prepared)
    crops = one_of_each(prepared)
    network = SiameseNetwork(bundle, threads=2)
    content = packed(np.array([network.embed(prepared.pixels(crop)) for crop in crops], np.float32))
    facts = CohortFacts(
        bundle=bundle.id,
        people=len(crops),
        sha256=hashlib.sha256(content).hexdigest(),
        source=arguments.source,
        licence=arguments.licence,
        uses=tuple(use for use in _USES if any(crop.split == use for crop in crops)),
        dataset=prepared.id,
        command=f"faceplate-train cohort BUNDLE --data DATASET --source {quote(arguments.source)} "
        f"--licence {quote(arguments.licence)}",
    )
    # Whatever happens in between, the hash tells that the two do not belong together.
    write_atomically(bundle.folder / EMBEDDINGS, content)
    write_atomically(bundle.folder / FACTS, facts.to_json())
    for name in (EMBEDDINGS, FACTS):
        (bundle.folder / name).chmod(0o644)  # as the bundle's other files: no secret
    print(f"{facts.people} people used for {', '.join(facts.uses)}: {bundle.folder / EMBEDDINGS}, {len(content)} bytes")


def one_of_each(prepared: Prepared) -> list[Crop]:
    """One crop of each person who is neither reported on nor trained on, in an order that follows nobody's name.

    Raises:
        DatasetError: there is nobody.
    """
    first: dict[str, Crop] = {}
    for crop in sorted(prepared.crops, key=lambda crop: crop.file):
        if crop.split in _USES:
            first.setdefault(crop.person, crop)
    if not first:
        raise DatasetError(f"{prepared.folder}: expected people used for {', '.join(_USES)}, found none")
    return sorted(first.values(), key=lambda crop: crop.sha256)


def _check_split(bundle: Bundle, prepared: Prepared) -> None:
    """Only the dataset that a bundle was made from says who its figures are reported on."""
    made_from = bundle.manifest.trainer.get("dataset")
    if made_from != prepared.id:
        raise DatasetError(
            f"{bundle.folder} was made from dataset {str(made_from)[:12]}, {prepared.folder} is {prepared.id[:12]}: "
            "people whom the bundle's figures are reported on might be in the cohort. Prepare the bundle's own dataset "
            "again: its model card tells from what"
        )
