"""The date and time, and whether to believe them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

# Time servers set a clock back by seconds, and by one at a leap second; who turns it back to come in needs more.
TOLERANCE: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Moment:
    """What the clock on the wall shows."""

    time: datetime
    """Aware, UTC"""

    trusted: bool
    """False: it showed a later time before"""


class Calendar:
    """Reads the clock on the wall, and remembers the latest it ever showed.

    A clock that goes on by itself, or is set forward, is believed: after a night without power, or after a suspend,
    that is what a right clock does. One that is earlier than before is not believed until it has caught up, or until
    the owner accepts it.
    """

    def __init__(self, wall: Callable[[], datetime], latest: datetime | None = None) -> None:
        """Remember what was known before.

        Args:
            wall: gives the present date and time, aware.
            latest: the latest time that is known to have been; None: nothing is known.
        """
        self._wall = wall
        self._latest = latest

    @property
    def latest(self) -> datetime | None:
        """The latest time there ever was."""
        return self._latest

    def read(self) -> Moment:
        """The present moment."""
        now = self._wall().astimezone(UTC)
        trusted = self._latest is None or now >= self._latest - TOLERANCE
        if trusted and (self._latest is None or now > self._latest):
            self._latest = now
        return Moment(now, trusted)

    def trust(self) -> None:
        """Believe the clock as it is."""
        self._latest = self._wall().astimezone(UTC)
