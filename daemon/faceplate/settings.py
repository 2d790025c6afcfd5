"""What may be adjusted while the door is guarded, within bounds that only the configuration file can move."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from faceplate.access.standing import StandingStore
from faceplate.config import Config
from faceplate.config.bridge import Setting
from faceplate.config.door import SHORTEST_RELEASE
from faceplate.errors import ConfigError, OrderRefusedError, StoreError
from faceplate.people.matching import Thresholds
from faceplate.types import Score, Seconds

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far something may be adjusted, both ends included."""

    lowest: float
    highest: float

    def hold(self, value: float) -> bool:
        """Whether `value` lies within."""
        return self.lowest <= value <= self.highest

    def __str__(self) -> str:
        """As messages say it."""
        return f"{self.lowest:g} to {self.highest:g}"


def bounds_of(setting: Setting, filed: float, written: tuple[float, float] | None) -> Bounds:
    """The bounds the file writes, or else those that leave only what is stricter than the file's own value."""
    if written is not None:
        return Bounds(*written)
    return Bounds(SHORTEST_RELEASE, filed) if setting is Setting.RELEASE_TIME else Bounds(filed, 1.0)


class Settings:
    """What is in force: what was adjusted where that lies within the bounds, and else the file's. From any thread."""

    def __init__(self, config: Config, standing: StandingStore, release: Callable[[Seconds], None]) -> None:
        """Put in force what was adjusted before the restart, as far as the file still allows it.

        Args:
            config: gives the file's values, and the bounds.
            standing: keeps what was adjusted.
            release: told the release time from now on.
        """
        self._written = config.bridge.bounds
        self._standing = standing
        self._release = release
        self._liveness = config.vision.liveness
        self._one_at_a_time = threading.Lock()
        people = config.people
        self._filed: dict[Setting, float] = {
            Setting.VERIFICATION_THRESHOLD: people.verification_threshold,
            Setting.MARGIN: people.margin,
            Setting.RELEASE_TIME: config.door.release_time,
        }
        if people.detection_threshold is not None:
            self._filed[Setting.DETECTION_THRESHOLD] = people.detection_threshold
        self._drop_what_no_longer_holds()
        release(Seconds(self.value(Setting.RELEASE_TIME)))

    def calibrated(self, filed: Thresholds) -> None:
        """The bundle is loaded: where the file leaves the detection threshold to it, only now it is known.

        Raises:
            ConfigError: the bounds in the file do not hold the threshold that it asks for.
        """
        setting = Setting.DETECTION_THRESHOLD
        bounds = bounds_of(setting, filed.detection, self._written.of(setting))
        if not bounds.hold(filed.detection):
            raise ConfigError(
                f"people.false_accept_rate makes {setting} {filed.detection:g}, and bridge.bounds.{setting} allows "
                f"{bounds}: change one of them"
            )
        self._filed[setting] = filed.detection
        self._drop_what_no_longer_holds()

    def adjust(self, setting: str, value: object) -> None:
        """Change one of them; it outlasts a restart.

        Raises:
            OrderRefusedError: there is no such setting, or the value is no number within its bounds.
            StoreError: it cannot be saved; it holds until the next restart.
        """
        which = _known(setting)
        with self._one_at_a_time:
            filed = self._filed.get(which)
            if filed is None:
                raise OrderRefusedError(f"{which} is not known before the model bundle is loaded; try again later")
            number = _within(which, value, bounds_of(which, filed, self._written.of(which)))
            # What is as in the file follows the file from now on.
            wanted = {} if number == filed else {which.value: number}
            try:
                self._standing.change(lambda now: replace(now, adjusted=_without(now.adjusted, which) | wanted))
            finally:
                if which is Setting.RELEASE_TIME:
                    self._release(Seconds(number))

    def value(self, setting: Setting) -> float:
        """What is in force."""
        filed = self._filed[setting]
        adjusted = self._standing.standing.adjusted.get(setting, filed)
        return adjusted if self._bounds(setting).hold(adjusted) else filed

    def thresholds(self, filed: Thresholds) -> Thresholds:
        """What is in force in place of what the file says; `calibrated` must have been told of it."""
        return replace(
            filed,
            detection=Score(self.value(Setting.DETECTION_THRESHOLD)),
            verification=self.value(Setting.VERIFICATION_THRESHOLD),
            margin=self.value(Setting.MARGIN),
        )

    def facts(self) -> dict[str, Any]:
        """As `status` tells it; the detection threshold is missing until the bundle is loaded."""
        known = [setting for setting in Setting if setting in self._filed]
        bounds = {setting: self._bounds(setting) for setting in known}
        return {
            "liveness": self._liveness,
            "settings": {setting.value: self.value(setting) for setting in known},
            "bounds": {setting.value: [within.lowest, within.highest] for setting, within in bounds.items()},
        }

    def _bounds(self, setting: Setting) -> Bounds:
        return bounds_of(setting, self._filed[setting], self._written.of(setting))

    def _drop_what_no_longer_holds(self) -> None:
        with self._one_at_a_time, suppress(StoreError):  # said already; it is not in force all the same
            kept = {name: value for name, value in self._standing.standing.adjusted.items() if self._keeps(name, value)}
            self._standing.change(lambda now: replace(now, adjusted=kept))

    def _keeps(self, name: str, value: float) -> bool:
        if name not in set(Setting):
            _log.warning("%s had been adjusted, and cannot be adjusted any more: the file counts", name)
            return False
        setting = Setting(name)
        if setting not in self._filed or self._bounds(setting).hold(value):
            return True
        _log.warning(
            "%s had been adjusted to %g, and may be %s now: %g counts, as in the file",
            setting,
            value,
            self._bounds(setting),
            self._filed[setting],
        )
        return False


def _known(setting: str) -> Setting:
    try:
        return Setting(setting)
    except ValueError:
        raise OrderRefusedError(f"{setting!r} cannot be adjusted; what can: {', '.join(Setting)}") from None


def _within(setting: Setting, value: object, bounds: Bounds) -> float:
    # True is a number to Python, and to nobody else; of NaN and infinity no bounds hold any.
    if isinstance(value, int | float) and not isinstance(value, bool) and bounds.hold(value):
        return float(value)
    raise OrderRefusedError(
        f"{setting} must be a number from {bounds} (bridge.bounds in the configuration), got {str(value)[:40]}"
    )


def _without(adjusted: Mapping[str, float], setting: Setting) -> dict[str, float]:
    return {name: value for name, value in adjusted.items() if name != setting}
