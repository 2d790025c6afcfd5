"""Something between a client and a server that may stop to forward: a cable that was cut, a router that forgot."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Self


class Proxy:
    """Forwards each connection to a port of this machine."""

    def __init__(self, to_port: int, answer_to: Callable[[bytes], bytes | None] = lambda _: None) -> None:
        """Where there is an answer to a client's first packet it gets that, and its connection is closed."""
        self._to_port = to_port
        self._answer_to = answer_to
        self._flows = threading.Event()
        self._flows.set()
        self._ended = threading.Event()
        self._open: list[socket.socket] = []
        self._clients: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def cut(self) -> None:
        """From now on nothing goes through, and neither side is told."""
        self._flows.clear()

    def mend(self) -> None:
        self._flows.set()

    def say(self, content: bytes) -> None:
        """Tell the newest client something as if the server did."""
        self._clients[-1].sendall(content)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(client)
            self._clients.append(client)
            first = client.recv(65536)
            answer = self._answer_to(first)
            if answer is not None:
                client.sendall(answer)
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._to_port))
            except OSError:  # nobody is there
                client.close()
                continue
            self._open.append(server)
            server.sendall(first)
            for source, sink in ((client, server), (server, client)):
                self._threads.append(threading.Thread(target=self._forward, args=(source, sink)))
                self._threads[-1].start()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(65536):
                while not self._flows.wait(0.05):
                    if self._ended.is_set():
                        return
                sink.sendall(content)
            sink.shutdown(socket.SHUT_WR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(10)
