"""What a fit of the liveness network is decided by, as one YAML file of sections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from faceplate.config.section import Section, Unit
from faceplate_trainer.data import recipes


class SquaresRecipe(Section):
    """What the network sees of a picture."""

    side: Annotated[int, Field(ge=16, le=256)] = 96
    """Of each square, in pixels"""

    scales: Annotated[
        tuple[Annotated[float, Field(gt=0, le=8)], ...], Field(min_length=1, max_length=4, strict=False)
    ] = (
        1.2,
        2.7,
    )
    """Sides of the squares about a face, in lengths of its box's longer side"""

    smallest_face: Annotated[float, Field(ge=0)] = 64.0
    """Longer side of a box in pixels; of a smaller face nothing is said"""

    least_colour: Annotated[float, Field(ge=0)] = 5.0
    """As `preprocessing.colour` measures the first square; of one with less nothing is said"""


class ChangesRecipe(Section):
    """How pictures are changed at random: as another camera might have given them, prints and living alike."""

    moved: Annotated[int, Field(ge=0, le=8)] = 1
    """Copies of each picture with the face's box shifted and scaled"""

    recaptured: Annotated[int, Field(ge=0, le=8)] = 1
    """Copies that are changed in all other ways, too"""

    shift: Annotated[float, Field(ge=0, le=0.5)] = 0.05
    """Of the box, by up to this share of its longer side"""

    zoom: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    """The box is smaller or larger by up to this share"""

    gamma: Annotated[float, Field(ge=0, le=1)] = 0.35
    """Tone curve x ** g, log g up to this"""

    exposure: Annotated[float, Field(ge=0, le=1)] = 0.25
    """Darker or brighter by up to this share"""

    colour: Annotated[float, Field(ge=0, le=1)] = 0.07
    """Each of the three by up to this share"""

    blur: Annotated[float, Field(ge=0, le=3)] = 0.9
    """Gaussian, up to this many pixels of the picture, in half of the copies"""

    noise: Annotated[float, Field(ge=0, le=20)] = 2.5
    """Standard deviation up to this, of 255"""

    jpeg: Annotated[int, Field(ge=10, le=100)] = 60
    """Quality from here upwards, in half of the copies"""


class FitRecipe(Section):
    """How weights and thresholds are found."""

    penalty: Annotated[float, Field(gt=0)] = 0.25
    """Of the square of a weight, beside the mean square error (ridge regression)"""

    others: Unit = 0.1
    """What pictures of other living people weigh together, beside all that is labelled"""

    steepness: Annotated[float, Field(gt=0)] = 4.0
    """Of the logistic function that makes scores 0..1"""

    living_denied: Annotated[float, Field(gt=0, lt=0.5)] = 0.005
    """Share of the living that may be denied, on subjects not fitted on; one who is not confirmed can be asked for
    more, one who is denied is taken for a spoof"""

    spoofs_confirmed: Annotated[float, Field(gt=0, lt=0.5)] = 0.01
    """Share of spoofs that may be confirmed, on subjects not fitted on"""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1


class LivenessRecipe(Section):
    """The whole of a recipe."""

    squares: SquaresRecipe = SquaresRecipe()
    changes: ChangesRecipe = ChangesRecipe()
    fit: FitRecipe = FitRecipe()


def load_liveness_recipe(recipe: str, overrides: Sequence[str] = ()) -> LivenessRecipe:
    """Read a recipe, as `recipes.load` does."""
    return recipes.load(LivenessRecipe, recipe, overrides, kind="liveness")
