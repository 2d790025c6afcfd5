"""The folder of a fit of the eyelids' network.

RUN/
  recipe.yaml     the recipe with every value there is
  eyelids.tflite  the network
  eyelids.json    what the door will read of it, and where the pictures come from
  scores.csv      every picture of the people held back, scored
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import yaml

from faceplate.files import write_atomically
from faceplate.model.eyelids_model import EyelidsModel
from faceplate_trainer.data.scored import Scored, write_scores
from faceplate_trainer.eyelids.recipe import EyelidsRecipe
from faceplate_trainer.training.run_folder import writing

RECIPE: Final = "recipe.yaml"
NETWORK: Final = "eyelids.tflite"
FACTS: Final = "eyelids.json"


def write_run(
    folder: Path, model: EyelidsModel, content: bytes, recipe: EyelidsRecipe, scored: Sequence[Scored]
) -> None:
    """Write all of it.

    Args:
        folder: a new one.
        model: what is known of the network.
        content: its TFLite file.
        recipe: how it was made.
        scored: pictures of the people held back.

    Raises:
        TrainingError: it cannot be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / NETWORK, content)
        write_scores(folder, scored)
        write_atomically(folder / RECIPE, yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False).encode())
        facts = json.dumps(dataclasses.asdict(model), indent=1, ensure_ascii=False) + "\n"
        write_atomically(folder / FACTS, facts.encode())
