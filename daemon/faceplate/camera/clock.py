"""The clocks that cameras stamp their frames with."""

from __future__ import annotations

import time

from faceplate.types import Seconds


def monotonic() -> Seconds:
    """The clock of a live camera: never set, never turned back."""
    return Seconds(time.monotonic())


class ReplayClock:
    """The clock of a recording: it stands still between frames, and shows the time of the newest one."""

    def __init__(self, start: Seconds) -> None:
        self._now = start

    def __call__(self) -> Seconds:
        """Time of the newest frame, or the start if there was none yet."""
        return self._now

    def advance(self, time: Seconds) -> None:
        """Move on to `time`.

        Raises:
            ValueError: `time` lies in the past.
        """
        if time < self._now:
            raise ValueError(f"a monotonic clock cannot go back from {self._now:.3f} s to {time:.3f} s")
        self._now = time
