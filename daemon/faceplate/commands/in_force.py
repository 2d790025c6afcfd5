"""The thresholds a door goes by now, told without asking it."""

from __future__ import annotations

from dataclasses import dataclass

from faceplate.access.standing import Forgetful, Standing
from faceplate.config import Config
from faceplate.config.bridge import Setting
from faceplate.model.bundle import Bundle
from faceplate.people.matching import Thresholds
from faceplate.recognition import thresholds_of
from faceplate.settings import Settings
from faceplate.standing import read_adjusted


@dataclass(frozen=True, slots=True)
class InForce:
    """Thresholds, and which of them the file does not say."""

    filed: Thresholds
    """By the file, and the bundle"""

    thresholds: Thresholds

    adjusted: frozenset[Setting]
    """Those that were adjusted from afar"""


def in_force(config: Config, bundle: Bundle) -> InForce:
    """What the daemon goes by, or would if it ran.

    Raises:
        ConfigError: bounds and thresholds do not go together.
        ModelError: the bundle was not calibrated for what the file asks for.
        StoreError: what was adjusted cannot be read.
    """
    filed = thresholds_of(config.people, bundle)
    standing = Forgetful(Standing(adjusted=read_adjusted(config.access.standing_file, config.access)))
    settings = Settings(config, standing, lambda _: None)
    settings.calibrated(filed)
    adjusted = frozenset(map(Setting, standing.standing.adjusted))
    return InForce(filed, settings.thresholds(filed), adjusted)
