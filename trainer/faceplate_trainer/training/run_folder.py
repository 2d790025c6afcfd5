"""The folder of a training run: what was asked for, what came of it, and what it takes to repeat it.

RUN/
  recipe.yaml       the recipe with every value there is
  run.json          versions, dataset, command, machine, the tower's summary; whether it is finished
  tower.json        the tower's layers
  best.weights.h5   the tower's weights after the best epoch
  history.csv       one row an epoch
  checkpoint.npz    where to go on after an interruption
  teacher-*.npy     the teacher's embeddings, where there is a teacher
  tensorboard/      the same figures for TensorBoard
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from faceplate import __version__
from faceplate.config_file import load_sections
from faceplate.files import sweep, sync_folder, write_atomically
from faceplate_trainer.training.checkpoint import CHECKPOINT, Epoch
from faceplate_trainer.training.errors import TrainingError
from faceplate_trainer.training.recipe import Recipe, differing_keys

if TYPE_CHECKING:
    import keras

FORMAT = 1
RECIPE = "recipe.yaml"
FACTS = "run.json"
TOWER = "tower.json"
WEIGHTS = "best.weights.h5"
HISTORY = "history.csv"
TENSORBOARD = "tensorboard"

_UNFINISHED = ".unfinished.weights.h5"
_PACKAGES = ("tensorflow", "keras", "numpy", "opencv-python-headless")


@dataclass(frozen=True, slots=True)
class Run:
    """A training run as its folder tells it."""

    folder: Path
    recipe: Recipe

    facts: dict[str, Any]
    """run.json"""

    history: tuple[Epoch, ...]
    """Without the epoch an interrupted run is in"""

    @property
    def finished(self) -> bool:
        """Whether it came to its end."""
        return bool(self.facts["finished"])

    @property
    def dataset_id(self) -> str:
        """Of the dataset it was trained on."""
        return str(self.facts["dataset"])


def read_run(folder: Path) -> Run:
    """Read a run, finished or not.

    Raises:
        TrainingError: the folder is none, or is damaged.
        ConfigError: its recipe was changed by hand, and is wrong.
    """
    try:
        facts = json.loads((folder / FACTS).read_bytes())
        rows = (folder / HISTORY).read_text(encoding="utf-8") if (folder / HISTORY).exists() else ""
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"{folder} is not the folder of a training run: {error}. Make one with `faceplate-train fit`."
        ) from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise TrainingError(f"{folder / FACTS}: expected format {FORMAT}; train again with this program")
    recipe = load_sections(Recipe, folder / RECIPE, what="recipe")
    return Run(folder, recipe, facts, _history_of(rows, folder / HISTORY))


def load_tower(run: Run) -> keras.Model:
    """The tower with the weights of its best epoch, in full precision.

    Raises:
        TrainingError: there are none yet, or they are damaged.
    """
    import keras  # noqa: PLC0415 - takes seconds, and who only reads a run's figures does without

    try:
        # Trained in half precision or not: weights are kept in full precision, and so is what is built of them.
        layers = (run.folder / TOWER).read_text(encoding="utf-8").replace('"mixed_float16"', '"float32"')
        tower = keras.models.model_from_json(layers)
        tower.load_weights(run.folder / WEIGHTS)
    except FileNotFoundError as error:
        raise TrainingError(f"{run.folder} has no trained weights yet; let `fit` end its first epoch") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"the weights in {run.folder} are damaged: {error}. Train again.") from error
    return tower


def check_new(folder: Path) -> None:
    """See that nothing is overwritten.

    Raises:
        TrainingError: there is something already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TrainingError(f"{folder} is in use already: give a new folder")


def start_run(folder: Path, recipe: Recipe, facts: dict[str, Any]) -> None:
    """Make the folder of a new run.

    Raises:
        TrainingError: there is a run already.
    """
    if (folder / FACTS).exists():
        raise TrainingError(f"{folder} already holds a run: give --resume to go on with it, or another folder")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TrainingError(f"{folder} is in use for something else: give a new folder")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        write_atomically(folder / RECIPE, text.encode())
        write_facts(folder, {"format": FORMAT} | facts)


def check_same_run(run: Run, recipe: Recipe, dataset_id: str) -> None:
    """See that a run is resumed with what it was begun with.

    Raises:
        TrainingError: the recipe or the dataset is another; it says which key differs. Or the folder is read-only.
    """
    differing = differing_keys(run.recipe, recipe)
    faults = [f"{key} was {was!r}, now it is {now!r}" for key, (was, now) in differing.items()]
    if run.dataset_id != dataset_id:
        faults.append(f"the dataset was {run.dataset_id[:12]}, now it is {dataset_id[:12]}")
    if faults:
        raise TrainingError(
            f"{run.folder} cannot be resumed with another recipe or dataset: {'; '.join(faults)}. "
            "Start a new run in another folder."
        )
    with writing(run.folder):
        sweep(run.folder)
        (run.folder / _UNFINISHED).unlink(missing_ok=True)


def write_facts(folder: Path, facts: dict[str, Any]) -> None:
    """Write run.json."""
    write_atomically(folder / FACTS, (json.dumps(facts, indent=1, ensure_ascii=False) + "\n").encode())


def write_history(folder: Path, history: Sequence[Epoch]) -> None:
    """Write history.csv."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(dataclasses.astuple(epoch) for epoch in history)
    write_atomically(folder / HISTORY, text.getvalue().encode())


def write_weights(folder: Path, tower: keras.Model) -> None:
    """Write the tower's weights and layers; a kill leaves the old or the new weights."""
    unfinished = folder / _UNFINISHED
    try:
        tower.save_weights(unfinished)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(folder / WEIGHTS)
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(folder)
    write_atomically(folder / TOWER, tower.to_json().encode())


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Whatever cannot be written into the folder is a TrainingError that says what is still there."""
    try:
        yield
    except OSError as error:
        kept = (
            "The checkpoint before is whole: make room, then go on with --resume"
            if _has_checkpoint(folder)
            else ("Make room, or choose another folder")
        )
        raise TrainingError(f"cannot write to {folder}: {error}. {kept}.") from error


def versions() -> dict[str, str]:
    """Of the program and of what computes."""
    return {"faceplate": __version__, "python": platform.python_version()} | {
        package: _version(package) for package in _PACKAGES
    }


def machine() -> dict[str, Any]:
    """Where the run took place."""
    return {"system": platform.platform(), "processor": platform.machine(), "cores": os.cpu_count()}


_COLUMNS = tuple(field.name for field in dataclasses.fields(Epoch))


def _history_of(text: str, file: Path) -> tuple[Epoch, ...]:
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        return tuple(
            Epoch(epoch=int(row["epoch"]), **{name: float(row[name]) if row[name] else None for name in _COLUMNS[1:]})  # type: ignore[arg-type] # only validation may be empty, as it was written
            for row in rows
        )
    except (KeyError, ValueError) as error:
        raise TrainingError(f"{file} is damaged: {error!r}. Resume the run, which writes it again.") from error


def _has_checkpoint(folder: Path) -> bool:
    try:
        return (folder / CHECKPOINT).exists()
    except OSError:
        return False


def _version(package: str) -> str:
    try:
        return version(package)
    except ModuleNotFoundError:
        return "not installed by pip"
