"""The folder of a liveness fit: the network, what is known of it, and a network for each subject that never saw them.

RUN/
  recipe.yaml        the recipe with every value there is
  liveness.tflite    fitted on everybody
  liveness.json      what the bundle will say of it, where the pictures come from, and the networks below
  left-out-*.tflite  fitted without one subject
  scores.csv         every picture, scored by the network that never saw its subject
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from faceplate.files import write_atomically
from faceplate.model.liveness_model import LivenessModel
from faceplate.model.typed_json import read_as
from faceplate_trainer.data.scored import Scored, write_scores
from faceplate_trainer.data.shown import Pictures
from faceplate_trainer.liveness.recipe import LivenessRecipe
from faceplate_trainer.training.errors import TrainingError
from faceplate_trainer.training.run_folder import writing

FORMAT: Final = 1
RECIPE: Final = "recipe.yaml"
NETWORK: Final = "liveness.tflite"
FACTS: Final = "liveness.json"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A network that never saw a subject, with thresholds that were chosen without them."""

    subject: str
    file: str
    deny_below: float
    confirm_above: float


@dataclass(frozen=True, slots=True)
class LivenessRun:
    """What liveness.json holds."""

    format: int
    model: LivenessModel
    """Its golden score is for the golden crop of the bundle it is put into to say"""
    pictures: tuple[Pictures, ...]
    left_out: tuple[LeftOut, ...]


def write_run(
    folder: Path, run: LivenessRun, recipe: LivenessRecipe, networks: dict[str, bytes], scored: Sequence[Scored]
) -> None:
    """Write all of it.

    Args:
        folder: a new one.
        run: what is known.
        recipe: how it was made.
        networks: file name -> TFLite file.
        scored: every picture.

    Raises:
        TrainingError: it cannot be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in networks.items():
            write_atomically(folder / name, content)
        write_scores(folder, scored)
        write_atomically(folder / RECIPE, yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False).encode())
        facts = json.dumps(dataclasses.asdict(run), indent=1, ensure_ascii=False) + "\n"
        write_atomically(folder / FACTS, facts.encode())


def read_run(folder: Path) -> LivenessRun:
    """What a run's folder says.

    Raises:
        TrainingError: it is none, or is damaged.
    """
    try:
        run = read_as(LivenessRun, json.loads((folder / FACTS).read_bytes()))
    except (OSError, ValueError, OverflowError) as error:
        raise TrainingError(
            f"{folder} is not the folder of a liveness fit: {error}. Make one with `faceplate-train fit-liveness`."
        ) from error
    if run.format != FORMAT:
        raise TrainingError(f"{folder / FACTS}: expected format {FORMAT}, found {run.format}; fit again")
    return run


def network_of(folder: Path, file: str) -> bytes:
    """One of a run's networks.

    Raises:
        TrainingError: it cannot be read.
    """
    try:
        return (folder / Path(file).name).read_bytes()
    except OSError as error:
        raise TrainingError(f"cannot read {folder / file}: {error.strerror}. Fit again.") from error
