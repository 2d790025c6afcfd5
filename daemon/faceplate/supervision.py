"""What systemd is told: that the door is locked and served, what the daemon is doing, and that it moves on.

The protocol of sd_notify(3): one datagram of lines to the socket that NOTIFY_SOCKET names. Without it nobody is told.
"""

from __future__ import annotations

import logging
import math
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from faceplate.types import Clock, Seconds

_log = logging.getLogger(__name__)

EVERY: Final = Seconds(1.0)
"""The watchdog is fed no more often than this: it wakes systemd each time"""

_PATIENCE: Final = Seconds(0.5)
"""How long systemd may take to take a datagram; a loop that does its work must not hang in telling so"""


def notify(message: str, address: str | None) -> None:
    """Tell the service manager that listens at `address`: a path, or the name of an abstract socket after an @."""
    if not address:
        return
    where = "\0" + address[1:] if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
            manager.settimeout(_PATIENCE)
            manager.sendto(message.encode(), where)
    except OSError as error:
        _log.warning("systemd at %s cannot be told %r: %s", address, message, error)


def tell_systemd(message: str) -> None:
    """Tell systemd, if it started this process and wants to know."""
    notify(message, os.environ.get("NOTIFY_SOCKET"))


class Supervision:
    """Tells the service manager how this process does. To be used by the thread whose work is supervised.

    There is no timer here: whoever has done a piece of work says so, and who does none any more is killed.
    """

    def __init__(self, clock: Clock, tell: Callable[[str], None] = tell_systemd) -> None:
        """Nothing is told yet."""
        self._clock = clock
        self._tell = tell
        self._fed = Seconds(-math.inf)
        self._status = ""

    def ready(self, status: str) -> None:
        """It is locked and served; `status` is what is done now."""
        self._status = status
        self._fed = self._clock()
        self._tell(f"READY=1\nSTATUS={status}")

    def moved(self, status: str) -> None:
        """A piece of the work named by `status` has been done."""
        now = self._clock()
        lines = []
        if now - self._fed >= EVERY:
            self._fed = now
            lines.append("WATCHDOG=1")
        if status != self._status:
            self._status = status
            lines.append(f"STATUS={status}")
        if lines:
            self._tell("\n".join(lines))

    def stopping(self) -> None:
        """It ends from now on."""
        self._tell("STOPPING=1\nSTATUS=locking the door, and ending")


@contextmanager
def supervised(
    check: Callable[[], None], status: str, clock: Clock, tell: Callable[[str], None] = tell_systemd
) -> Iterator[Callable[[str], None]]:
    """Tell systemd that it is ready, and at the end of the block that it ends; gives what feeds the watchdog.

    What is given is called by the loop with what it does, after a frame went all the way to the door. While the camera
    gives none, it is the loop again, as long as the capture still tries; and while nobody watches, whoever tries again
    to do so: a camera that is not there comes no sooner by killing who serves the exit button, but an attempt that
    hangs must be found.

    Args:
        check: raises if the door's own thread is gone. Without it nobody gets out, and a new start is the cure.
        status: what is done when it is ready.
        clock: monotonic.
        tell: takes the messages.
    """
    supervision = Supervision(clock, tell)

    def moved(doing: str) -> None:
        check()
        supervision.moved(doing)

    supervision.ready(status)
    try:
        yield moved
    finally:
        supervision.stopping()
