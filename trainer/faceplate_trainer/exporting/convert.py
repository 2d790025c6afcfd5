"""Tower and Siamese head -> one float TFLite file with the signatures `embed` and `compare`."""

from __future__ import annotations

import logging

import keras
import numpy as np
import tensorflow as tf

from faceplate.errors import ModelError
from faceplate_trainer.exporting.network import Scaling
from faceplate_trainer.measuring.head import Head
from faceplate_trainer.training.tflite_file import tflite_file

_LOG = logging.getLogger(__name__)


def convert(tower: keras.Model, head: Head | None, *, scaled_input: bool = False) -> bytes:
    """Write the network as a TFLite file.

    Args:
        tower: float32 (N, side, side, 3), RGB, 0..255 -> float32 (N, D).
        head: None leaves `compare` out, for a file to fit the head on.
        scaled_input: leave scaling and normalisation to whoever runs the file, so that nothing in `embed` needs
            floating point once it is quantised.

    Returns:
        A TFLite file with `embed`: `crop` uint8 (1, side, side, 3) -> `embedding` float32 (1, D) of unit norm (with
        `scaled_input`: `crop` float32, pixels scaled as the tower scales them -> `embedding` of any norm); and
        `compare`: `a` and `b` float32 (N, D) -> `score` float32 (N,), for any N.

    Raises:
        ModelError: the disk is full.
    """
    _LOG.info("converting the network of %d weights to TFLite", tower.count_params())
    body = keras.Model(_scaling_layer(tower).output, tower.output, name="tower") if scaled_input else tower
    # Only this road keeps the weights: tf.Module with saved_model.save, and from_concrete_functions, end in a file
    # that loads, runs and holds none.
    archive = keras.export.ExportArchive()
    archive.track(body)
    side, size = tower.input_shape[1], tower.output_shape[1]
    crop = tf.TensorSpec((1, side, side, 3), tf.float32 if scaled_input else tf.uint8, "crop")
    archive.add_endpoint("embed", _embed_scaled(body) if scaled_input else _embed(body), [crop])
    if head is not None:
        vectors = [tf.TensorSpec((None, size), tf.float32, name) for name in ("a", "b")]
        archive.add_endpoint("compare", _compare(head), vectors)
    return tflite_file(archive, ["embed"] + ["compare"] * (head is not None))


def scaling_of(tower: keras.Model) -> Scaling:
    """How the tower scales pixels before anything else.

    Raises:
        ModelError: it does not begin with one scaling for all colours.
    """
    layer = _scaling_layer(tower)
    if np.size(layer.scale) != 1 or np.size(layer.offset) != 1:
        raise ModelError(f"expected one scale and one offset for all colours, received {layer.scale}, {layer.offset}")
    return Scaling(float(np.asarray(layer.scale).item()), float(np.asarray(layer.offset).item()))


def _scaling_layer(tower: keras.Model) -> keras.layers.Layer:
    """The layer behind the input."""
    layer = tower.layers[1]
    if not isinstance(layer, keras.layers.Rescaling):
        raise ModelError(
            f"expected a tower whose first layer is keras.layers.Rescaling, received one that begins with "
            f"{type(layer).__name__}: put the scaling of the pixels into the tower"
        )
    return layer


def _embed(tower: keras.Model):  # type: ignore[no-untyped-def] # noqa: ANN202 - keras reads the signature
    def embed(crop: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"embedding": tf.math.l2_normalize(tower(tf.cast(crop, tf.float32)), axis=-1)}

    return embed


def _embed_scaled(body: keras.Model):  # type: ignore[no-untyped-def] # noqa: ANN202 - the same
    def embed(crop: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"embedding": body(crop)}

    return embed


def _compare(head: Head):  # type: ignore[no-untyped-def] # noqa: ANN202 - the same
    weights = head.weights.astype(np.float32)

    def compare(a: tf.Tensor, b: tf.Tensor) -> dict[str, tf.Tensor]:
        apart = tf.math.squared_difference(a, b) if head.power == 2 else tf.abs(a - b)  # noqa: PLR2004 - a square
        # One weight for all is multiplied once. Never a matrix product: the quantiser takes those for dense layers.
        distance = (
            weights[0] * tf.reduce_sum(apart, axis=-1)
            if head.form == "cosine"
            else tf.reduce_sum(weights * apart, axis=-1)
        )
        return {"score": tf.sigmoid(head.bias - distance)}

    return compare
