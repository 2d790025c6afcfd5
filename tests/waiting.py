"""Waiting for what other processes and threads do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path


def until(holds: Callable[[], object], within: float = 10.0, every: float = 0.005) -> None:
    """Look `every` so many seconds until something holds; after `within` seconds without, the test fails."""
    deadline = time.monotonic() + within
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < deadline, f"it did not come to hold within {within} s"
        pause.wait(every)


def listens(path: Path) -> bool:
    """Whether somebody takes connections at a Unix socket; a moment after it is made nobody does yet."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(path)) == 0
