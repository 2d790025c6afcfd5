"""Head, table of rates and figures of a network: each measured on people who had no part in the one before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from faceplate.model.calibration import Calibration
from faceplate.types import Embedding, Image
from faceplate_trainer.data.prepared import Prepared
from faceplate_trainer.exporting.stages import Stages
from faceplate_trainer.measuring.calibrate import calibrate
from faceplate_trainer.measuring.embedded import embed_crops
from faceplate_trainer.measuring.evaluate import judge_people
from faceplate_trainer.measuring.head import Form as HeadForm
from faceplate_trainer.measuring.head import Head
from faceplate_trainer.measuring.head_choice import choose_head
from faceplate_trainer.measuring.head_fit import fit_heads

HeadChoice: TypeAlias = Literal["auto"] | HeadForm
"""auto: the calibrated cosine, unless weights for each element are better on other people"""

Embed: TypeAlias = Callable[[Image], Embedding]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found with a network."""

    head: Head
    calibration: Calibration
    metrics: dict[str, Any]
    """By `evaluate.judge_people`"""


def measure(embed: Embed, prepared: Prepared, choice: HeadChoice, seed: int, stages: Stages) -> Measured:
    """Fit the head, calibrate, and measure.

    Args:
        embed: by the network that ships: RGB uint8 (112, 112, 3) -> unit vector float32 (D,).
        prepared: the dataset; its people for validation, head, calibration and report are used.
        choice: of the head.
        seed: of the random choices.
        stages: what the time is told to.

    Raises:
        DatasetError: there are too few people for one of the three.
    """
    with stages.stage("head"):
        head = _head(embed, prepared, choice, seed)
    with stages.stage("calibration"):
        tried = embed_crops(prepared, prepared.of("calibration"), embed)
        calibration = calibrate(tried.embeddings, tried.people, head, templates=tried.templates, seed=seed)
    with stages.stage("measurements"):
        metrics = judge_people(embed_crops(prepared, prepared.of("report"), embed), head)
    return Measured(head, calibration, metrics)


def _head(embed: Embed, prepared: Prepared, choice: HeadChoice, seed: int) -> Head:
    fitted_on = embed_crops(prepared, prepared.of("head"), embed)
    heads = fit_heads(fitted_on.embeddings, fitted_on.people, seed=seed)
    if choice != "auto":
        return heads[choice]
    chosen_on = embed_crops(prepared, prepared.of("validation"), embed)
    return choose_head(heads, chosen_on.embeddings, chosen_on.people, templates=chosen_on.templates, seed=seed).head
