"""Failing and trying again: how soon, and how loudly."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from functools import partial

from faceplate.backoff import waiting_times
from faceplate.bridge.broker.link import LinkDownError, LinkRefusedError
from faceplate.types import Clock, Seconds

SHORTEST = Seconds(1.0)
LONGEST = Seconds(60.0)

_PROOF = 4
"""All is well when that has lasted so many times as long as we waited: two bridges of one name, who throw one another
out, both connect well enough, and else would do so every second"""

_log = logging.getLogger(__name__)


class Outage:
    """The run of failures we are in, if any."""

    def __init__(
        self,
        shortest: Seconds = SHORTEST,
        longest: Seconds = LONGEST,
        between: Callable[[float, float], float] = random.uniform,
        clock: Clock | None = None,
    ) -> None:
        """Waits as `waiting_times` says. The clock is the monotonic one, unless another is given."""
        self._clock = clock or _monotonic
        self._proven_at = Seconds(0.0)
        self._start = partial(waiting_times, shortest, longest, between)
        self._waits = self._start()
        self._said: set[type[LinkDownError]] = set()

    def failed(self, error: LinkDownError) -> Seconds:
        """Log one failure, aloud if it is the first of its kind, and give the time to wait before the next try."""
        loud = logging.ERROR if isinstance(error, LinkRefusedError) else logging.WARNING
        _log.log(logging.DEBUG if type(error) in self._said else loud, "%s", error)
        self._said.add(type(error))
        wait = next(self._waits)
        self._proven_at = Seconds(self._clock() + wait + _PROOF * wait)
        return wait

    def over(self) -> None:
        """Everything works: once it has for a while, the next failure is news again."""
        if self._clock() >= self._proven_at:
            self._waits = self._start()
            self._said.clear()


def _monotonic() -> Seconds:
    return Seconds(time.monotonic())
