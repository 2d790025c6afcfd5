"""What is shown and adjusted from afar, beside the loop and never in its way."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from faceplate.enrolling.session import EnrolmentSession
from faceplate.enrolling.window import EnrolmentWindow
from faceplate.errors import ModelError, OrderRefusedError
from faceplate.model.bundle import CONTRACT, MANIFEST, installed_label
from faceplate.recognition import Recognition
from faceplate.restart import Run
from faceplate.settings import Settings
from faceplate.snapshot import Snapshots
from faceplate.thermal import cpu_temperature
from faceplate.types import Cue, Decision, Frame, Match, Seconds, Show
from faceplate.vitals import Vitals


def in_turn(*shows: Show) -> Show:
    """All of them, one after the other."""

    def show(frame: Frame, matches: Sequence[Match], decision: Decision) -> None:
        for each in shows:
            each(frame, matches, decision)

    return show


@dataclass(slots=True)
class Dashboard:
    """Everything a dashboard asks of the daemon besides the door and who is let in. May be asked from any thread."""

    run: Run
    stop: Callable[[], None]
    """Ends this run"""
    settings: Settings
    vitals: Vitals
    snapshots: Snapshots
    window: EnrolmentWindow
    session: EnrolmentSession
    bundle_folder: Callable[[], Path]
    """Where the model bundle in force lies; another may be since the start. May raise ModelError"""
    bundle: str | None = None
    """Of the model bundle in use; None: it is not loaded yet"""

    def watching(self, recognition: Recognition) -> Show:
        """People are recognised from now on; what is returned is to be shown every frame."""
        self.settings.calibrated(recognition.thresholds)
        self.bundle = recognition.bundle.label
        watching = (self.window.watching(recognition.enrol), self.session.watching())
        return in_turn(self.vitals.show, self.snapshots.show, *watching)

    def adjust(self, setting: str, value: float) -> Mapping[str, Any]:
        """Go by another value from now on; gives it.

        Raises:
            OrderRefusedError, StoreError: as `Settings.adjust`.
        """
        self.settings.adjust(setting, value)
        return {"setting": setting, "value": value}

    def enrol(self, seconds: Seconds, name: str | None) -> Mapping[str, Any]:
        """Enrol whoever comes before the camera alone within that time; 0 s ends it. Gives the window's state.

        Raises:
            OrderRefusedError, EnrolmentError, StoreError: as `EnrolmentWindow.open`.
        """
        if seconds:
            if self.session.is_open():
                raise OrderRefusedError("somebody is being enrolled at the door just now; try again later")
            self.window.open(name, seconds)
        else:
            self.window.close()
        return self.window.state().facts()

    def begin(self) -> Mapping[str, Any]:
        """Begin an enrolment at the door; see `EnrolmentSession.begin`.

        Raises:
            OrderRefusedError: another one goes on, there or from afar.
        """
        if self.window.state().open:
            raise OrderRefusedError("somebody is being enrolled from afar just now; wait until that is over")
        return self.session.begin()

    def look(self, key: str, after: int) -> Mapping[str, Any]:
        """As `EnrolmentSession.look`."""
        return self.session.look(key, after)

    def hint(self, key: str, cue: Cue) -> None:
        """As `EnrolmentSession.hint`."""
        self.session.hint(key, cue)

    def end(self, key: str) -> None:
        """As `EnrolmentSession.end`."""
        self.session.end(key)

    def snapshot(self) -> Mapping[str, Any]:
        """The picture of the last decision: `jpeg` in base64, `ts`, `outcome`, `person`; empty where there is none."""
        last = self.snapshots.last
        if last is None:
            return {}
        jpeg = base64.b64encode(last.jpeg).decode("ascii")
        return {"jpeg": jpeg, "ts": last.ts, "outcome": last.outcome.value, "person": last.person}

    def _installed(self) -> str | None:
        try:
            folder = self.bundle_folder()
            return _label_at(folder, (folder / MANIFEST).stat().st_mtime_ns)
        except (OSError, ModelError):
            return None

    def restart(self) -> None:
        """End this run as soon as the caller has been answered; whoever started the daemon starts it again."""
        self.run.order_restart()
        # From a thread of its own: stopping waits for the control socket, which waits for its caller.
        threading.Thread(target=self.stop, name="restart").start()

    def facts(self) -> dict[str, Any]:
        """As `status` tells it."""
        return {
            **self.run.facts(),
            "bundle": self.bundle,
            "bundle_installed": self._installed(),
            "contract": CONTRACT,
            **self.vitals.pulse().facts(),
            "cpu_temperature": cpu_temperature(),
            **self.settings.facts(),
            "enrolment": self.window.state().facts(),
        }


@lru_cache(maxsize=1)
def _label_at(folder: Path, changed: int) -> str | None:
    """The status is asked for all the time, and a manifest is not read for each."""
    del changed
    return installed_label(folder)
