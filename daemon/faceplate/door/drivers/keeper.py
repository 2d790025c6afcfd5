"""The lock's keeper: a process of its own, which holds a lock open only as long as it was asked to.

`python -m faceplate.door.drivers.keeper` is started by `keeper_client`, with one end of a pair of sockets as its
standard input. It locks when a lease ends, and when the other end closes, which the kernel sees to however the daemon
ends. So a daemon that is killed, stopped or hangs cannot leave the door open.

Every message is JSON. The first names the lock's lines, as `LockLines`; each further one is `["lock"]` or
`["unlock", SECONDS]`. Each is answered by `{}`; so is the end of the messages, once the lock is locked and let go of.
What the lock refuses ends the keeper: it locks first, and then answers `{"error": TEXT}`. What is no message of these
ends it without an answer.
"""

from __future__ import annotations

import json
import logging
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Final

from faceplate.door.drivers.gpiozero_lock import bare_lock
from faceplate.door.drivers.lease import BareLock, LeasedLock
from faceplate.door.drivers.lock_lines import LockLines
from faceplate.errors import DoorError

_log = logging.getLogger(__name__)

LONGEST_MESSAGE: Final = 4096
"""Bytes"""

# Those that cannot be ignored, and those that the processor sends about the program's own faults.
_NOT_IGNORED: Final = frozenset(
    {
        signal.SIGKILL,
        signal.SIGSTOP,
        signal.SIGSEGV,
        signal.SIGBUS,
        signal.SIGFPE,
        signal.SIGILL,
    }
)


def main() -> int:
    """Keep the lock for whoever holds the other end of standard input."""
    # This process lives exactly as long as its socket. What a terminal or the service manager sends to the group
    # to end it (SIGTERM, the watchdog's SIGABRT) or pause it (SIGTSTP) is for the daemon, whose end is heard of here.
    for number in signal.valid_signals() - _NOT_IGNORED:
        signal.signal(number, signal.SIG_IGN)
    with socket.socket(fileno=0) as requests:
        try:
            keep(requests)
        except (OSError, ValueError) as error:
            _log.error("the keeper of the lock ends: %s", error)
            return 1
    return 0


def keep(
    requests: socket.socket,
    clock: Callable[[], float] = time.monotonic,
    lock_of: Callable[[LockLines], BareLock] = bare_lock,
) -> None:
    """Take the lock, and do what is requested until the other end closes. However this ends, the lock is locked.

    Args:
        requests: a socket that keeps messages apart.
        clock: gives monotonic seconds.
        lock_of: takes the lock on some lines.

    Raises:
        DoorError: the lock does not answer.
        ValueError: a message is none of those above.
        OSError: the other end takes no answer.
    """
    try:
        _serve(requests, clock, lock_of)
    except DoorError as error:
        _answer_at_last(requests, error=str(error))
        raise
    _answer_at_last(requests)


def _serve(requests: socket.socket, clock: Callable[[], float], lock_of: Callable[[LockLines], BareLock]) -> None:
    with closing(LeasedLock(lock_of(_lines_from(requests.recv(LONGEST_MESSAGE))), clock)) as lock:
        _answer(requests)
        while request := _next(requests, lock, clock):
            _do(lock, request)
            _answer(requests)


def _lines_from(message: bytes) -> LockLines:
    try:
        return LockLines(**json.loads(message))
    except TypeError as error:
        raise ValueError(f"expected the lock's lines: {error}") from error


def _next(requests: socket.socket, lock: LeasedLock, clock: Callable[[], float]) -> bytes:
    """The next request, empty when the other end is closed; until then, time passes for the lock."""
    came = False
    while not came:
        due = lock.due
        came = bool(select.select([requests], [], [], None if due is None else max(0.0, due - clock()))[0])
        lock.tick()
    return requests.recv(LONGEST_MESSAGE)


def _do(lock: LeasedLock, request: bytes) -> None:
    match json.loads(request):
        case ["lock"]:
            lock.lock()
        case ["unlock", float(lasting)]:
            lock.unlock(lasting)
        case _:
            raise ValueError('expected ["lock"] or ["unlock", SECONDS]')


def _answer(requests: socket.socket, **words: str) -> None:
    # Never wait for a reader with the door open: who does not read its answers is as good as gone.
    requests.send(json.dumps(words).encode(), socket.MSG_DONTWAIT)


def _answer_at_last(requests: socket.socket, **words: str) -> None:
    with suppress(OSError):  # perhaps nobody is there any more
        _answer(requests, **words)


if __name__ == "__main__":
    sys.exit(main())
