"""The passive network -> an int8 TFLite file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from faceplate_trainer.training.tflite_file import Converter, tflite_file


def convert(model: keras.Model, samples: NDArray[np.uint8]) -> bytes:
    """Write the network as integers throughout: uint8 pixels in, uint8 score out. Same input, same bytes.

    Args:
        model: as `network.network` makes it.
        samples: uint8 (N, side, side, channels), some dozen: the ranges of what is computed are measured on them.

    Returns:
        A TFLite file: uint8 (1, side, side, channels) -> score uint8 (1, 1), of scale 1 / 256.

    Raises:
        ModelError: the disk is full.
    """
    archive = keras.export.ExportArchive()
    archive.track(model)
    shape = (1, *model.input_shape[1:])
    archive.add_endpoint(
        "score", lambda squares: {"score": model(squares)}, [tf.TensorSpec(shape, tf.float32, "squares")]
    )
    with warnings.catch_warnings():
        # It measures ranges with TensorFlow's own interpreter, and that one warns everybody that it will go.
        warnings.filterwarnings("ignore", r"\s*Warning: tf.lite.Interpreter is deprecated", UserWarning)
        return tflite_file(archive, ["score"], lambda converter: _as_integers(converter, samples))


def _as_integers(converter: Converter, samples: NDArray[np.uint8]) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _representative(samples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.uint8


def _representative(samples: NDArray[np.uint8]) -> Iterator[dict[str, NDArray[np.float32]]]:
    # Black and white belong to the range of any camera: with them one step of the input is one step of the pixel.
    for extreme in (0, 255):
        yield {"squares": np.full((1, *samples.shape[1:]), extreme, np.float32)}
    for sample in samples:
        yield {"squares": sample[None].astype(np.float32)}
