"""Recordings on disk, read picture by picture: video files, gifs, folders of stills and single pictures."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from faceplate.errors import CameraError, PictureError
from faceplate.pictures import read_picture
from faceplate.quiet import quiet_opencv
from faceplate.types import Image, Seconds

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})
"""File names that end so are single pictures"""


@dataclass(frozen=True, slots=True)
class Stills:
    """How pictures without a time of their own become a film."""

    frame_rate: float = 15.0
    """Frames a second; also for a video that does not say its own"""

    frames: int = 1
    """How many frames each picture is held"""

    gap: Seconds = field(default=Seconds(0.0))
    """Time without frames after each picture; long enough, and every picture is a visit of its own"""

    def __post_init__(self) -> None:
        if not (self.frame_rate > 0 and self.frames >= 1 and self.gap >= 0):
            raise ValueError(f"expected frame_rate > 0, frames >= 1 and gap >= 0, got {self}")


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame of a recording."""

    time: Seconds
    """Since the recording began"""

    image: Image


class Recording(Protocol):
    """Something that was recorded."""

    def shots(self) -> Iterator[Shot]:
        """Every frame, times rising.

        Raises:
            CameraError: the recording cannot be read, or breaks off.
        """
        ...

    def name_of(self, index: int) -> str:
        """Name of the file that frame `index` comes from."""
        ...


def open_recording(source: Path, stills: Stills) -> Recording:
    """The recording at `source`.

    Raises:
        CameraError: there is none, or nothing that can be played.
    """
    quiet_opencv()
    source = source.expanduser().absolute()
    if not source.exists():
        raise CameraError(f"there is no {source}; expected a video, a gif, a picture or a folder of pictures")
    if source.is_dir():
        return Pictures(source, _pictures_in(source), stills)
    if source.suffix.lower() in PICTURES:
        return Pictures(source.parent, [source], stills)
    return Video(source, stills.frame_rate)


class Pictures:
    """Single pictures, one after the other."""

    def __init__(self, folder: Path, files: list[Path], stills: Stills) -> None:
        self._folder = folder
        self._files = files
        self._stills = stills

    def shots(self) -> Iterator[Shot]:
        """Every picture, held as long as asked."""
        for number, file in enumerate(self._files):
            image = _still(file)
            for held in range(self._stills.frames):
                index = number * self._stills.frames + held
                yield Shot(Seconds(index / self._stills.frame_rate + number * self._stills.gap), image)

    def name_of(self, index: int) -> str:
        """Path of the picture below the folder."""
        return str(self._files[index // self._stills.frames].relative_to(self._folder))


class Video:
    """A video file or gif, with its own frame times."""

    def __init__(self, file: Path, frame_rate: float) -> None:
        """`frame_rate` is for a video that does not say its own."""
        self._file = file
        self._capture = cv2.VideoCapture()
        if not self._capture.open(str(file), cv2.CAP_FFMPEG):
            raise CameraError(
                f"{file} ({file.stat().st_size} bytes) is no video that can be played; "
                f"expected a video, a gif, a folder of pictures or a picture ({' '.join(sorted(PICTURES))})"
            )
        stated = self._capture.get(cv2.CAP_PROP_FPS)
        self._frame_rate = stated if math.isfinite(stated) and stated > 0 else frame_rate
        self._length = Seconds(self._capture.get(cv2.CAP_PROP_FRAME_COUNT) / self._frame_rate)

    def shots(self) -> Iterator[Shot]:
        """Every frame at the time the file gives it."""
        interval = 1 / self._frame_rate
        first: float | None = None
        time = -interval
        while self._capture.grab():
            whole, picture = self._capture.retrieve()
            if not whole:
                break
            position = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            first = position if first is None else first
            # Some containers give no times, or the same twice.
            time = position - first if position - first > time else time + interval
            yield Shot(Seconds(time), np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8))
        self._capture.release()
        self._check_complete(Seconds(time + interval))

    def name_of(self, index: int) -> str:
        """The file's name, whatever the frame."""
        del index
        return self._file.name

    def _check_complete(self, played: Seconds) -> None:
        # Lengths in containers are rounded, and decoders hold back the odd last frame: some tolerance.
        missing = self._length - played
        if played <= 0 or missing > max(0.5, 0.05 * self._length) or self._lacks_its_trailer():
            raise CameraError(
                f"{self._file} breaks off: {played:.1f} s of {max(self._length, 0):.1f} s can be read; "
                "the file is damaged or was not copied whole, get it again"
            )

    def _lacks_its_trailer(self) -> bool:
        """A gif does not state its length; it ends with a semicolon (GIF89a, 27)."""
        content = self._file.read_bytes() if self._file.suffix.lower() == ".gif" else b"GIF89a;"
        return content.startswith(b"GIF8") and not content.rstrip(b"\0").endswith(b";")


def _still(file: Path) -> Image:
    try:
        return read_picture(file)
    except PictureError as error:
        raise CameraError(f"the recording holds a broken picture: {error}; remove or replace it") from error


def _pictures_in(folder: Path) -> list[Path]:
    files = [file for file in folder.rglob("*") if file.suffix.lower() in PICTURES and file.is_file()]
    visible = [file for file in files if not any(part.startswith(".") for part in file.relative_to(folder).parts)]
    if not visible:
        raise CameraError(f"there are no pictures in {folder}; expected files ending in {' '.join(sorted(PICTURES))}")
    return sorted(visible, key=lambda file: _natural_order(str(file.relative_to(folder))))


def _natural_order(name: str) -> tuple[list[str | int], str]:
    """Sorts "2.png" before "10.png"."""
    parts = re.split(r"(\d+)", name)
    return [int(part) if part.isdecimal() else part.casefold() for part in parts], name
