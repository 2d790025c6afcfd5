"""The network that tells shut eyes from open ones, which comes with the package."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from faceplate.errors import ModelError
from faceplate.model.eye_view import EyeViews
from faceplate.model.eyelids_model import EyelidsModel
from faceplate.model.typed_json import read_as
from faceplate.vision.runtime import Runtime, interpreter, only

FOLDER: Final = Path(__file__).parent.parent / "networks"
FILE: Final = FOLDER / "eyelids.tflite"
FACTS: Final = FOLDER / "eyelids.json"


class Eyelids:
    """Scores how shut the eyes of a face look."""

    def __init__(self, *, runtime: Runtime = "litert", threads: int = 1) -> None:
        """Load the network that comes with the package.

        Raises:
            ModelError: a file is missing or damaged, or the runtime cannot run it.
        """
        self.model = _facts()
        """What is known of it"""
        content = _read(FILE)
        received = hashlib.sha256(content).hexdigest()
        if received != self.model.sha256:
            raise ModelError(
                f"{FILE} is damaged or was changed: expected SHA-256 {self.model.sha256}, found {received}. "
                "Install Faceplate again."
            )
        try:
            self._interpreter = interpreter(content, runtime, threads)
            self._score = self._interpreter.get_signature_runner("score")
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{runtime} cannot run {FILE}: {error}") from error
        self._input, _ = only(self._score.get_input_details(), "input of score")
        self._output, _ = only(self._score.get_output_details(), "output of score")

    def score(self, views: EyeViews) -> float:
        """How shut both eyes look together: the mean of their logits, above 0 rather shut than open."""
        found: Any = self._score(**{self._input: views[..., np.newaxis]})[self._output]
        return float(np.mean(found))


def _facts() -> EyelidsModel:
    content = _read(FACTS)
    try:
        model = read_as(EyelidsModel, json.loads(content))
    except (ValueError, OverflowError) as error:
        raise ModelError(f"{FACTS} is damaged: {error}. Install Faceplate again.") from error
    model.check(FACTS)
    return model


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read {file}: {error.strerror}. Install Faceplate again.") from error
