"""Where training stands, in one file: every variable, and what the loop knows. NumPy's format runs no code."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from faceplate.files import write_atomically
from faceplate_trainer.training.errors import TrainingError

CHECKPOINT = "checkpoint.npz"

_PROGRESS = "progress"


@dataclass(frozen=True, slots=True)
class Epoch:
    """One row of history.csv. Validation is None where there are no people to validate on."""

    epoch: int
    """From 1"""
    seconds: float
    learning_rate: float
    """Of the last step"""
    images_per_second: float
    train_loss: float
    """Mean over the epoch's steps"""
    train_accuracy: float
    train_precision: float
    train_recall: float
    """On unchanged pairs of training people, at the threshold that is best on them"""
    validation_accuracy: float | None
    validation_precision: float | None
    validation_recall: float | None
    """On pairs of people who are not trained on, at that same threshold"""
    validation_area_under_roc: float | None
    threshold: float


@dataclass(frozen=True, slots=True)
class Progress:
    """Where training stands between two steps."""

    step: int = 0
    """Steps taken, of all epochs"""

    loss_sum: float = 0.0
    """Over the steps of the present epoch"""

    seconds: float = 0.0
    """Spent on the present epoch's steps"""

    best: float | None = None
    """Highest figure of merit of an epoch"""

    best_epoch: int = 0

    history: tuple[Epoch, ...] = ()

    def to_json(self) -> str:
        """As text; numbers come back exactly."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        tree: dict[str, Any] = json.loads(text)
        return cls(**tree | {"history": tuple(Epoch(**epoch) for epoch in tree["history"])})


def write_checkpoint(folder: Path, variables: Mapping[str, NDArray[Any]], progress: Progress) -> None:
    """Write the checkpoint of a run, in place of the one before.

    Raises:
        OSError: it could not be written; the one before is still there, and whole.
    """
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **{_PROGRESS: np.array(progress.to_json())}, **variables)
    write_atomically(folder / CHECKPOINT, content.getvalue())


def read_checkpoint(folder: Path) -> tuple[dict[str, NDArray[Any]], Progress]:
    """The variables and the progress of a run.

    Raises:
        TrainingError: there is no checkpoint, or it is damaged.
    """
    file = folder / CHECKPOINT
    try:
        with file.open("rb") as source, np.load(source, allow_pickle=False) as content:
            variables = {name: content[name] for name in content.files if name != _PROGRESS}
            return variables, Progress.from_json(str(content[_PROGRESS]))
    except FileNotFoundError as error:
        raise TrainingError(f"there is no checkpoint in {folder}; let `fit` write its first") from error
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise TrainingError(f"the checkpoint {file} is damaged: {error}. Start again in another folder.") from error
