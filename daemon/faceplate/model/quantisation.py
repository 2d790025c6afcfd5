"""Affine quantisation, as TFLite defines it: real = scale * (quantised - zero_point)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def quantise(
    values: NDArray[np.floating], scale: float, zero_point: int, dtype: type[np.integer]
) -> NDArray[np.integer]:
    """Real values to integers, rounded to the nearest and clipped to what `dtype` holds.

    Without the rounding every value is off by half a step; without the clipping the largest wrap to the smallest.
    """
    limits = np.iinfo(dtype)
    rounded = np.clip(np.rint(values / scale) + zero_point, limits.min, limits.max)
    return np.asarray(rounded, dtype=dtype)


def dequantise(values: NDArray[np.integer], scale: float, zero_point: int) -> NDArray[np.float32]:
    """Integers back to the real values they stand for."""
    return (np.float32(scale) * (values.astype(np.int32) - zero_point)).astype(np.float32)
