"""Tower and Siamese head -> one float TFLite file with the signatures `embed` and `compare`."""

from __future__ import annotations

import logging
import tempfile

import keras
import tensorflow as tf

from faceplate_trainer.exporting.network import Head

_LOG = logging.getLogger(__name__)


def convert(tower: keras.Model, head: Head | None) -> bytes:
    """Write the network as a TFLite file.

    Args:
        tower: float32 (N, side, side, 3), RGB, 0..255 -> float32 (N, D).
        head: None leaves `compare` out, for a file to calibrate the head on.

    Returns:
        A TFLite file with `embed`: `crop` uint8 (1, side, side, 3) -> `embedding` float32 (1, D) of unit norm; and
        `compare`: `a` and `b` float32 (N, D) -> `score` float32 (N,), for any N.
    """
    _LOG.info("converting the network of %d weights to TFLite", tower.count_params())
    # Only this road keeps the weights: tf.Module with saved_model.save, and from_concrete_functions, end in a file
    # that loads, runs and holds none.
    archive = keras.export.ExportArchive()
    archive.track(tower)
    side, size = tower.input_shape[1], tower.output_shape[1]
    archive.add_endpoint("embed", _embed(tower), [tf.TensorSpec((1, side, side, 3), tf.uint8, "crop")])
    if head is not None:
        vectors = [tf.TensorSpec((None, size), tf.float32, name) for name in ("a", "b")]
        archive.add_endpoint("compare", _compare(head.weight, head.bias), vectors)
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, ["embed"] + ["compare"] * (head is not None))
        return bytes(converter.convert())


def _embed(tower: keras.Model):  # type: ignore[no-untyped-def] # noqa: ANN202 - keras reads the signature
    def embed(crop: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"embedding": tf.math.l2_normalize(tower(tf.cast(crop, tf.float32)), axis=-1)}

    return embed


def _compare(weight: float, bias: float):  # type: ignore[no-untyped-def] # noqa: ANN202 - the same
    def compare(a: tf.Tensor, b: tf.Tensor) -> dict[str, tf.Tensor]:
        distance = tf.reduce_sum(tf.math.squared_difference(a, b), axis=-1)
        return {"score": tf.sigmoid(bias - weight * distance)}

    return compare
