"""Leases on a lock: it is unlocked for a time, and locked when that is over, unless the lease was renewed.

Times are plain numbers of seconds here and in what moves the lock: the keeper has to start fast, and `faceplate.types`
brings numpy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from faceplate.errors import DoorError


class BareLock(Protocol):
    """Moves one lock and knows no lease. It is locked from the moment it exists.

    Every method raises `DoorError` if the lock does not answer, and all but `close` also after `close`.
    """

    @property
    def due(self) -> float | None:
        """When a pulse ends and `tick` is to be called; None: no pulse is under way."""

    def lock(self) -> None:
        """Lock, whatever the state was."""

    def unlock(self) -> None:
        """Unlock until `lock` or `close`."""

    def tick(self) -> None:
        """Let time pass: end a pulse that has lasted long enough."""

    def close(self) -> None:
        """Lock, see a pulse to its end, and let go of the hardware. A second call does nothing."""


class LeasedLock:
    """A lock that is unlocked for a lease at a time, as long as somebody calls `tick` when it is `due`.

    After an error it is only good for being closed.
    """

    def __init__(self, lock: BareLock, clock: Callable[[], float]) -> None:
        """Lease out `lock`, which is closed together with this.

        Args:
            lock: moves the lock.
            clock: gives monotonic seconds.
        """
        self._lock = lock
        self._clock = clock
        self._until: float | None = None

    @property
    def due(self) -> float | None:
        """When `tick` has something to do next; None: not before the next call."""
        return min((time for time in (self._until, self._lock.due) if time is not None), default=None)

    def lock(self) -> None:
        """Lock, whatever the state was."""
        self._lock.lock()
        self._until = None

    def unlock(self, lasting: float) -> None:
        """Unlock for `lasting` seconds from now, also if that is sooner than the lease before would have ended."""
        check_lease(lasting)
        self.tick()
        if self._until is None:
            self._lock.unlock()
        self._until = self._clock() + lasting

    def tick(self) -> None:
        """Let time pass: lock at the end of the lease, rest at the end of a pulse."""
        self._lock.tick()
        if self._until is not None and self._clock() >= self._until:
            self.lock()

    def close(self) -> None:
        """Lock, then let go of the hardware. A second call does nothing."""
        self._until = None
        self._lock.close()


def check_lease(lasting: float) -> None:
    """Refuse a lease that would not end, or never begin.

    Raises:
        DoorError: it is not a number of seconds above 0.
    """
    if not 0 < lasting < math.inf:
        raise DoorError(f"a lock is unlocked for some seconds, more than 0 and not for ever; got {lasting!r}")
