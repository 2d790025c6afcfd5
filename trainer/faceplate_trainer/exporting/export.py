"""From initial weights to the network that ships, each step passing its gates before the next may use it."""

from __future__ import annotations

import logging
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from faceplate_trainer.exporting import gates
from faceplate_trainer.exporting.convert import convert
from faceplate_trainer.exporting.network import Head, Network
from faceplate_trainer.exporting.quantize import quantize
from faceplate_trainer.towers.initial_weights import TowerWeights
from faceplate_trainer.towers.sface import embed, sface_tower

_LOG = logging.getLogger(__name__)


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


def network_from(tower: keras.Model, head: Head | None, crops: NDArray[np.uint8]) -> bytes:
    """Convert and quantise, and see that the file is whole, exact enough and true to its signatures.

    Args:
        tower: float32 (N, side, side, 3), RGB, 0..255 -> float32 (N, D).
        head: None leaves `compare` out. `embed` does not depend on the head, so that a head calibrated on
            the file without one fits the file with it.
        crops: aligned faces, RGB uint8 (N, side, side, 3); some dozens, since the gate looks at their mean.

    Returns:
        A TFLite file; the same tower and head always give the same bytes.

    Raises:
        ModelError: a gate did not pass.
    """
    content = quantize(convert(tower, head))
    side, size = tower.input_shape[1], tower.output_shape[1]
    gates.check_holds_weights(content, tower.count_params())
    network = Network(content)
    gates.check_signatures(network, side, size, compare=head is not None)
    if head is not None:
        gates.check_compare(network, head, size)
    mean = gates.check_agreement(network.embed(crops), embed(tower, crops))
    _LOG.info("quantised to %.2f MB, mean cosine %.5f to full precision", len(content) / 1e6, mean)
    return content
