"""Failing and trying again: how soon, and how loudly."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable

from faceplate.bridge.link import LinkDownError, LinkRefusedError
from faceplate.types import Seconds

SHORTEST = Seconds(1.0)
LONGEST = Seconds(60.0)

_log = logging.getLogger(__name__)


class Outage:
    """The run of failures we are in, if any.

    Waits double from `shortest` to `longest`, so that a broken broker is not stormed, and are shortened by chance, so
    that the doors of one house do not all come back in the same moment.
    """

    def __init__(
        self,
        shortest: Seconds = SHORTEST,
        longest: Seconds = LONGEST,
        between: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """`between` picks a number between two."""
        self._shortest = shortest
        self._longest = longest
        self._between = between
        self._next = shortest
        self._said: set[type[LinkDownError]] = set()

    def failed(self, error: LinkDownError) -> Seconds:
        """Log one failure, aloud if it is the first of its kind, and give the time to wait before the next try."""
        loud = logging.ERROR if isinstance(error, LinkRefusedError) else logging.WARNING
        _log.log(logging.DEBUG if type(error) in self._said else loud, "%s", error)
        self._said.add(type(error))
        longest = self._next
        self._next = Seconds(min(2 * longest, self._longest))
        return Seconds(self._between(max(self._shortest, longest / 2), longest))

    def over(self) -> None:
        """Everything works: the next failure is news again."""
        self._next = self._shortest
        self._said.clear()
