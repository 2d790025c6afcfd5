"""Labelled pictures, embedded by the shipped network through the daemon's own eyes."""

from __future__ import annotations

import csv
import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceplate.errors import FaceplateError
from faceplate.model.template import template
from faceplate.pictures import read_picture
from faceplate.types import Embedding, Image, Look

_log = logging.getLogger(__name__)

Split: TypeAlias = Literal["all", "calibration", "report"]
"""People whom thresholds may be calibrated on, and others whom figures may be reported on."""


class DatasetError(FaceplateError, ValueError):
    """An index or its pictures cannot be used."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Pictures of known people as embeddings."""

    embeddings: NDArray[np.float32]
    """Unit vectors float32 (N, D)"""

    people: NDArray[np.str_]
    """Who each shows, (N,)"""

    without_face: tuple[str, ...]
    """Pictures in which no face was found; they are not among the embeddings"""

    templates: NDArray[np.float32]
    """What would be kept of each picture if it were enrolled: unit vectors float32 (N, D)"""


def read_table(file: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Read a CSV file that has at least these columns.

    Raises:
        DatasetError: it cannot be read, lacks a column, or is empty.
    """
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"cannot read {file}: {error}") from error
    missing = set(columns) - set(rows[0] if rows else {})
    if missing:
        raise DatasetError(
            f"{file}: expected rows with the columns {', '.join(columns)}; missing: {', '.join(sorted(missing))}"
        )
    return rows


def in_split(person: str, split: Split) -> bool:
    """Whether a person belongs to a split. By a hash of the name: the same on every machine, in every version."""
    half = hashlib.sha256(person.encode()).digest()[0] % 2
    return split == "all" or (split == "calibration") == (half == 0)


def main_look(looks: Sequence[Look], image: Image) -> Look | None:
    """The face a portrait is of: large, and near the middle (FaceNet's rule for LFW)."""
    centre = np.array([image.shape[1], image.shape[0]]) / 2

    def prominence(look: Look) -> float:
        box = look.face.box
        aside = np.array([box.x + box.width / 2, box.y + box.height / 2]) - centre
        return box.area - 2.0 * float(aside @ aside)

    return max(looks, key=prominence, default=None)


def crops_of(
    files: Iterable[str], images: Path, look: Callable[[Image], list[Look]], *, what: str = "pictures"
) -> dict[str, Look | None]:
    """The main face of each picture, None where there is no face; each picture is looked at once.

    Raises:
        PictureError: a picture cannot be read.
    """
    looks: dict[str, Look | None] = {}
    for file in tqdm(sorted(set(files)), desc=what, unit="pictures", disable=None):
        image = read_picture(images / file)
        looks[file] = main_look(look(image), image)
    return looks


def embed_index(
    index: Path, images: Path, look: Callable[[Image], list[Look]], embed: Callable[[Image], Embedding], split: Split
) -> Embedded:
    """Embed every picture of an index (columns `file`, `person`) that belongs to a split.

    Args:
        index: the CSV file.
        images: the folder its files are relative to.
        look: eyes that embed every face they find, with
        embed: aligned crop -> unit vector float32 (D,).
        split: whose pictures to take.

    Raises:
        DatasetError: the index cannot be used.
        PictureError: a picture cannot be read.
    """
    rows = [row for row in read_table(index, ["file", "person"]) if in_split(row["person"], split)]
    looks = crops_of((row["file"] for row in rows), images, look)
    found = [(looks[row["file"]], row["person"]) for row in rows]
    seen = [(look, person) for look, person in found if look is not None and look.embedding is not None]
    if not seen:
        raise DatasetError(f"{index}: there is no face in any of its {len(rows)} pictures")
    return Embedded(
        np.array([look.embedding for look, _ in seen], dtype=np.float32),
        np.array([person for _, person in seen]),
        tuple(row["file"] for row in rows if looks[row["file"]] is None),
        np.array([template(look.crop, embed) for look, _ in tqdm(seen, desc="templates", disable=None)], np.float32),
    )
