"""The states on the broker: each is published when it is another than before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from faceplate.bridge.messages import Message


class _Link(Protocol):
    def offer(self, message: Message) -> bool: ...


class Board:
    """What hangs there for whoever subscribes later."""

    def __init__(self, link: _Link) -> None:
        """Nothing hangs there yet."""
        self._link = link
        self._told: dict[str, Message] = {}
        self._stale: set[str] = set()
        """Topics that are to be published again although nothing changed"""
        self._refused: set[str] = set()
        """Topics whose newest message the broker did not take"""

    @property
    def told(self) -> Mapping[str, Message]:
        """The newest message of each topic."""
        return self._told

    def show(self, messages: Iterable[Message]) -> None:
        """Publish those that are not there as they are now. What the broker does not take is no reason to stop."""
        for message in messages:
            if self._told.get(message.topic) != message or message.topic in self._stale:
                taken = self._link.offer(message)
                self._told[message.topic] = message
                self._stale.discard(message.topic)
                (self._refused.discard if taken else self._refused.add)(message.topic)

    def renew(self) -> None:
        """Publish all again: the broker may have forgotten them, or somebody new listens."""
        self._stale = set(self._told)

    def retry(self) -> None:
        """Publish again what the broker did not take: it may by now."""
        self._stale |= self._refused
