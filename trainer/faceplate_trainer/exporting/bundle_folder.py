"""Writing a bundle: all of it, checked as the daemon checks it, or nothing."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import faceplate
from faceplate.errors import ModelError
from faceplate.files import sync_folder
from faceplate.model.bundle import CONTRACT, MANIFEST, Bundle, Calibration, Manifest, load_bundle
from faceplate.model.preprocessing import CROP_SIZE, TEMPLATE
from faceplate.types import Pixels
from faceplate.vision.detector import FaceDetector
from faceplate.vision.network import SiameseNetwork
from faceplate_trainer.exporting.model_card import model_card
from faceplate_trainer.exporting.network import Network
from faceplate_trainer.exporting.provenance import Source, licence_text

MODEL_CARD = "MODEL_CARD.md"
SIAMESE = "siamese.tflite"
DETECTOR = "detector.onnx"
GOLDEN_CROP = "golden.png"

LARGEST = 14_000_000
"""Bytes a bundle may have: it goes over slow links and into a wheel"""

# int8 kernels of different runtimes and processors round differently: LiteRT and tflite-runtime on x86 agree to .9977
# at worst over 110 faces. A kernel that computes garbage is far below.
GOLDEN_COSINE = 0.98


@dataclass(frozen=True, slots=True)
class BundleParts:
    """What a bundle is made of."""

    name: str

    siamese: bytes = field(repr=False)
    """TFLite file with `embed` and `compare`"""

    detector: bytes = field(repr=False)
    """ONNX file"""

    golden_crop: NDArray[np.uint8] = field(repr=False)
    """An aligned face that may be published, RGB uint8 (112, 112, 3)"""

    input_scale: float
    input_offset: float
    """The tower computes on `pixel * input_scale + input_offset`"""

    calibration: Calibration
    sources: tuple[Source, ...]
    """Initial weights, detector, calibration pictures, golden crop"""

    metrics: Mapping[str, Any] = field(default_factory=dict)
    made: Mapping[str, Any] = field(default_factory=dict)
    """Seed, command and whatever else it takes to make the bundle again"""


def write_bundle(folder: Path, parts: BundleParts, *, overwrite: bool = False) -> Bundle:
    """Write a bundle to `folder`, checked before it appears there. The same parts always give the same bytes.

    Raises:
        ModelError: `folder` exists (and `overwrite` is False, or it is no bundle), the daemon would refuse the
            bundle, or it cannot be written. Then `folder` is as it was before.
    """
    folder = folder.resolve()
    _check_may_write(folder, overwrite=overwrite)
    files = _files(parts)
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.mkdir(parents=True)
        for name, content in files.items():
            _write(temporary / name, content)
        sync_folder(temporary)
        _check(temporary)
        _put_in_place(temporary, folder)
    except OSError as error:
        raise ModelError(f"cannot write the bundle {folder}: {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return load_bundle(folder)


def _check_may_write(folder: Path, *, overwrite: bool) -> None:
    if not folder.exists():
        return
    if not overwrite:
        raise ModelError(f"{folder} exists already: expected a new name, or to be told to overwrite it")
    if not (folder / MANIFEST).is_file():
        raise ModelError(f"{folder} holds no {MANIFEST} and so is no bundle: it is not overwritten; give another name")


def _files(parts: BundleParts) -> dict[str, bytes]:
    """Name -> content of every file of the bundle."""
    files = {SIAMESE: parts.siamese, DETECTOR: parts.detector, GOLDEN_CROP: _png(parts.golden_crop)}
    files |= {source.licence_file: licence_text(source.licence_file) for source in parts.sources if source.licence_file}
    files[MODEL_CARD] = model_card(_manifest(parts, files)).encode()
    files[MANIFEST] = _manifest(parts, files).to_json().encode()
    size = sum(map(len, files.values()))
    if size > LARGEST:
        raise ModelError(f"expected a bundle of at most {LARGEST / 1e6:g} MB, received {size / 1e6:.1f} MB")
    return files


def _manifest(parts: BundleParts, files: Mapping[str, bytes]) -> Manifest:
    golden = Network(parts.siamese, threads=1).embed(parts.golden_crop[None])[0]
    return Manifest(
        contract=CONTRACT,
        name=parts.name,
        input_size=CROP_SIZE,
        colour_order="RGB",
        input_scale=parts.input_scale,
        input_offset=parts.input_offset,
        landmark_template=tuple((float(x), float(y)) for x, y in TEMPLATE),
        embedding_size=len(golden),
        siamese=SIAMESE,
        detector=DETECTOR,
        golden_crop=GOLDEN_CROP,
        golden_embedding=tuple(map(float, golden)),
        golden_cosine=GOLDEN_COSINE,
        sha256={name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
        calibration=parts.calibration,
        metrics=dict(parts.metrics),
        provenance={"sources": [dataclasses.asdict(source) for source in parts.sources]},
        trainer={"version": faceplate.__version__, **parts.made},
    )


def _png(crop: NDArray[np.uint8]) -> bytes:
    if crop.shape != (CROP_SIZE, CROP_SIZE, 3) or crop.dtype != np.uint8:
        raise ModelError(
            f"expected a golden crop uint8 {(CROP_SIZE, CROP_SIZE, 3)}, received {crop.dtype} {crop.shape}"
        )
    return bytes(cv2.imencode(".png", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR))[1])


def _check(folder: Path) -> None:
    """The daemon's own code reads the bundle, and runs its network on the golden crop and its detector."""
    bundle = load_bundle(folder)
    SiameseNetwork(bundle)
    FaceDetector(bundle.detector, face_threshold=0.8, min_face=Pixels(40.0)).find(bundle.golden_crop)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _put_in_place(temporary: Path, folder: Path) -> None:
    """Rename the finished bundle to its name; one that is there already goes only once the new one stands."""
    old = temporary.with_suffix(".old")
    replaced = folder.exists()
    if replaced:
        folder.rename(old)
    try:
        temporary.rename(folder)
    except OSError:
        if replaced:
            old.rename(folder)
        raise
    sync_folder(folder.parent)
    if replaced:
        shutil.rmtree(old)
