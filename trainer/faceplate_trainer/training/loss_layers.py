"""What the tower is taught by: losses as Keras layers, with weights of their own where they need them.

Each is called with
* `embeddings`, float32 (B, D), as the tower gives them, not normalised;
* `labels`, int32 (B,), equal where the person is, from 0 up to the number of people;
* `targets`, float32 (B, D), the teacher's embeddings of the same crops, or (B, 0) where there is no teacher;

and gives the mean over the batch as a scalar. All look at the embeddings' directions only (they bring them to norm 1
first), since that is what the door compares. All compute in float32, whatever the tower computes in.
"""

from __future__ import annotations

import math
from typing import Any, Final, Literal, TypeAlias

import keras
import tensorflow as tf

from faceplate.errors import ConfigError
from faceplate_trainer.training.mining import batch_hard, semi_hard, squared_distances

Batches: TypeAlias = Literal["pairs", "people"]
"""pairs: rows 2i and 2i + 1 are a pair, in turn of one person and of two; people: several people, several pictures
of each"""

Margin: TypeAlias = float | Literal["soft"]
Mining: TypeAlias = Literal["semi_hard", "batch_hard"]
Tensor: TypeAlias = Any
"""TensorFlow's tensors have no types"""

EQUAL_LOGIT: Final = 3.0
"""Log odds that two equal embeddings are of one person, before training: .95"""

TINY: Final = 1e-12
"""What squares below this are taken for before a root: its slope at 0 has no bounds"""


class Loss(keras.layers.Layer):  # type: ignore[misc] # Keras has no types
    """What all losses have in common."""

    batches: Batches = "people"
    needs_teacher = False

    def __init__(self, name: str) -> None:
        # float32: Keras would give them half precision in mixed precision, too coarse for a difference of angles
        super().__init__(name=name, dtype="float32")

    def call(self, embeddings: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
        """The loss of one batch: float32 scalar."""
        raise NotImplementedError


class SiameseBCE(Loss):
    """Binary cross-entropy of "the same person?", asked of a weighted distance.

    score = sigmoid(bias - sum_i w_i |a_i - b_i|^power), after Koch, Zemel and Salakhutdinov, "Siamese Neural Networks
    for One-shot Image Recognition", 2015. Here w_i = softplus(v_i): no weight can turn its sign and take a difference
    for a likeness. All start alike, so that equal embeddings score .95 and those at right angles .05.
    """

    batches: Batches = "pairs"

    def __init__(self, embedding_size: int, power: Literal[1, 2]) -> None:
        super().__init__("siamese_bce")
        self._power = power
        # sum_i |a_i - b_i|^power of unit vectors at right angles; of power 1 in the mean, over all directions
        apart = 2.0 if power == 2 else 2.0 * math.sqrt(embedding_size / math.pi)  # noqa: PLR2004 - squared
        weight = 2.0 * EQUAL_LOGIT / apart
        raw = keras.initializers.Constant(math.log(math.expm1(weight)))  # softplus(raw) = weight
        self._raw_weights = self.add_weight(shape=(embedding_size,), initializer=raw, name="raw_weights")
        self._bias = self.add_weight(shape=(), initializer=keras.initializers.Constant(EQUAL_LOGIT), name="bias")

    def call(self, embeddings: Tensor, labels: Tensor, targets: Tensor) -> Tensor:  # noqa: ARG002, D102 - as all
        logits = self.logits(*_pairs(_unit(embeddings)))
        same = tf.equal(*_pairs(labels))
        return tf.reduce_mean(tf.nn.softplus(tf.where(same, -logits, logits)))

    def logits(self, first: Tensor, second: Tensor) -> Tensor:
        """Log odds that unit embeddings are of one person: float32 (N, D) twice -> (N,)."""
        difference = tf.abs(first - second) if self._power == 1 else tf.math.squared_difference(first, second)
        weights = tf.nn.softplus(tf.convert_to_tensor(self._raw_weights))
        return tf.convert_to_tensor(self._bias) - tf.linalg.matvec(difference, weights)


class Contrastive(Loss):
    """Pairs of one person together, pairs of two at least `margin` (0..2) apart.

    Half of d^2 for the same person, half of max(0, margin - d)^2 for different ones: Hadsell, Chopra and LeCun,
    "Dimensionality Reduction by Learning an Invariant Mapping", CVPR 2006, equation 4.
    """

    batches: Batches = "pairs"

    def __init__(self, margin: float) -> None:
        super().__init__("contrastive")
        self._margin = margin

    def call(self, embeddings: Tensor, labels: Tensor, targets: Tensor) -> Tensor:  # noqa: ARG002, D102 - as all
        first, second = _pairs(_unit(embeddings))
        squared = tf.reduce_sum(tf.math.squared_difference(first, second), axis=-1)
        short = tf.nn.relu(self._margin - _root(squared))
        return tf.reduce_mean(tf.where(tf.equal(*_pairs(labels)), squared, tf.square(short))) / 2.0


class Triplet(Loss):
    """An anchor nearer to a picture of the same person than to one of somebody else, by `margin`.

    "semi_hard" compares squared distances, as Schroff et al. 2015; "batch_hard" distances, as Hermans et al. 2017, who
    also put softplus in place of the margin ("soft"). Triplets that no picture of the batch completes do not count.
    """

    def __init__(self, mining: Mining, margin: Margin) -> None:
        super().__init__("triplet")
        self._mining = mining
        self._margin = margin

    def call(self, embeddings: Tensor, labels: Tensor, targets: Tensor) -> Tensor:  # noqa: ARG002, D102 - as all
        squared = squared_distances(_unit(embeddings))
        if self._mining == "semi_hard":
            triplets = semi_hard(squared, labels, float(self._margin))
        else:
            triplets = batch_hard(_root(squared), labels)
        excess = triplets.positive - triplets.negative
        losses = tf.nn.softplus(excess) if self._margin == "soft" else tf.nn.relu(excess + self._margin)
        valid = tf.cast(triplets.valid, losses.dtype)
        return tf.reduce_sum(losses * valid) / tf.maximum(tf.reduce_sum(valid), 1.0)


class ArcFace(Loss):
    """Naming the person among all of the training, with the right answer made harder by an angle.

    Cross-entropy over `scale` * cosine to each person's vector, to the right one cos(angle + margin): Deng, Guo, Xue
    and Zafeiriou, "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", CVPR 2019, equation 3. Where
    angle + margin passes pi the cosine would rise again; there cos(angle) - margin * sin(margin) goes on falling, as
    in the authors' code.
    """

    def __init__(self, people: int, embedding_size: int, margin: float, scale: float, seed: int) -> None:
        super().__init__("arcface")
        self._margin = margin
        self._scale = scale
        initial = keras.initializers.RandomNormal(stddev=0.01, seed=seed)
        self._people = self.add_weight(shape=(people, embedding_size), initializer=initial, name="people")

    def call(self, embeddings: Tensor, labels: Tensor, targets: Tensor) -> Tensor:  # noqa: ARG002, D102 - as all
        people = _unit(tf.convert_to_tensor(self._people))
        cosines = tf.clip_by_value(tf.linalg.matmul(_unit(embeddings), people, transpose_b=True), -1.0, 1.0)
        right = tf.one_hot(labels, people.shape[0], on_value=True, off_value=False, dtype=tf.bool)
        logits = self._scale * tf.where(right, self._harder(cosines), cosines)
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))

    def _harder(self, cosines: Tensor) -> Tensor:
        sines = _root(1.0 - tf.square(cosines))
        shifted = cosines * math.cos(self._margin) - sines * math.sin(self._margin)
        beyond = cosines - self._margin * math.sin(self._margin)
        return tf.where(cosines > -math.cos(self._margin), shifted, beyond)


class Distillation(Loss):
    """The teacher's embeddings: the mean of 1 - cosine to them."""

    needs_teacher = True

    def __init__(self) -> None:
        super().__init__("distillation")

    def call(self, embeddings: Tensor, labels: Tensor, targets: Tensor) -> Tensor:  # noqa: ARG002, D102 - as all
        if embeddings.shape[-1] != targets.shape[-1]:
            raise ConfigError(
                f"tower.embedding_size: expected {targets.shape[-1]}, as long as the teacher's embeddings; "
                f"received {embeddings.shape[-1]}"
            )
        return tf.reduce_mean(1.0 - tf.reduce_sum(_unit(embeddings) * _unit(targets), axis=-1))


def _unit(vectors: Tensor) -> Tensor:
    """Each row at norm 1: float32 (N, D) -> (N, D)."""
    return vectors * tf.math.rsqrt(tf.maximum(tf.reduce_sum(tf.square(vectors), axis=-1, keepdims=True), TINY))


def _root(squares: Tensor) -> Tensor:
    """Square root with a slope of 0 at 0."""
    return tf.sqrt(tf.maximum(squares, TINY))


def _pairs(rows: Tensor) -> tuple[Tensor, Tensor]:
    """The first and the second of each pair: (2N, ...) -> (N, ...) twice."""
    return rows[0::2], rows[1::2]
