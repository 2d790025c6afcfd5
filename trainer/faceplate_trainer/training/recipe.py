"""A recipe: everything a training run is decided by, as one YAML file of sections.

Defaults live here and nowhere else, and unknown keys are refused, as in the door's config.yaml. The recipes that come
with the program are in `faceplate_trainer/recipes`, each explained line by line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from faceplate.config.section import AnyPath, Section, Unit
from faceplate_trainer.data import recipes


class TowerRecipe(Section):
    """The network that turns a crop into an embedding; both sides of the Siamese network are this one tower."""

    name: Literal["koch", "mobilefacenet", "sface"] = "mobilefacenet"

    embedding_size: Annotated[int, Field(ge=2, le=8192)] | None = None
    """How many numbers describe a face; null: as many as the tower's paper says"""

    width: Annotated[float, Field(gt=0, le=4)] = 1.0
    """Every layer has this many times the paper's channels"""

    activation: Literal["prelu", "relu"] = "prelu"

    weights: AnyPath | None = None
    """Start from these weights (.onnx or .weights.h5) instead of random ones"""

    train: Literal["all", "dense"] | Annotated[int, Field(ge=1)] = "all"
    """What learns: all, the last dense layer, or the last N blocks and the dense layer"""


class LossRecipe(Section):
    """What the tower is to learn; null leaves a parameter at its paper's value."""

    name: Literal["siamese_bce", "contrastive", "triplet", "arcface", "distillation"] = "arcface"
    margin: float | Literal["soft"] | None = None
    scale: float | None = None
    mining: Literal["semi_hard", "batch_hard"] | None = None
    power: Literal[1, 2] | None = None

    teacher: Literal["default"] | AnyPath | None = None
    """Bundle whose embeddings are the targets (distillation); "default" is the one in the package"""


class BatchRecipe(Section):
    """What one step looks at: pairs for losses of pairs, people and pictures for all others."""

    pairs: Annotated[int, Field(ge=2, le=65536, multiple_of=2)] | None = None
    """Half of them show the same person twice"""

    left: Literal["everybody", "enrolled"] = "everybody"
    """Whom the left crop of a pair shows. enrolled: the person of a tutorial's anchor and positive folders, always"""

    people: Annotated[int, Field(ge=2, le=65536)] | None = None
    pictures: Annotated[int, Field(ge=1, le=1024)] | None = None
    """This many people with this many pictures each"""


class AugmentationRecipe(Section):
    """How crops are changed at random, each time they are shown."""

    chance: Unit = 0.5
    """Of each effect below, for each crop"""

    flip: Unit = 0.5
    """Chance that a crop is mirrored"""

    brightness: Unit = 0.0
    """Lighter or darker by up to this share of full white"""

    contrast: Unit = 0.0
    saturation: Unit = 0.0
    """More or less by up to this share"""

    low_light: Unit = 0.0
    """1: as dark and noisy as a hallway at night"""

    blur: Annotated[float, Field(ge=0, le=10)] = 0.0
    """Largest sigma of a Gaussian blur, in pixels of the 112 x 112 crop"""

    motion_blur: Annotated[int, Field(ge=0, le=31)] = 0
    """Longest way the head moves during the exposure, in pixels of the crop"""

    shrink: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Smallest scale a crop is reduced to and enlarged from again: a face far away"""

    jpeg: Annotated[int, Field(ge=1, le=100)] = 100
    """Lowest JPEG quality; 100: never compressed"""


class OptimiserRecipe(Section):
    """How the weights follow the gradient."""

    name: Literal["adam", "adamw", "sgd"] = "adam"
    """sgd has Nesterov momentum 0.9"""

    learning_rate: Annotated[float, Field(gt=0, le=10)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Of kernels; biases, batch norms and slopes are left alone"""

    schedule: Literal["constant", "cosine"] = "constant"
    """cosine: falls to zero at the end of the last epoch"""

    warm_up: Annotated[int, Field(ge=0)] = 0
    """Steps over which the learning rate rises from zero"""

    clip_norm: Annotated[float, Field(gt=0)] | None = None
    """Longer gradients (all weights together) are shortened to this"""


class EarlyStopping(Section):
    """When to stop before the last epoch."""

    patience: Annotated[int, Field(ge=1)] = 5
    """Epochs without a new best"""

    of: Literal["validation_area_under_roc", "validation_accuracy"] = "validation_area_under_roc"


class ValidationRecipe(Section):
    """How each epoch is judged, on people who are not trained on."""

    pairs: Annotated[int, Field(ge=2, le=20000, multiple_of=2)] = 2000
    """As many pairs of training people choose the threshold that validation is judged at"""

    early_stopping: EarlyStopping | None = EarlyStopping()
    """null: train to the last epoch"""


class TrainingRecipe(Section):
    """How long, and on what."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    epochs: Annotated[int, Field(ge=1)] = 20
    steps_per_epoch: Annotated[int, Field(ge=1)] = 500

    mixed_precision: bool = False
    """Compute in 16 bits where that is safe: about twice as fast on a GPU with tensor cores, slower on a CPU"""

    deterministic: bool = True
    """The same seed gives the same weights, bit for bit, on the same machine; costs some speed on a GPU"""

    distribute: Literal["none", "mirrored", "workers"] = "none"
    """mirrored: all GPUs of this machine; workers: the machines named in TF_CONFIG"""

    checkpoint_every: Annotated[int, Field(ge=1)] = 500
    """Steps; there is one at the end of each epoch, too"""


class Recipe(Section):
    """The whole of a recipe."""

    tower: TowerRecipe = TowerRecipe()
    loss: LossRecipe = LossRecipe()
    batch: BatchRecipe = BatchRecipe()
    augmentation: AugmentationRecipe = AugmentationRecipe()
    optimiser: OptimiserRecipe = OptimiserRecipe()
    validation: ValidationRecipe = ValidationRecipe()
    training: TrainingRecipe = TrainingRecipe()


def load_recipe(recipe: str, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe, as `recipes.load` does."""
    return recipes.load(Recipe, recipe, overrides)


def differing_keys(a: Recipe, b: Recipe) -> dict[str, tuple[object, object]]:
    """The keys two recipes differ in, with both values."""
    mine, other = (dict(_leaves(recipe.model_dump(mode="json"))) for recipe in (a, b))
    return {
        key: (mine.get(key), other.get(key))
        for key in dict.fromkeys([*mine, *other])
        if mine.get(key) != other.get(key)
    }


def _leaves(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, object]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value
