"""A tower by its name: built, given weights, opened for training, described.

    tower = load_weights(build_tower("sface", embedding_size=None, width=1.0, activation="prelu", seed=1), Path(...))
    choose_trainable(tower, 2)  # the last two blocks and the dense layer learn

What a block is, each tower's own module says.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, TypeAlias

import keras
import numpy as np

from faceplate.errors import ConfigError, ModelError
from faceplate_trainer.towers import koch, mobilefacenet, sface
from faceplate_trainer.towers.initial_weights import read_initial_weights
from faceplate_trainer.towers.layers import EMBEDDING, Activation
from faceplate_trainer.towers.weights_file import read_weights

TowerName: TypeAlias = Literal["koch", "mobilefacenet", "sface"]

_BLOCK = re.compile(r"(?P<tower>[a-z]+)_(?P<block>\d+)_")


def build_tower(
    name: TowerName, *, embedding_size: int | None, width: float, activation: Activation, seed: int
) -> keras.Model:
    """Build a tower with random weights; the same arguments give the same weights.

    Args:
        name: "koch", the tutorials' network; "mobilefacenet", small and made for faces; "sface", that of the weights
            the product ships.
        embedding_size: length of the embedding; None for what the tower's authors chose (4096, 128, 128).
        width: what the number of channels is multiplied by; 1 for the authors' network.
        activation: "prelu", as in the face networks' papers; "relu", as in Koch's, and wherever the whole network
            shall run on integers.
        seed: of the weights.

    Returns:
        A model called "tower", float32 (N, 112, 112, 3), RGB 0..255 -> float32 (N, D), not normalised. The scaling of
        pixels is its first layer.

    Raises:
        ConfigError: there is no such tower, or a size is not above 0.
    """
    builders = {
        "koch": (koch.koch_tower, koch.EMBEDDING_SIZE),
        "mobilefacenet": (mobilefacenet.mobilefacenet_tower, mobilefacenet.EMBEDDING_SIZE),
        "sface": (sface.untrained_sface_tower, sface.EMBEDDING_SIZE),
    }
    if name not in builders:
        raise ConfigError(f"tower.name: expected one of {', '.join(builders)}; received {name!r}")
    if activation not in ("prelu", "relu"):
        raise ConfigError(f"tower.activation: expected prelu or relu; received {activation!r}")
    build, usual_size = builders[name]
    size = usual_size if embedding_size is None else embedding_size
    if size < 1 or not width > 0:
        raise ConfigError(f"tower: expected embedding_size and width above 0; received {size} and {width}")
    return build(embedding_size=size, width=width, activation=activation, seed=seed)


def load_weights(tower: keras.Model, file: Path) -> keras.Model:
    """Give a tower weights that were trained before.

    Args:
        tower: as `build_tower` gives it.
        file: `.weights.h5`, saved from a tower of the same name and sizes; or, for "sface", the `.onnx` file of the
            OpenCV Zoo.

    Returns:
        `tower` itself with the weights of the `.weights.h5` file; or a new tower of the shape and with the weights of
        the ONNX file, its batch norms folded.

    Raises:
        ModelError: the file cannot be read, or belongs to another tower.
    """
    if file.suffix == ".onnx":
        return _from_onnx(tower, file)
    if not file.name.endswith(".weights.h5"):
        raise ModelError(f"{file}: expected initial weights in a .weights.h5 file, or .onnx for the sface tower")
    read_weights(tower, file)
    return tower


def choose_trainable(tower: keras.Model, train: Literal["all", "dense"] | int) -> None:
    """Choose what learns; everything else keeps its weights, and its batch norms their mean and variance.

    Args:
        tower: as `build_tower` or `load_weights` gives it.
        train: "all"; "dense", only what lies behind the last block; or a number: the last so many blocks, too.

    Raises:
        ConfigError: the tower has fewer blocks.
    """
    last = max(block for layer in tower.layers if (block := _block(layer)) is not None)
    if train == "all":
        first = 0
    elif train == "dense":
        first = last + 1
    elif isinstance(train, int) and 1 <= train <= last:
        first = last + 1 - train
    else:
        raise ConfigError(f"tower.train: expected all, dense, or a number of blocks from 1 to {last}; received {train}")
    for layer in tower.layers:
        block = _block(layer)
        layer.trainable = layer.name.startswith(EMBEDDING) or (block is not None and block >= first)


def summary_text(tower: keras.Model) -> str:
    """The tower as a table: layer, kind, output's shape, number of weights, whether it learns; and the sums."""
    rows = [("layer", "kind", "output", "weights", "learns")]
    for layer in tower.layers:
        shape = "x".join(str(size) for size in layer.output.shape[1:])
        learns = "yes" if layer.trainable_weights else "no" if layer.weights else ""
        rows.append((layer.name, type(layer).__name__, shape, f"{layer.count_params():,}", learns))
    lines = [
        f"{name:36}{kind:20}{shape:>14}{weights:>14}  {learns}".rstrip() for name, kind, shape, weights, learns in rows
    ]
    learning = sum(int(np.prod(weight.shape)) for weight in tower.trainable_weights)
    return "\n".join([*lines, f"{tower.count_params():,} weights, {learning:,} of them learn"])


def _block(layer: keras.layers.Layer) -> int | None:
    """The number of the block that a layer belongs to, by its name; None before the first and behind the last."""
    found = _BLOCK.match(layer.name)
    return int(found["block"]) if found else None


def _from_onnx(tower: keras.Model, file: Path) -> keras.Model:
    if not any(layer.name.startswith("sface_") for layer in tower.layers):
        raise ModelError(
            f"{file}: only the sface tower takes weights from an ONNX file. Choose that tower, or a .weights.h5 file "
            "that fit wrote for this one."
        )
    folded = sface.sface_tower(read_initial_weights(file))
    shapes = [f"{part.input_shape[1:]} -> {part.output_shape[1:]}" for part in (tower, folded)]
    if shapes[0] != shapes[1]:
        raise ModelError(
            f"{file}: expected a tower of {shapes[0]}, received one of {shapes[1]}. Set tower.embedding_size to "
            f"{folded.output_shape[-1]}, or leave it out."
        )
    return folded
