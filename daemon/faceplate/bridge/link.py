"""The connection to a broker, as the bridge sees it."""

from __future__ import annotations

from typing import Protocol

from faceplate.bridge.messages import Message
from faceplate.errors import BridgeError
from faceplate.types import Seconds


class LinkDownError(BridgeError):
    """There is no connection, or there is none any more. Another try may succeed."""


class LinkRefusedError(LinkDownError):
    """The broker refuses us, or we it. Tries go on, but somebody must change something."""


class Link(Protocol):
    """One connection at a time; every method may raise LinkDownError, and the connection is then gone."""

    def open(self) -> None:
        """Connect anew; when the connection later dies, the broker says so in our name."""

    def publish(self, message: Message) -> None:
        """Send, and return when the broker has acknowledged."""

    def wait(self, time: Seconds) -> None:
        """Do nothing for up to this long, but keep the connection alive."""

    def close(self) -> None:
        """Say goodbye."""
