"""What goes into a bundle beside its network: the face detector and the golden crop."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from faceplate.errors import ModelError
from faceplate.model.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from faceplate.pictures import read_picture
from faceplate.types import Image, Look
from faceplate_trainer.data.labelled import main_look
from faceplate_trainer.exporting.detector import plain_detector
from faceplate_trainer.exporting.provenance import Source, source_of

EyesWith: TypeAlias = Callable[[bytes], Callable[[Image], list[Look]]]
"""Detector, an ONNX file -> eyes that find the faces in a picture with it"""

_DETECTOR = "face detector"
_GOLDEN = "golden crop"


@dataclass(frozen=True, slots=True)
class Portrait:
    """A picture of somebody that may be published."""

    file: Path
    origin: str
    """Who made it, and its licence"""


@dataclass(frozen=True, slots=True)
class Supplied:
    """Detector and golden crop, and where they come from."""

    detector: bytes = field(repr=False)
    """ONNX file"""

    golden_crop: Image = field(repr=False)
    """An aligned face, RGB uint8 (112, 112, 3)"""

    sources: tuple[Source, ...]


def supplied(detector: Path | None, portrait: Portrait | None, eyes_with: EyesWith) -> Supplied:
    """Take those that were given, and the default bundle's in the place of those that were not.

    Args:
        detector: YuNet, an ONNX file.
        portrait: the face in it becomes the golden crop.
        eyes_with: look for that face.

    Raises:
        ModelError: the detector is not YuNet, or there is no face in the portrait.
        PictureError: the portrait cannot be read.
    """
    default = load_bundle(DEFAULT_BUNDLE)
    if detector is None:
        found, source = default.detector, _source_in(default, _DETECTOR)
    else:
        found, source = plain_detector(detector), source_of(_DETECTOR, detector)
    if portrait is None:
        return Supplied(found, default.golden_crop, (source, _source_in(default, _GOLDEN)))
    return Supplied(found, _crop_of(portrait.file, eyes_with(found)), (source, _source_of(portrait)))


def _source_in(bundle: Bundle, role: str) -> Source:
    return next(Source(**each) for each in bundle.manifest.provenance["sources"] if each["role"] == role)


def _crop_of(picture: Path, eyes: Callable[[Image], list[Look]]) -> Image:
    image = read_picture(picture)
    look = main_look(eyes(image), image)
    if look is None:
        raise ModelError(
            f"--golden: expected a portrait, found no face in {picture}; give a sharp picture of one face, or leave "
            "--golden out to take the default bundle's"
        )
    return look.crop


def _source_of(portrait: Portrait) -> Source:
    return Source(
        role=_GOLDEN,
        file=portrait.file.name,
        sha256=hashlib.sha256(portrait.file.read_bytes()).hexdigest(),
        origin=portrait.origin,
        licence="see its origin",
        changes="the face was cut out and aligned",
    )
