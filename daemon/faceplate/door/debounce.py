"""A switch bounces: a level counts once it has lasted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from faceplate.config.door import InputConfig, InputsConfig
from faceplate.door.hardware import Readings
from faceplate.types import Seconds


@dataclass(frozen=True, slots=True)
class Level:
    """One input."""

    settled: bool | None = None
    """What counts; None: nothing, as long as the input has not answered for long enough"""

    other: bool | None = None
    """A level that differs from it and has not lasted long enough; None: there is none"""

    since: Seconds = Seconds(0.0)  # noqa: RUF009 - a NewType, that makes nothing
    """When that level was read first"""

    def told(self, level: bool | None, now: Seconds, lasting: Seconds) -> Self:  # noqa: FBT001 - a reading
        """After `level` was read at the time `now`."""
        if level is None:
            return type(self)()
        if level is self.settled:
            return self if self.other is None else replace(self, other=None)
        since = now if level is not self.other else self.since
        if now - since >= lasting:
            return type(self)(level)
        return self if level is self.other else replace(self, other=level, since=since)


@dataclass(frozen=True, slots=True)
class Debounced:
    """All inputs of a door."""

    exit: Level = Level()
    contact: Level = Level()
    tamper: Level = Level()
    bell: Level = Level()
    bolt: Level = Level()

    @property
    def readings(self) -> Readings:
        """The levels that count."""
        return Readings(
            exit_pressed=self.exit.settled,
            is_open=self.contact.settled,
            tampered=self.tamper.settled,
            bell_pressed=self.bell.settled,
            bolt_thrown=self.bolt.settled,
        )

    def told(self, raw: Readings, now: Seconds, config: InputsConfig) -> Self:
        """After the switches were read at the time `now`."""
        return type(self)(
            exit=self.exit.told(raw.exit_pressed, now, _lasting(config.exit)),
            contact=self.contact.told(raw.is_open, now, _lasting(config.contact)),
            tamper=self.tamper.told(raw.tampered, now, _lasting(config.tamper)),
            bell=self.bell.told(raw.bell_pressed, now, _lasting(config.bell)),
            bolt=self.bolt.told(raw.bolt_thrown, now, _lasting(config.bolt)),
        )


def _lasting(wired: InputConfig | None) -> Seconds:
    # An input that is not configured is a simulated one, and does not bounce.
    return Seconds(0.0) if wired is None else wired.debounce
