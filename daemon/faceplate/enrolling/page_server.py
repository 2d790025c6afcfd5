"""Serves the preview page while somebody is being enrolled: from memory, to one browser, and nothing else."""

from __future__ import annotations

import json
import logging
import socket
import socketserver
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from importlib.resources import files
from io import BufferedIOBase
from typing import Any, Final

from faceplate.enrolling.certificate import Tls
from faceplate.enrolling.gate import Gate, is_near
from faceplate.types import Clock, Seconds

_log = logging.getLogger(__name__)

MOST_CONNECTIONS: Final = 8
LONGEST_CONNECTION: Final = Seconds(10.0)
"""Handshake, request and answer, whatever is dribbled"""
LARGEST_REQUEST: Final = 8192
"""Bytes of a request line with its headers"""

_POLL: Final = Seconds(0.2)
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'; connect-src "
    "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Connection": "close",
}
_FILES: Final = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}


class Board:
    """What the page shows now: written by the enrolment, read by the server's threads."""

    def __init__(self) -> None:
        self._state = b"{}"
        self._picture = b""

    def show(self, state: Mapping[str, Any], picture: bytes) -> None:
        """Show this; the picture is a JPEG, empty for none."""
        self._picture, self._state = picture, json.dumps(state, ensure_ascii=False).encode()

    def content(self, path: str) -> tuple[bytes, str] | None:
        """What lies at a path, and its type; None: nothing."""
        name, _, number = path.partition("?")
        match name, number:
            case "/state", "":
                return self._state, "application/json"
            case "/picture", _ if self._picture:
                return self._picture, "image/jpeg"
            case _, "" if name in _FILES:
                file, kind = _FILES[name]
                return files("faceplate.enrolling").joinpath("page", file).read_bytes(), kind
        return None


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    until: Seconds


class PageServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Serves from its making until `close`."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], gate: Gate, board: Board, clock: Clock, tls: Tls | None) -> None:
        """Listen, and serve from a thread of its own.

        Args:
            address: where; port 0 is one that is free.
            gate: who may see the page.
            board: what there is to see.
            clock: ends connections.
            tls: None: plain HTTP.

        Raises:
            OSError: nobody can listen there.
        """
        self.gate = gate
        self.board = board
        self._clock = clock
        self._tls = tls
        self._guard = threading.Lock()
        self._open: dict[int, _Connection] = {}
        super().__init__(address, _Handler)
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": _POLL}, name="page", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def close(self) -> None:
        """Serve no longer."""
        self.shutdown()
        self.server_close()
        self._end(list(self._open))
        self._thread.join()

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401 - socketserver's
        """Whether anybody is listened to at all."""
        del request
        with self._guard:
            return is_near(str(client_address[0])) and len(self._open) < MOST_CONNECTIONS

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """Serve it in a thread."""
        with self._guard:
            self._open[id(request)] = _Connection(request, Seconds(self._clock() + LONGEST_CONNECTION))
        super().process_request(request, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """Serve it, in its thread."""
        request.settimeout(LONGEST_CONNECTION)
        if self._tls is None:
            super().finish_request(request, client_address)
            return
        with self._tls.context.wrap_socket(request, server_side=True, do_handshake_on_connect=False) as secured:
            with self._guard:
                self._open[id(request)].socket = secured
            secured.do_handshake()
            super().finish_request(secured, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - socketserver's
        """It is served."""
        super().shutdown_request(request)
        with self._guard:
            self._open.pop(id(request), None)

    def service_actions(self) -> None:
        """End what takes too long."""
        now = self._clock()
        with self._guard:
            late = [key for key, connection in self._open.items() if now > connection.until]
        self._end(late)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """A browser that hangs up, or does not like the certificate, is no fault of ours."""
        del request
        _log.debug("a connection of %s broke", client_address, exc_info=True)

    def _end(self, keys: list[int]) -> None:
        with self._guard:
            connections = [self._open[key] for key in keys if key in self._open]
        for connection in connections:
            try:
                socket.socket.shutdown(connection.socket, socket.SHUT_RDWR)
            except OSError:
                _log.debug("a connection had ended by itself")


class _Bounded:
    """A request, of which no more than LARGEST_REQUEST bytes are read."""

    def __init__(self, source: BufferedIOBase) -> None:
        self._source = source
        self._left = LARGEST_REQUEST
        self.closed = False

    def readline(self, size: int = -1) -> bytes:
        line = self._source.readline(self._left if size < 0 else min(size, self._left))
        self._left -= len(line)
        if self._left <= 0:
            raise OSError("the request is too large")
        return line

    def close(self) -> None:
        self.closed = True
        self._source.close()


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    timeout = LONGEST_CONNECTION

    def setup(self) -> None:
        super().setup()
        self.rfile = _Bounded(self.rfile)  # type: ignore[assignment]

    def do_GET(self) -> None:
        gate = self.server.gate
        if not gate.is_here(self.headers.get("Host")):
            self._refuse()
        elif (cookie := gate.claim(self.path)) is not None:
            self._give("/", cookie)
        elif gate.is_admitted(self.headers.get("Cookie")):
            self._give(self.path)
        else:
            self._refuse()

    def version_string(self) -> str:
        return "faceplate"

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        del message, explain
        self._send(code, b"", "text/plain")

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002, ANN401 - http.server's
        _log.debug(format, *arguments)

    def _refuse(self) -> None:
        self.send_error(403)

    def _give(self, path: str, cookie: str | None = None) -> None:
        found = self.server.board.content(path)
        if found is None:
            self.send_error(404)
        else:
            self._send(200, *found, cookie)

    def _send(self, code: int, content: bytes, kind: str, cookie: str | None = None) -> None:
        self.send_response(code)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        if cookie is not None:
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
