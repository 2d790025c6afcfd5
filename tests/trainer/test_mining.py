# ruff: noqa: E402 - what the trainer needs may be absent, and is asked for first
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.trainer

from faceplate_trainer.training.mining import batch_hard, semi_hard, squared_distances

MARGIN = 1.0


@st.composite
def batches(draw):
    """Distances in steps of .5, so that many are equal and many lie exactly at the margin; and labels."""
    size = draw(st.integers(1, 7))
    half = draw(arrays.arrays(np.int64, (size, size), elements=st.integers(0, 8))) / 2
    distances = np.triu(half, 1) + np.triu(half, 1).T
    return distances.astype(np.float32), np.array(draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)))


def positives_of(labels, anchor):
    return [other for other in range(len(labels)) if other != anchor and labels[other] == labels[anchor]]


def negatives_of(labels, anchor):
    return [other for other in range(len(labels)) if labels[other] != labels[anchor]]


@given(batches())
def test_semi_hard_is_the_nearest_negative_farther_than_the_positive_and_within_the_margin(batch):
    distances, labels = batch

    mined = semi_hard(tf.constant(distances), tf.constant(labels), MARGIN)
    positive, negative, valid = (np.array(part) for part in mined)

    for anchor in range(len(labels)):
        for other in range(len(labels)):
            near = distances[anchor, other]
            between = [
                far for far in distances[anchor, negatives_of(labels, anchor)] if near < far < near + MARGIN
            ]  # fmt: skip
            expected = other in positives_of(labels, anchor) and bool(between)
            assert valid[anchor, other] == expected
            if expected:
                assert positive[anchor, other] == near
                assert negative[anchor, other] == min(between)


@given(batches())
def test_batch_hard_is_the_farthest_positive_and_the_nearest_negative(batch):
    distances, labels = batch

    positive, negative, valid = (np.array(part) for part in batch_hard(tf.constant(distances), tf.constant(labels)))

    for anchor in range(len(labels)):
        positives, negatives = positives_of(labels, anchor), negatives_of(labels, anchor)
        assert valid[anchor] == (bool(positives) and bool(negatives))
        if valid[anchor]:
            assert positive[anchor] == max(distances[anchor, positives])
            assert negative[anchor] == min(distances[anchor, negatives])


@given(batches())
def test_what_is_no_triplet_is_finite(batch):
    distances, labels = batch

    for mined in (semi_hard(distances, tf.constant(labels), MARGIN), batch_hard(distances, tf.constant(labels))):
        assert np.isfinite(mined.positive).all()
        assert np.isfinite(mined.negative).all()


@given(arrays.arrays(np.float32, (5, 3), elements=st.floats(-2, 2, width=16)))
def test_squared_distances_are_those_of_each_two_rows(vectors):
    expected = ((vectors[:, None].astype(float) - vectors[None]) ** 2).sum(axis=-1)

    received = np.array(squared_distances(tf.constant(vectors)))

    np.testing.assert_allclose(received, expected, atol=1e-4)
    assert (received >= 0).all()
