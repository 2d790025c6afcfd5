"""How a service is told to stop: SIGTERM, or Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

STOPPING: Final = (signal.SIGTERM, signal.SIGINT)

Stopping: TypeAlias = Callable[[Callable[[], object]], None]
"""From when it is called, the signals call what it is given; the last one, if it is called again"""


@contextmanager
def heard_signals() -> Iterator[Stopping]:
    """What has the signals stop something; afterwards they do what they did before.

    What stops is called from a thread of its own, which waits from the start. A handler interrupts the main thread,
    which may hold any lock, also one that beginning a thread takes: all that the handler does is to write to a pipe.
    """
    before = {number: signal.getsignal(number) for number in STOPPING}
    hears, tells = os.pipe()
    stops: list[Callable[[], object]] = []

    def hear() -> None:
        with os.fdopen(hears, "rb", buffering=0) as pipe:
            while pipe.read(1):
                stops[-1]()

    def stop_on_signals(stop: Callable[[], object]) -> None:
        stops.append(stop)
        for number in STOPPING:
            signal.signal(number, lambda *_: os.write(tells, b"!"))

    threading.Thread(target=hear, name="signals", daemon=True).start()
    try:
        yield stop_on_signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(tells)
