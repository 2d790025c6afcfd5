"""What the commands share."""

from __future__ import annotations

import argparse
import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from faceplate.config import PeopleConfig, VisionConfig
from faceplate.files import write_atomically
from faceplate.model.calibration import Calibration
from faceplate.model.metrics import Rate
from faceplate.types import Embedding, Image
from faceplate.vision.detector import FaceDetector
from faceplate.vision.eyes import Eyes

if TYPE_CHECKING:
    from collections.abc import Callable

    Subparsers: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse names it no other way

_log = logging.getLogger(__name__)


def prepare_tensorflow(*, in_one_order: bool = False) -> None:
    """Called before TensorFlow is loaded, which takes seconds: only the commands that need it do.

    It is quiet about what concerns its makers, unless somebody wants to hear it; and computes in the same order on
    every machine, if that is asked for.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if in_one_order:
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    logging.getLogger("tensorflow").setLevel(logging.WARNING)


def eyes_that_see_all(detector: bytes, embed: Callable[[Image], Embedding]) -> Eyes:
    """The daemon's eyes with its default settings, but without its limits of quality: a picture counts, good or bad."""
    vision = VisionConfig()
    found = FaceDetector(detector, face_threshold=vision.face_threshold, min_face=vision.min_face)
    return Eyes(found, embed, quality=None)


def eyes_that_only_cut(detector: bytes) -> Eyes:
    """The same, for whoever wants the faces' places and crops and no embeddings."""
    return eyes_that_see_all(detector, _not_embedded)


def _not_embedded(crop: Image) -> Embedding:
    del crop
    return np.empty(0, np.float32)


def warn_of_rates(calibration: Calibration) -> None:
    """Say what to configure where a table does not reach the rate that doors ask for by default."""
    usual, lowest = PeopleConfig().false_accept_rate, min(row.false_accept_rate for row in calibration.table)
    if lowest > usual:
        _log.warning(
            "the table goes down to a false-accept rate of %g, a door asks for %g by default and would not start: "
            "calibrate on more people, or set people.false_accept_rate: %g at the door",
            lowest,
            usual,
            lowest,
        )


def words_of(rate: Rate) -> str:
    """A rate with its bounds, for people."""
    return f"{rate.value:.2%} ({rate.low:.2%} .. {rate.high:.2%})"


def write_json(tree: dict[str, Any], file: Path) -> None:
    """Write a result for machines, and say where."""
    write_atomically(file, (json.dumps(tree, indent=1) + "\n").encode())
    _log.info("wrote %s", file)
