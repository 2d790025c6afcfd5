"""Failing and trying again: how soon, and how loudly."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from functools import partial

from faceplate.backoff import waiting_times
from faceplate.bridge.link import LinkDownError, LinkRefusedError
from faceplate.types import Seconds

SHORTEST = Seconds(1.0)
LONGEST = Seconds(60.0)

_log = logging.getLogger(__name__)


class Outage:
    """The run of failures we are in, if any."""

    def __init__(
        self,
        shortest: Seconds = SHORTEST,
        longest: Seconds = LONGEST,
        between: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Waits as `waiting_times` says."""
        self._start = partial(waiting_times, shortest, longest, between)
        self._waits = self._start()
        self._said: set[type[LinkDownError]] = set()

    def failed(self, error: LinkDownError) -> Seconds:
        """Log one failure, aloud if it is the first of its kind, and give the time to wait before the next try."""
        loud = logging.ERROR if isinstance(error, LinkRefusedError) else logging.WARNING
        _log.log(logging.DEBUG if type(error) in self._said else loud, "%s", error)
        self._said.add(type(error))
        return next(self._waits)

    def over(self) -> None:
        """Everything works: the next failure is news again."""
        self._waits = self._start()
        self._said.clear()
