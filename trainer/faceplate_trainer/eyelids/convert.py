"""The eyelids' network -> a TFLite file, and what that file makes of eyes."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from faceplate.model.eye_view import HEIGHT, WIDTH, EyeViews
from faceplate.vision.runtime import interpreter
from faceplate_trainer.training.tflite_file import tflite_file


def convert(model: keras.Model) -> bytes:
    """Write the network for both eyes of a face.

    Args:
        model: as `network.network` makes it.

    Returns:
        A TFLite file with one signature, `score`: `views` float32 (2, HEIGHT, WIDTH, 1) -> `shut` float32 (2,), logits.

    Raises:
        ModelError: the disk is full.
    """
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        "score",
        lambda views: {"shut": tf.reshape(model(views), [2])},
        [tf.TensorSpec((2, HEIGHT, WIDTH, 1), tf.float32, "views")],
    )
    return tflite_file(archive, ["score"])


def scores(content: bytes, faces: Sequence[EyeViews]) -> NDArray[np.float64]:
    """What a TFLite file makes of faces: the mean of both eyes' logits, (N,)."""
    score = interpreter(content, "litert", 1).get_signature_runner("score")
    return np.array([score(views=views[..., None])["shut"].mean() for views in faces], np.float64)
