"""Where each setting that decides who is let in comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter

from faceplate.commands.in_force import InForce
from faceplate.config import Config
from faceplate.config.bridge import Setting
from faceplate.config.risk import RULES
from faceplate.model.calibration import Calibration

_ADJUSTABLE = {
    "people.verification_threshold": Setting.VERIFICATION_THRESHOLD,
    "people.margin": Setting.MARGIN,
}


@dataclass(frozen=True, slots=True)
class Origin:
    """One setting."""

    name: str
    """As in the configuration"""

    value: float | str | None
    """In force"""

    origin: str
    """In words"""


def origins_of(config: Config, written: frozenset[str], now: InForce, calibration: Calibration) -> Iterator[Origin]:
    """Every setting that `access.risk` sets, and the detection threshold that comes of them.

    Args:
        config: as read.
        written: the keys that the file itself gives a value.
        now: the thresholds in force.
        calibration: the bundle's.
    """
    yield Origin("access.risk", config.access.risk, _given("access.risk", written, "not set: as standard"))
    yield Origin("people.detection_threshold", now.thresholds.detection, _of_detection(config, now, calibration))
    by_risk = f"access.risk: {config.access.risk}" if config.access.risk else "default (access.risk: standard)"
    for rule in RULES:
        origin = _given(rule.path, written, by_risk)
        value = attrgetter(rule.path)(config)
        setting = _ADJUSTABLE.get(rule.path)
        if setting in now.adjusted:
            origin = f"adjusted from afar; the file has {value:g} ({origin})"
            value = attrgetter(setting.removesuffix("_threshold"))(now.thresholds)
        elif rule.path == "people.false_accept_rate" and config.people.detection_threshold is not None:
            origin = f"{origin}; without effect, for people.detection_threshold is set"
        yield Origin(rule.path, value, origin)


def _given(path: str, written: frozenset[str], otherwise: str) -> str:
    return "the configuration file" if path in written else otherwise


def _of_detection(config: Config, now: InForce, calibration: Calibration) -> str:
    if config.people.detection_threshold is not None:
        origin = "the configuration file"
    else:
        rate = config.people.false_accept_rate
        rows = [row for row in calibration.table if row.score == now.filed.detection]
        row = next((row for row in rows if row.false_accept_rate <= rate * (1 + 1e-9)), rows[0])
        origin = (
            f"people.false_accept_rate {rate:g}: the table's row for {row.false_accept_rate:g} with {row.anchors} "
            f"{'picture' if row.anchors == 1 else 'pictures'}, the strictest"
        )
    if Setting.DETECTION_THRESHOLD in now.adjusted:
        return f"adjusted from afar; the file has {now.filed.detection:.4f} ({origin})"
    return origin
