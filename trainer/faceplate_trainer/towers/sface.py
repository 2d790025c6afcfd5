"""The network that SFace's published weights belong to, folded or as it is trained.

Its shape is that of MobileNet (Howard et al., 2017, table 1) with the first convolution at stride 1, PReLU, and a dense
layer on the 7x7 features where MobileNet averages them. Fourteen blocks: a convolution; then thirteen times a
depthwise convolution and a 1x1 convolution. Behind them the dense layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from faceplate_trainer.towers.initial_weights import TowerWeights
from faceplate_trainer.towers.layers import SIDE, Activation, Layers, channels

EMBEDDING_SIZE = 128
FIRST = 32
"""Filters of the first convolution"""

BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
"""Filters of the 1x1 convolution of each further block, and the stride of the depthwise one before it"""


@dataclass(frozen=True, slots=True)
class Shape:
    """One convolution."""

    filters: int
    size: int
    stride: int
    depthwise: bool


def untrained_sface_tower(*, embedding_size: int, width: float, activation: Activation, seed: int) -> keras.Model:
    """The tower as it is trained from scratch, each convolution with its batch norm: 10 million weights at width 1."""
    layers = Layers(activation=activation, seed=seed)
    return _tower(layers, _shapes(width), SIDE, (1 / 128, -127.5 / 128), embedding_size)


def sface_tower(weights: TowerWeights) -> keras.Model:
    """The SFace-shaped tower with its batch norms folded: as many convolutions, as wide, as `weights` has.

    Input shape:
        float32 (N, side, side, 3): RGB, 0..255.

    Output shape:
        float32 (N, embedding size), not normalised.
    """
    shapes = [
        Shape(len(convolution.bias), convolution.kernel.shape[0], convolution.stride, convolution.depthwise)
        for convolution in weights.convolutions
    ]
    layers = Layers(activation="prelu", seed=0, batch_norm=False)
    scaling = (weights.input_scale, weights.input_offset)
    tower = _tower(layers, shapes, weights.input_size, scaling, len(weights.dense_bias))
    tower.set_weights(list(_in_order(weights)))
    return tower


def embed(tower: keras.Model, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Embed aligned crops in full precision.

    Args:
        tower: any of the towers.
        crops: RGB uint8 (N, side, side, 3).

    Returns:
        float32 (N, D), each row of unit norm.
    """
    vectors = np.asarray(tower.predict(crops.astype(np.float32), batch_size=16, verbose=0), np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _shapes(width: float) -> Iterator[Shape]:
    filters = channels(FIRST, width)
    yield Shape(filters, 3, 1, depthwise=False)
    for count, stride in BLOCKS:
        yield Shape(filters, 3, stride, depthwise=True)
        filters = channels(count, width)
        yield Shape(filters, 1, 1, depthwise=False)


def _tower(
    layers: Layers, shapes: Iterable[Shape], side: int, scaling: tuple[float, float], embedding_size: int
) -> keras.Model:
    inputs = keras.Input((side, side, 3), name="crop")
    features = keras.layers.Rescaling(*scaling, name="scaling")(inputs)
    block, inside = 0, False
    for shape in shapes:
        block += shape.depthwise or not inside  # a 1x1 convolution ends the block that a depthwise one began
        inside = shape.depthwise
        if shape.depthwise:
            features = layers.depthwise(features, f"sface_{block}_depthwise", shape.size, shape.stride)
        else:
            features = layers.convolve(features, f"sface_{block}_conv", shape.filters, shape.size, shape.stride)
    return keras.Model(inputs, layers.dense(features, embedding_size), name="tower")


def _in_order(weights: TowerWeights) -> Iterator[NDArray[np.float32]]:
    """The weights in the order of the tower's variables."""
    for convolution in weights.convolutions:
        yield convolution.kernel
        yield convolution.bias
        yield convolution.slope[None, None, :]
    yield weights.dense_kernel
    yield weights.dense_bias
