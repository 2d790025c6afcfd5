"""A model bundle: a folder with the networks, and `bundle.json` that says everything about them.

The trainer writes it, the daemon reads it, both through this module. Nothing is trusted that does not match its
SHA-256, and nothing is read from a file's or a tower's name.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.errors import ModelError
from faceplate.model.calibration import Calibration
from faceplate.model.liveness_model import LivenessModel
from faceplate.model.preprocessing import CROP_SIZE, TEMPLATE
from faceplate.model.typed_json import read_as

CONTRACT = 2
"""Version of the contract this program speaks.

2: `compare` takes embeddings as `embed` gives them. To contract 1 any rotation of both was the same, and programs that
speak it turn embeddings before they compare them.
"""

MANIFEST = "bundle.json"

DEFAULT_BUNDLE = Path(__file__).parent.parent / "bundles" / "default"
"""The bundle that comes with the package"""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `bundle.json` holds."""

    contract: int
    name: str
    input_size: int
    """Side of the aligned crop in pixels"""
    colour_order: str
    """"RGB" """
    input_scale: float
    input_offset: float
    """The tower computes on `pixel * input_scale + input_offset`; an uint8 input takes the pixel itself"""
    landmark_template: tuple[tuple[float, float], ...]
    """Where the five landmarks lie in the crop: x, y in pixels"""
    embedding_size: int
    siamese: str
    detector: str
    golden_crop: str
    """Names of the files; each is listed in `sha256`"""
    golden_embedding: tuple[float, ...]
    """What `embed` makes of the golden crop"""
    golden_cosine: float
    """A runtime is refused when its embedding of the golden crop has a cosine below this to the golden embedding"""
    sha256: dict[str, str]
    """File name -> SHA-256, for every file of the bundle but this one"""
    calibration: Calibration
    metrics: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    """Where weights and calibration data came from, and under which licences"""
    trainer: dict[str, Any] = field(default_factory=dict)
    """Version, seed and command that made the bundle"""
    liveness: LivenessModel | None = None
    """None: it has no network that tells the living from photographs"""

    @property
    def id(self) -> str:
        """SHA-256 of the Siamese network: two bundles with the same give the same embeddings."""
        return self.sha256[self.siamese]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all it says, and so of all the files it names: two bundles with the same are one."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @property
    def label(self) -> str:
        """Its name and the beginning of its fingerprint, for people to read."""
        return f"{self.name}/{self.fingerprint[:12]}"

    def to_json(self) -> str:
        """The text of bundle.json."""
        tree = {key: value for key, value in dataclasses.asdict(self).items() if value is not None}
        return json.dumps(tree, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the text of bundle.json.

        Raises:
            ModelError: it is not JSON, is of another contract, a key is missing or unknown, or has the wrong type.
        """
        try:
            tree = json.loads(text)
            _check_version(tree)
            return read_as(cls, tree)
        except (ValueError, OverflowError, RecursionError) as error:
            raise ModelError(
                f"{MANIFEST} is not what contract {CONTRACT} expects: {error}. Install the bundle again."
            ) from error


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose every file has been read and found to be the one its manifest names."""

    folder: Path
    manifest: Manifest
    files: dict[str, bytes] = field(repr=False)
    """What was hashed is what is used: the files' bytes, so that nobody can change them in between"""

    @property
    def siamese(self) -> bytes:
        """The Siamese network, a TFLite file."""
        return self.files[self.manifest.siamese]

    @property
    def detector(self) -> bytes:
        """The face detector, an ONNX file."""
        return self.files[self.manifest.detector]

    @property
    def liveness(self) -> bytes | None:
        """The liveness network, a TFLite file; None: there is none."""
        return self.files[self.manifest.liveness.file] if self.manifest.liveness else None

    @property
    def golden_crop(self) -> NDArray[np.uint8]:
        """An aligned face, RGB uint8 (112, 112, 3)."""
        picture = cv2.imdecode(np.frombuffer(self.files[self.manifest.golden_crop], np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            raise ModelError(f"{self.folder / self.manifest.golden_crop} is not a picture")
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)

    @property
    def id(self) -> str:
        """That of its manifest."""
        return self.manifest.id

    @property
    def label(self) -> str:
        """That of its manifest."""
        return self.manifest.label


def installed_label(folder: Path) -> str | None:
    """The label of the bundle that lies there now, which need not be the one in use; None: there is none that fits."""
    manifest = installed_manifest(folder)
    return manifest.label if manifest else None


def installed_manifest(folder: Path) -> Manifest | None:
    """What the bundle that lies there says of itself, without reading the rest of it; None: there is none that fits."""
    try:
        manifest = Manifest.from_json(_read(folder / MANIFEST).decode("utf-8", errors="replace"))
    except ModelError:
        return None
    return manifest if manifest.siamese in manifest.sha256 else None


def load_bundle(folder: Path) -> Bundle:
    """Read a bundle and check it against its manifest.

    Raises:
        ModelError: a file is missing, is not the one its hash names, or the contract is another one.
    """
    manifest = Manifest.from_json(_read(folder / MANIFEST).decode("utf-8", errors="replace"))
    _check_contract(manifest, folder)
    files = {}
    for name, expected in manifest.sha256.items():
        if Path(name).name != name or "\0" in name:
            raise ModelError(f"{folder / MANIFEST} names a file outside the bundle: {name!r}")
        files[name] = _read(folder / name)
        received = hashlib.sha256(files[name]).hexdigest()
        if received != expected:
            raise ModelError(
                f"{folder / name} is damaged or was changed: expected SHA-256 {expected}, found {received}. "
                "Install the bundle again."
            )
    return Bundle(folder, manifest, files)


def _check_version(tree: object) -> None:
    """Said before anything else: the keys of another contract are other keys."""
    found = tree.get("contract") if isinstance(tree, dict) else None
    if type(found) is int and found != CONTRACT:
        cure = (
            "export it again with this version's `faceplate-train export`" if found < CONTRACT else "update Faceplate"
        )
        raise ModelError(f"{MANIFEST} speaks contract {found}, this program expects contract {CONTRACT}: {cure}.")


def _check_contract(manifest: Manifest, folder: Path) -> None:
    expected = {
        "input_size": (CROP_SIZE, manifest.input_size),
        "colour_order": ("RGB", manifest.colour_order),
        "fusion": ("centroid", manifest.calibration.fusion),
    }
    for key, (wanted, found) in expected.items():
        if wanted != found:
            raise ModelError(f"{folder / MANIFEST}: this program expects {key} {wanted!r}, the bundle has {found!r}")
    if np.shape(manifest.landmark_template) != TEMPLATE.shape or not np.allclose(manifest.landmark_template, TEMPLATE):
        raise ModelError(f"{folder / MANIFEST}: the landmark template is not the one this program aligns faces to")
    if len(manifest.golden_embedding) != manifest.embedding_size:
        raise ModelError(
            f"{folder / MANIFEST}: embedding_size is {manifest.embedding_size}, "
            f"the golden embedding has {len(manifest.golden_embedding)} numbers"
        )
    if not manifest.calibration.table or not all(0 <= row.score <= 1 for row in manifest.calibration.table):
        raise ModelError(f"{folder / MANIFEST}: the calibration table must have rows, with scores from 0 to 1")
    names = [manifest.siamese, manifest.detector, manifest.golden_crop]
    if manifest.liveness is not None:
        manifest.liveness.check(folder / MANIFEST)
        names.append(manifest.liveness.file)
    for name in names:
        if name not in manifest.sha256:
            raise ModelError(f"{folder / MANIFEST}: there is no SHA-256 for {name!r}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}. Install the bundle again.") from error
