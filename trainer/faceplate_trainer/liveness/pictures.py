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

from faceplate.camera.recording import PICTURES
from faceplate.model.preprocessing import surroundings
from faceplate.pictures import read_picture
from faceplate.types import Box, Image, Look
from faceplate_trainer.data.labelled import DatasetError, main_look, read_table
from faceplate_trainer.liveness.changes import moved, recaptured
from faceplate_trainer.liveness.network import features
from faceplate_trainer.liveness.recipe import LivenessRecipe

LIVE: Final = "live"

LookAt: TypeAlias = Callable[[Image], list[Look]]

_AT_ONCE: Final = 256
"""Pictures whose squares are held in memory at once"""


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture, and what it shows."""

    file: Path

    label: str
    """LIVE, or what kind of spoof it is"""

    subject: str
    """Who is there, or who is shown"""


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


def read_shown(index: Path, images: Path) -> tuple[Shown, ...]:
    """A table with the columns `file`, `label` ("live" or a kind of spoof) and `subject`.

    Raises:
        DatasetError: it cannot be used.
    """
    rows = read_table(index, ["file", "label", "subject"])
    return tuple(Shown(images / row["file"], row["label"], row["subject"]) for row in rows)


def read_folders(label: str, folder: Path) -> tuple[Shown, ...]:
    """A folder with one folder of pictures for each subject.

    Raises:
        DatasetError: there is none in it.
    """
    found = tuple(Shown(file, label, file.relative_to(folder).parts[0]) for file in pictures_below(folder, depth=2))
    if not found:
        raise DatasetError(f"{folder}: expected a folder for each subject with pictures in it, found no such picture")
    return found


def pictures_below(folder: Path, depth: int = 1) -> list[Path]:
    """Every picture at least so deep below a folder, in order.

    Raises:
        DatasetError: it is no folder.
    """
    if not folder.is_dir():
        raise DatasetError(f"expected a folder of pictures, found none at {folder}")
    below = (file for file in folder.rglob("*") if file.suffix.lower() in PICTURES and file.is_file())
    return sorted(file for file in below if len(file.relative_to(folder).parts) >= depth)


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
        tuple(kept), np.concatenate(squares), np.concatenate(counted), tuple(sorted(missed)), _hash_of(hashes)
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


def _hash_of(hashes: Sequence[tuple[str, str]]) -> str:
    return hashlib.sha256("".join(content for _, content in sorted(hashes)).encode()).hexdigest()
