"""What a run tells as it goes: a line for each epoch, history.csv, and figures for TensorBoard."""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import tensorflow as tf
from tqdm import tqdm

from faceplate_trainer.training.checkpoint import Epoch, Progress
from faceplate_trainer.training.run_folder import TENSORBOARD, write_history, writing

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Diary:
    """Written by the chief only."""

    folder: Path
    epochs: int
    writer: Any
    """TensorFlow's summary writer"""

    def tell(self, progress: Progress) -> None:
        """Tell how the epoch went that has just ended.

        Raises:
            TrainingError: the disk is full.
        """
        epoch = progress.history[-1]
        tqdm.write(line_of(epoch, self.epochs, best=progress.best_epoch == epoch.epoch))
        with writing(self.folder):
            write_history(self.folder, progress.history)
        try:
            self._to_tensorboard(epoch)
        except tf.errors.OpError as error:
            _log.warning("TensorBoard's figures could not be written: %s", error.message)

    def _to_tensorboard(self, epoch: Epoch) -> None:
        figures = dataclasses.asdict(epoch)
        number = figures.pop("epoch")
        with self.writer.as_default(step=number):
            for name, figure in figures.items():
                if figure is not None:
                    tf.summary.scalar(name.replace("train_", "train/").replace("validation_", "validation/"), figure)
        self.writer.flush()


def open_diary(folder: Path, epochs: int, *, chief: bool) -> Diary:
    """The diary of a run; who is not the chief writes nowhere."""
    tensorboard = str(folder / TENSORBOARD)
    return Diary(
        folder, epochs, tf.summary.create_file_writer(tensorboard) if chief else tf.summary.create_noop_writer()
    )


def line_of(epoch: Epoch, epochs: int, *, best: bool) -> str:
    """An epoch in one line."""
    parts = [
        f"epoch {epoch.epoch}/{epochs}: loss {epoch.train_loss:.4f}",
        "train " + _figures(epoch.train_accuracy, epoch.train_precision, epoch.train_recall),
    ]
    if epoch.validation_accuracy is not None:
        figures = _figures(epoch.validation_accuracy, epoch.validation_precision, epoch.validation_recall)
        parts.append(f"validation {figures}, area {epoch.validation_area_under_roc:.4f}")
    left = timedelta(seconds=round(epoch.seconds * (epochs - epoch.epoch)))
    parts.append(f"{epoch.images_per_second:.0f} images/s, at most {left} left")
    return "; ".join(parts) + (" (best so far)" if best else "")


def _figures(accuracy: float, precision: float | None, recall: float | None) -> str:
    return f"accuracy {accuracy:.3f} precision {precision:.3f} recall {recall:.3f}"
