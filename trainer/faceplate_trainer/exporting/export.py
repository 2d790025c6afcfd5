"""The export, from beginning to end: each step on other people than the one before, and a bundle only if all pass."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from faceplate.model.bundle import Bundle
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.data.prepared import Prepared, Use
from faceplate_trainer.exporting.bundle_folder import BundleParts, check_may_write, golden_cosine, write_bundle
from faceplate_trainer.exporting.convert import scaling_of
from faceplate_trainer.exporting.forms import Form
from faceplate_trainer.exporting.measured import HeadChoice, Measured, measure
from faceplate_trainer.exporting.network import Network
from faceplate_trainer.exporting.provenance import (
    CALIBRATION_PICTURES,
    Source,
    source_of,
    source_of_dataset,
    sources_of_run,
)
from faceplate_trainer.exporting.runtimes import check_in_tflite_runtime, check_interpreter
from faceplate_trainer.exporting.siamese import MEAN_COSINE, Faces, check_embeddings, network_from, tower_from
from faceplate_trainer.exporting.stages import Stages
from faceplate_trainer.exporting.supplied import Supplied
from faceplate_trainer.measuring.head import Head
from faceplate_trainer.towers.initial_weights import read_initial_weights
from faceplate_trainer.training.run_folder import Run, load_tower

_LOG = logging.getLogger(__name__)

_USES: tuple[Use, ...] = ("validation", "head", "calibration", "report")
"""In the order in which they are needed"""

_SAMPLES = 200
"""Crops that ranges of activations are measured on"""

_RUNTIME_FACES = 16


@dataclass(frozen=True, slots=True)
class Order:
    """What to make, and of what."""

    folder: Path
    """Where the bundle is to be"""

    name: str

    tower: Run | Path
    """A training run, or the ONNX file of given weights"""

    prepared: Prepared
    supplied: Supplied
    form: Form = "dynamic-int8"
    head: HeadChoice = "auto"

    tflite_runtime: Path | None = None
    """Also check it in the tflite-runtime of this Python interpreter"""

    latency_gate: bool = True

    least_cosine: float | None = None
    """Mean cosine to full precision to ask for; None is what the form is known to keep"""

    largest: int = 14_000_000
    """Bytes"""

    pictures_origin: str = ""
    pictures_unknown: str = ""
    """Of the dataset: where it is from, and what is not known of it"""

    seed: int = 0
    overwrite: bool = False


def export(order: Order, stages: Stages) -> Bundle:
    """Make a bundle; the same order always gives the same bytes.

    Raises:
        ModelError: a gate did not pass, or the bundle cannot be written.
        DatasetError: the dataset lacks people, or is not the one the tower was trained on.
    """
    _check_order(order)
    with stages.stage("tower"):
        faces = Faces.read(order.prepared, order.prepared.of("validation"))
        tower = _tower(order, faces)
    with stages.stage("conversion, quantisation and gates"):
        samples = _samples(order.prepared)
        draft = network_from(tower, None, order.form, samples)
        checks = check_embeddings(
            draft,
            tower,
            faces,
            order.form,
            latency_gate=order.latency_gate,
            least_cosine=order.least_cosine,
        )
    network = Network(draft, scaling_of(tower))
    measured = measure(network.embed_one, order.prepared, order.head, order.seed, stages)
    with stages.stage("conversion with the head"):
        siamese = network_from(tower, measured.head, order.form, samples)
        checks |= _in_tflite_runtime(order.tflite_runtime, siamese, tower, faces, checks[MEAN_COSINE])
    with stages.stage("bundle"):
        parts = _parts(order, tower, siamese, measured, checks)
        return write_bundle(order.folder, parts, overwrite=order.overwrite, largest=order.largest)


def _check_order(order: Order) -> None:
    """Whatever can be refused at once is not refused after minutes of measuring."""
    check_may_write(order.folder, overwrite=order.overwrite)
    for use in _USES:
        order.prepared.of(use)
    if order.tflite_runtime is not None:
        check_interpreter(order.tflite_runtime)
    if isinstance(order.tower, Run):
        _check_run(order.tower, order.prepared)


def _check_run(run: Run, prepared: Prepared) -> None:
    if run.dataset_id != prepared.id:
        raise DatasetError(
            f"expected the dataset that {run.folder} was trained on ({run.dataset_id[:12]}...), received another "
            f"({prepared.id[:12]}...): its people may be among those the tower was trained on, and nothing measured "
            f"on them would hold. Name the run's own dataset with --data; it was in {run.facts.get('dataset_folder')}."
        )
    if not run.finished:
        _LOG.warning("%s has not come to its end: what ships is its best epoch so far", run.folder)


def _tower(order: Order, faces: Faces) -> keras.Model:
    if isinstance(order.tower, Run):
        return load_tower(order.tower)
    return tower_from(read_initial_weights(order.tower), order.tower, faces.few)


def _samples(prepared: Prepared) -> NDArray[np.uint8]:
    crops = [crop for crop in prepared.crops if crop.split == "train"] or prepared.of("head")
    return np.array([prepared.pixels(crop) for crop in crops[:: -(-len(crops) // _SAMPLES)]])


def _in_tflite_runtime(
    python: Path | None, siamese: bytes, tower: keras.Model, faces: Faces, mean_cosine: float
) -> dict[str, Any]:
    if python is None:
        return {"tflite_runtime": "not checked"}
    crops = faces.crops[:: -(-len(faces.crops) // _RUNTIME_FACES)]
    network = Network(siamese, scaling_of(tower))
    return {"tflite_runtime_mean_cosine": check_in_tflite_runtime(siamese, network, crops, python, mean_cosine)}


def _parts(order: Order, tower: keras.Model, siamese: bytes, measured: Measured, checks: dict[str, Any]) -> BundleParts:
    scaling = scaling_of(tower)
    return BundleParts(
        name=order.name,
        siamese=siamese,
        detector=order.supplied.detector,
        golden_crop=order.supplied.golden_crop,
        input_scale=scaling.scale,
        input_offset=scaling.offset,
        calibration=measured.calibration,
        sources=_sources(order),
        golden_cosine=golden_cosine(checks[MEAN_COSINE]),
        metrics=measured.metrics,
        made=_made(order, measured.head) | {"checks": checks},
    )


def _sources(order: Order) -> tuple[Source, ...]:
    words = {"origin": order.pictures_origin, "unknown": order.pictures_unknown}
    others: list[Use] = ["validation", "head", "report"]
    if isinstance(order.tower, Run):
        others.insert(0, "train")
        weights = sources_of_run(order.tower)
    else:
        weights = (source_of("initial weights", order.tower),)
    return (
        *weights,
        source_of_dataset("pictures", order.prepared, others, **words),
        source_of_dataset(CALIBRATION_PICTURES, order.prepared, ["calibration"], **words),
        *order.supplied.sources,
    )


def _made(order: Order, head: Head) -> dict[str, Any]:
    return {
        "seed": order.seed,
        "command": "faceplate-train export",
        "form": order.form,
        "dataset": order.prepared.id,
        "head": {
            "form": head.form,
            "asked_for": order.head,
            "lowest_weight": float(head.weights.min()),
            "highest_weight": float(head.weights.max()),
            "bias": head.bias,
        },
    }
