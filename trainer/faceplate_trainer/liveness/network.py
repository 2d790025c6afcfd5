"""The passive network: local binary patterns (Ojala 2002, on colours as Boulkenafet 2016) written as convolutions.

What is learnt is one weight for each pattern of each colour of each square, nothing else. A network that learns its
own patterns tells the nine people of NUAA apart better than the living from prints (docs/training.md): the sign of a
difference is the same in the dark, in glare and behind any tone curve, and leaves nothing to be learnt by heart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

RING: Final = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))
"""The eight neighbours of a pixel, row and column in its 3 x 3, once round"""

COLOURS: Final = {"grey": (1, 1, 1), "red_green": (1, -1, 0), "blue_green": (0, -1, 1)}
"""What patterns are looked for in, as weights of R, G, B. All 0 or of one size: int8 holds them exactly"""

STEP: Final = 6.0
"""What a neighbour at least as bright as the pixel becomes, in ReLU6; one darker becomes 0"""

BATCH: Final = 32


def uniform_patterns() -> NDArray[np.bool_]:
    """The patterns with at most two changes between darker and brighter once round, bool (58, 8)."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    return np.asarray(bits[(bits != np.roll(bits, -1, axis=1)).sum(axis=1) <= 2], dtype=bool)  # noqa: PLR2004 - "uniform"


PATTERNS: Final = 58
"""How many they are; all others count for nothing"""


@dataclass(frozen=True, slots=True)
class Weights:
    """What is learnt: score = mean over pixels of the weight of the pattern there, over all squares and colours."""

    patterns: NDArray[np.float64]
    """(squares * colours, 58)"""

    bias: float


def features(pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How often each pattern occurs.

    Args:
        pictures: uint8 (N, side, side, 3 * squares), as `preprocessing.surroundings` cuts them.

    Returns:
        float64 (N, squares * colours * 58), shares 0..1.
    """
    side, squares = pictures.shape[1], pictures.shape[-1] // 3
    pixels = keras.Input((side, side, 3 * squares))
    shares = [keras.layers.GlobalAveragePooling2D()(codes) for codes in _codes(pixels, squares)]
    counting = tf.function(keras.Model(pixels, keras.layers.Concatenate()(shares)))
    batches = range(0, len(pictures), BATCH)
    found = [counting(tf.cast(pictures[at : at + BATCH], tf.float32)).numpy() for at in batches]
    return np.concatenate(found).astype(np.float64)


def network(weights: Weights, side: int) -> keras.Model:
    """The whole of it: float32 (N, side, side, 3 * squares), 0..255 -> score (N, 1), 0 (spoof) .. 1 (alive)."""
    squares = len(weights.patterns) // len(COLOURS)
    pixels = keras.Input((side, side, 3 * squares), name="squares")
    maps = []
    for number, (codes, learnt) in enumerate(zip(_codes(pixels, squares), weights.patterns, strict=True)):
        layer = keras.layers.Conv2D(1, 1, use_bias=False, name=f"weigh_{number}")
        maps.append(layer(codes))
        layer.set_weights([learnt[None, None, :, None].astype(np.float32)])
    # Weighed at each pixel and averaged afterwards: averages of single patterns are too small for int8.
    means = keras.layers.GlobalAveragePooling2D(name="mean")(keras.layers.Concatenate(name="maps")(maps))
    last = keras.layers.Dense(1, activation="sigmoid", name="score")
    score = last(means)
    last.set_weights([np.ones((len(maps), 1), np.float32), np.array([weights.bias], np.float32)])
    return keras.Model(pixels, score, name="liveness")


def _codes(pixels: keras.KerasTensor, squares: int) -> Sequence[keras.KerasTensor]:
    """For each square and colour, which pattern each pixel shows: (N, side - 2, side - 2, 58), one 1 or none."""
    # Every layer has its own name, so that a second network of a process is converted to the same bytes.
    found = []
    for square in range(squares):
        three = pixels[..., 3 * square : 3 * square + 3]
        for name, colour in COLOURS.items():
            at = f"{square}_{name}"
            compare = keras.layers.Conv2D(len(RING), 3, trainable=False, name=f"compare_{at}")
            steps = keras.layers.ReLU(STEP, name=f"steps_{at}")(compare(three))
            compare.set_weights([_differences(colour), np.full(len(RING), STEP, np.float32)])
            tell = keras.layers.Conv2D(PATTERNS, 1, trainable=False, name=f"tell_{at}")
            found.append(keras.layers.ReLU(name=f"patterns_{at}")(tell(steps)))
            tell.set_weights(_matches())
    return found


def _differences(colour: tuple[int, int, int]) -> NDArray[np.float32]:
    """Each neighbour less the pixel, in one colour; times STEP, as these are whole numbers."""
    kernel = np.zeros((3, 3, 3, len(RING)), np.float32)
    for number, (row, column) in enumerate(RING):
        kernel[row, column, :, number] = np.multiply(colour, STEP)
        kernel[1, 1, :, number] = np.multiply(colour, -STEP)
    return kernel


def _matches() -> list[NDArray[np.float32]]:
    """1 where all eight neighbours are as the pattern says, 0 or less elsewhere."""
    wanted = uniform_patterns()
    kernel = np.where(wanted, 1 / STEP, -1 / STEP).T[None, None]
    return [kernel.astype(np.float32), (1 - wanted.sum(axis=1)).astype(np.float32)]
