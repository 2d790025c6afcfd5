"""The states on the broker: each is published when it is another than before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from faceplate.bridge.messages import Message


class _Link(Protocol):
    def publish(self, message: Message) -> None: ...


class Board:
    """What hangs there for whoever subscribes later."""

    def __init__(self, link: _Link) -> None:
        """Nothing hangs there yet."""
        self._link = link
        self._shown: dict[str, Message] = {}

    def show(self, messages: Iterable[Message]) -> None:
        """Publish those that this connection has not published as they are now."""
        for message in messages:
            if self._shown.get(message.topic) != message:
                self._link.publish(message)
                self._shown[message.topic] = message

    def renew(self) -> None:
        """Publish all again: the broker may have forgotten them, or somebody new listens."""
        self._shown.clear()
