"""Keras's `.weights.h5` files, read only where they fit.

Keras numbers layers by their kind, so that a file of another tower may fill some layers and leave others as they were,
with no more than a warning. The file also holds the layers' names: they are compared first.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import h5py  # type: ignore[import-untyped] # it ships no types
import keras

from faceplate.errors import ModelError

Shapes: TypeAlias = dict[str, list[tuple[int, ...]]]
"""By layer's name, the shape of each of its weights"""


def read_weights(tower: keras.Model, file: Path) -> None:
    """Give `tower` the weights that `file` holds.

    Raises:
        ModelError: the file cannot be read, or was saved from another tower.
    """
    try:
        received = _shapes_in(file)
    except (OSError, KeyError) as error:
        raise ModelError(f"{file} is not a readable weights file: {error}. Copy it again.") from error
    expected = _shapes_of(tower)
    for name in sorted(expected.keys() | received.keys()):
        if expected.get(name) != received.get(name):
            raise ModelError(
                f"{file} was saved from another tower: expected {_said(name, expected)}, received "
                f"{_said(name, received)}. Give the tower the name, embedding_size, width and activation it had then."
            )
    tower.load_weights(file)


def _shapes_in(file: Path) -> Shapes:
    shapes: Shapes = {}
    with h5py.File(file) as content:
        for group in content["layers"].values():
            weights = group["vars"]
            if len(weights):
                shapes[str(weights.attrs["name"])] = [weights[str(index)].shape for index in range(len(weights))]
    return shapes


def _shapes_of(tower: keras.Model) -> Shapes:
    return {layer.name: [tuple(weight.shape) for weight in layer.weights] for layer in tower.layers if layer.weights}


def _said(name: str, shapes: Shapes) -> str:
    return f"{name} with weights of {' and '.join(map(str, shapes[name]))}" if name in shapes else f"no {name}"
