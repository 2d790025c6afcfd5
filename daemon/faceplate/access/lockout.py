"""How attempts that fail are slowed down. Pure.

Everything runs on monotonic time: setting the clock changes nothing. A restart begins a running lock-out anew, and the
time the device was off does not count: whoever pulls the plug waits longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from faceplate.config.access import BackoffConfig
from faceplate.types import Seconds

_START: Final = Seconds(0.0)

_MANY_DOUBLINGS: Final = 32
"""More than it takes from the shortest `first` to the longest `longest`"""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Attempts that failed in a row, and what follows from them."""

    failures: int = 0

    since: Seconds = _START
    """When the last one failed, or when its lock-out is over"""

    until: Seconds | None = None
    """When the lock-out ends; None: there is none"""


FRESH: Final = Backoff()
"""Nothing has failed"""


def lasting(failures: int, rules: BackoffConfig) -> Seconds:
    """How long nothing is answered after so many failures in a row; 0: there is no lock-out."""
    if failures < rules.failures:
        return Seconds(0.0)
    doublings = min(failures - rules.failures, _MANY_DOUBLINGS)
    return Seconds(min(rules.first * 2**doublings, rules.longest))


def failed(backoff: Backoff, now: Seconds, rules: BackoffConfig) -> Backoff:
    """After one more attempt that failed."""
    return _with(at(backoff, now, rules).failures + 1, now, rules)


def at(backoff: Backoff, now: Seconds, rules: BackoffConfig) -> Backoff:
    """What time made of it: a lock-out that is over, failures that are forgotten."""
    if backoff.until is not None:
        if now < backoff.until:
            return backoff
        backoff = Backoff(backoff.failures, backoff.until)
    if backoff.failures and now - backoff.since >= rules.forget_after:
        return FRESH
    return backoff


def taken_back(backoff: Backoff, now: Seconds) -> Backoff:
    """An attempt that was counted in advance turned out not to have failed."""
    return Backoff(max(backoff.failures - 1, 0), now)


def restored(failures: int, *, locked_out: bool, now: Seconds, rules: BackoffConfig) -> Backoff:
    """After a restart: a lock-out that was running begins anew."""
    return _with(failures, now, rules) if locked_out else Backoff(failures, now)


def at_the_longest(now: Seconds, rules: BackoffConfig) -> Backoff:
    """When it is not known what failed."""
    return _with(rules.failures + _MANY_DOUBLINGS, now, rules)


def remaining(backoff: Backoff, now: Seconds) -> Seconds:
    """How long the lock-out still lasts; 0: there is none."""
    return Seconds(0.0 if backoff.until is None else max(backoff.until - now, 0.0))


def _with(failures: int, now: Seconds, rules: BackoffConfig) -> Backoff:
    wait = lasting(failures, rules)
    return Backoff(failures, Seconds(now + wait), Seconds(now + wait)) if wait else Backoff(failures, now)
