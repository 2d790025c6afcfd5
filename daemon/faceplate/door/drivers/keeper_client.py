"""The lock as the daemon sees it: every request goes to the keeper, which outlives neither its lease nor the daemon."""

from __future__ import annotations

import json
import logging
import math
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import asdict
from typing import Final

from faceplate.config import DoorConfig
from faceplate.door.drivers.lease import check_lease
from faceplate.door.drivers.lock_lines import LockLines
from faceplate.errors import DoorError
from faceplate.types import Seconds

_log = logging.getLogger(__name__)

_START_TIME: Final = Seconds(10.0)
"""How long a keeper may take to start: Python and gpiozero on the slowest board, with everything else starting too"""

_ANSWER_TIME: Final = Seconds(0.5)
"""A keeper only sets a level; longer than this, and it hangs"""

_TRY_AGAIN_AFTER: Final = Seconds(1.0)
"""Starting a program is work, and whoever uses the lock has other things to do at the same time"""

_LONGEST_ANSWER: Final = 4096
"""Bytes"""


class KeptLock:
    """A lock in the hands of its keeper. To be used by one thread at a time.

    A keeper that died or hangs is replaced, and a new one begins by locking. So after every error here the lock is
    locked, unless there is no new keeper either; then further calls try again, but not more than once a second.
    """

    def __init__(self, config: DoorConfig, clock: Callable[[], float] = time.monotonic) -> None:
        """Start the keeper; it takes the lock, locked from the first moment.

        Args:
            config: what moves the lock.
            clock: gives monotonic seconds.

        Raises:
            DoorError: it cannot be started, or cannot have the lock.
        """
        self._lines = LockLines.of(config)
        self._clock = clock
        self._closed = False
        self._failure: DoorError | None = None
        self._try_again_at = -math.inf
        self._keeper = _Keeper(self._lines)

    def lock(self) -> None:
        """Lock, whatever the state was."""
        self._check_open()
        try:
            self._keeper.ask(["lock"])
        except DoorError as error:
            self._replace(error)

    def unlock(self, lasting: Seconds) -> None:
        """Unlock for `lasting`, and not a moment longer whatever becomes of this process."""
        self._check_open()
        check_lease(lasting)
        if not self._keeper.is_alive():
            # It may have died days ago, and whoever presses the exit button now wants to get out.
            self._replace(DoorError("the keeper of the lock has died"))
        try:
            self._keeper.ask(["unlock", float(lasting)])
        except DoorError as error:
            self._replace(error)  # it may have unlocked all the same
            raise

    def check(self) -> None:
        """Look whether there still is somebody who will lock when the lease is over; if not, lock now."""
        self._check_open()
        if not self._keeper.is_alive():
            error = DoorError("the keeper of the lock has died while the door was unlocked")
            self._replace(error)
            raise error

    def close(self) -> None:
        """Lock, then end the keeper. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            self._keeper.end()
        except DoorError as error:
            self._try_again_at = -math.inf  # there will be no further call
            self._replace(error)
            self._keeper.end()

    def _check_open(self) -> None:
        if self._closed:
            raise DoorError("the lock is closed: a lock must be used before it is closed, or built anew")

    def _replace(self, error: DoorError) -> None:
        """End the keeper, of which there was an error, and start another."""
        self._keeper.kill()
        if self._clock() < self._try_again_at:
            raise DoorError(str(self._failure))
        _log.log(logging.DEBUG if self._failure else logging.WARNING, "%s; a new keeper locks the door", error)
        try:
            self._keeper = _Keeper(self._lines)
        except DoorError as failure:
            self._failure = failure
            self._try_again_at = self._clock() + _TRY_AGAIN_AFTER
            raise
        self._failure = None


class _Keeper:
    """One process that keeps the lock, and our end of the sockets between us."""

    def __init__(self, lines: LockLines) -> None:
        self._pulse = lines.pulse
        try:
            self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs, ExitStack() as stack:
                stack.callback(self._socket.close)
                # -P: what lies in the folder the daemon was started in is none of our modules.
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "faceplate.door.drivers.keeper"],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                )
                stack.pop_all()
        except OSError as error:
            raise DoorError(f"the keeper of the lock cannot be started: {error}. Is memory short?") from error
        try:
            self.ask(asdict(lines), within=_START_TIME)
        except DoorError:
            self.kill()
            raise

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: object, within: Seconds = _ANSWER_TIME) -> None:
        """Send a request and wait for its answer.

        Raises:
            DoorError: there is none, or it is an error.
        """
        try:
            self._socket.settimeout(within)
            self._socket.send(json.dumps(request).encode())
        except OSError as error:
            raise DoorError(f"the keeper of the lock has gone: {error}") from error
        self._hear(within)

    def end(self) -> None:
        """Wait until it has locked and let go of the lock.

        Raises:
            DoorError: it did not.
        """
        with suppress(OSError):  # if it has gone, there will be no answer
            self._socket.shutdown(socket.SHUT_WR)
        self._hear(Seconds(self._pulse + _ANSWER_TIME))
        self.kill()

    def _hear(self, within: Seconds) -> None:
        try:
            self._socket.settimeout(within)
            answer = json.loads(self._socket.recv(_LONGEST_ANSWER) or b"null")
        except TimeoutError as error:
            raise DoorError(f"the keeper of the lock did not answer within {within:g} s") from error
        except (OSError, ValueError) as error:
            raise DoorError(f"the keeper of the lock has gone: {error}") from error
        if answer is None:
            raise DoorError("the keeper of the lock has ended")
        if answer:
            raise DoorError(answer["error"])

    def kill(self) -> None:
        """End it without its consent; what it held stays as it is until the next one takes it."""
        self._process.kill()
        # A process that hangs in the kernel does not even die. It is left; the next keeper will not get the line then.
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_ANSWER_TIME)
        self._socket.close()
