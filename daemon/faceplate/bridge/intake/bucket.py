"""How often something may be done. Pure: time comes with each call."""

from __future__ import annotations

from dataclasses import dataclass

from faceplate.types import Seconds


@dataclass(slots=True)
class Bucket:
    """A bucket of tokens: full at first, one is taken for each time, and they come back at a steady rate."""

    burst: int
    """Times at once"""

    rate: float
    """Times a second in the long run"""

    _taken: float = 0.0
    _at: float = 0.0

    def take(self, now: Seconds) -> bool:
        """Take a token; false when there is none."""
        taken = max(0.0, self._taken - max(0.0, now - self._at) * self.rate)
        self._at = now
        self._taken = taken if taken + 1 > self.burst else taken + 1
        return self._taken != taken
