"""Serves the page on the loopback interface, to browsers on this machine, and nothing else."""

from __future__ import annotations

import json
import logging
import socket
import socketserver
import threading
from collections.abc import Callable
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from importlib.resources import files
from string import Template
from typing import Any, Final

from faceplate.screen import Kind, Words
from faceplate.types import Clock, Seconds

_log = logging.getLogger(__name__)

ADDRESS: Final = "127.0.0.1"

MOST_CONNECTIONS: Final = 8
LONGEST_CONNECTION: Final = Seconds(5.0)
"""Request and answer, whatever is dribbled"""

_POLL: Final = Seconds(0.2)
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
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


class Page:
    """All there is to be fetched."""

    def __init__(self, words: Callable[[], Words], language: str) -> None:
        """Read the page; `words` gives what is to be shown now."""
        folder = files("faceplate.kiosk").joinpath("page")
        out_of_service = Words.of(Kind.OUT_OF_SERVICE, language).text
        texts = {path: (folder.joinpath(name).read_text("utf-8"), kind) for path, (name, kind) in _FILES.items()}
        html, kind = texts["/"]
        texts["/"] = (Template(html).substitute(language=language, out_of_service=escape(out_of_service)), kind)
        self._files = {path: (text.encode(), kind) for path, (text, kind) in texts.items()}
        self._words = words

    def content(self, path: str) -> tuple[bytes, str] | None:
        """What lies at a path, and its type; None: nothing."""
        if path == "/words":
            return json.dumps(self._words().facts(), ensure_ascii=False).encode(), "application/json"
        return self._files.get(path)


class PageServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Listens from its making."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, port: int, page: Page, clock: Clock) -> None:
        """Listen.

        Args:
            port: 0 is one that is free.
            page: what there is to fetch.
            clock: ends connections.

        Raises:
            OSError: nobody can listen there.
        """
        self.page = page
        self._clock = clock
        self._moved: Callable[[], None] = lambda: None
        self._guard = threading.Lock()
        self._open: dict[socket.socket, Seconds] = {}
        super().__init__((ADDRESS, port), _Handler)
        self.port = int(self.server_address[1])

    def serve(self, moved: Callable[[], None] = lambda: None) -> None:
        """Serve until another thread calls `shutdown`; `moved` is told again and again that it does."""
        self._moved = moved
        self.serve_forever(_POLL)

    def is_here(self, host: str | None) -> bool:
        """Whether a browser means this page by that Host: another site's name may lead here, too (DNS rebinding)."""
        return host in {f"{ADDRESS}:{self.port}", f"localhost:{self.port}"}

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401 - socketserver's
        """Whether one more is listened to."""
        del request, client_address
        with self._guard:
            return len(self._open) < MOST_CONNECTIONS

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """Serve it in a thread."""
        with self._guard:
            self._open[request] = Seconds(self._clock() + LONGEST_CONNECTION)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - socketserver's
        """It is served."""
        with self._guard:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """End what takes too long."""
        self._moved()
        now = self._clock()
        with self._guard:
            for connection, until in self._open.items():
                if now > until:
                    _hang_up(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """A browser that hangs up is no fault of ours."""
        del request
        _log.debug("a connection of %s broke", client_address, exc_info=True)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        _log.debug("a connection had ended by itself")


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    timeout = LONGEST_CONNECTION

    def do_GET(self) -> None:
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or not self.server.is_here(hosts[0]):
            self.send_error(HTTPStatus.FORBIDDEN)
        elif (found := self.server.page.content(self.path)) is None:
            self.send_error(HTTPStatus.NOT_FOUND)
        else:
            self._send(HTTPStatus.OK, *found)

    def version_string(self) -> str:
        return "faceplate"

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        del message, explain
        self._send(code, b"", "text/plain")

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002, ANN401 - http.server's
        _log.debug(format, *arguments)

    def _send(self, code: int, content: bytes, kind: str) -> None:
        self.send_response(code)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
