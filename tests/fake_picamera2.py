"""A Picamera2 without a camera: as strict as the real one, and it keeps every call for comparison with its signatures.

The bodies say what the real class does in the same place (picamera2 0.3); `test_camera_picamera2.py` holds the calls
against the real source.
"""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mjpeg_server import numbered_picture

Call = tuple[str, tuple[Any, ...], dict[str, Any]]


class FakePicamera2:
    """One camera, number 0, unless `cameras` says otherwise."""

    cameras = 1
    frame_time = 0.005

    def __init__(self, *arguments: Any, **names: Any) -> None:
        self.calls: list[Call] = [("__init__", arguments, names)]
        self.configuration: dict[str, Any] | None = None
        self.started = False
        self.is_open = False
        self.unplugged = threading.Event()
        self.stuck_jobs = 0
        self.taken = 0
        self.requests: list[FakeRequest] = []
        number = arguments[0] if arguments else 0
        if number >= self.cameras:
            raise RuntimeError(f'No camera number {number} found - use "rpicam-hello --list-cameras"')
        self.is_open = True

    def create_video_configuration(self, *arguments: Any, **names: Any) -> dict[str, Any]:
        self.calls.append(("create_video_configuration", arguments, names))
        return names

    def configure(self, *arguments: Any, **names: Any) -> None:
        self.calls.append(("configure", arguments, names))
        if self.started:
            raise RuntimeError("Camera must be stopped before configuring")
        (self.configuration,) = arguments

    def start(self, *arguments: Any, **names: Any) -> None:
        self.calls.append(("start", arguments, names))
        if not self.configuration:
            raise RuntimeError("Camera has not been configured")
        self.started = True

    def capture_request(self, *arguments: Any, **names: Any) -> FakeRequest:
        self.calls.append(("capture_request", arguments, names))
        assert self.is_open, "capture on a camera that is not open"
        assert self.started, "a capture before start waits for ever"
        assert self.configuration is not None
        in_use = sum(request.held for request in self.requests)
        assert in_use < self.configuration["buffer_count"], "all buffers are held: the real camera stands still"
        if self.unplugged.wait(self.frame_time):
            self.stuck_jobs += 1
            raise TimeoutError  # concurrent.futures.TimeoutError is the built-in one since Python 3.11
        self.taken += 1
        self.requests.append(FakeRequest(self, self.taken))
        return self.requests[-1]

    def cancel_all_and_flush(self, *arguments: Any, **names: Any) -> None:
        self.calls.append(("cancel_all_and_flush", arguments, names))
        self.stuck_jobs = 0

    def close(self, *arguments: Any, **names: Any) -> None:
        self.calls.append(("close", arguments, names))
        assert not self.stuck_jobs, "the real camera's close waits for ever behind a capture that never comes"
        self.is_open = self.started = False


class FakeRequest:
    """A completed capture; its buffer belongs to the camera until it is released."""

    def __init__(self, camera: FakePicamera2, number: int) -> None:
        self._camera = camera
        self._number = number
        self.held = True
        self.calls: list[Call] = []

    def make_array(self, *arguments: Any, **names: Any) -> NDArray[np.uint8]:
        self.calls.append(("make_array", arguments, names))
        assert self.held, "the buffer is no longer ours"
        assert self._camera.configuration is not None
        assert self._camera.configuration["main"]["format"] == "RGB888"
        return numbered_picture(self._number)  # B, G, R in memory, as the real "RGB888" is

    def release(self, *arguments: Any, **names: Any) -> None:
        self.calls.append(("release", arguments, names))
        if not self.held:
            raise RuntimeError("CompletedRequest: lock now has negative ref_count")
        self.held = False


class FakeModule(SimpleNamespace):
    """Stands for `import picamera2`, and remembers the cameras that were opened."""

    def __init__(self, cameras: int = 1, failing: type[FakePicamera2] | None = None) -> None:
        super().__init__()
        self.opened: list[FakePicamera2] = []
        base = failing or FakePicamera2
        self._class = type("Picamera2", (base,), {"cameras": cameras})

    def Picamera2(self, *arguments: Any, **names: Any) -> FakePicamera2:  # noqa: N802 - the real name
        self.opened.append(self._class(*arguments, **names))
        return self.opened[-1]
