"""Pictures of one person from a camera, as the Siamese tutorials have them: anchor/ and positive/."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import cv2

from faceplate.errors import PictureError
from faceplate.files import write_atomically
from faceplate.types import Box, Frame, Image, Look
from faceplate_trainer.data.controls import QUIT, Controls
from faceplate_trainer.data.labelled import DatasetError

Kind: TypeAlias = Literal["anchor", "positive"]

KINDS: tuple[Kind, ...] = get_args(Kind)

SMALLEST = 250
"""Side of the smallest picture worth saving: LFW's and the tutorials'"""

_AROUND = 2.2
"""Side of the square around a face of side 1: hair and chin are in it, and the detector finds the face again"""

_QUALITY = 95


class Album:
    """The folders that pictures go to, numbered on from those that are there."""

    def __init__(self, folder: Path) -> None:
        """Make the folders.

        Raises:
            DatasetError: they cannot be made.
        """
        self._folder = folder
        try:
            for kind in KINDS:
                (folder / kind).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatasetError(f"cannot make folders in {folder}: {error}") from error
        self.counts = {kind: len(list((folder / kind).glob("*.jpg"))) for kind in KINDS}

    def add(self, kind: Kind, picture: Image) -> Path:
        """Save a picture, RGB uint8 (H, W, 3), under a name nothing else has.

        Raises:
            DatasetError: it cannot be written; nothing of it is left.
        """
        numbers = [int(file.stem) for file in (self._folder / kind).glob("*.jpg") if file.stem.isdecimal()]
        file = self._folder / kind / f"{max(numbers, default=0) + 1:04d}.jpg"
        bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        try:
            write_atomically(file, cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes())
        except OSError as error:
            raise DatasetError(f"cannot save {file}: {error}") from error
        self.counts[kind] += 1
        return file


def capture(
    frames: Iterable[Frame], look: Callable[[Image], list[Look]], controls: Controls, album: Album, *, live: bool
) -> None:
    """Save what the keys a (anchor) and p (positive) ask for, until q, the end of the keys or of the frames.

    Args:
        frames: from a camera or a clip.
        look: finds the faces of a frame.
        controls: show the frames and take the keys.
        album: takes the pictures.
        live: look at every frame and tell, not only at those that a key asks for.
    """
    for frame in frames:
        status = _status(album, look(frame.image)) if live else ""
        key = controls.key(frame.image, status)
        if key == QUIT:
            return
        kind = next((kind for kind in KINDS if key and kind.startswith(key)), None)
        if kind is not None:
            controls.say(_save(kind, frame.image, look, album))


def square_around(box: Box, image: Image) -> Image:
    """The square of a frame around a face: no smaller than SMALLEST (or the frame's shorter side), never scaled."""
    height, width = image.shape[:2]
    side = min(max(round(_AROUND * max(box.width, box.height)), SMALLEST), height, width)
    left = min(max(round(box.x + box.width / 2 - side / 2), 0), width - side)
    top = min(max(round(box.y + box.height / 2 - side / 2), 0), height - side)
    return image[top : top + side, left : left + side]


def the_face(looks: list[Look]) -> Look:
    """The one face of a picture.

    Raises:
        PictureError: there is none, or there are several, and nobody could say whose picture it is.
    """
    if len(looks) != 1:
        raise PictureError("expected one face, found " + (str(len(looks)) if looks else "none; look at the camera"))
    return looks[0]


def _save(kind: Kind, image: Image, look: Callable[[Image], list[Look]], album: Album) -> str:
    try:
        face = the_face(look(image)).face
    except PictureError as error:
        return f"not saved: {error}"
    picture = square_around(face.box, image)
    file = album.add(kind, picture)
    return f"{kind} {album.counts[kind]}: {file} ({picture.shape[1]} x {picture.shape[0]})"


def _status(album: Album, looks: list[Look]) -> str:
    counts = "  ".join(f"{kind} {album.counts[kind]}" for kind in KINDS)
    return f"{counts}  faces {len(looks)}  [a]nchor [p]ositive [q]uit"
