"""A camera that runs by itself: a thread reads it, the newest frame wins, and what is lost is opened again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from faceplate.backoff import waiting_times
from faceplate.camera.clock import monotonic
from faceplate.errors import CameraError
from faceplate.types import Clock, Frame, Image, Seconds

_log = logging.getLogger(__name__)

FIRST_DELAY = Seconds(0.5)
LONGEST_DELAY = Seconds(30.0)
"""Waiting times before a lost camera is opened again"""

CLOSE_TIMEOUT = Seconds(2.0)
"""How long `close` waits for a driver that is still busy reading"""

LOOK_EVERY = Seconds(1.0)
"""How often it is looked, while no frame comes, whether the capture still tries"""

LONGEST_CALL = Seconds(15.0)
"""How long a driver may take, beyond the stall time-out, to open, read or close; longer than this, and it hangs"""


class Source(Protocol):
    """A device or stream as its driver knows it. Only one thread uses it at a time."""

    name: str
    """As it may stand in a log: without passwords"""

    def open(self) -> None:
        """Open it.

        Raises:
            CameraError: it cannot be opened; the message says what to do.
        """
        ...

    def read(self) -> Image:
        """Wait for the next picture: RGB uint8 (H, W, 3), C-contiguous. It gives up after the stall time-out.

        Raises:
            CameraError: none came in time, or the stream ended.
        """
        ...

    def close(self) -> None:
        """Let go of it; closing what is not open is no fault."""
        ...


def reopening_delays() -> Iterator[Seconds]:
    """How long to wait before each attempt to open a lost camera."""
    return waiting_times(FIRST_DELAY, LONGEST_DELAY)


class Outage:
    """A camera's troubles from the first failure to the next frame, told once: WARNING, then DEBUG, then INFO."""

    def __init__(self, name: str, delays: Callable[[], Iterator[Seconds]] = reopening_delays) -> None:
        self._name = name
        self._delays = delays
        self._pending: Iterator[Seconds] | None = None

    def failed(self, error: CameraError) -> Seconds:
        """How long to wait before the next attempt."""
        level = logging.DEBUG if self._pending else logging.WARNING
        self._pending = self._pending or self._delays()
        delay = next(self._pending)
        _log.log(level, "camera %s failed: %s. Opening it again in %.1f s", self._name, error, delay)
        return delay

    def over(self) -> None:
        """A frame came."""
        if self._pending:
            self._pending = None
            _log.info("camera %s is back", self._name)


class NewestFrame:
    """Holds one frame, the newest; whoever is slow misses the ones between and never gets an old one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._ended = False

    def put(self, frame: Frame) -> None:
        """Hold this frame instead of the one before."""
        with self._changed:
            self._frame = frame
            self._changed.notify_all()

    def clear(self) -> None:
        """Hold no frame."""
        with self._changed:
            self._frame = None

    def now(self) -> Frame | None:
        """The frame that is held, without waiting."""
        with self._changed:
            return self._frame

    def end(self) -> None:
        """There will be no more frames."""
        with self._changed:
            self._ended = True
            self._frame = None
            self._changed.notify_all()

    def after(self, index: int, meanwhile: Callable[[], None] = lambda: None) -> Frame | None:
        """Wait for a frame newer than the one with this index; None when there will be no more.

        While none comes, `meanwhile` is called now and then.
        """
        while not self._comes(index):
            meanwhile()
        with self._changed:
            return self._frame

    def _comes(self, index: int) -> bool:
        with self._changed:
            return self._changed.wait_for(
                lambda: self._ended or (self._frame is not None and self._frame.index > index), LOOK_EVERY
            )


class LiveCamera:
    """A `Camera` over a source that never ends by itself.

    The first opening happens here and now, so that a wrong name is said at once; after a later loss the source is
    opened again for as long as it takes.

    Raises:
        CameraError: the source cannot be opened.
    """

    def __init__(
        self,
        source: Source,
        *,
        stall_timeout: Seconds,
        clock: Clock = monotonic,
        wait: Callable[[Seconds], bool] | None = None,
        waiting: Callable[[], None] = lambda: None,
    ) -> None:
        """Open it.

        Args:
            source: what gives the pictures.
            stall_timeout: a source that gives none for this long is opened again.
            clock: stamps the frames.
            wait: waits before an attempt and tells whether the camera was closed meanwhile; tests bring their own.
            waiting: called now and then by whoever waits for a frame, as long as the capture goes on trying to get
                one. While a driver hangs it is not called.
        """
        self._source = source
        self._stall_timeout = stall_timeout
        self._clock = clock
        self._closed = threading.Event()
        self._wait = wait or self._closed.wait
        self._waiting = waiting
        self._newest = NewestFrame()
        self._last_given = -1
        self._captured = 0
        source.open()
        self._last_sign_of_life = clock()
        self._busy_since: Seconds | None = None
        """When the driver was last asked for something; None: it has nothing to do"""
        self._thread = threading.Thread(target=self._run, name=f"camera {source.name}", daemon=True)
        self._thread.start()

    def frames(self) -> Iterator[Frame]:
        """Each time the newest frame, which nobody was given before."""
        while (frame := self._newest.after(self._last_given, self._tell_of_waiting)) is not None:
            self._last_given = frame.index
            yield frame
        if not self._closed.is_set():
            raise CameraError(
                f"the capture of camera {self._source.name} ended by an unforeseen error, logged before this; restart"
            )

    def newest(self) -> Frame | None:
        """The newest frame, without waiting, even if it was given already; None: there is none yet, or since a loss."""
        return self._newest.now()

    def close(self) -> None:
        """End the capture. A driver that does not come back in time is left behind, it ends with the process."""
        self._closed.set()
        self._newest.end()
        self._thread.join(CLOSE_TIMEOUT)
        if self._thread.is_alive():
            _log.warning("camera %s did not come back within %g s of closing", self._source.name, CLOSE_TIMEOUT)

    def _tell_of_waiting(self) -> None:
        since = self._busy_since
        if since is None or self._clock() - since <= self._stall_timeout + LONGEST_CALL:
            self._waiting()

    def _run(self) -> None:
        try:
            self._capture()
        finally:  # whatever ends this thread, nobody must wait for its frames for ever
            self._newest.end()
            self._source.close()

    def _capture(self) -> None:
        outage = Outage(self._source.name)
        is_open = True
        while not self._closed.is_set():
            try:
                self._busy_since = self._clock()
                if not is_open:
                    self._open_again()
                    is_open = True
                frame = self._next_frame()
            except CameraError as error:
                self._newest.clear()  # what was seen before the loss is no longer what stands before the door
                self._source.close()
                is_open = False
                self._busy_since = None
                if self._wait(outage.failed(error)):
                    return
            else:
                outage.over()
                self._newest.put(frame)

    def _open_again(self) -> None:
        self._source.open()
        self._last_sign_of_life = self._clock()

    def _next_frame(self) -> Frame:
        image = self._source.read()
        now = self._clock()
        silence = now - self._last_sign_of_life
        if silence > self._stall_timeout:
            # The whole process may have been held up; then this picture has waited in a buffer for as long.
            raise CameraError(
                f"expected a frame at least every {self._stall_timeout:g} s, none came for {silence:.1f} s"
            )
        self._last_sign_of_life = now
        frame = Frame(self._captured, now, image)
        self._captured += 1
        return frame
