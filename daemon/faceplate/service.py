"""Keeping the daemon in service: told to stop once, and tried again when a part of it fails."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Protocol, TypeVar

from faceplate.backoff import waiting_times
from faceplate.errors import FaceplateError
from faceplate.types import Seconds

_log = logging.getLogger(__name__)

FIRST_WAIT = Seconds(1.0)
LONGEST_WAIT = Seconds(30.0)
"""Before what has failed is tried again"""

TELL_EVERY = Seconds(1.0)
"""While that is waited for"""


class Closable(Protocol):
    """Something that ends its work when it is closed."""

    def close(self) -> None:
        """End. A second call does nothing."""


_C = TypeVar("_C", bound=Closable)


class Stop:
    """Tells the daemon to stop, once and for all, from any thread."""

    def __init__(self) -> None:
        self._told = threading.Event()
        self._changing = threading.Lock()
        self._running: Closable | None = None

    def __call__(self) -> None:
        """Stop what runs now, and whatever would run later."""
        self._told.set()
        with self._changing:
            running = self._running
        if running is not None:
            running.close()

    @property
    def told(self) -> bool:
        """Whether it is to stop."""
        return self._told.is_set()

    def wait(self, longest: Seconds) -> bool:
        """Wait until told, but not for longer; whether it was told."""
        return self._told.wait(longest)

    @contextmanager
    def ends(self, running: _C) -> Iterator[_C]:
        """Close `running` at the end of the block, or as soon as told."""
        with closing(running):
            with self._changing:
                self._running = running
            if self.told:
                running.close()
            try:
                yield running
            finally:
                with self._changing:
                    self._running = None


def keep_going(
    work: Callable[[], None],
    stop: Stop,
    failed: Callable[[], None],
    resting: Callable[[], None] = lambda: None,
    waits: Callable[[], Iterator[Seconds]] = lambda: waiting_times(FIRST_WAIT, LONGEST_WAIT),
) -> None:
    """Do `work` until it ends by itself or is told to stop; when it fails, say so, and do it again after a while.

    Args:
        work: what must not end.
        stop: ends it.
        failed: told each time it has failed. What it raises ends all: nothing is served by staying.
        resting: told after that and then every second, until the next attempt. What it raises ends all, too.
        waits: how long to wait before each further attempt.
    """
    pauses = waits()
    while not stop.told:
        try:
            work()
        except FaceplateError as error:
            _log.error("%s", error)
        except Exception:  # noqa: BLE001 - whatever it was, those inside must get out
            _log.critical("an unforeseen error", exc_info=True)
        else:
            return
        failed()
        _rest(next(pauses), stop, resting)


def _rest(pause: Seconds, stop: Stop, resting: Callable[[], None]) -> None:
    while pause > 0 and not stop.told:
        resting()
        stop.wait(min(pause, TELL_EVERY))
        pause = Seconds(pause - TELL_EVERY)
