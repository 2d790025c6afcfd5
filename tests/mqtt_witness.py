"""Stands between the bridge and its broker, and notes which events the broker acknowledged."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections import defaultdict

from tcp_proxy import Proxy

# MQTT 5, 2.1.2
_PUBLISH = 3
_PUBACK = 4


class Witness(Proxy):
    """Forwards, and reads along. Of the payloads it knows that they are JSON objects with a `seq` and an `id`."""

    def __init__(self, to_port: int) -> None:
        super().__init__(to_port)
        self.acknowledged: list[tuple[int, str]] = []
        """`seq` and `id` of each event, in the order in which the broker acknowledged them"""
        self._published: dict[socket.socket, dict[int, tuple[int, str]]] = defaultdict(dict)
        """Of each client, by packet identifier"""
        self._one_at_a_time = threading.Lock()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        up, rest = source in self._clients, b""
        with contextlib.suppress(OSError):
            while content := source.recv(65536):
                packets, rest = _packets(rest + content)
                for kind, body in packets:
                    if up and kind == _PUBLISH:
                        self._note(source, body)
                    elif not up and kind == _PUBACK:
                        self._acknowledge(sink, body)
                sink.sendall(content)
        for each in (source, sink):  # a side that was killed takes the other along
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _note(self, client: socket.socket, body: bytes) -> None:
        length = 2 + int.from_bytes(body[:2], "big")
        if b"/event/" in body[2:length]:
            tree = json.loads(body[body.index(b'{"') :])
            self._published[client][int.from_bytes(body[length : length + 2], "big")] = (tree["seq"], tree["id"])

    def _acknowledge(self, client: socket.socket, body: bytes) -> None:
        event = self._published[client].pop(int.from_bytes(body[:2], "big"), None)
        if event is not None:
            with self._one_at_a_time:
                self.acknowledged.append(event)


def _packets(stream: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The whole control packets at the head of a stream, as kind and body, and what is left (MQTT 5, 2.1)."""
    found = []
    while (start := _body_at(stream)) is not None and len(stream) >= start[0] + start[1]:
        begin, length = start
        found.append((stream[0] >> 4, stream[begin : begin + length]))
        stream = stream[begin + length :]
    return found, stream


def _body_at(stream: bytes) -> tuple[int, int] | None:
    """Where the first packet's body begins, and its length (MQTT 5, 1.5.5); None: that is not there yet."""
    length = 0
    for place, digit in enumerate(stream[1:5]):
        length |= (digit & 0x7F) << 7 * place
        if digit < 0x80:
            return place + 2, length
    return None
