"""A small network made for faces on phones.

Chen, Liu, Gao and Han, "MobileFaceNets: Efficient CNNs for Accurate Real-Time Face Verification on Mobile Devices",
CCBR 2018, table 1. Eighteen blocks: a convolution, a depthwise convolution, fifteen bottlenecks (a 1x1 convolution
that widens, a depthwise one, a 1x1 convolution that narrows, without activation), a 1x1 convolution. Behind them, as
"dense layer", the global depthwise convolution, which weighs each place of the 7x7 features by itself, and a linear
1x1 convolution.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras

from faceplate_trainer.towers.layers import EMBEDDING, SIDE, Activation, Layers, channels

EMBEDDING_SIZE = 128


@dataclass(frozen=True, slots=True)
class Bottlenecks:
    """One row of the paper's table."""

    expansion: int
    """How many times the channels are widened inside"""

    filters: int
    repeats: int
    stride: int
    """Of the first; the others have 1"""


TABLE = (
    Bottlenecks(expansion=2, filters=64, repeats=5, stride=2),
    Bottlenecks(expansion=4, filters=128, repeats=1, stride=2),
    Bottlenecks(expansion=2, filters=128, repeats=6, stride=1),
    Bottlenecks(expansion=4, filters=128, repeats=1, stride=2),
    Bottlenecks(expansion=2, filters=128, repeats=2, stride=1),
)
FIRST, LAST = 64, 512
"""Filters of the first convolution, and of the one before the embedding"""


def mobilefacenet_tower(*, embedding_size: int, width: float, activation: Activation, seed: int) -> keras.Model:
    """MobileFaceNet: about a million weights at width 1."""
    layers = Layers(activation=activation, seed=seed)
    inputs = keras.Input((SIDE, SIDE, 3), name="crop")
    features = keras.layers.Rescaling(1 / 128, -127.5 / 128, name="scaling")(inputs)
    features = layers.convolve(features, "mobilefacenet_1_conv", channels(FIRST, width), 3, stride=2)
    features = layers.depthwise(features, "mobilefacenet_2_depthwise")
    block = 3
    for row in TABLE:
        for repeat in range(row.repeats):
            stride = 1 if repeat else row.stride
            features = _bottleneck(layers, features, block, row.expansion, channels(row.filters, width), stride)
            block += 1
    features = layers.convolve(features, f"mobilefacenet_{block}_conv", channels(LAST, width))
    features = layers.global_depthwise(features, f"{EMBEDDING}_depthwise")
    return keras.Model(inputs, layers.dense(features, embedding_size), name="tower")


def _bottleneck(  # noqa: PLR0913, PLR0917 - a row of the table, and where it goes
    layers: Layers, features: keras.KerasTensor, block: int, expansion: int, filters: int, stride: int
) -> keras.KerasTensor:
    """MobileNetV2's inverted residual, with the shortcut where both ends have one shape."""
    name = f"mobilefacenet_{block}"
    inner = layers.convolve(features, f"{name}_expand", expansion * features.shape[-1])
    inner = layers.depthwise(inner, f"{name}_depthwise", stride=stride)
    inner = layers.convolve(inner, f"{name}_project", filters, activate=False)
    if features.shape != inner.shape:
        return inner
    return keras.layers.Add(name=f"{name}_add")([features, inner])
