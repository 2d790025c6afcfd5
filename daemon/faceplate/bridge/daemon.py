"""The daemon, as the bridge sees it: it is asked, and may refuse, or not be there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from faceplate.errors import BridgeError
from faceplate.events import JournalRow


class DaemonAwayError(BridgeError):
    """The daemon does not run, or does not answer."""


class DaemonRefusedError(BridgeError):
    """The daemon does not do what was asked."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        """One word"""


class Daemon(Protocol):
    """Whoever guards the door."""

    def order(self, command: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Have something done, and give what came of it; raises DaemonAwayError or DaemonRefusedError."""

    def status(self) -> Mapping[str, Any]:
        """What it is like now; raises DaemonAwayError or DaemonRefusedError."""

    def rows_after(self, seq: int, limit: int) -> Sequence[JournalRow]:
        """Up to `limit` rows of the journal that follow number `seq`; raises StoreError."""

    def last_row(self, *event_types: str) -> JournalRow | None:
        """The newest row of these types; raises StoreError."""
