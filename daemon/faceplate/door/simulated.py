"""A lock without hardware, for trying out and for tests. As strict as a real one."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from faceplate.errors import DoorError
from faceplate.types import Clock, Seconds

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Move:
    """One change of the lock."""

    time: Seconds

    locked: bool


class SimulatedLock:
    """Remembers every change of a lock that is not there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._closed = False
        self._moves = [Move(clock(), locked=True)]

    @property
    def moves(self) -> tuple[Move, ...]:
        """Every change so far; the first is the locked state it began in."""
        return tuple(self._moves)

    @property
    def locked(self) -> bool:
        """Whether the lock is locked now."""
        return self._moves[-1].locked

    def lock(self) -> None:
        """Lock, whatever the state was."""
        self._move(locked=True)

    def unlock(self) -> None:
        """Unlock until `lock` or `close`."""
        self._move(locked=False)

    def close(self) -> None:
        """Lock, then refuse further use. A second call does nothing."""
        if not self._closed:
            self.lock()
            self._closed = True

    def _move(self, *, locked: bool) -> None:
        if self._closed:
            raise DoorError("the simulated lock is closed: a lock must be used before it is closed, or built anew")
        if locked != self.locked:
            self._moves.append(Move(self._clock(), locked))
            _log.info("simulated lock: %s", "locked" if locked else "unlocked")
