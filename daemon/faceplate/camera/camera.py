"""What every camera can do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from faceplate.types import Frame


class Camera(Protocol):
    """A source of frames. It is open from its making until `close`; use it with `contextlib.closing`."""

    def frames(self) -> Iterator[Frame]:
        """Frames in the order of their capture, index and time always rising, each at most once.

        The iterator ends when the camera is closed or the recording is over. Calling again goes on where the last
        iterator stopped.

        Raises:
            CameraError: the recording cannot be read any further, or the capture failed for good.
        """
        ...

    def close(self) -> None:
        """Give no more frames, end every iterator and let go of the device. Closing twice is no fault."""
        ...
