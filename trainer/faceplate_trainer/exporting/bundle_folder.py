"""Writing a bundle: all of it, checked as the daemon checks it, or nothing."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import faceplate
from faceplate.errors import ModelError
from faceplate.files import new_folder, sync_folder
from faceplate.model.bundle import CONTRACT, MANIFEST, Bundle, Manifest, load_bundle
from faceplate.model.calibration import Calibration
from faceplate.model.liveness_model import LivenessModel
from faceplate.model.preprocessing import CROP_SIZE, TEMPLATE
from faceplate.types import Pixels
from faceplate.vision.detector import FaceDetector
from faceplate.vision.liveness.network import PassiveNetwork, golden_score, passive_network
from faceplate.vision.network import SiameseNetwork
from faceplate_trainer.exporting.model_card import model_card
from faceplate_trainer.exporting.network import Network, Scaling
from faceplate_trainer.exporting.provenance import CALIBRATION_PICTURES, LIVENESS_ROLE, Source, licence_text

MODEL_CARD = "MODEL_CARD.md"
SIAMESE = "siamese.tflite"
DETECTOR = "detector.onnx"
GOLDEN_CROP = "golden.png"

LARGEST = 14_000_000
"""Bytes a bundle may have unless more is asked for: it goes over slow links and into a wheel"""

GOLDEN_COSINE = 0.98
"""For a network that bears rounding. A kernel that computes garbage is far below"""

_APART = 4
"""Times as far from the golden embedding as full precision is from it on average another processor's may be"""


def golden_cosine(mean_cosine: float) -> float:
    """Least cosine of a door's embedding of the golden crop to the golden embedding.

    int8 kernels of different runtimes and processors round differently. With SFace, LiteRT and tflite-runtime on x86
    agree to .9977 at worst over 110 faces; with a small network that quantisation turns by .983, to .945 over 50.

    Args:
        mean_cosine: of the network to the one in full precision.
    """
    return min(GOLDEN_COSINE, 1 - _APART * (1 - mean_cosine))


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
    """Weights, detector, pictures, golden crop"""

    golden_cosine: float = GOLDEN_COSINE
    metrics: Mapping[str, Any] = field(default_factory=dict)
    made: Mapping[str, Any] = field(default_factory=dict)
    """Seed, command and whatever else it takes to make the bundle again"""


def write_bundle(folder: Path, parts: BundleParts, *, overwrite: bool = False, largest: int = LARGEST) -> Bundle:
    """Write a bundle to `folder`, checked before it appears there. The same parts always give the same bytes.

    Args:
        folder: of the bundle.
        parts: what it is made of.
        overwrite: take the place of a bundle that is there.
        largest: bytes that it may have.

    Raises:
        ModelError: `folder` exists (and `overwrite` is False, or it is no bundle), the bundle is too large, the daemon
            would refuse it, or it cannot be written. Then `folder` is as it was before.
    """
    folder = folder.resolve()
    check_may_write(folder, overwrite=overwrite)
    files = _files(parts)
    size = sum(map(len, files.values()))
    if size > largest:
        raise ModelError(
            f"expected a bundle of at most {largest / 1e6:g} MB, received {size / 1e6:.1f} MB: train a narrower tower "
            "or one with a smaller embedding, choose an int8 form, or allow more with --largest"
        )
    return _install(folder, files)


def with_calibration(bundle: Bundle, calibration: Calibration, source: Source, *, seed: int) -> Bundle:
    """Give a bundle a new table of rates, and write it to the folder it was read from, whole or not at all.

    Args:
        bundle: as read.
        calibration: measured with the bundle's own network and head.
        source: the pictures it was measured on; takes the place of what was there as CALIBRATION_PICTURES.
        seed: of the measurement.

    Raises:
        ModelError: the daemon would refuse the bundle, or it cannot be written. Then the folder is as it was before.
    """
    manifest = bundle.manifest
    sources = [each for each in manifest.provenance.get("sources", []) if each["role"] != CALIBRATION_PICTURES]
    sources.append(dataclasses.asdict(source) | {"role": CALIBRATION_PICTURES})
    made = manifest.trainer | {"calibration": {"version": faceplate.__version__, "seed": seed}}
    manifest = dataclasses.replace(
        manifest, calibration=calibration, provenance=manifest.provenance | {"sources": sources}, trainer=made
    )
    return _install(bundle.folder.resolve(), _finished(manifest, bundle.files))


def with_liveness(bundle: Bundle, content: bytes, model: LivenessModel, sources: Sequence[Source]) -> Bundle:
    """Give a bundle a liveness network, and write it to the folder it was read from, whole or not at all.

    Its Siamese network stays, and with it the bundle's id: nobody needs to enrol again.

    Args:
        bundle: as read.
        content: the network, a TFLite file.
        model: what is known of it; its golden score is measured here.
        sources: the pictures it was fitted on; they take the place of what was there in the same roles.

    Raises:
        ModelError: the daemon would refuse the bundle, or it cannot be written. Then the folder is as it was before.
    """
    score = golden_score(PassiveNetwork(content, model), bundle)
    manifest = bundle.manifest
    kept = [each for each in manifest.provenance.get("sources", []) if not each["role"].startswith(LIVENESS_ROLE)]
    provenance = manifest.provenance | {"sources": kept + [dataclasses.asdict(source) for source in sources]}
    old = {manifest.liveness.file} if manifest.liveness else set()
    files = {name: held for name, held in bundle.files.items() if name not in old} | {model.file: content}
    model = dataclasses.replace(model, golden_score=score)
    manifest = dataclasses.replace(manifest, liveness=model, provenance=provenance)
    return _install(bundle.folder.resolve(), _finished(manifest, files) | _beside(bundle))


def _beside(bundle: Bundle) -> dict[str, bytes]:
    """What lies in the folder and is no part of the bundle: the strangers of `faceplate-train cohort` say whose."""
    own = {*bundle.manifest.sha256, MANIFEST}
    return {file.name: file.read_bytes() for file in bundle.folder.iterdir() if file.is_file() and file.name not in own}


def _install(folder: Path, files: Mapping[str, bytes]) -> Bundle:
    """Write the files beside `folder`, check them there, and put them in its place."""
    try:
        with new_folder(folder) as new:
            for name, content in files.items():
                _write(new / name, content)
            sync_folder(new)
            _check(new)
    except OSError as error:
        raise ModelError(f"cannot write the bundle {folder}: {error}; what was there before is still there") from error
    return load_bundle(folder)


def check_may_write(folder: Path, *, overwrite: bool) -> None:
    """Whether a bundle may be put there: worth asking before hours of measuring.

    Raises:
        ModelError: `folder` exists, and `overwrite` is False, or it is no bundle; or nothing can be written there.
    """
    if not folder.exists():
        _check_may_write_around(folder.resolve())
        return
    if not overwrite:
        raise ModelError(f"{folder} exists already: give another name, or --overwrite to replace it")
    if not (folder / MANIFEST).is_file():
        raise ModelError(f"{folder} holds no {MANIFEST} and so is no bundle: it is not overwritten; give another name")


def _check_may_write_around(folder: Path) -> None:
    around = next(parent for parent in folder.parents if parent.exists())
    if not (around.is_dir() and os.access(around, os.W_OK | os.X_OK)):
        raise ModelError(f"cannot write the bundle {folder}: {around} is no folder that you may write to")


def _files(parts: BundleParts) -> dict[str, bytes]:
    """Name -> content of every file of the bundle."""
    files = {SIAMESE: parts.siamese, DETECTOR: parts.detector, GOLDEN_CROP: _png(parts.golden_crop)}
    files |= {source.licence_file: licence_text(source.licence_file) for source in parts.sources if source.licence_file}
    return _finished(_manifest(parts), files)


def _finished(manifest: Manifest, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files with the model card and the manifest that belong to them."""
    whole = dict(files) | {MODEL_CARD: model_card(manifest).encode()}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(whole.items())}
    return whole | {MANIFEST: dataclasses.replace(manifest, sha256=hashes).to_json().encode()}


def _manifest(parts: BundleParts) -> Manifest:
    """All but the files' hashes."""
    scaling = Scaling(parts.input_scale, parts.input_offset)
    golden = Network(parts.siamese, scaling, threads=1).embed(parts.golden_crop[None])[0]
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
        golden_cosine=parts.golden_cosine,
        sha256={},
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
    if bundle.liveness is not None:
        passive_network(bundle)
    FaceDetector(bundle.detector, face_threshold=0.8, min_face=Pixels(40.0)).find(bundle.golden_crop)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
