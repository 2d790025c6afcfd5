"""What a fit of the eyelids' network is decided by, as one YAML file of sections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeAlias

from pydantic import Field

from faceplate.config.section import Section, Unit
from faceplate_trainer.data import recipes

Weight: TypeAlias = Annotated[float, Field(gt=0, le=10)]
Copies: TypeAlias = Annotated[int, Field(ge=0, le=100)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1.5)]


class ViewsRecipe(Section):
    """How many changed views of an eye are fitted on, and what each of them weighs."""

    shut: Annotated[int, Field(ge=1, le=100)] = 41
    """Of one that is really shut: they are few"""

    shut_weight: Weight = 0.4

    open: Annotated[int, Field(ge=1, le=100)] = 3
    """Of one that is open, weight 1"""

    drawn: Copies = 2
    """Of an open one whose lid was drawn down"""

    drawn_weight: Weight = 0.6

    narrowed: Copies = 1
    """Of an open one whose lid was drawn down a little, and counts as open"""

    narrowed_weight: Weight = 0.5

    covered: Copies = 1
    """Of an open one before which something is held, and counts as open"""

    covered_weight: Weight = 0.7


class LidsRecipe(Section):
    """How lids are drawn down."""

    least: Share = 0.75
    most: Share = 1.08
    """How much of an eye's opening a lid that counts as shut covers"""

    narrow_least: Share = 0.1
    narrow_most: Share = 0.4
    """And one that does not"""


class ChangesRecipe(Section):
    """How views are changed at random: as another camera might have given them, shut and open alike."""

    shift: Annotated[float, Field(ge=0, le=8)] = 1.6
    """By up to so many pixels of the view"""

    zoom: Annotated[float, Field(ge=0, le=0.5)] = 0.07
    """Larger or smaller by up to this share"""

    turn: Annotated[float, Field(ge=0, le=30)] = 4.0
    """By up to so many degrees"""

    squeeze: Annotated[float, Field(gt=0, le=1)] = 0.55
    """As narrow as this, in half of the views: the eye of a head that is turned away"""

    blur: Annotated[float, Field(ge=0, le=3)] = 1.3
    """Gaussian, up to so many pixels of the view, in half of them"""

    motion: Annotated[int, Field(ge=1, le=9)] = 5
    """Blur by motion, up to so many pixels long, in a quarter of them"""

    gamma: Annotated[float, Field(ge=0, le=1)] = 0.4
    """Tone curve x ** g, log g up to this"""

    dark: Annotated[float, Field(ge=0, lt=1)] = 0.75
    """Darker by up to this share, in half of them"""

    noise: Annotated[float, Field(ge=0, le=20)] = 4.0
    """Standard deviation up to this, of 255"""


class FitRecipe(Section):
    """How weights and thresholds are found."""

    epochs: Annotated[int, Field(ge=1, le=100)] = 13

    batch: Annotated[int, Field(ge=1, le=4096)] = 128

    rate: Annotated[float, Field(gt=0, le=1)] = 2e-3
    """Of AdamW, falling to nothing as a cosine"""

    decay: Annotated[float, Field(ge=0, le=1)] = 1e-3
    """Of weights, by AdamW"""

    smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.02
    """Answers to learn are so much nearer to each other than 0 and 1: without it logits grow to -40 and more, and one
    eye, seen clearly, outvotes the other whatever that shows"""

    thresholds: Unit = 0.2
    """Share of the people to be fitted on who are kept for choosing thresholds: of those with open eyes only"""

    taken: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """Share of their open pictures that may score above `shut_above`"""

    risen: Annotated[float, Field(gt=0, lt=0.5)] = 0.005
    """Share of their open pictures that may score more than `risen_by` above the median of the same person's others"""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1

    deterministic: bool = True
    """Sums are taken in the same order each time; a switch for the whole process"""


class EyelidsRecipe(Section):
    """The whole of a recipe."""

    views: ViewsRecipe = ViewsRecipe()
    lids: LidsRecipe = LidsRecipe()
    changes: ChangesRecipe = ChangesRecipe()
    fit: FitRecipe = FitRecipe()


def load_eyelids_recipe(recipe: str, overrides: Sequence[str] = ()) -> EyelidsRecipe:
    """Read a recipe, as `recipes.load` does."""
    return recipes.load(EyelidsRecipe, recipe, overrides, kind="eyelids")
