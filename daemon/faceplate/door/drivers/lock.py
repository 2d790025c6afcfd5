"""`driver: none`: a kiosk, which recognises people and has no hardware of a door, not even GPIO."""

from __future__ import annotations

from faceplate.door.hardware import Hardware, Lights, Readings
from faceplate.types import Seconds


class NoLock:
    """Moves nothing."""

    def lock(self) -> None:
        """Do nothing: there is no lock."""

    def unlock(self, lasting: Seconds) -> None:
        """Do nothing: there is no lock."""

    def check(self) -> None:
        """Do nothing: there is no lock."""

    def close(self) -> None:
        """Do nothing: there is no lock."""


class NoSwitches:
    """Reads nothing."""

    def read(self) -> Readings:
        """Readings of no switch at all."""
        return Readings()

    def close(self) -> None:
        """Do nothing: there are no switches."""


class NoPanel:
    """Shows nothing."""

    def show(self, lights: Lights) -> None:
        """Do nothing: there are no lights."""

    def close(self) -> None:
        """Do nothing: there are no lights."""


def no_hardware() -> Hardware:
    """A door without hardware."""
    return Hardware(NoLock(), NoSwitches(), NoPanel())
