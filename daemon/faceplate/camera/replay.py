"""A camera that plays a recording: a video, a gif, a folder of stills or one picture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from faceplate.camera.clock import ReplayClock, monotonic
from faceplate.camera.recording import Shot, Stills, open_recording
from faceplate.types import Clock, Frame, Seconds

ONE_BY_ONE = Stills()


class ReplayCamera:
    """Plays the recording at `source` once.

    Paced, it plays in real time and stamps frames with `now`'s time; if the receiver is slow the recording waits, so
    that every frame is seen and none is stale. Not paced, it plays as fast as frames are taken, and time begins at 0.
    Either way `clock` shows the recording's time: rules and timers that run on it never know the difference.

    Raises:
        CameraError: there is nothing at `source` that can be played.
    """

    def __init__(
        self,
        source: Path,
        *,
        paced: bool,
        stills: Stills = ONE_BY_ONE,
        now: Clock = monotonic,
        wait: Callable[[Seconds], bool] | None = None,
    ) -> None:
        """`wait` waits and tells whether the camera was closed meanwhile; tests bring their own."""
        self._recording = open_recording(source, stills)
        self._shots = self._recording.shots()
        self._paced = paced
        self._now = now
        self._closed = threading.Event()
        self._wait = wait or self._closed.wait
        self._base = now() if paced else Seconds(0.0)
        self._given = 0
        self.clock = ReplayClock(self._base)

    def frames(self) -> Iterator[Frame]:
        """The recording's frames, from where the last iterator stopped."""
        while not self._closed.is_set() and (shot := next(self._shots, None)) is not None:
            if self._paced:
                self._keep_pace(shot)
            if self._closed.is_set():
                return
            self.clock.advance(Seconds(self._base + shot.time))
            frame = Frame(self._given, self.clock(), shot.image)
            self._given += 1
            yield frame

    def close(self) -> None:
        """Stop playing."""
        self._closed.set()

    def name_of(self, index: int) -> str:
        """Name of the file that the frame with this index comes from."""
        return self._recording.name_of(index)

    def _keep_pace(self, shot: Shot) -> None:
        early = Seconds(self._base + shot.time - self._now())
        if early > 0:
            self._wait(early)
        else:
            self._base = Seconds(self._base - early)
