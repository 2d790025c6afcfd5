"""Cameras that OpenCV reads: USB cameras, RTSP and HTTP streams."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np

from faceplate.camera.clock import monotonic
from faceplate.camera.live import LiveCamera
from faceplate.config import CaptureConfig
from faceplate.errors import CameraError
from faceplate.quiet import quiet_opencv
from faceplate.types import Clock, Image, Seconds

_log = logging.getLogger(__name__)

OPEN_TIMEOUT = Seconds(10.0)
"""How long a stream may take to answer and to say what it is made of"""

BROKEN_IN_A_ROW = 30
"""So many pictures that cannot be decoded are a fault of the camera, not of one transfer"""

PILE_UP = Seconds(0.3)
"""After a longer silence than this, pictures may have piled up somewhere on the way"""

TOO_SOON = 0.75
"""Of the time between two frames that were asked for: a camera that gives its next one sooner is faster than asked"""

FASTEST_CAMERA = 120.0
"""Frames a second; no more than this pile up"""


class OpenCvCamera(LiveCamera):
    """The camera or stream that `config.source` names.

    Raises:
        CameraError: it cannot be opened.
    """

    def __init__(
        self, config: CaptureConfig, *, clock: Clock = monotonic, waiting: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(opencv_source(config), stall_timeout=config.stall_timeout, clock=clock, waiting=waiting)


class _OpenCvSource:
    """What USB cameras and streams have in common."""

    def __init__(self, name: str, config: CaptureConfig) -> None:
        self.name = name
        self._config = config
        self._capture = cv2.VideoCapture()
        self._last_picture = monotonic()
        self._last_due = self._last_picture

    def read(self) -> Image:
        """The next picture, RGB. A picture that was damaged on its way is passed over."""
        for _ in range(BROKEN_IN_A_ROW):
            self._grab_due()
            whole, picture = self._capture.retrieve()
            if whole:
                return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
        raise CameraError(f"expected pictures, got {BROKEN_IN_A_ROW} in a row that cannot be decoded")

    def close(self) -> None:
        """Let go of the camera."""
        self._capture.release()

    def _grab_due(self) -> None:
        """Grab the next picture that was asked for. What a faster camera gives in between is not even converted."""
        self._grab_fresh()
        while self._last_picture - self._last_due < TOO_SOON / self._config.frame_rate:
            self._grab_fresh()
        self._last_due = self._last_picture

    def _grab_fresh(self) -> None:
        """Grab a picture that was made just now.

        While a stream is being opened, while the network hangs or this process is held up, pictures pile up on the
        way and then come all at once. They must not pass for new: they are thrown away until one had to be waited for.
        """
        interval = 1 / self._frame_rate()
        began = self._last_picture
        self._grab()
        silence = self._last_picture - began
        if silence < max(PILE_UP, 2 * interval):
            return
        for _ in range(math.ceil(silence * FASTEST_CAMERA)):
            if self._grab() > 0.8 * interval:
                return

    def _grab(self) -> Seconds:
        """Grab the next picture; how long that took."""
        began = monotonic()
        if not self._capture.grab():
            raise CameraError("no frame came in time, or the connection was lost")
        self._last_picture = monotonic()
        return Seconds(self._last_picture - began)

    def _frame_rate(self) -> float:
        stated = self._capture.get(cv2.CAP_PROP_FPS)
        return stated if 1 <= stated <= FASTEST_CAMERA else self._config.frame_rate


class UsbSource(_OpenCvSource):
    """A camera behind the kernel's Video4Linux."""

    def __init__(self, config: CaptureConfig) -> None:
        source = str(config.source)
        self._device = Path(f"/dev/video{source}" if source.isdecimal() else source)
        super().__init__(str(self._device), config)

    def open(self) -> None:
        """Open the device and ask it for its format."""
        quiet_opencv()
        self._last_picture = monotonic()
        # Video4Linux has no time-out of its own in OpenCV but this one, read at the first frame of the process.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(math.ceil(self._config.stall_timeout)))
        if not self._device.exists():
            raise CameraError(f"there is no camera {self.name}; {_devices_present()}")
        if not os.access(self._device, os.R_OK | os.W_OK):
            raise CameraError(f"this user may not open {self.name}; add the user to the group `video`")
        if not self._capture.open(self.name, cv2.CAP_V4L2):
            raise CameraError(
                f"{self.name} is there, but is no camera that gives pictures, or another program uses it; "
                "try the next /dev/video number (many cameras have two), or stop the other program"
            )
        self._ask_for_format()

    def _ask_for_format(self) -> None:
        # Compressed frames first: a plain USB 2 bus does not carry the raw ones at full rate.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._config.width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._config.height)
        self._capture.set(cv2.CAP_PROP_FPS, self._config.frame_rate)
        _log.info(
            "camera %s gives %g x %g at %g frames a second",
            self.name,
            self._capture.get(cv2.CAP_PROP_FRAME_WIDTH),
            self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT),
            self._capture.get(cv2.CAP_PROP_FPS),
        )


class StreamSource(_OpenCvSource):
    """A network camera that FFmpeg reads."""

    def __init__(self, config: CaptureConfig) -> None:
        self._address = str(config.source)
        super().__init__(without_secrets(self._address), config)

    def open(self) -> None:
        """Connect, and wait until the stream has said what it is made of."""
        quiet_opencv()
        self._last_picture = monotonic()
        # Over UDP a lost packet smears the picture; FFmpeg takes this option only from the environment.
        os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
        if not self._capture.open(self._address, cv2.CAP_FFMPEG, self._parameters()):
            raise CameraError(
                f"{self.name} gives no video (it has {OPEN_TIMEOUT:g} s to answer); check that the camera is on, "
                "and that address, user and password are right (a VLC player on the same network is a quick test)"
            )

    def _parameters(self) -> Sequence[int]:
        return [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            round(OPEN_TIMEOUT * 1000),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            round(self._config.stall_timeout * 1000),
            cv2.CAP_PROP_N_THREADS,
            1,  # each further decoder thread holds a frame back
        ]


def opencv_source(config: CaptureConfig) -> StreamSource | UsbSource:
    """The camera or stream that `config.source` names, not yet opened."""
    return StreamSource(config) if "://" in str(config.source) else UsbSource(config)


def without_secrets(address: str) -> str:
    """An address as it may be logged: the host alone. User, password, path and query may all hold secrets."""
    scheme = address.partition("://")[0]
    host = urlsplit(address).netloc.rpartition("@")[2]
    if "@" not in address:
        return f"{scheme}://{host}/..."
    if address.count("@") > 1 or "@" not in urlsplit(address).netloc:
        return f"{scheme}://***"  # a password with an unescaped "@" or "/": nobody can tell where the host begins
    return f"{scheme}://***@{host}/..."


def _devices_present() -> str:
    devices = sorted(map(str, Path("/dev").glob("video*")))
    return f"these are present: {', '.join(devices)}" if devices else "no camera is connected, or its driver is missing"
