"""What `prepare` is given: folders of pictures in the layouts people have, each picture with its person and camera."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from faceplate.camera.recording import PICTURES
from faceplate_trainer.data.labelled import DatasetError, read_table
from faceplate_trainer.data.names import name_of, people_in_lfw, printable

Layout: TypeAlias = Literal["folder per person", "tutorial", "table"]

_OWN = ("anchor", "positive")
_OTHERS = "negative"


@dataclass(frozen=True, slots=True, order=True)
class Picture:
    """A picture file, and what is known of it. Sorted, pictures lie person by person."""

    person: str

    camera: str
    """Which collection or device it came from"""

    source: str
    """Its path below the input's folder, with `/`"""

    file: Path


@dataclass(frozen=True, slots=True)
class Input:
    """One folder or table as it was understood."""

    label: str
    layout: Layout
    pictures: tuple[Picture, ...]

    strays: tuple[Picture, ...] = ()
    """Files that show nobody in particular: not pictures, or pictures outside every person's folder"""

    enrolled: str | None = None
    """The one person whom a tutorial's folders are about"""


def read_folder(words: str, *, person: str | None = None) -> Input:
    """Find out whose pictures lie in a folder.

    Args:
        words: `FOLDER` or `LABEL=FOLDER`; the label names the camera or collection, and is the folder's name if absent.
        person: who the anchors and positives of a tutorial's folders show; the folder's name if absent.

    Raises:
        DatasetError: there is no such folder, it cannot be read, or holds nobody's pictures.
    """
    label, folder = _label_and_folder(words)
    if not folder.is_dir():
        raise DatasetError(f"expected a folder of pictures, found none at {folder}")
    if all((folder / name).is_dir() for name in _OWN):
        found = _tutorial(label, folder, name_of(person or folder.resolve().name))
    else:
        found = _folder_per_person(label, folder, _below_wrappers(folder))
    if not found.pictures:
        raise DatasetError(
            f"{folder} holds nobody's pictures: expected a folder for each person with pictures in it (as LFW has), or "
            f"the folders {', '.join(_OWN)} and {_OTHERS}"
        )
    return found


def read_index(index: Path, images: Path) -> Input:
    """Read a table with the columns `file` (below the folder `images`) and `person`.

    Raises:
        DatasetError: it cannot be used.
    """
    label = name_of(images.resolve().name)
    rows = read_table(index, ["file", "person"])
    return Input(
        label,
        "table",
        tuple(sorted(Picture(name_of(row["person"]), label, row["file"], images / row["file"]) for row in rows)),
    )


def check_labels(inputs: list[Input]) -> None:
    """See that every input is told from the others.

    Raises:
        DatasetError: two have the same label.
    """
    labels = [found.label for found in inputs]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise DatasetError(
            f"two inputs are called {twice[0]!r}: name them by the camera or collection they come from, such as "
            f"kitchen={twice[0]}"
        )


def _label_and_folder(words: str) -> tuple[str, Path]:
    label, equals, folder = words.partition("=")
    if equals and label and not Path(words).is_dir():
        return name_of(label), Path(folder)
    return name_of(Path(words).resolve().name), Path(words)


def _below_wrappers(folder: Path) -> Path:
    """Step down through outer folders such as the `lfw/images/` around LFW's people."""
    while True:
        inner = _visible_folders(folder)
        if len(inner) != 1 or _pictures_beside(folder) or not _visible_folders(inner[0]) or _pictures_beside(inner[0]):
            return folder
        folder = inner[0]


def _folder_per_person(label: str, top: Path, folder: Path) -> Input:
    pictures: list[Picture] = []
    strays = [_picture(label, top, file, "") for file in _pictures_beside(folder)]
    for own in _visible_folders(folder):
        for file in _files_below(own):
            (pictures if _is_picture(file) else strays).append(_picture(label, top, file, name_of(own.name)))
    return Input(label, "folder per person", tuple(sorted(pictures)), tuple(sorted(strays)))


def _tutorial(label: str, folder: Path, person: str) -> Input:
    own = [
        _picture(f"{label}/{'+'.join(_OWN)}", folder, file, person)
        for name in _OWN
        for file in _files_below(folder / name)
    ]
    others = _negatives(label, folder) if (folder / _OTHERS).is_dir() else []
    pictures = sorted(picture for picture in own + others if _is_picture(picture.file))
    strays = sorted(picture for picture in own + others if not _is_picture(picture.file))
    return Input(label, "tutorial", tuple(pictures), tuple(strays), enrolled=person)


def _negatives(label: str, folder: Path) -> list[Picture]:
    """LFW's pictures, moved together by a tutorial, still tell whom they show; any other is its own person's."""
    files = list(_files_below(folder / _OTHERS))
    names = people_in_lfw([printable(file.stem) for file in files])
    return [
        _picture(
            f"{label}/{_OTHERS}", folder, file, name or name_of(f"unknown {label} {file.relative_to(folder / _OTHERS)}")
        )
        for file, name in zip(files, names, strict=True)
    ]


def _picture(camera: str, top: Path, file: Path, person: str) -> Picture:
    return Picture(person, camera, printable(file.relative_to(top).as_posix()), file)


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in PICTURES


def _visible_folders(folder: Path) -> list[Path]:
    return sorted(entry for entry in _entries(folder) if entry.is_dir())


def _pictures_beside(folder: Path) -> list[Path]:
    return sorted(entry for entry in _entries(folder) if _is_picture(entry) and not entry.is_dir())


def _entries(folder: Path) -> list[Path]:
    try:
        return [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    except OSError as error:
        raise _unreadable(error) from error


def _files_below(folder: Path) -> Iterator[Path]:
    """Every visible file, in order. Links to folders are followed, but no folder is entered twice."""
    entered = set()
    for path, folders, files in os.walk(folder, followlinks=True, onerror=_refuse):
        status = Path(path).stat()
        if (status.st_dev, status.st_ino) in entered:
            folders.clear()
            continue
        entered.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(path, name) for name in sorted(files) if not name.startswith("."))


def _refuse(error: OSError) -> None:
    raise _unreadable(error) from error


def _unreadable(error: OSError) -> DatasetError:
    return DatasetError(f"cannot read the folder {error.filename}: {error.strerror}; mend its permissions")
