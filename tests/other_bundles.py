"""Real bundles other than the one in the package: its own network with noise on the weights, or another calibration."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from faceplate.model.bundle import DEFAULT_BUNDLE, MANIFEST, Bundle, Manifest, load_bundle
from faceplate.model.cohort import EMBEDDINGS, FACTS
from faceplate.vision.network import SiameseNetwork

RUNTIME = os.environ.get("FACEPLATE_TEST_RUNTIME", "litert")

WEIGHTS = slice(1_000_000, 9_000_000)
"""Bytes of the shipped file that are int8 weights, and nothing else"""

SLIGHT = 3
"""Noise that leaves a good network: embeddings turn by a few degrees"""

RUINOUS = 127
"""Noise that leaves nothing of it"""

BLANK = 0
"""No weights at all: every picture is the same to it"""


def with_noise(folder: Path, amplitude: int, *, score: float | None = None, name: str = "another") -> Path:
    """A bundle whose network is really another one, without a cohort.

    Args:
        folder: where it is written.
        amplitude: of the noise, in steps of the int8 weights.
        score: what its table asks for at every rate; None: what the package's asks for.
        name: of the bundle.
    """
    siamese, golden = _noisy(amplitude)
    bundle = load_bundle(DEFAULT_BUNDLE)
    sums = bundle.manifest.sha256 | {bundle.manifest.siamese: hashlib.sha256(siamese).hexdigest()}
    changed = replace(bundle.manifest, name=name, sha256=sums, golden_embedding=golden)
    shutil.copytree(DEFAULT_BUNDLE, folder, ignore=shutil.ignore_patterns(FACTS, EMBEDDINGS))
    (folder / bundle.manifest.siamese).write_bytes(siamese)
    (folder / MANIFEST).write_text(_calibrated(changed, score).to_json(), encoding="utf-8")
    return folder


def with_score(folder: Path, score: float, *, name: str = "recalibrated") -> Path:
    """The package's own network and cohort, with a table that asks for another score."""
    shutil.copytree(DEFAULT_BUNDLE, folder)
    manifest = replace(load_bundle(DEFAULT_BUNDLE).manifest, name=name)
    (folder / MANIFEST).write_text(_calibrated(manifest, score).to_json(), encoding="utf-8")
    return folder


def _calibrated(manifest: Manifest, score: float | None) -> Manifest:
    if score is None:
        return manifest
    table = tuple(replace(row, score=score) for row in manifest.calibration.table)
    return replace(manifest, calibration=replace(manifest.calibration, table=table))


@lru_cache
def _noisy(amplitude: int) -> tuple[bytes, tuple[float, ...]]:
    bundle = load_bundle(DEFAULT_BUNDLE)
    content = np.frombuffer(bundle.siamese, np.int8).copy()
    noise = np.random.default_rng(1).integers(-amplitude, amplitude + 1, len(content[WEIGHTS]))
    content[WEIGHTS] = np.clip(content[WEIGHTS].astype(int) + noise, -127, 127) if amplitude else 0
    files = bundle.files | {bundle.manifest.siamese: content.tobytes()}
    unchecked = Bundle(bundle.folder, replace(bundle.manifest, golden_cosine=-1.0), files)
    network = SiameseNetwork(unchecked, runtime="litert" if RUNTIME == "litert" else "tflite-runtime")
    golden = network.embed(bundle.golden_crop)
    return content.tobytes(), tuple(map(float, golden))
