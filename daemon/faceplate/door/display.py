"""The lights beside the door follow the door; the door never waits for them."""

from __future__ import annotations

import logging

from faceplate.door.hardware import Lights, Panel
from faceplate.door.signals import Answer, answered, cued, showing
from faceplate.errors import DoorError
from faceplate.events import DoorStatus
from faceplate.types import Cue, Decision, Seconds

_log = logging.getLogger(__name__)


class Display:
    """Shows on a panel what the door is doing and what visitors are told."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._answer: Answer | None = None
        self._lit: Lights | None = None
        self._changes_at: Seconds | None = None
        self._works = True

    @property
    def changes_at(self) -> Seconds | None:
        """When `show` must be called again, if nothing else happens; None: never."""
        return self._changes_at

    def tell(self, decision: Decision, now: Seconds) -> None:
        """Somebody was answered."""
        self._answer = answered(self._answer, decision, now)

    def cue(self, cue: Cue, now: Seconds) -> None:
        """Somebody who is being enrolled was told something."""
        self._answer = cued(self._answer, cue, now)

    def show(self, status: DoorStatus, now: Seconds) -> bool:
        """Show what is to be shown now.

        Returns:
            Whether the panel works. One that does not is told again when something else is to be shown.
        """
        lit, self._changes_at = showing(status, self._answer, now)
        if lit == self._lit:
            return self._works
        self._lit = lit
        try:
            self._panel.show(lit)
        except DoorError as error:
            if self._works:
                _log.warning("a light does not answer: %s", error)
            self._works = False
        else:
            self._works = True
        return self._works
