"""What has come and was not yet taken: so much and no more, however fast it comes. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

from faceplate.bridge.broker.link import Received

CAPACITY: Final = 64
"""Messages; of the largest that the broker is told to send they are 4 MiB"""


class Inbox:
    """Messages in the order they came."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        """Empty at first."""
        self._capacity = capacity
        self._messages: deque[Received] = deque()
        self._missed = 0
        self.arrived = 0
        """Messages that ever came"""

    def __len__(self) -> int:
        """How many there are to take."""
        return len(self._messages)

    @property
    def is_full(self) -> bool:
        """Whether the next to come finds no place."""
        return len(self._messages) >= self._capacity

    def put(self, message: Received) -> None:
        """Keep a message. One that finds no place is counted: those that came before it were there first."""
        self.arrived += 1
        if self.is_full:
            self._missed += 1
        else:
            self._messages.append(message)

    def miss(self) -> None:
        """Count one that nobody can read."""
        self.arrived += 1
        self._missed += 1

    def take(self) -> tuple[Received, ...]:
        """All there are."""
        messages = tuple(self._messages)
        self._messages.clear()
        return messages

    def missed(self) -> int:
        """How many were counted since the last call."""
        missed, self._missed = self._missed, 0
        return missed

    def forget(self) -> None:
        """Count those that nobody will take any more."""
        self._missed += len(self.take())
