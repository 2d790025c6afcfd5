"""Quantisation against exact arithmetic, one number at a time."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.model.quantisation import dequantise, quantise

DTYPES = [np.uint8, np.int8, np.int16]

values = st.lists(st.floats(-1e4, 1e4), max_size=20)
# Powers of two divide without rounding, so that the reference is exact and halves do occur.
scales = st.integers(-10, 3).map(lambda power: 2.0**power)
zero_points = st.integers(-128, 255)


def reference(value, scale, zero_point, dtype):
    limits = np.iinfo(dtype)
    nearest = round(Fraction(value) / Fraction(scale))  # to even at a half, as TFLite's kernels do
    return min(max(nearest + zero_point, limits.min), limits.max)


@pytest.mark.parametrize("dtype", DTYPES)
@given(values=values, scale=scales, zero_point=zero_points)
def test_values_are_rounded_and_clipped(dtype, values, scale, zero_point):
    quantised = quantise(np.array(values, np.float64), scale, zero_point, dtype)
    assert quantised.dtype == dtype
    assert quantised.tolist() == [reference(value, scale, zero_point, dtype) for value in values]


@pytest.mark.parametrize("dtype", DTYPES)
@given(values=values, scale=scales, zero_point=st.integers(-100, 100))
def test_there_and_back_is_off_by_half_a_step_at_most(dtype, values, scale, zero_point):
    limits = np.iinfo(dtype)
    low, high = (limits.min - zero_point) * scale, (limits.max - zero_point) * scale
    real = np.clip(np.array(values, np.float64), low, high)
    back = dequantise(quantise(real, scale, zero_point, dtype), scale, zero_point)
    assert back.dtype == np.float32
    assert np.all(np.abs(back - real) <= scale / 2)


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data(), scale=scales, zero_point=zero_points)
def test_dequantised_integers_quantise_to_themselves(dtype, data, scale, zero_point):
    limits = np.iinfo(dtype)
    integers = np.array(data.draw(st.lists(st.integers(limits.min, limits.max))), dtype)
    assert np.array_equal(quantise(dequantise(integers, scale, zero_point), scale, zero_point, dtype), integers)


@pytest.mark.parametrize(("value", "becomes"), [(1e30, 127), (-1e30, -128), (math.inf, 127), (-math.inf, -128)])
def test_the_largest_does_not_wrap_to_the_smallest(value, becomes):
    assert quantise(np.array([value]), 0.1, 0, np.int8).tolist() == [becomes]
