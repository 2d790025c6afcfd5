"""The Raspberry Pi's own cameras, through picamera2 (libcamera)."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from faceplate.camera.clock import monotonic
from faceplate.camera.live import LiveCamera
from faceplate.config import CaptureConfig
from faceplate.errors import CameraError
from faceplate.types import Clock, Image

BUFFERS = 4
"""Pictures in flight between sensor and us; fewer drop frames, more cost memory"""


class Picamera2Camera(LiveCamera):
    """The camera whose number is `config.source`.

    Raises:
        CameraError: picamera2 is missing, or the camera cannot be opened.
    """

    def __init__(
        self, config: CaptureConfig, *, clock: Clock = monotonic, waiting: Callable[[], None] = lambda: None
    ) -> None:
        source = Picamera2Source(config, load_picamera2())
        super().__init__(source, stall_timeout=config.stall_timeout, clock=clock, waiting=waiting)


class Picamera2Source:
    """One camera on the ribbon cable."""

    def __init__(self, config: CaptureConfig, picamera2: Any) -> None:  # noqa: ANN401 - a module without type hints
        if not str(config.source).isdecimal():
            # What was given may be an address with a password, so it is not repeated.
            raise CameraError(
                "with camera.driver picamera2, camera.source is a number such as 0; got a text. "
                "For an address or a /dev path set camera.driver to opencv"
            )
        self._number = int(config.source)
        self._picamera2 = picamera2
        self._config = config
        self._camera: Any = None
        self.name = f"picamera2:{self._number}"

    def open(self) -> None:
        """Open the camera and start it."""
        try:
            self._camera = self._picamera2.Picamera2(self._number)
            self._start(self._camera)
        except (RuntimeError, ValueError, IndexError, OSError) as error:
            self.close()
            raise CameraError(
                f"camera {self._number} does not start: {error}. Check the ribbon cable, run "
                "`rpicam-hello --list-cameras`, and stop other programs that use the camera"
            ) from error

    def _start(self, camera: Any) -> None:  # noqa: ANN401 - a class without type hints
        camera.configure(
            camera.create_video_configuration(
                main={"format": "RGB888", "size": (self._config.width, self._config.height)},
                controls={"FrameRate": self._config.frame_rate},
                buffer_count=BUFFERS,
                queue=False,  # a queue would hold a picture from before we asked
            )
        )
        camera.start()

    def read(self) -> Image:
        """The next picture, RGB."""
        try:
            request = self._camera.capture_request(wait=self._config.stall_timeout)
        except TimeoutError as error:
            raise CameraError(f"no frame for {self._config.stall_timeout:g} s; check the ribbon cable") from error
        except RuntimeError as error:
            raise CameraError(f"the capture failed: {error}") from error
        try:
            picture = request.make_array("main")
        finally:
            request.release()
        # libcamera names formats by the bits of a little-endian word: its "RGB888" is B, G, R in memory.
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)

    def close(self) -> None:
        """Stop the camera and let go of it."""
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.cancel_all_and_flush()  # a capture that timed out is still queued, and `close` would wait behind it
            camera.close()


def load_picamera2() -> Any:  # noqa: ANN401 - a module without type hints
    """The picamera2 package, which comes from the system.

    Raises:
        CameraError: it, or libcamera below it, is not there.
    """
    try:
        return importlib.import_module("picamera2")
    except ImportError as error:
        raise CameraError(
            f"picamera2 cannot be imported: {error}. Run `sudo apt install python3-picamera2`, and make the virtual "
            "environment with `--system-site-packages`; it exists for Raspberry Pi OS only"
        ) from error
