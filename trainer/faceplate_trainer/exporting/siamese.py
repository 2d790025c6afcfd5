"""From a tower to siamese.tflite, the network that ships, each step passing its gates before the next may use it."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from faceplate_trainer.data.prepared import Crop, Prepared, people_of
from faceplate_trainer.exporting import gates
from faceplate_trainer.exporting.accuracy import Accuracy, check_accuracy
from faceplate_trainer.exporting.convert import convert, scaling_of
from faceplate_trainer.exporting.forms import EXPECTED, Form
from faceplate_trainer.exporting.latency import SLOWEST, check_latency, measure_latency
from faceplate_trainer.exporting.network import Network
from faceplate_trainer.exporting.quantize import quantize
from faceplate_trainer.measuring.head import Head
from faceplate_trainer.towers.initial_weights import TowerWeights
from faceplate_trainer.towers.sface import embed, sface_tower

_LOG = logging.getLogger(__name__)

MOST_FACES = 1000
"""For the gates; more would take minutes and say nothing new"""

MEAN_COSINE = "mean_cosine_to_full_precision"
"""What `check_embeddings` calls it"""

_PARITY_FACES = 64


@dataclass(frozen=True, slots=True)
class Faces:
    """Pictures of known people to judge a network by."""

    crops: NDArray[np.uint8] = field(repr=False)
    """Aligned, RGB uint8 (N, side, side, 3)"""

    people: NDArray[np.str_]
    """Who each shows, (N,)"""

    @classmethod
    def read(cls, prepared: Prepared, crops: Sequence[Crop], most: int = MOST_FACES) -> Faces:
        """The first `most` of these crops, in order of people, so that people keep their pictures."""
        chosen = sorted(crops, key=lambda crop: (crop.person, crop.file))[:most]
        return cls(np.array([prepared.pixels(crop) for crop in chosen]), people_of(chosen))

    @property
    def few(self) -> NDArray[np.uint8]:
        """Some of the crops, spread over all of them: enough to see whether two networks are the same."""
        return self.crops[:: -(-len(self.crops) // _PARITY_FACES)]


def tower_from(weights: TowerWeights, original: Path, crops: NDArray[np.uint8]) -> keras.Model:
    """Build the tower, and see that it computes what the network computes that its weights come from.

    Args:
        weights: as read from `original`.
        original: the ONNX file.
        crops: aligned faces, RGB uint8 (N, side, side, 3).

    Raises:
        ModelError: it computes something else.
    """
    tower = sface_tower(weights)
    _LOG.info("comparing the tower with %s on %d crops", original.name, len(crops))
    worst = gates.check_parity(embed(tower, crops), gates.original_embeddings(original, crops))
    _LOG.info("largest difference %.2g, %g is allowed", worst, gates.PARITY)
    return tower


def network_from(tower: keras.Model, head: Head | None, form: Form, samples: NDArray[np.uint8]) -> bytes:
    """Convert and quantise, and see that the file is whole and true to its signatures.

    Args:
        tower: float32 (N, side, side, 3), RGB, 0..255 -> float32 (N, D); a `Rescaling` is its first layer.
        head: None leaves `compare` out. `embed` does not depend on the head, so that a head fitted on the file
            without one fits the file with it.
        form: what to quantise to.
        samples: aligned faces that ranges of activations are measured on, in the forms that need them; RGB uint8
            (N, side, side, 3).

    Returns:
        A TFLite file; the same arguments always give the same bytes.

    Raises:
        ModelError: a gate did not pass, or the tower does not allow the form.
    """
    scaling = scaling_of(tower)
    content = quantize(convert(tower, head, scaled_input=form == "full-int8"), form, samples, scaling)
    side, size = tower.input_shape[1], tower.output_shape[1]
    gates.check_holds_weights(content, sum(int(np.prod(w.shape)) for w in tower.weights if len(w.shape) > 1))
    network = Network(content, scaling)
    gates.check_signatures(network, side, size, form, compare=head is not None)
    if head is not None:
        gates.check_compare(network, head, size)
    return content


def check_embeddings(  # noqa: PLR0913 - two gates may be set
    content: bytes,
    tower: keras.Model,
    faces: Faces,
    form: Form,
    *,
    latency_gate: bool = True,
    least_cosine: float | None = None,
) -> dict[str, Any]:
    """See that a file embeds as exactly as its form should, loses no accuracy, and is as fast as it claims.

    Args:
        content: the TFLite file.
        tower: what it was made from.
        faces: people whom the tower was not trained on.
        form: what it was quantised to.
        latency_gate: False measures the time, and lets it be what it is.
        least_cosine: asked for in place of the form's own.

    Returns:
        What was found, by name: for the model card. It is the same each time; times, which are not, are only logged.

    Raises:
        ModelError: a gate did not pass.
        DatasetError: the faces hold no pair of one person, or none of two.
    """
    network, full = (Network(each, scaling_of(tower), threads=1) for each in (content, convert(tower, None)))
    parity = gates.check_parity(full.embed(faces.few), embed(tower, faces.few), what="the converted network")
    _LOG.info("largest difference after conversion %.2g, %g is allowed", parity, gates.PARITY)
    exact, quantised = full.embed(faces.crops), network.embed(faces.crops)
    mean = gates.check_agreement(quantised, exact, form, least_cosine)
    before, after = Accuracy.of(exact, faces.people), Accuracy.of(quantised, faces.people)
    check_accuracy(after, before)
    found = {
        "crops": len(faces.crops),
        "largest_difference_after_conversion": f"at most {gates.PARITY:g}",
        MEAN_COSINE: mean,
        "full_precision": dataclasses.asdict(before),
        "quantised": dataclasses.asdict(after),
        "time_relative_to_fp32": _time(
            network, full, faces.crops[0], checked=EXPECTED[form].claims_speed and latency_gate
        ),
    }
    _LOG.info("%s: %.2f MB, %s", form, len(content) / 1e6, found)
    return found


def _time(network: Network, full: Network, crop: NDArray[np.uint8], *, checked: bool) -> str:
    """What can be said of the time without saying how busy this machine was."""
    latency = measure_latency(network, full, crop)
    _LOG.info("one face takes %.1f ms, %.2f times the time of fp32", latency.milliseconds, latency.ratio)
    if not checked:
        return "not checked"
    check_latency(latency)
    return f"at most {SLOWEST:g}"
