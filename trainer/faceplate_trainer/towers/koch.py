"""The network of the Siamese tutorials.

Koch, Zemel and Salakhutdinov, "Siamese Neural Networks for One-shot Image Recognition", ICML workshop 2015, figure 4.
The paper's pictures are grey and 105x105; on 112x112 the layers come to the same 6x6x256 before the dense one. Pooling
is over 2x2 as in the paper (some tutorials write `MaxPooling2D(64, (2, 2))`, which pools over 64x64).

Four blocks, each a convolution with its activation and, but for the last, pooling; then the dense layer with sigmoids.
It has no batch norm: what it computes for a picture in training does not hang on the other pictures of the batch.
"""

from __future__ import annotations

import keras

from faceplate_trainer.towers.layers import EMBEDDING, SIDE, Activation, Layers, channels

BLOCKS = ((64, 10), (128, 7), (128, 4), (256, 4))
"""Filters and their side, in pixels, of each convolution"""

EMBEDDING_SIZE = 4096


def koch_tower(*, embedding_size: int, width: float, activation: Activation, seed: int) -> keras.Model:
    """Koch's network: 38.9 million weights at width 1."""
    layers = Layers(activation=activation, seed=seed, batch_norm=False)
    inputs = keras.Input((SIDE, SIDE, 3), name="crop")
    features = keras.layers.Rescaling(1 / 255, name="scaling")(inputs)
    for block, (filters, size) in enumerate(BLOCKS, start=1):
        features = layers.convolve(features, f"koch_{block}_conv", channels(filters, width), size, 1, "valid")
        if block < len(BLOCKS):
            features = keras.layers.MaxPooling2D(2, name=f"koch_{block}_pool")(features)
    features = layers.dense(features, embedding_size)
    outputs = keras.layers.Activation("sigmoid", name=f"{EMBEDDING}_sigmoid", dtype="float32")(features)
    return keras.Model(inputs, outputs, name="tower")
