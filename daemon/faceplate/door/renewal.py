"""The lock's leases: each is renewed in time, and none lasts much longer than the door may stay unlocked.

Whatever becomes of this process, the driver locks when the lease is over.
"""

from __future__ import annotations

import math
from typing import Final

from faceplate.door.hardware import LockDriver
from faceplate.types import Seconds

LEASE: Final = Seconds(3.0)
"""Of a door that stays unlocked until further notice: so long does it stay so if the daemon dies"""

RENEW_EVERY: Final = Seconds(1.0)

GRACE: Final = Seconds(0.25)
"""A lease outlasts its deadline by this, so that the door itself locks first, and says why"""


class RenewedLock:
    """Keeps a lock unlocked for as long as it is told to."""

    def __init__(self, driver: LockDriver) -> None:
        self._driver = driver
        self._until: Seconds | None = None
        self._renew_at = Seconds(math.inf)

    @property
    def is_held(self) -> bool:
        """Whether it is being kept unlocked."""
        return self._until is not None

    @property
    def renew_at(self) -> Seconds:
        """When `keep` must be called again at the latest; `math.inf` if it need not."""
        return self._renew_at

    def lock(self) -> None:
        """Lock, whatever the state was.

        Raises:
            DoorError: the lock does not answer.
        """
        self.let_go()
        self._driver.lock()

    def let_go(self) -> None:
        """Renew no longer."""
        self._until = None
        self._renew_at = Seconds(math.inf)

    def keep(self, until: Seconds, now: Seconds, *, momentary: bool) -> None:
        """Unlock, or stay unlocked, until `until`; the driver is told only if it has to be.

        Args:
            until: may be `math.inf`, and may be another than before.
            now: the present time.
            momentary: one lease for all of it, as an access needs no renewal; else it is renewed by calling this again.

        Raises:
            DoorError: the lock does not answer, or no longer does as it was told.
        """
        if until == self._until and now < self._renew_at:
            self._driver.check()
            return
        self._until = until
        self._renew_at = Seconds(math.inf) if momentary else Seconds(now + RENEW_EVERY)
        remaining = Seconds(until - now + GRACE)
        self._driver.unlock(remaining if momentary else min(LEASE, remaining))
