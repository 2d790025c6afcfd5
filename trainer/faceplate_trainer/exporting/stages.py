"""How long each part of an export takes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOG = logging.getLogger(__name__)


class Stages:
    """A stopwatch with named stages, one after the other."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """`clock` is in seconds."""
        self._clock = clock
        self.seconds: dict[str, float] = {}
        """Of each stage that has ended, in order"""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is done inside; a stage that is entered again goes on."""
        _LOG.info("%s", name)
        start = self._clock()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + self._clock() - start

    def text(self) -> str:
        """One line a stage, and their sum."""
        rows = [*self.seconds.items(), ("in all", sum(self.seconds.values()))]
        return "\n".join(f"{seconds:8.1f} s  {name}" for name, seconds in rows)
