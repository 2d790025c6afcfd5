"""What is shown and adjusted from afar, beside the loop and never in its way."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from faceplate.model.bundle import CONTRACT
from faceplate.recognition import Recognition
from faceplate.restart import Run
from faceplate.settings import Settings
from faceplate.snapshot import Snapshots
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

    def __init__(
        self, clock: Clock, run: Run, stop: Callable[[], None], settings: Settings, snapshots: Snapshots
    ) -> None:
        """Name what it watches.

        Args:
            clock: the clock that frames are stamped with.
            run: this run of the daemon.
            stop: ends it.
            settings: what may be adjusted.
            snapshots: pictures of decisions.
        """
        self.settings = settings
        self.snapshots = snapshots
        self._run = run
        self._stop = stop
        self.vitals = Vitals(clock)
        self._bundle: str | None = None

    def watching(self, recognition: Recognition) -> Show:
        """People are recognised from now on; what is returned is to be shown every frame."""
        self.settings.calibrated(recognition.thresholds)
        self._bundle = recognition.bundle.label
        return in_turn(self.vitals.show, self.snapshots.show)

    def adjust(self, setting: str, value: float) -> Mapping[str, Any]:
        """Go by another value from now on; gives it.

        Raises:
            OrderRefusedError, StoreError: as `Settings.adjust`.
        """
        self.settings.adjust(setting, value)
        return {"setting": setting, "value": value}

    def snapshot(self) -> Mapping[str, Any]:
        """The picture of the last decision: `jpeg` in base64, `ts`, `outcome`, `person`; empty where there is none."""
        last = self.snapshots.last
        if last is None:
            return {}
        jpeg = base64.b64encode(last.jpeg).decode("ascii")
        return {"jpeg": jpeg, "ts": last.ts, "outcome": last.outcome.value, "person": last.person}

    def restart(self) -> None:
        """End this run as soon as the caller has been answered; whoever started the daemon starts it again."""
        self._run.order_restart()
        # From a thread of its own: stopping waits for the control socket, which waits for its caller.
        threading.Thread(target=self._stop, name="restart").start()

    def facts(self) -> dict[str, Any]:
        """As `status` tells it."""
        return {
            **self._run.facts(),
            "bundle": self._bundle,
            "contract": CONTRACT,
            **self.vitals.pulse().facts(),
            "cpu_temperature": cpu_temperature(),
            **self.settings.facts(),
        }
