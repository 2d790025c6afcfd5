"""A run from beginning to end: its parts are built here, and nowhere else."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from faceplate.errors import ConfigError
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.data.prepared import Prepared, people_of
from faceplate_trainer.towers.build import summary_text
from faceplate_trainer.training.batches import (
    Batches,
    Crowd,
    PairBatches,
    PeopleBatches,
    crowd_of,
    left_people,
    share_of,
)
from faceplate_trainer.training.checkpoint import CHECKPOINT, Progress, read_checkpoint
from faceplate_trainer.training.diary import open_diary
from faceplate_trainer.training.distribution import Distribution, distribution_of
from faceplate_trainer.training.errors import TrainingError
from faceplate_trainer.training.judging import Judge
from faceplate_trainer.training.learner import Learner, build_learner
from faceplate_trainer.training.loop import Ending, Training
from faceplate_trainer.training.loss_layers import Loss
from faceplate_trainer.training.reading import BatchReader
from faceplate_trainer.training.recipe import Recipe
from faceplate_trainer.training.run_folder import (
    check_same_run,
    machine,
    read_run,
    start_run,
    versions,
    write_facts,
    writing,
)
from faceplate_trainer.training.stopping import stop_on_signals
from faceplate_trainer.training.teacher import load_teacher, teacher_targets
from faceplate_trainer.training.validation import Pairs, choose_pairs

_log = logging.getLogger(__name__)


def fit(recipe: Recipe, prepared: Prepared, folder: Path, *, resume: bool, command: str) -> Ending:
    """Train by the recipe on a dataset's training people, into the folder of a run.

    Args:
        recipe: what to do.
        prepared: the dataset.
        folder: of the run.
        resume: go on with the run that is there, from its last checkpoint if it has one.
        command: the command line, for the record.

    Raises:
        ConfigError: the recipe asks for what does not go together.
        DatasetError: the dataset has too few people for it.
        ModelError: initial weights or the teacher cannot be used.
        PictureError: a crop cannot be read.
        TrainingError: the run cannot start, or cannot go on.
    """
    if resume:
        check_same_run(read_run(folder), recipe, prepared.id)
    distribution = distribution_of(recipe.training.distribute)
    crops = prepared.of("train")
    crowd = crowd_of(people_of(crops))
    learner = build_learner(recipe, crowd.people, distribution)
    only = _enrolled(prepared) if recipe.batch.left == "enrolled" else None
    batches = _batches(recipe, crowd, only, learner.loss, distribution.replicas)
    teacher = load_teacher(recipe.loss.teacher, learner.embedding_size) if recipe.loss.teacher else None
    judge = Judge(prepared, *_judged_by(recipe, prepared, only))
    if distribution.chief and not resume:
        start_run(folder, recipe, _facts(recipe, prepared, learner, distribution, command))
    progress = _resumed(learner, folder) if resume else Progress()
    _see_that_all_agree(distribution, progress)
    targets = teacher_targets(teacher, prepared, crops, folder) if teacher else np.empty((len(crops), 0), np.float32)
    reader = BatchReader(prepared, crops, crowd.owner, batches, recipe.augmentation, recipe.training.seed, targets)
    diary = open_diary(folder, recipe.training.epochs, chief=distribution.chief)
    training = Training(recipe, folder, learner, reader, judge, distribution, diary)
    return _run(training, progress)


def _run(training: Training, progress: Progress) -> Ending:
    started = time.monotonic()
    with stop_on_signals() as stop:
        ending, progress = training.run(progress, stop)
    _log.info("training ended after step %d: %s", progress.step, ending.value)
    if training.distribution.chief:
        facts = read_run(training.folder).facts
        facts |= {
            "seconds": round(facts["seconds"] + time.monotonic() - started, 1),
            "finished": ending is not Ending.INTERRUPTED,
            "ending": ending.value,
            "best_epoch": progress.best_epoch,
        }
        with writing(training.folder):
            write_facts(training.folder, facts)
    return ending


def _resumed(learner: Learner, folder: Path) -> Progress:
    if not (folder / CHECKPOINT).exists():
        _log.info("the run has no checkpoint yet: beginning with the first step")
        return Progress()
    variables, progress = read_checkpoint(folder)
    learner.restore(variables)
    _log.info("going on after step %d", progress.step)
    return progress


def _see_that_all_agree(distribution: Distribution, progress: Progress) -> None:
    """Workers that start from different steps would average towers that have nothing to do with each other."""
    if distribution.replicas == 1:
        return
    steps, workers = distribution.total(progress.step), distribution.total(1)
    if steps != workers * progress.step:
        raise TrainingError(
            f"this worker starts after step {progress.step}, others do not; give all workers the same --out folder, on "
            "a disk they share or as copies, and --resume to all or to none"
        )


def _enrolled(prepared: Prepared) -> frozenset[str]:
    """The people whom a tutorial's folders are about."""
    enrolled = frozenset(found["enrolled"] for found in prepared.manifest.get("inputs", ()) if found.get("enrolled"))
    if not enrolled:
        raise DatasetError(
            f"batch.left is enrolled, but {prepared.folder} has no enrolled person. Run `faceplate-train prepare` on a "
            "folder with the tutorials' folders anchor, positive and negative, or train on everybody's pairs: --set "
            "batch.left=everybody"
        )
    return enrolled


def _batches(recipe: Recipe, crowd: Crowd, only: Collection[str] | None, loss: Loss, replicas: int) -> Batches:
    wanted = recipe.batch
    batches: Batches | None = None
    if loss.batches == "pairs" and wanted.pairs and not (wanted.people or wanted.pictures):
        left = left_people(crowd, "training", only=only)
        batches = PairBatches(crowd, left, wanted.pairs, recipe.training.seed)
    if loss.batches == "people" and wanted.people and wanted.pictures and not (wanted.pairs or only):
        batches = PeopleBatches(crowd, wanted.people, wanted.pictures, recipe.training.seed)
    if batches is None:
        keys = (
            "batch.pairs (and batch.left) only" if loss.batches == "pairs" else "batch.people and batch.pictures only"
        )
        raise ConfigError(
            f"batch: the loss {recipe.loss.name} learns from {loss.batches}: give {keys}; "
            f"received {wanted.model_dump(exclude_none=True)}"
        )
    try:
        share_of(batches.rows, batches.group, 0, replicas)
    except ValueError as error:
        raise ConfigError(f"batch: {error}") from error
    return batches


def _judged_by(recipe: Recipe, prepared: Prepared, only: Collection[str] | None) -> tuple[Pairs, Pairs | None]:
    """Pairs such as it trains on, and any pairs of validation people if there are any."""
    count, seed = recipe.validation.pairs, recipe.training.seed
    train = choose_pairs(prepared.of("train"), count, seed=seed, use="training", only=only)
    try:
        return train, choose_pairs(prepared.of("validation"), count, seed=seed, use="validation")
    except DatasetError as error:
        if recipe.validation.early_stopping is not None:
            raise DatasetError(f"{error}. Or train without validation: --set validation.early_stopping=null") from error
        _log.warning("there is no validation, the last epoch will count as the best: %s", error)
        return train, None


def _facts(
    recipe: Recipe, prepared: Prepared, learner: Learner, distribution: Distribution, command: str
) -> dict[str, Any]:
    crops = prepared.of("train")
    return {
        "finished": False,
        "seconds": 0.0,
        "command": command,
        "seed": recipe.training.seed,
        "dataset": prepared.id,
        "dataset_folder": str(prepared.folder.resolve()),
        "train_people": len({crop.person for crop in crops}),
        "train_crops": len(crops),
        "weights": int(learner.tower.count_params()),
        "trainable_weights": int(sum(np.prod(each.shape) for each in learner.tower.trainable_variables)),
        "tower": summary_text(learner.tower),
        "replicas": distribution.replicas,
        "versions": versions(),
        "machine": machine(),
    }
