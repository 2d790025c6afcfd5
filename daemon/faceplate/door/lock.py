"""What a lock's driver can do, and the driver of a kiosk, which has no lock."""

from __future__ import annotations

from typing import Protocol


class LockDriver(Protocol):
    """Moves one lock. It is locked from the moment it exists.

    Every method raises `DoorError` if the lock does not answer, and `lock` and `unlock` also after `close`.
    """

    def lock(self) -> None:
        """Lock, whatever the state was."""

    def unlock(self) -> None:
        """Unlock until `lock` or `close`."""

    def close(self) -> None:
        """Lock, then let go of the hardware. A second call does nothing."""


class NoLock:
    """`driver: none`: this device recognises people and moves nothing."""

    def lock(self) -> None:
        """Do nothing: there is no lock."""

    def unlock(self) -> None:
        """Do nothing: there is no lock."""

    def close(self) -> None:
        """Do nothing: there is no lock."""
