"""The connection to a broker, as the bridge sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from faceplate.bridge.messages import Message
from faceplate.errors import BridgeError
from faceplate.types import Seconds


class LinkDownError(BridgeError):
    """There is no connection, or there is none any more. Another try may succeed."""


class LinkRefusedError(LinkDownError):
    """The broker refuses us, or we it. Tries go on, but somebody must change something."""


@dataclass(frozen=True, slots=True)
class Received:
    """One message that came."""

    topic: str

    payload: bytes = field(repr=False)
    """Never shown: there may be a PIN in it"""

    retained: bool = False
    """Whether the broker had kept it, or was asked to: then nobody can say when it was sent"""

    correlation: bytes | None = field(default=None, repr=False)
    """What the sender wants back with the answer (MQTT 5)"""


class Link(Protocol):
    """One connection at a time; every method may raise LinkDownError, and the connection is then gone."""

    def open(self) -> None:
        """Connect anew; when the connection later dies, the broker says so in our name.

        What an earlier connection has received and nobody took is gone, and counted as `missed`.
        """

    def subscribe(self, topic: str) -> bool:
        """Have what is sent there sent to us until the connection ends; false if the broker does not allow it."""

    def publish(self, message: Message) -> None:
        """Send, and return when the broker has acknowledged."""

    def offer(self, message: Message) -> bool:
        """Send what nobody depends on; false if the broker does not take it."""

    def received(self) -> tuple[Received, ...]:
        """What has come since the last call, oldest first. It came during any of the other methods."""

    def missed(self) -> int:
        """How many messages since the last call came faster than they were taken, and are gone."""

    def wait(self, time: Seconds) -> None:
        """Wait for up to this long until something comes, and keep the connection alive."""

    def close(self) -> None:
        """Say goodbye."""
