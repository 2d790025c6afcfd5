"""Training: epochs of steps, judged, kept, and ended in time.

Everything random is a function of the seed and the step, and a checkpoint holds everything else; so a run that was
interrupted at any point goes on as if it had not been.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from threading import Event

from tqdm import tqdm

from faceplate_trainer.training.checkpoint import Epoch, Progress, write_checkpoint
from faceplate_trainer.training.diary import Diary
from faceplate_trainer.training.distribution import Distribution
from faceplate_trainer.training.errors import TrainingError
from faceplate_trainer.training.judging import FIGURES, Judge, Judgement
from faceplate_trainer.training.learner import Learner
from faceplate_trainer.training.reading import Batch, BatchReader, read_ahead
from faceplate_trainer.training.recipe import Recipe
from faceplate_trainer.training.run_folder import write_weights, writing
from faceplate_trainer.training.schedule import learning_rate_at


class Ending(Enum):
    """Why training ended."""

    LAST_EPOCH = "all epochs are done"
    NO_BETTER = "no epoch was better for as long as early stopping waits"
    INTERRUPTED = "it was asked to stop"


@dataclass(frozen=True, slots=True)
class Training:
    """One run, all its parts at hand."""

    recipe: Recipe
    folder: Path
    learner: Learner
    reader: BatchReader
    judge: Judge
    distribution: Distribution
    diary: Diary

    def run(self, progress: Progress, stop: Event) -> tuple[Ending, Progress]:
        """Train from where `progress` stands to the end, or until asked to stop.

        Raises:
            TrainingError: the loss is no longer a number, memory or disk is full, or another worker is gone.
            PictureError: a crop cannot be read.
        """
        while (ending := self._ending(progress)) is None:
            progress, stopped = self._steps(progress, stop)
            if stopped:
                return Ending.INTERRUPTED, progress
            progress = self._end_epoch(progress)
        return ending, progress

    def _ending(self, progress: Progress) -> Ending | None:
        done, early = len(progress.history), self.recipe.validation.early_stopping
        if done >= self.recipe.training.epochs:
            return Ending.LAST_EPOCH
        return Ending.NO_BETTER if early and done - progress.best_epoch >= early.patience else None

    def _steps(self, progress: Progress, stop: Event) -> tuple[Progress, bool]:
        """The steps that the present epoch still lacks, and whether training was stopped among them."""
        before = len(progress.history) * self.recipe.training.steps_per_epoch
        end = before + self.recipe.training.steps_per_epoch
        started = time.monotonic() - progress.seconds
        with read_ahead(self._shares, progress.step, end) as batches:
            bar = self._bar(batches, len(progress.history) + 1, done=progress.step - before)
            for shares in bar:
                progress, asked = self._step(progress, shares, stop)
                progress = dataclasses.replace(progress, seconds=time.monotonic() - started)
                bar.set_postfix_str(f"loss {progress.loss_sum / (progress.step - before):.4f}", refresh=False)
                if asked:
                    self._save(progress)
                    return progress, True
                if progress.step % self.recipe.training.checkpoint_every == 0 and progress.step < end:
                    self._save(progress)
        return progress, False

    def _step(self, progress: Progress, shares: list[Batch], stop: Event) -> tuple[Progress, bool]:
        rate = self._learning_rate(progress.step)
        result = self.learner.step(shares, rate, stop=stop.is_set())
        if not math.isfinite(result.loss):
            raise _not_a_number(f"the loss is {result.loss}", progress.step, rate)
        progress = dataclasses.replace(progress, step=progress.step + 1, loss_sum=progress.loss_sum + result.loss)
        return progress, result.stop_asked

    def _end_epoch(self, progress: Progress) -> Progress:
        """Judge the tower, and keep it if it is the best so far."""
        if not self.learner.is_finite():
            raise _not_a_number("weights are no longer numbers", progress.step, self._learning_rate(progress.step - 1))
        numbers = self.distribution.from_chief(lambda: self.judge.judge(self.learner).to_numbers(), FIGURES)
        epoch = self._epoch_of(progress, Judgement.from_numbers(numbers))
        merit = self._merit(epoch)
        better = merit is None or progress.best is None or merit > progress.best
        progress = dataclasses.replace(
            progress,
            loss_sum=0.0,
            seconds=0.0,
            best=merit if better else progress.best,
            best_epoch=epoch.epoch if better else progress.best_epoch,
            history=(*progress.history, epoch),
        )
        if better and self.distribution.chief:
            with writing(self.folder):
                write_weights(self.folder, self.learner.tower)
        self._save(progress)
        if self.distribution.chief:
            self.diary.tell(progress)
        return progress

    def _epoch_of(self, progress: Progress, judged: Judgement) -> Epoch:
        steps, other = self.recipe.training.steps_per_epoch, judged.validation
        return Epoch(
            epoch=len(progress.history) + 1,
            seconds=round(progress.seconds, 3),
            learning_rate=self._learning_rate(progress.step - 1),
            images_per_second=round(steps * self.reader.batches.rows / max(progress.seconds, 1e-9), 1),
            train_loss=progress.loss_sum / steps,
            train_accuracy=judged.train.accuracy,
            train_precision=judged.train.precision,
            train_recall=judged.train.recall,
            validation_accuracy=other.accuracy if other else None,
            validation_precision=other.precision if other else None,
            validation_recall=other.recall if other else None,
            validation_area_under_roc=judged.area_under_roc,
            threshold=judged.threshold,
        )

    def _merit(self, epoch: Epoch) -> float | None:
        """What makes an epoch better than another; None without validation, where the latest is the best."""
        early = self.recipe.validation.early_stopping
        of_accuracy = early is not None and early.of == "validation_accuracy"
        return epoch.validation_accuracy if of_accuracy else epoch.validation_area_under_roc

    def _save(self, progress: Progress) -> None:
        if not self.learner.is_finite():
            raise _not_a_number("weights are no longer numbers", progress.step, self._learning_rate(progress.step - 1))
        if self.distribution.chief:
            with writing(self.folder):
                write_checkpoint(self.folder, self.learner.variables(), progress)

    def _shares(self, step: int) -> list[Batch]:
        replicas = self.distribution.replicas
        return [self.reader.read(step, replica, replicas) for replica in self.distribution.local_replicas]

    def _bar(self, batches: Iterator[list[Batch]], epoch: int, *, done: int) -> tqdm[list[Batch]]:
        return tqdm(
            batches,
            desc=f"epoch {epoch}/{self.recipe.training.epochs}",
            total=self.recipe.training.steps_per_epoch,
            initial=done,
            unit="steps",
            leave=False,
            disable=None if self.distribution.chief else True,
        )

    def _learning_rate(self, step: int) -> float:
        training = self.recipe.training
        return learning_rate_at(step, training.epochs * training.steps_per_epoch, self.recipe.optimiser)


def _not_a_number(what: str, step: int, learning_rate: float) -> TrainingError:
    return TrainingError(
        f"{what} at step {step} (learning rate {learning_rate:g}); the checkpoint before is kept. Try a lower "
        "optimiser.learning_rate, more optimiser.warm_up steps, optimiser.clip_norm=1, or mixed_precision=false."
    )
