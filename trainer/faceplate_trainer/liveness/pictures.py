"""Labelled pictures of the living and of spoofs -> squares about their faces, and how often each pattern occurs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceplate.model.preprocessing import surroundings
from faceplate.pictures import read_picture
from faceplate.types import Box, Image, Look
from faceplate_trainer.data.labelled import DatasetError, main_look
from faceplate_trainer.data.shown import Shown, sha256_of
from faceplate_trainer.liveness.changes import moved, recaptured
from faceplate_trainer.liveness.network import features
from faceplate_trainer.liveness.recipe import LivenessRecipe

LookAt: TypeAlias = Callable[[Image], list[Look]]

_AT_ONCE: Final = 256
"""Pictures whose squares are held in memory at once"""


@dataclass(frozen=True, slots=True)
class Examples:
    """Pictures in which a face was found, as numbers."""

    shown: tuple[Shown, ...]

    squares: NDArray[np.uint8]
    """uint8 (N, side, side, 3 * squares), of the pictures as they are"""

    features: NDArray[np.float64]
    """(N, copies, F): of the picture as it is, then of its changed copies"""

    without_face: tuple[Path, ...]

    sha256: str
    """Of all pictures' contents, in the order of their names"""


def read_examples(shown: Sequence[Shown], look: LookAt, recipe: LivenessRecipe, *, copies: bool = True) -> Examples:
    """Find the main face of every picture and count its patterns.

    Args:
        shown: the pictures.
        look: finds faces.
        recipe: says what is cut and how copies are changed.
        copies: False leaves the changed ones out.

    Raises:
        DatasetError: there is no face in any.
        PictureError: one cannot be read.
    """
    kept: list[Shown] = []
    squares: list[NDArray[np.uint8]] = []
    counted: list[NDArray[np.float64]] = []
    hashes: list[tuple[str, str]] = []
    for chunk in _chunks(tqdm(shown, desc="pictures", unit="pictures", disable=None), _AT_ONCE):
        cuts = []
        for each in chunk:
            hashes.append((each.file.as_posix(), hashlib.sha256(each.file.read_bytes()).hexdigest()))
            if (cut := _cuts(each.file, look, recipe, copies=copies)) is not None:
                kept.append(each)
                cuts.append(cut)
        if cuts:
            squares.append(np.array([cut[0] for cut in cuts]))
            counted.append(features(np.concatenate(cuts)).reshape(len(cuts), len(cuts[0]), -1))
    if not kept:
        raise DatasetError(f"there is no face in any of the {len(shown)} pictures")
    missed = {each.file for each in shown} - {each.file for each in kept}
    return Examples(
        tuple(kept), np.concatenate(squares), np.concatenate(counted), tuple(sorted(missed)), sha256_of(hashes)
    )


def _cuts(file: Path, look: LookAt, recipe: LivenessRecipe, *, copies: bool) -> NDArray[np.uint8] | None:
    """Squares of the picture and of its copies, (1 + copies, side, side, 3 * squares); None: it shows no face."""
    image = read_picture(file)
    found = main_look(look(image), image)
    if found is None:
        return None
    variants = _variants(file.name, image, found.face.box, recipe) if copies else [(image, found.face.box)]
    return np.array([surroundings(one, box, recipe.squares.scales, recipe.squares.side) for one, box in variants])


def _variants(name: str, image: Image, box: Box, recipe: LivenessRecipe) -> Iterator[tuple[Image, Box]]:
    # By the file's name: a picture more or less in the table changes no other's copies.
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])
    draw, changes = np.random.default_rng([recipe.fit.seed, seed]), recipe.changes
    yield image, box
    for _ in range(changes.moved):
        yield image, moved(box, changes, draw)
    for _ in range(changes.recaptured):
        yield recaptured(image, changes, draw), moved(box, changes, draw)


def _chunks(shown: Iterable[Shown], size: int) -> Iterator[list[Shown]]:
    chunk = []
    for each in shown:
        chunk.append(each)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
