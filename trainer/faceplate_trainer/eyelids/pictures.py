"""Pictures of faces -> their eyes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceplate.model.eye_view import EyeViews, eye_views
from faceplate.pictures import read_picture
from faceplate.types import Image
from faceplate_trainer.data.shown import Shown, sha256_of
from faceplate_trainer.eyelids.eye import Eye, eyes_of

PointsOf: TypeAlias = Callable[[Image], NDArray[np.float32] | None]
"""A picture -> float32 (468, 3) of MediaPipe's face mesh on its main face; None: there is no face"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture in which a face was found."""

    shown: Shown

    eyes: tuple[Eye, Eye]

    views: EyeViews
    """As the door would see them"""


@dataclass(frozen=True, slots=True)
class Album:
    """What was found in pictures."""

    seen: tuple[Seen, ...]

    without_face: tuple[Path, ...]

    sha256: str
    """Of all pictures' contents, in the order of their names"""


def read_album(shown: Sequence[Shown], points_of: PointsOf) -> Album:
    """Find the eyes of the main face of every picture.

    Raises:
        PictureError: one cannot be read.
    """
    seen, without, hashes = [], [], []
    for each in tqdm(shown, desc="pictures", unit="pictures", disable=None):
        image = read_picture(each.file)
        hashes.append((each.file.as_posix(), hashlib.sha256(each.file.read_bytes()).hexdigest()))
        if (points := points_of(image)) is None:
            without.append(each.file)
        else:
            seen.append(Seen(each, eyes_of(image, points), eye_views(image, points)))
    return Album(tuple(seen), tuple(without), sha256_of(hashes))
