"""A training run as the page shows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceplate_trainer.reporting import figures
from faceplate_trainer.training.run_folder import Run

Series = tuple[tuple[str, str], ...]
"""Columns of the history, and what people call them"""

_BOTH = ("accuracy", "precision", "recall")
_DRAWN: tuple[tuple[str, Series, str], ...] = (
    ("loss", (("train_loss", "training"),), "what training makes small"),
    *((word, ((f"train_{word}", "training"), (f"validation_{word}", "validation")), "of pairs") for word in _BOTH),
    ("area under ROC", (("validation_area_under_roc", "validation"),), "of validation pairs, whatever the threshold"),
    ("learning rate", (("learning_rate", "learning rate"),), "how far each step goes"),
)


@dataclass(frozen=True, slots=True)
class Training:
    """What is told of a training."""

    epochs: int
    best: int | None
    """The epoch with the highest area under the ROC curve of the validation pairs"""
    best_area: float | None
    curves: tuple[tuple[str, str], ...]
    """What each shows, and its SVG"""
    facts: dict[str, Any]
    """run.json and the recipe"""
    summary: str
    """The tower's layers; empty where the run does not say"""


def training_of(run: Run) -> Training:
    """Draw a run's history."""
    history = (
        {
            field: np.array([getattr(epoch, field) for epoch in run.history], dtype=np.float64)
            for field in (f.name for f in dataclasses.fields(run.history[0]))
        }
        if run.history
        else {}
    )
    area = history.get("validation_area_under_roc", np.empty(0))
    best = int(np.nanargmax(area)) if np.isfinite(area).any() else None
    facts = {key: value for key, value in run.facts.items() if key != "tower"}
    return Training(
        epochs=len(run.history),
        best=None if best is None else int(history["epoch"][best]),
        best_area=None if best is None else float(area[best]),
        curves=tuple(
            (f"{name}: {means}", figures.epochs(history, columns, name))
            for name, columns, means in _DRAWN
            if _have_numbers(history, columns)
        ),
        facts=facts | {"recipe": run.recipe.model_dump(mode="json")},
        summary=str(run.facts.get("tower", "")),
    )


def _have_numbers(history: Mapping[str, NDArray[np.float64]], columns: Sequence[tuple[str, str]]) -> bool:
    return all(np.isfinite(history.get(column, np.empty(0))).any() for column, _ in columns)
