"""Which pictures show whom, and what of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from faceplate.camera.recording import PICTURES
from faceplate_trainer.data.labelled import DatasetError, read_table

LIVE: Final = "live"


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture, and what it shows."""

    file: Path

    label: str
    """What: LIVE or a kind of spoof, eyes shut or open"""

    subject: str
    """Who is there, or who is shown"""


@dataclass(frozen=True, slots=True)
class Pictures:
    """What was fitted on, for the model card."""

    role: str
    count: int
    sha256: str
    """Of their contents"""
    origin: str
    unknown: str


def read_shown(index: Path, images: Path) -> tuple[Shown, ...]:
    """A table with the columns `file`, `label` (what it shows, such as "live") and `subject`.

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


def sha256_of(hashes: Iterable[tuple[str, str]]) -> str:
    """Of pictures, each given as its name and the SHA-256 of its content, in the order of their names."""
    return hashlib.sha256("".join(content for _, content in sorted(hashes)).encode()).hexdigest()
