"""Two cameras that look at the same visitor: the first one's frames, each with what the second saw at that time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from faceplate.camera.camera import Camera
from faceplate.camera.live import LiveCamera, Source
from faceplate.camera.replay import ReplayCamera
from faceplate.errors import CameraError
from faceplate.types import Frame, Image, Seconds

APART: Final = Seconds(0.1)
"""Between the two pictures of a frame, at most: a visitor who turns meanwhile looks another way in the second"""


class PairedCamera:
    """A `Camera` that goes on as its first one does, whatever becomes of the second."""

    def __init__(self, first: Camera, second: LiveCamera) -> None:
        """Take both, which are open; they are closed with this."""
        self._first = first
        self._second = second

    def frames(self) -> Iterator[Frame]:
        """The first one's frames; without a second picture where there is none of about the same time."""
        for frame in self._first.frames():
            seen = self._second.newest()
            fits = seen is not None and abs(frame.time - seen.time) <= APART
            yield replace(frame, second=seen.image) if seen is not None and fits else frame

    def close(self) -> None:
        """Close both, and the one first that gives frames."""
        try:
            self._first.close()
        finally:
            self._second.close()


def opened_later(source: Source) -> Source:
    """A source whose first opening does not fail: what is wrong is said when it is read, as of one that was lost."""
    return _OpenedLater(source)


class _OpenedLater:
    def __init__(self, source: Source) -> None:
        self.name = f"{source.name} (the second one)"
        self._source = source
        self._failed: CameraError | None = None
        self._tried = False

    def open(self) -> None:
        if self._tried:
            self._source.open()
            return
        self._tried = True
        try:
            self._source.open()
        except CameraError as error:
            self._failed = error

    def read(self) -> Image:
        if self._failed is not None:
            failed, self._failed = self._failed, None
            raise failed
        return self._source.read()

    def close(self) -> None:
        self._source.close()


class ReplaySource:
    """A recording as a device that is read: it plays in real time, and when it is over it is lost."""

    def __init__(self, file: Path) -> None:
        """Nothing is opened yet."""
        self.name = file.name
        self._file = file
        self._camera: ReplayCamera | None = None
        self._frames: Iterator[Frame] = iter(())

    def open(self) -> None:
        """Begin with its first picture."""
        self._camera = ReplayCamera(self._file, paced=True)
        self._frames = self._camera.frames()

    def read(self) -> Image:
        """The next picture, when it is due."""
        frame = next(self._frames, None)
        if frame is None:
            raise CameraError("the recording is over")
        return frame.image

    def close(self) -> None:
        """Stop playing."""
        if self._camera is not None:
            self._camera.close()
