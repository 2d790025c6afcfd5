"""A network camera on loopback: numbered pictures as MJPEG over HTTP, which can stall, drop out and come back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

FRAME_TIME = 0.02
BITS = 16
SIDE = 24


def numbered_picture(number: int) -> NDArray[np.uint8]:
    """A blue picture with `number` written into its upper half as black and white blocks. BGR uint8 (96, 384, 3)."""
    picture = np.full((4 * SIDE, BITS * SIDE, 3), (255, 0, 0), np.uint8)
    for bit in range(BITS):
        picture[: 2 * SIDE, bit * SIDE : (bit + 1) * SIDE] = 255 * (number >> bit & 1)
    return picture


def number_in(image: NDArray[np.uint8]) -> int:
    """The number in such a picture, whatever compression left of it."""
    blocks = image[: 2 * SIDE].reshape(2 * SIDE, BITS, SIDE, 3).mean(axis=(0, 2, 3))
    return sum(1 << bit for bit, level in enumerate(blocks) if level > 127)


class MjpegServer:
    """Serves from its making until `close`. The numbers go on rising through every stall and loss."""

    def __init__(
        self,
        port: int = 0,
        picture: Callable[[int], NDArray[np.uint8]] = numbered_picture,
        *,
        frame_time: float = FRAME_TIME,
        quality: int = 95,
    ) -> None:
        """`picture` gives what is served under each number, BGR uint8 (H, W, 3), every `frame_time` seconds."""
        self._picture = picture
        self._frame_time = frame_time
        self._quality = (cv2.IMWRITE_JPEG_QUALITY, quality)
        self._changed = threading.Condition()
        self._stalled = False
        self._piling = False
        self._connection = 0
        self._closed = False
        self.sent = 0
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.camera = self
        self.port: int = self._server.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}/stream.mjpg"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def stall(self) -> None:
        """Keep the connection, send nothing."""
        with self._changed:
            self._stalled = True

    def resume(self) -> None:
        with self._changed:
            self._stalled = self._piling = False
            self._changed.notify_all()

    def pile_up(self) -> None:
        """Go on making pictures, and hold them back on the way until `resume`."""
        with self._changed:
            self._piling = True

    def drop(self) -> None:
        """Cut the present connections; new ones are taken."""
        with self._changed:
            self._connection += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Cut everything and refuse new connections."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def wait_for(self, sent: int) -> None:
        """Wait until the picture with this number was sent."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.sent >= sent, timeout=20), f"only {self.sent} pictures sent"

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        with self._changed:
            connection = self._connection
        pile = b""
        while (number := self._next_number(connection)) is not None:
            jpeg = cv2.imencode(".jpg", self._picture(number), self._quality)[1].tobytes()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            pile += head.encode() + jpeg + b"\r\n"
            if not self._piling:
                handler.wfile.write(pile)
                pile = b""

    def _next_number(self, connection: int) -> int | None:
        def gone() -> bool:
            return self._closed or self._connection != connection

        with self._changed:
            self._changed.wait_for(gone, timeout=self._frame_time)
            self._changed.wait_for(lambda: gone() or not self._stalled)
            if gone():
                return None
            self.sent += 1
            self._changed.notify_all()
            return self.sent


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    camera: MjpegServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        self.server.camera.serve(self)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""
