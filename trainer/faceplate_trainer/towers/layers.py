"""What the towers are built of: convolution, batch norm and activation, with seeded weights."""

from __future__ import annotations

from typing import Literal, TypeAlias

import keras
import numpy as np

Activation: TypeAlias = Literal["prelu", "relu"]
Padding: TypeAlias = Literal["same", "valid"]

SIDE = 112
"""Side of an aligned crop in pixels"""

EMBEDDING = "embedding"
"""How the names of all layers behind the last block begin"""

PRELU_SLOPE = 0.25
"""What negative values are multiplied by before training: He et al., "Delving Deep into Rectifiers", ICCV 2015"""

MOMENTUM = 0.9
"""Of the moving mean and variance. With Keras's own 0.99 they still remember their start when a training was short."""


def channels(count: int, width: float) -> int:
    """`count` times `width`, as the nearest multiple of 8 above 0 (as MobileNetV2 does): what processors like best."""
    return max(8, round(count * width / 8) * 8)


class Layers:
    """Adds layers behind the features it is given.

    Every convolution and dense layer is followed directly by its batch norm, so that the TFLite converter folds the
    one into the other. Padding lies on both sides alike, as in the networks that others publish weights of; Keras's
    "same" puts it on the far side only where the stride is 2.

    Args:
        activation: "relu" lets the whole network run on integers, which no runtime does quickly with PReLU.
        seed: the same seed gives the same weights.
        batch_norm: without it layers have a bias in its place.
    """

    def __init__(self, *, activation: Activation, seed: int, batch_norm: bool = True) -> None:
        self._activation = activation
        self._batch_norm = batch_norm
        self._seeds = np.random.default_rng(seed)

    def convolve(  # noqa: PLR0913, PLR0917 - what makes a convolution
        self,
        features: keras.KerasTensor,
        name: str,
        filters: int,
        size: int = 1,
        stride: int = 1,
        padding: Padding = "same",
        *,
        activate: bool = True,
    ) -> keras.KerasTensor:
        """A convolution over all channels, batch norm, activation."""
        features, padding = _pad(features, name, size, stride, padding)
        initial = keras.initializers.HeNormal(self.seed())
        convolution = keras.layers.Conv2D(
            filters, size, stride, padding, use_bias=not self._batch_norm, kernel_initializer=initial, name=name
        )
        features = self._normalise(convolution(features), name)
        return self._activate(features, name) if activate else features

    def depthwise(self, features: keras.KerasTensor, name: str, size: int = 3, stride: int = 1) -> keras.KerasTensor:
        """A convolution of each channel by itself, batch norm, activation."""
        features, padding = _pad(features, name, size, stride, "same")
        return self._activate(self._depthwise(features, name, size, stride, padding), name)

    def global_depthwise(self, features: keras.KerasTensor, name: str) -> keras.KerasTensor:
        """A convolution of each channel by itself over the whole picture at once, and batch norm."""
        return self._depthwise(features, name, features.shape[1], 1, "valid")

    def dense(self, features: keras.KerasTensor, size: int) -> keras.KerasTensor:
        """The last layer, and batch norm; in float32 even where the rest is trained in half precision."""
        initial = keras.initializers.GlorotUniform(self.seed())
        dense = keras.layers.Dense(
            size, use_bias=not self._batch_norm, kernel_initializer=initial, name=EMBEDDING, dtype="float32"
        )
        return self._normalise(dense(keras.layers.Flatten(name=f"{EMBEDDING}_flatten")(features)), EMBEDDING)

    def seed(self) -> int:
        """Another seed at each call: layers of one shape must not start alike."""
        return int(self._seeds.integers(2**31))

    def _depthwise(
        self, features: keras.KerasTensor, name: str, size: int, stride: int, padding: Padding
    ) -> keras.KerasTensor:
        # He's deviation for the size x size values that a filter sees; Keras's own would count those of all channels.
        initial = keras.initializers.RandomNormal(0.0, float(np.sqrt(2) / size), self.seed())
        convolution = keras.layers.DepthwiseConv2D(
            size, stride, padding, use_bias=not self._batch_norm, depthwise_initializer=initial, name=name
        )
        return self._normalise(convolution(features), name)

    def _activate(self, features: keras.KerasTensor, name: str) -> keras.KerasTensor:
        if self._activation == "relu":
            return keras.layers.ReLU(name=f"{name}_relu")(features)
        slope = keras.initializers.Constant(PRELU_SLOPE)
        return keras.layers.PReLU(slope, shared_axes=[1, 2], name=f"{name}_prelu")(features)

    def _normalise(self, features: keras.KerasTensor, name: str) -> keras.KerasTensor:
        if not self._batch_norm:
            return features
        dtype = "float32" if name == EMBEDDING else None
        return keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm", dtype=dtype)(features)


def _pad(
    features: keras.KerasTensor, name: str, size: int, stride: int, padding: Padding
) -> tuple[keras.KerasTensor, Padding]:
    """Put "same" into a layer of its own where Keras would not pad both sides alike."""
    if padding == "valid" or stride == 1 or size == 1:
        return features, padding
    return keras.layers.ZeroPadding2D((size - 1) // 2, name=f"{name}_pad")(features), "valid"
