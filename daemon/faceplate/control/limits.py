"""How much of the daemon one user may claim. Pure: time comes with each call."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from faceplate.types import Seconds

_IDLE: Final = Seconds(60.0)
_PATIENCE: Final = Seconds(5.0)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the control socket."""

    connections: int = 32
    """At once, from all users together ..."""

    connections_of_one: int = 8
    """... and from one"""

    burst: int = 40
    """Requests one user may make at once ..."""

    rate: float = 20.0
    """... and a second, in the long run"""

    refused: int = 20
    """What a request counts for that its peer may not make, so that nobody fills the journal with such"""

    idle: Seconds = _IDLE
    """A connection without requests is closed after this long"""

    patience: Seconds = _PATIENCE
    """A request must come, and its answer be taken, within this"""


@dataclass(slots=True)
class Claims:
    """What each user, by uid, has claimed. Not for two threads at once."""

    limits: Limits
    _open: Counter[int] = field(default_factory=Counter)
    _spent: dict[int, tuple[float, Seconds]] = field(default_factory=dict)
    """Of `burst`, how much was used, and when that was"""

    def connect(self, uid: int, now: Seconds) -> bool:
        """Claim a connection, which counts as a request, too; false when there is none left."""
        if self._open.total() >= self.limits.connections or self._open[uid] >= self.limits.connections_of_one:
            return False
        if not self.request(uid, now):
            return False
        self._open[uid] += 1
        return True

    def disconnect(self, uid: int) -> None:
        """Give one back."""
        self._open[uid] -= 1

    def request(self, uid: int, now: Seconds) -> bool:
        """Claim a request; false when there have been too many."""
        spent = self._still_spent(uid, now)
        if spent + 1 > self.limits.burst:
            return False
        self._spent[uid] = (spent + 1, now)
        return True

    def refused(self, uid: int, now: Seconds) -> None:
        """The last request was one that this user may not make."""
        self._spent[uid] = (self._still_spent(uid, now) + self.limits.refused - 1, now)

    def _still_spent(self, uid: int, now: Seconds) -> float:
        spent, then = self._spent.get(uid, (0.0, now))
        return max(0.0, spent - (now - then) * self.limits.rate)
