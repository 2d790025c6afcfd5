"""The tower, its loss and its optimiser, and the one step they take together on every replica."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from faceplate.errors import ConfigError
from faceplate_trainer.towers.build import build_tower, choose_trainable, load_weights
from faceplate_trainer.training.distribution import Distribution, all_sum, telling_what_to_do
from faceplate_trainer.training.errors import TrainingError
from faceplate_trainer.training.loss_layers import Loss
from faceplate_trainer.training.losses import build_loss
from faceplate_trainer.training.reading import Batch
from faceplate_trainer.training.recipe import LossRecipe, OptimiserRecipe, Recipe, TowerRecipe
from faceplate_trainer.training.validation import cosine

_MOMENTUM = 0.9
_NOT_DECAYED = ["bias", "gamma", "beta", "alpha"]
"""Names of the weights of batch norms and PReLU, and biases: shrinking those helps nobody (He et al. 2019, 3.1)"""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What came of one step."""

    loss: float
    """Mean over the whole batch"""

    stop_asked: bool
    """Whether any process was asked to stop; all know it after the same step"""


class Learner:
    """A tower that learns."""

    def __init__(
        self,
        tower: keras.Model,
        loss: Loss,
        optimiser: keras.optimizers.Optimizer,
        distribution: Distribution,
        clip_norm: float | None,
    ) -> None:
        """Put the parts together; they were built in the distribution's scope."""
        self.tower = tower
        self.loss = loss
        self._optimiser = optimiser
        self._distribution = distribution
        self._clip_norm = clip_norm
        self._learned = [*tower.trainable_variables, *loss.trainable_variables]
        self._run = tf.function(self._step_everywhere)
        self._embed = tf.function(self._forward)
        with distribution.strategy.scope():
            optimiser.build(self._learned)

    @property
    def embedding_size(self) -> int:
        """How many numbers describe a face."""
        return int(self.tower.output_shape[-1])

    def step(self, shares: Sequence[Batch], learning_rate: float, *, stop: bool) -> StepResult:
        """Take one step on the shares of the local replicas, in order.

        Raises:
            TrainingError: the batch does not fit into the GPU's memory, or another worker is gone.
        """
        self._optimiser.learning_rate = learning_rate
        spread = self._distribution.spread
        with telling_what_to_do():
            loss, stops = self._run(
                spread([share.images for share in shares]),
                spread([share.labels for share in shares]),
                spread([share.targets for share in shares]),
                spread([np.float32(stop)] * len(shares)),
            )
            return StepResult(float(self._distribution.first(loss)), float(self._distribution.first(stops)) > 0)

    def embed(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed aligned crops.

        Args:
            images: RGB uint8 (N, 112, 112, 3).

        Returns:
            Unit vectors float32 (N, D).
        """
        with telling_what_to_do():
            return np.asarray(self._embed(tf.constant(images)), np.float32)

    def score(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
        """How alike unit embeddings are: by the loss's own head if it has one (0..1), else the cosine."""
        logits = getattr(self.loss, "logits", None)
        if logits is None:
            return cosine(a, b)
        odds = np.asarray(logits(tf.constant(a), tf.constant(b)), np.float64)
        return np.asarray(1 / (1 + np.exp(-odds)), np.float64)

    def variables(self) -> dict[str, NDArray[Any]]:
        """Everything that a resumed run must find again, by name."""
        return {name: np.asarray(variable.numpy()) for name, variable in self._named()}

    def restore(self, variables: Mapping[str, NDArray[Any]]) -> None:
        """Take up what `variables` gave.

        Raises:
            TrainingError: it is of another tower, loss or optimiser.
        """
        named = dict(self._named())
        if named.keys() != variables.keys():
            raise TrainingError(f"the checkpoint is of another network: {sorted(named.keys() ^ variables.keys())[:5]}")
        for name, variable in named.items():
            if tuple(variable.shape) != variables[name].shape:
                raise TrainingError(
                    f"the checkpoint is of another network: {name} is {tuple(variable.shape)}, "
                    f"the checkpoint has {variables[name].shape}"
                )
            variable.assign(variables[name])

    def is_finite(self) -> bool:
        """Whether all weights are still numbers."""
        return all(np.isfinite(variable.numpy()).all() for variable in self._learned)

    def _named(self) -> Iterator[tuple[str, Any]]:
        # Keras names are not unique; their order is fixed.
        for part, owner in (("tower", self.tower), ("loss", self.loss), ("optimiser", self._optimiser)):
            for number, variable in enumerate(owner.variables):
                yield f"{part}_{number:04}_{variable.name}", variable

    def _step_everywhere(self, images: Any, labels: Any, targets: Any, stop: Any) -> Any:  # noqa: ANN401 - a tensor, or one for each replica
        return self._distribution.strategy.run(self._step, (images, labels, targets, stop))

    def _step(self, images: tf.Tensor, labels: tf.Tensor, targets: tf.Tensor, stop: tf.Tensor) -> Any:  # noqa: ANN401 - two tensors
        replicas = self._distribution.replicas
        with tf.GradientTape() as tape:
            embeddings = self.tower(tf.cast(images, tf.float32), training=True)
            share = self.loss(tf.cast(embeddings, tf.float32), labels, targets) / replicas
            scaled = self._optimiser.scale_loss(share)
        gradients = tape.gradient(scaled, self._learned, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        # Summed here already, and not only by the optimiser: the norm to clip by is that of the whole batch, and
        # all replicas must agree whether the gradients are finite.
        *summed, loss, stops = all_sum([*gradients, share, stop])
        self._optimiser.apply([each / replicas for each in self._clipped(summed)], self._learned)
        return loss, stops

    def _clipped(self, gradients: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
        if self._clip_norm is None:
            return gradients
        limit = self._optimiser.scale_loss(tf.constant(self._clip_norm, tf.float32))
        clipped, _ = tf.clip_by_global_norm(gradients, limit)
        return list(clipped)

    def _forward(self, images: tf.Tensor) -> tf.Tensor:
        embeddings = tf.cast(self.tower(tf.cast(images, tf.float32), training=False), tf.float32)
        return tf.math.l2_normalize(embeddings, axis=1)


def build_learner(recipe: Recipe, people: int, distribution: Distribution) -> Learner:
    """Build all that learns, by the recipe.

    Args:
        recipe: what to build.
        people: how many are trained on.
        distribution: where.

    Raises:
        ConfigError: the recipe asks for what does not go together.
        ModelError: the initial weights cannot be used.
    """
    keras.utils.set_random_seed(recipe.training.seed)
    if recipe.training.deterministic:
        tf.config.experimental.enable_op_determinism()
    with distribution.strategy.scope():
        with _precision(mixed=recipe.training.mixed_precision):
            tower = _tower(recipe.tower, recipe.training.seed)
        loss = _loss(recipe.loss, people, int(tower.output_shape[-1]), recipe.training.seed)
        optimiser = _optimiser(recipe.optimiser, mixed=recipe.training.mixed_precision)
    return Learner(tower, loss, optimiser, distribution, recipe.optimiser.clip_norm)


def _tower(recipe: TowerRecipe, seed: int) -> keras.Model:
    tower = build_tower(
        recipe.name,
        embedding_size=recipe.embedding_size,
        width=recipe.width,
        activation=recipe.activation,
        seed=seed,
    )
    if recipe.weights is None and recipe.train != "all":
        raise ConfigError(
            f"tower.weights: only a part of the tower is to learn (tower.train={recipe.train}), so the rest needs "
            "weights that others trained: give --set tower.weights=FILE, or train everything: --set tower.train=all"
        )
    if recipe.weights is not None:
        _check_shape_is_left_to(recipe.weights, recipe)
        tower = load_weights(tower, recipe.weights)
    choose_trainable(tower, recipe.train)
    return tower


def _check_shape_is_left_to(weights: Path, recipe: TowerRecipe) -> None:
    """An ONNX file brings its own layers, so a recipe that asks for others would not get them."""
    fixed = {"width": 1.0, "activation": "prelu"}
    asked = {key: getattr(recipe, key) for key in fixed if getattr(recipe, key) != fixed[key]}
    if weights.suffix == ".onnx" and asked:
        raise ConfigError(
            f"tower.{next(iter(asked))}: {weights} has its own channels, and PReLU: leave width and activation at "
            f"{fixed}; received {asked}. A narrower tower, or one of ReLU, learns from this one by distillation "
            "(recipe distil-relu)"
        )


def _loss(recipe: LossRecipe, people: int, embedding_size: int, seed: int) -> Loss:
    loss = build_loss(
        recipe.name,
        people=people,
        embedding_size=embedding_size,
        margin=recipe.margin,
        scale=recipe.scale,
        mining=recipe.mining,
        power=recipe.power,
        seed=seed,
    )
    if loss.needs_teacher != (recipe.teacher is not None):
        needs = "needs a teacher: a bundle's folder, or default" if loss.needs_teacher else "takes no teacher"
        raise ConfigError(f"loss.teacher: {recipe.name} {needs}; received {recipe.teacher}")
    return loss


def _optimiser(recipe: OptimiserRecipe, *, mixed: bool) -> keras.optimizers.Optimizer:
    decay = recipe.weight_decay or None
    match recipe.name:
        case "adam":
            optimiser = keras.optimizers.Adam(recipe.learning_rate, weight_decay=decay)
        case "adamw":
            optimiser = keras.optimizers.AdamW(recipe.learning_rate, weight_decay=recipe.weight_decay)
        case "sgd":
            optimiser = keras.optimizers.SGD(
                recipe.learning_rate, momentum=_MOMENTUM, nesterov=True, weight_decay=decay
            )
    optimiser.exclude_from_weight_decay(var_names=_NOT_DECAYED)
    return keras.mixed_precision.LossScaleOptimizer(optimiser) if mixed else optimiser


@contextmanager
def _precision(*, mixed: bool) -> Iterator[None]:
    """Layers made in here compute in half precision."""
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_float16" if mixed else "float32")
    try:
        yield
    finally:
        keras.mixed_precision.set_dtype_policy(before)
