"""The network that turns an aligned crop into an embedding."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from faceplate_trainer.towers.initial_weights import Convolution, TowerWeights


def sface_tower(weights: TowerWeights) -> keras.Model:
    """The SFace-shaped tower: as many convolutions, as wide, as `weights` has.

    Input shape:
        float32 (N, side, side, 3): RGB, 0..255.

    Output shape:
        float32 (N, embedding size), not normalised.
    """
    inputs = keras.Input((weights.input_size, weights.input_size, 3), name="crop")
    features = keras.layers.Rescaling(weights.input_scale, weights.input_offset, name="scaling")(inputs)
    for number, convolution in enumerate(weights.convolutions, start=1):
        features = _convolve(features, convolution, f"conv_{number}")
    features = keras.layers.Flatten(name="flatten")(features)
    dense = keras.layers.Dense(len(weights.dense_bias), name="embedding")
    outputs = dense(features)
    dense.set_weights([weights.dense_kernel, weights.dense_bias])
    return keras.Model(inputs, outputs, name="tower")


def embed(tower: keras.Model, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Embed aligned crops in full precision.

    Args:
        tower: as `sface_tower` gives it.
        crops: RGB uint8 (N, side, side, 3).

    Returns:
        float32 (N, D), each row of unit norm.
    """
    vectors = np.asarray(tower.predict(crops.astype(np.float32), batch_size=16, verbose=0), np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _convolve(features: keras.KerasTensor, convolution: Convolution, name: str) -> keras.KerasTensor:
    height = convolution.kernel.shape[0]
    if height > 1 and convolution.stride > 1:
        # "same" would pad an even-sized picture on the far side only; SFace was trained with one row on each
        features = keras.layers.ZeroPadding2D((height - 1) // 2, name=f"{name}_pad")(features)
    layer = _layer(convolution, name)
    features = layer(features)
    layer.set_weights([convolution.kernel, convolution.bias])
    prelu = keras.layers.PReLU(shared_axes=[1, 2], name=f"{name}_prelu")
    features = prelu(features)
    prelu.set_weights([convolution.slope[None, None, :]])
    return features


def _layer(convolution: Convolution, name: str) -> keras.layers.Layer:
    height, width, _, filters = convolution.kernel.shape
    padding = "same" if convolution.stride == 1 else "valid"
    if convolution.depthwise:
        return keras.layers.DepthwiseConv2D((height, width), convolution.stride, padding, name=name)
    return keras.layers.Conv2D(filters, (height, width), convolution.stride, padding, name=name)
