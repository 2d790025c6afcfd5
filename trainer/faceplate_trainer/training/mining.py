"""Which triplets of a batch teach something: an anchor, a positive (the same person) and a negative (another one)."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf


class Triplets(NamedTuple):
    """Triplets as distances; where `valid` is false there is none, and its distances mean nothing."""

    positive: Any
    """float32: from anchor to positive"""

    negative: Any
    """float32, the same shape: from anchor to negative"""

    valid: Any
    """bool, the same shape"""


def squared_distances(vectors: Any) -> Any:  # noqa: ANN401 - a tensor; TensorFlow has no types
    """Squared Euclidean distance of each row from each: float32 (B, D) -> (B, B), 0 or above."""
    squares = tf.reduce_sum(tf.square(vectors), axis=-1)
    products = tf.linalg.matmul(vectors, vectors, transpose_b=True)
    # rounding may leave less than nothing between two equal rows
    return tf.maximum(squares[:, None] - 2.0 * products + squares[None, :], 0.0)


def semi_hard(distances: Any, labels: Any, margin: float) -> Triplets:  # noqa: ANN401 - the same
    """For each anchor and positive, the nearest negative that is farther than the positive, but not by `margin`.

    Schroff, Kalenichenko and Philbin, "FaceNet: A Unified Embedding for Face Recognition and Clustering", CVPR 2015,
    section 3.2: the hardest negatives of all, nearer than the positive, lead to a collapse early in training.

    Args:
        distances: float32 (B, B).
        labels: int32 (B,), equal where the person is.
        margin: above 0.

    Returns:
        (B, B): row the anchor, column the positive.
    """
    same, positives = _relations(labels)
    infinity = tf.constant(float("inf"), distances.dtype)
    negatives = tf.sort(tf.where(same, infinity, distances), axis=1)
    # "right": the first that is farther, not as far
    first_farther = tf.searchsorted(negatives, distances, side="right")
    last = tf.shape(labels)[0] - 1
    chosen = tf.gather(negatives, tf.minimum(first_farther, last), batch_dims=1)
    valid = positives & (chosen > distances) & (chosen < distances + margin)
    return _triplets(distances, chosen, valid)


def batch_hard(distances: Any, labels: Any) -> Triplets:  # noqa: ANN401 - the same
    """For each anchor its farthest positive and its nearest negative.

    Hermans, Beyer and Leibe, "In Defense of the Triplet Loss for Person Re-Identification", 2017, equation 5.

    Args:
        distances: float32 (B, B).
        labels: int32 (B,), equal where the person is.

    Returns:
        (B,): one for each anchor that has a positive and a negative in the batch.
    """
    same, positives = _relations(labels)
    infinity = tf.constant(float("inf"), distances.dtype)
    farthest = tf.reduce_max(tf.where(positives, distances, -infinity), axis=1)
    nearest = tf.reduce_min(tf.where(same, infinity, distances), axis=1)
    valid = tf.reduce_any(positives, axis=1) & ~tf.reduce_all(same, axis=1)
    return _triplets(farthest, nearest, valid)


def _relations(labels: Any) -> tuple[Any, Any]:  # noqa: ANN401 - the same
    """Of each two rows, bool (B, B): do they show one person; and do they so in two pictures."""
    same = labels[:, None] == labels[None, :]
    return same, same & ~tf.eye(tf.shape(labels)[0], dtype=tf.bool)


def _triplets(positive: Any, negative: Any, valid: Any) -> Triplets:  # noqa: ANN401 - the same
    # infinity times a gradient of 0 is not a number: what is not valid must not be infinite
    zero = tf.zeros_like(positive)
    return Triplets(tf.where(valid, positive, zero), tf.where(valid, negative, zero), valid)
