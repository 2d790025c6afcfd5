"""What is shown and adjusted from afar, beside the loop and never in its way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from faceplate.model.bundle import CONTRACT
from faceplate.recognition import Recognition
from faceplate.thermal import cpu_temperature
from faceplate.types import Clock, Decision, Frame, Match, Show
from faceplate.vitals import Vitals


def in_turn(*shows: Show) -> Show:
    """All of them, one after the other."""

    def show(frame: Frame, matches: Sequence[Match], decision: Decision) -> None:
        for each in shows:
            each(frame, matches, decision)

    return show


class Dashboard:
    """Everything a dashboard asks of the daemon besides the door and who is let in. May be asked from any thread."""

    def __init__(self, clock: Clock) -> None:
        self.vitals = Vitals(clock)
        self._bundle: str | None = None

    def watching(self, recognition: Recognition) -> Show:
        """People are recognised from now on; what is returned is to be shown every frame."""
        self._bundle = recognition.bundle.label
        return self.vitals.show

    def facts(self) -> dict[str, Any]:
        """As `status` tells it."""
        return {
            "bundle": self._bundle,
            "contract": CONTRACT,
            **self.vitals.pulse().facts(),
            "cpu_temperature": cpu_temperature(),
        }
