"""A whole fit: once without each subject, once with all."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceplate.model.liveness_model import LivenessModel
from faceplate.vision.liveness.network import PassiveNetwork
from faceplate_trainer.data.scored import Scored
from faceplate_trainer.data.shown import LIVE, Pictures, Shown
from faceplate_trainer.liveness.convert import convert
from faceplate_trainer.liveness.fit import Thresholds, fit, measure, scores, subjects_of, thresholds
from faceplate_trainer.liveness.network import Weights, network
from faceplate_trainer.liveness.pictures import Examples, LookAt, read_examples
from faceplate_trainer.liveness.recipe import LivenessRecipe
from faceplate_trainer.liveness.run import (
    FORMAT,
    NETWORK,
    LeftOut,
    LivenessRun,
    write_run,
)
from faceplate_trainer.training.run_folder import check_new, versions

_log = logging.getLogger(__name__)

_SAMPLES = 64
"""Pictures that the ranges of int8 are measured on"""

GOLDEN_TOLERANCE = 0.03
"""Runtimes and processors round alike where all is integers; a kernel that computes garbage is far off"""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be fitted, and where to."""

    shown: tuple[Shown, ...]
    others: tuple[Shown, ...]
    """Other living people, of whom no spoofs are there"""
    recipe: LivenessRecipe
    folder: Path
    origin: str = ""
    others_origin: str = ""
    unknown: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class _Without:
    """What was found without one subject."""

    subject: str
    content: bytes
    """TFLite"""
    own: NDArray[np.bool_]
    """Which pictures are the subject's, (N,)"""
    found: NDArray[np.float64]
    """The subject's scores in full precision, (n, copies)"""


def fit_liveness(order: Order, look: LookAt) -> LivenessRun:
    """Fit, measure on subjects left out, and write the run's folder.

    Raises:
        DatasetError: the pictures are too few, or of one kind only.
        PictureError: one cannot be read.
        TrainingError: the folder is in use or cannot be written to.
    """
    check_new(order.folder)
    subjects = subjects_of(order.shown)
    recipe = order.recipe
    examples = read_examples(order.shown, look, recipe)
    others = read_examples(order.others, look, recipe, copies=False) if order.others else None
    extra = others.features[:, 0] if others else np.empty((0, examples.features.shape[-1]))
    without = [_without(subject, examples, extra, recipe) for subject in tqdm(subjects, desc="left out", disable=None)]
    limits = {each.subject: _limits(examples, [w for w in without if w is not each], recipe) for each in without}
    final = _limits(examples, without, recipe)
    model = _described(order, final, examples)
    found = _int8_scores(examples, without, model)
    judged_by = [limits[each.subject] for each in examples.shown]
    model = dataclasses.replace(model, measured=measure(examples.shown, found, judged_by, seed=recipe.fit.seed))
    everybody = np.ones(len(examples.shown), bool)
    networks = {NETWORK: _converted(fit(examples, everybody, extra, recipe.fit), examples, everybody, recipe)}
    left_out = []
    for number, each in enumerate(without):
        name, limit = f"left-out-{number:02}.tflite", limits[each.subject]
        networks[name] = each.content
        left_out.append(LeftOut(each.subject, name, limit.deny_below, limit.confirm_above))
    run = LivenessRun(FORMAT, model, _pictures(order, examples, others), tuple(left_out))
    scored = [Scored(each, float(score)) for each, score in zip(examples.shown, found, strict=True)]
    write_run(order.folder, run, recipe, networks, scored)
    return run


def _without(subject: str, examples: Examples, extra: NDArray[np.float64], recipe: LivenessRecipe) -> _Without:
    own = np.array([each.subject == subject for each in examples.shown])
    weights = fit(examples, ~own, extra, recipe.fit)
    return _Without(subject, _converted(weights, examples, ~own, recipe), own, scores(weights, examples.features[own]))


def _converted(weights: Weights, examples: Examples, chosen: NDArray[np.bool_], recipe: LivenessRecipe) -> bytes:
    candidates = np.flatnonzero(chosen)
    few = np.random.default_rng(recipe.fit.seed).permutation(candidates)[:_SAMPLES]
    return convert(network(weights, recipe.squares.side), examples.squares[np.sort(few)])


def _limits(examples: Examples, without: Sequence[_Without], recipe: LivenessRecipe) -> Thresholds:
    """Thresholds from the scores of these subjects, each by the network that never saw them; changed copies count."""
    alive = np.array([each.label == LIVE for each in examples.shown])
    found = np.concatenate([each.found for each in without])
    return thresholds(found, np.concatenate([alive[each.own] for each in without]), recipe.fit)


def _int8_scores(examples: Examples, without: Sequence[_Without], model: LivenessModel) -> NDArray[np.float64]:
    """Every picture as it is, scored by the very file that never saw its subject."""
    found = np.empty(len(examples.shown))
    for each in without:
        passive = PassiveNetwork(each.content, model)
        found[each.own] = [passive.score_squares(squares) for squares in examples.squares[each.own]]
    return found


def _described(order: Order, limits: Thresholds, examples: Examples) -> LivenessModel:
    """All but what is measured."""
    recipe = order.recipe
    nothing = measure(examples.shown, np.zeros(len(examples.shown)), [limits] * len(examples.shown), seed=0)
    return LivenessModel(
        file=NETWORK,
        input_size=recipe.squares.side,
        crop_scales=recipe.squares.scales,
        smallest_face=recipe.squares.smallest_face,
        least_colour=recipe.squares.least_colour,
        deny_below=limits.deny_below,
        confirm_above=limits.confirm_above,
        golden_score=0.5,
        golden_tolerance=GOLDEN_TOLERANCE,
        measured=nothing,
        made={"seed": recipe.fit.seed, "command": order.command, "recipe": recipe.model_dump(mode="json")}
        | {"versions": versions()},
    )


def _pictures(order: Order, examples: Examples, others: Examples | None) -> tuple[Pictures, ...]:
    unsaid = "not said by whoever made this bundle"
    labelled = Pictures(
        "living people, and spoofs of them", len(examples.shown), examples.sha256, order.origin or unsaid, order.unknown
    )
    if others is None:
        return (labelled,)
    role = "other living people"
    return (labelled, Pictures(role, len(others.shown), others.sha256, order.others_origin or unsaid, ""))
