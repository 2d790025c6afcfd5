"""From Keras to a TFLite file, by way of a folder, which is the only way there is."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import keras
import tensorflow as tf

from faceplate.errors import ModelError

Converter: TypeAlias = Any
"""tf.lite.TFLiteConverter, which has no types"""


def tflite_file(
    archive: keras.export.ExportArchive,
    signatures: Sequence[str],
    prepare: Callable[[Converter], None] = lambda _: None,
) -> bytes:
    """The archive as a TFLite file.

    Args:
        archive: with an endpoint for each signature.
        signatures: their names.
        prepare: tells the converter what else is wanted.

    Raises:
        ModelError: the disk is full.
    """
    try:
        with tempfile.TemporaryDirectory() as folder:
            archive.write_out(folder, verbose=False)
            converter = tf.lite.TFLiteConverter.from_saved_model(folder, list(signatures))
            prepare(converter)
            return bytes(converter.convert())
    except (OSError, tf.errors.OpError) as error:
        raise ModelError(
            f"cannot write the network to a folder in {tempfile.gettempdir()}, which converting it takes: {error}. "
            "Make room there (a few times the network's size), or name another place in the environment as TMPDIR."
        ) from error
