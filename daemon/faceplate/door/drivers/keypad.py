"""A numeric keypad: Linux's input events, one PIN at a time. What is typed is never logged."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import select
import stat
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from faceplate.backoff import waiting_times
from faceplate.door.drivers.pin_entry import PinEntry
from faceplate.errors import FaceplateError
from faceplate.types import Clock, Seconds

_log = logging.getLogger(__name__)

# linux/input.h: struct input_event {timeval; __u16 type; __u16 code; __s32 value}, and EVIOCGRAB, _IOW('E', 0x90, int)
_EVENT: Final = struct.Struct("llHHi")
_EVIOCGRAB: Final = 0x40044590

# linux/input-event-codes.h
_EV_SYN: Final = 0
_SYN_DROPPED: Final = 3
_EV_KEY: Final = 1

_PRESSED: Final = 1
"""Value of a key event; 0 is its release, 2 its repetition while it is held"""

_AT_ONCE: Final = 64
"""Events read in one go"""

_JOIN_TIMEOUT: Final = Seconds(2.0)
"""The thread waits for keys, for being stopped, and for an answer to a PIN; longer than this, and it hangs"""


def _waits() -> Iterator[Seconds]:
    return waiting_times(Seconds(0.5), Seconds(30.0))


class Keypad:
    """Listens to a keypad from a thread of its own, from `start` to `close`.

    A keypad that is not there, or goes away, is looked for again and again.
    """

    def __init__(
        self,
        path: str,
        entered: Callable[[str], object],
        clock: Clock,
        waits: Callable[[], Iterator[Seconds]] = _waits,
    ) -> None:
        """Build what does not yet listen.

        Args:
            path: the input device, for example `/dev/input/by-id/usb-...-event-kbd`.
            entered: is given the digits of each PIN, in this keypad's thread.
            clock: monotonic time.
            waits: how long to wait before each further attempt to open the device.
        """
        self._path = path
        self._entered = entered
        self._clock = clock
        self._waits = waits
        self._stop = os.eventfd(0)
        self._works = False
        self._thread = threading.Thread(target=self._listen, name="keypad", daemon=True)

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        os.eventfd_write(self._stop, 1)
        if self._thread.ident is not None:
            self._thread.join(_JOIN_TIMEOUT)
        if self._thread.is_alive():
            _log.error("the keypad's thread did not end within %g s", _JOIN_TIMEOUT)
        else:
            os.close(self._stop)

    def _listen(self) -> None:
        waits, level = self._waits(), logging.WARNING
        while True:
            try:
                with _opened(self._path) as device:
                    self._read_until_stopped(device)
                    return
            except OSError as error:
                if self._works:
                    waits, level = self._waits(), logging.WARNING
                _log.log(level, "the keypad %s does not work and is tried again and again: %s", self._path, error)
                level = logging.DEBUG
                self._works = False
                if select.select([self._stop], [], [], next(waits))[0]:
                    return

    def _read_until_stopped(self, device: int) -> None:
        entry, rest = PinEntry(), b""
        while self._stop not in select.select([device, self._stop], [], [])[0]:
            read = os.read(device, _AT_ONCE * _EVENT.size)
            if not read:
                raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
            if not self._works:
                self._works = True
                _log.info("the keypad works")
            events = rest + read
            whole = len(events) - len(events) % _EVENT.size
            entry, rest = self._type(entry, events[:whole]), events[whole:]

    def _type(self, entry: PinEntry, events: bytes) -> PinEntry:
        for _, _, kind, code, value in _EVENT.iter_unpack(events):
            if (kind, code) == (_EV_SYN, _SYN_DROPPED):
                entry = PinEntry()  # the kernel lost some events: whatever was typed is not known any more
            elif (kind, value) == (_EV_KEY, _PRESSED):
                entry, pin = entry.press(code, self._clock())
                if pin:
                    self._enter(pin)
        return entry

    def _enter(self, pin: str) -> None:
        try:
            self._entered(pin)
        except FaceplateError as error:
            _log.error("a PIN was not answered: %s", error)
        except Exception as error:  # noqa: BLE001 - the next visitor needs the keypad whatever went wrong with this one
            # What an unforeseen error says may hold what was typed.
            _log.critical("a PIN was not answered: %s", type(error).__name__)


@contextmanager
def _opened(path: str) -> Iterator[int]:
    """The device, and this process the only one that hears of its keys: no console, no other program."""
    # A terminal named by mistake must not become this service's, whose end would be the end of it, too.
    device = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        if stat.S_ISCHR(os.fstat(device).st_mode):
            fcntl.ioctl(device, _EVIOCGRAB, 1)
        yield device
    finally:
        os.close(device)
