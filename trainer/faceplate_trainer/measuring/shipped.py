"""The thresholds a door has with a bundle, if its owner changes nothing."""

from __future__ import annotations

import logging

from faceplate.config import PeopleConfig
from faceplate.model.calibration import Calibration
from faceplate.people.matching import Thresholds
from faceplate.types import Score

_log = logging.getLogger(__name__)


def shipped_rules(calibration: Calibration) -> Thresholds:
    """For the false-accept rate in the settings, or for the lowest that the bundle has been calibrated for."""
    settings = PeopleConfig()
    lowest = min(row.false_accept_rate for row in calibration.table)
    if lowest > settings.false_accept_rate:
        _log.warning(
            "the door's setting is a false-accept rate of %g, this bundle was calibrated down to %g: judged at that",
            settings.false_accept_rate,
            lowest,
        )
    detection = Score(calibration.threshold(max(settings.false_accept_rate, lowest)))
    return Thresholds(detection, settings.verification_threshold, settings.margin)
