"""What is fitted on: changed views of eyes that are shut, open, or made so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceplate_trainer.eyelids.changes import changed_view
from faceplate_trainer.eyelids.eye import Eye
from faceplate_trainer.eyelids.lids import covered, lowered
from faceplate_trainer.eyelids.people import SHUT
from faceplate_trainer.eyelids.pictures import Seen
from faceplate_trainer.eyelids.recipe import EyelidsRecipe


@dataclass(frozen=True, slots=True)
class Views:
    """Eyes with their answers."""

    views: NDArray[np.float32]
    """float32 (N, HEIGHT, WIDTH, 1)"""

    shut: NDArray[np.float32]
    """1 shut, 0 open, float32 (N,)"""

    weight: NDArray[np.float32]
    """float32 (N,)"""


def views_of(seen: Sequence[Seen], recipe: EyelidsRecipe) -> Views:
    """All views of these pictures; they depend on the recipe, its seed and the pictures' names alone."""
    rows = [row for each in seen for row in _of_picture(each, recipe)]
    views, shut, weight = zip(*rows, strict=True)
    return Views(np.array(views)[..., None], np.array(shut, np.float32), np.array(weight, np.float32))


def _of_picture(seen: Seen, recipe: EyelidsRecipe) -> Iterator[tuple[NDArray[np.float32], float, float]]:
    # By the file's name: a picture more or less changes no other's views.
    seed = int.from_bytes(hashlib.sha256(seen.shown.file.name.encode()).digest()[:4])
    draw = np.random.default_rng([recipe.fit.seed, seed])
    variants = _of_shut if seen.shown.label == SHUT else _of_open
    for eye in seen.eyes:
        for variant, shut, weight in variants(eye, recipe, draw):
            yield changed_view(variant, recipe.changes, draw), shut, weight


def _of_shut(eye: Eye, recipe: EyelidsRecipe, draw: np.random.Generator) -> Iterator[tuple[Eye, float, float]]:
    del draw
    for _ in range(recipe.views.shut):
        yield eye, 1.0, recipe.views.shut_weight


def _of_open(eye: Eye, recipe: EyelidsRecipe, draw: np.random.Generator) -> Iterator[tuple[Eye, float, float]]:
    views, lids = recipe.views, recipe.lids
    for _ in range(views.open):
        yield eye, 0.0, 1.0
    for _ in range(views.drawn):
        yield lowered(eye, draw.uniform(lids.least, lids.most), draw), 1.0, views.drawn_weight
    for _ in range(views.narrowed):
        yield lowered(eye, draw.uniform(lids.narrow_least, lids.narrow_most), draw), 0.0, views.narrowed_weight
    for _ in range(views.covered):
        yield covered(eye, draw), 0.0, views.covered_weight
