"""Pictures -> aligned crops on disk, on every core at once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Literal, TypeAlias

import cv2

from faceplate.config import QualityConfig
from faceplate.errors import PictureError
from faceplate.pictures import read_picture
from faceplate.types import Image, Look
from faceplate.vision.quality import flaws, measure
from faceplate_trainer.data.duplicates import fingerprint
from faceplate_trainer.data.inputs import Picture
from faceplate_trainer.data.labelled import main_look
from faceplate_trainer.data.names import folder_of
from faceplate_trainer.data.prepared import CROPS

Reason: TypeAlias = Literal[
    "not_a_picture", "unreadable", "no_face", "too_small", "unusable", "duplicate", "two_names", "too_few"
]
"""Why a picture was left out.

not_a_picture: by its name, or it lies in nobody's folder. unreadable: damaged, empty, or not permitted. no_face: the
detector finds none. too_small: the face would have to be blown up. unusable: the daemon would refuse it (only if
asked). duplicate: an earlier picture of the same person. two_names: it is also there as somebody else's, and nobody
knows whose it is. too_few: the person has not as many pictures as were asked for.
"""

LookAt: TypeAlias = Callable[[Image], list[Look]]
"""Every face of a picture; used by one thread at a time."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row of rejected.csv: a picture that was left out."""

    source: str
    person: str
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Cut:
    """A crop that was written."""

    picture: Picture

    file: str
    """Relative to the dataset's folder, with `/`"""

    sha256: str
    """Of the file"""

    fingerprint: bytes = field(repr=False)


def reject(picture: Picture, reason: Reason, detail: str = "") -> Rejected:
    """Leave a picture out."""
    return Rejected(picture.source, picture.person, reason, detail)


def cut_all(
    pictures: Sequence[Picture], new_look: Callable[[], LookAt], folder: Path, *, usable_only: bool, workers: int
) -> Iterator[Cut | Rejected]:
    """Cut the main face out of every picture; the answers come in the order of the pictures, whatever `workers` is.

    Threads, since OpenCV lets go of Python's lock: two are as fast as two processes (350 crops a second against 350,
    one makes 177), and start at once.

    Args:
        pictures: sorted.
        new_look: makes the eyes of one worker.
        folder: the dataset's folder, where crops/ is written.
        usable_only: leave out what the daemon's limits of quality refuse.
        workers: threads, at least 1.

    Raises:
        OSError: a crop cannot be written.
    """
    looks: SimpleQueue[LookAt] = SimpleQueue()
    for _ in range(workers):
        looks.put(new_look())

    def cut(task: tuple[Picture, str]) -> Cut | Rejected:
        look = looks.get()
        try:
            return _cut(*task, folder, look, usable_only=usable_only)
        finally:
            looks.put(look)

    with _one_thread_each(), ThreadPoolExecutor(workers) as pool:
        yield from pool.map(cut, _with_files(pictures))


def _with_files(pictures: Sequence[Picture]) -> Iterator[tuple[Picture, str]]:
    """Each picture with its crop's file, numbered within the person."""
    numbers: Counter[str] = Counter()
    for picture in pictures:
        numbers[picture.person] += 1
        yield picture, f"{CROPS}/{folder_of(picture.person)}/{numbers[picture.person]:04d}.png"


def _cut(picture: Picture, file: str, folder: Path, look: LookAt, *, usable_only: bool) -> Cut | Rejected:
    if not picture.file.is_file():  # reading a named pipe would wait for ever
        return reject(picture, "unreadable", "there is no such file, or it is none")
    try:
        image = read_picture(picture.file)
    except PictureError as error:
        return reject(picture, "unreadable", str(error).replace(str(picture.file), picture.source))
    seen = main_look(look(image), image)
    if seen is None:
        return reject(picture, "no_face")
    limits = QualityConfig()
    if seen.face.box.width < limits.min_size:
        return reject(picture, "too_small", f"{seen.face.box.width:.0f} pixels wide, expected {limits.min_size:g}")
    found = flaws(measure(seen.face, seen.crop), limits) if usable_only else ()
    if found:
        return reject(picture, "unusable", " ".join(found))
    return Cut(picture, file, _write(seen.crop, folder / file), fingerprint(seen.crop))


def _write(crop: Image, path: Path) -> str:
    content = cv2.imencode(".png", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR))[1].tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """OpenCV's own threads would only be in the way of ours."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
