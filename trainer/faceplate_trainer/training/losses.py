"""A loss by its name, its parameters checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from faceplate.errors import ConfigError
from faceplate_trainer.training.loss_layers import (
    ArcFace,
    Contrastive,
    Distillation,
    Loss,
    Margin,
    Mining,
    SiameseBCE,
    Triplet,
)

LossName: TypeAlias = Literal["siamese_bce", "contrastive", "triplet", "arcface", "distillation"]

DIAMETER: Final = 2
"""The largest distance between two embeddings of norm 1"""

DEFAULTS: Final[Mapping[LossName, Mapping[str, Any]]] = {
    "siamese_bce": {"power": 1},  # the paper's
    "contrastive": {"margin": 1.0},  # 60 degrees: the cosine between two people falls to .5
    "triplet": {"mining": "semi_hard", "margin": 0.2},  # FaceNet's
    "arcface": {"margin": 0.5, "scale": 64.0},  # the paper's
    "distillation": {},
}
"""The parameters each loss has, and what they are unless given"""


def build_loss(  # noqa: PLR0913 - all that any loss is set by
    name: LossName,
    *,
    people: int,
    embedding_size: int,
    margin: Margin | None = None,
    scale: float | None = None,
    mining: Mining | None = None,
    power: Literal[1, 2] | None = None,
    seed: int = 0,
) -> Loss:
    """Build a loss; parameters left out are as in DEFAULTS.

    Args:
        name: which.
        people: how many are trained on; arcface has a vector for each.
        embedding_size: D.
        margin: contrastive, distance 0..2; triplet, difference of distances above 0, or "soft" with batch_hard;
            arcface, radians 0..pi/2.
        scale: arcface: what cosines are multiplied by before the softmax.
        mining: triplet: semi_hard or batch_hard.
        power: siamese_bce: 1 or 2.
        seed: of arcface's vectors.

    Raises:
        ConfigError: there is no such loss, or it has no such parameter, or not such a value of it.
    """
    if name not in DEFAULTS:
        raise ConfigError(f"loss.name: expected one of {', '.join(DEFAULTS)}; received {name!r}")
    given = {"margin": margin, "scale": scale, "mining": mining, "power": power}
    given = {key: value for key, value in given.items() if value is not None}
    unknown = sorted(given.keys() - DEFAULTS[name].keys())
    if unknown:
        knows = f"only {', '.join(DEFAULTS[name])}" if DEFAULTS[name] else "no parameters"
        raise ConfigError(f"loss.{unknown[0]}: {name} has {knows}. Leave {', '.join(unknown)} out.")
    values = {**DEFAULTS[name], **given}
    _check(name, values, people)
    match name:
        case "siamese_bce":
            return SiameseBCE(embedding_size, values["power"])
        case "contrastive":
            return Contrastive(values["margin"])
        case "triplet":
            return Triplet(values["mining"], values["margin"])
        case "arcface":
            return ArcFace(people, embedding_size, values["margin"], values["scale"], seed)
        case "distillation":
            return Distillation()


def _check(name: LossName, values: Mapping[str, Any], people: int) -> None:
    margin: Any = values.get("margin")
    match name:
        case "siamese_bce":
            _expect("power", "1 or 2", values["power"], fits=values["power"] in (1, 2))
        case "contrastive":
            _expect("margin", "a distance above 0, up to 2", margin, fits=_number(margin) and 0 < margin <= DIAMETER)
        case "triplet":
            mining = values["mining"]
            _expect("mining", "semi_hard or batch_hard", mining, fits=mining in ("semi_hard", "batch_hard"))
            soft = margin == "soft" and mining == "batch_hard"
            expected = "a number above 0, or soft with batch_hard"
            _expect("margin", expected, margin, fits=soft or (_number(margin) and margin > 0))
        case "arcface":
            fits = _number(margin) and 0 <= margin <= math.pi / 2
            _expect("margin", "an angle from 0 to pi/2 in radians", margin, fits=fits)
            scale = values["scale"]
            _expect("scale", "a number above 0", scale, fits=_number(scale) and scale > 0)
            _expect("name", "two people or more to tell apart with arcface", people, fits=people > 1)


def _expect(key: str, expected: str, received: object, *, fits: bool) -> None:
    if not fits:
        raise ConfigError(f"loss.{key}: expected {expected}; received {received}")


def _number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
