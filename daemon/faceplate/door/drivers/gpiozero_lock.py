"""Locks on GPIO lines, moved by gpiozero: held by a relay, or moved by pulses. Imported only when chosen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from gpiozero import DigitalOutputDevice
from gpiozero.pins import Factory

from faceplate.door.drivers.gpiod_factory import GpiodFactory
from faceplate.door.drivers.gpiozero_errors import doors_errors
from faceplate.door.drivers.lease import BareLock
from faceplate.door.drivers.lock_lines import LockLines
from faceplate.errors import DoorError


def bare_lock(lines: LockLines, factory: Factory | None = None) -> BareLock:
    """The lock on these lines, locked.

    Args:
        lines: what moves it.
        factory: where the pins come from, libgpiod if not given; closed together with the lock.

    Raises:
        DoorError: a line cannot be had.
    """
    factory = GpiodFactory(lines.chip) if factory is None else factory
    return HeldLock(lines, factory) if lines.lock_line is None else PulsedLock(lines, factory)


class HeldLock:
    """A strike or a magnet: its circuit is open or closed for as long as the relay is.

    For gpiozero the device is *on* while the circuit is closed. A fail-secure strike is locked with its circuit open, a
    fail-safe strike or a magnet with its circuit closed; `active_high` says which level of the pin closes it.
    """

    due: float | None = None
    """There are no pulses"""

    def __init__(self, lines: LockLines, factory: Factory) -> None:
        """Take the line, locked from the first moment; `factory` is closed together with the lock.

        Raises:
            DoorError: the line cannot be had.
        """
        self._where = f"line {lines.line} of {lines.chip}"
        self._on_when_locked = lines.powered_when_locked
        with ExitStack() as stack:
            stack.callback(factory.close)
            self._device = _output(stack, lines, lines.line, initially_on=self._on_when_locked, factory=factory)
            self._hold = stack.pop_all()

    def lock(self) -> None:
        """Lock, whatever the state was."""
        self._switch(on=self._on_when_locked)

    def unlock(self) -> None:
        """Unlock until `lock` or `close`."""
        self._switch(on=not self._on_when_locked)

    def tick(self) -> None:
        """Nothing changes with time."""

    def close(self) -> None:
        """Lock, then let go of the line. A second call does nothing."""
        if self._device.closed:
            return
        # gpiozero's own close() leaves the pin at whatever level it has.
        with self._hold:
            self.lock()

    def _switch(self, *, on: bool) -> None:
        with doors_errors(self._where):
            self._device.value = on


class PulsedLock:
    """A latching relay or a motor: a pulse on one line unlocks, on the other locks; both rest otherwise.

    A process that is killed in the middle of a pulse leaves its line as it is, on some boards: the next that takes the
    lines has both at rest from its first moment, and then locks.
    """

    def __init__(
        self,
        lines: LockLines,
        factory: Factory,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """Take both lines, at rest from the first moment, and begin the pulse that locks.

        Args:
            lines: what moves the lock.
            factory: where the pins come from; closed together with the lock.
            clock: gives monotonic seconds.
            wait: waits for so many seconds of `clock`, while the lock is closed.

        Raises:
            DoorError: a line cannot be had.
        """
        if lines.lock_line is None:
            raise DoorError("a lock that is moved by pulses has a line for each way: door.lock_line is missing")
        self._where = f"lines {lines.line} and {lines.lock_line} of {lines.chip}"
        self._length = lines.pulse
        self._clock = clock
        self._wait = threading.Event().wait if wait is None else wait
        self._pulse: tuple[DigitalOutputDevice, float] | None = None
        with ExitStack() as stack:
            stack.callback(factory.close)
            self._unlocks = _output(stack, lines, lines.line, initially_on=False, factory=factory)
            self._locks = _output(stack, lines, lines.lock_line, initially_on=False, factory=factory)
            self.lock()
            self._hold = stack.pop_all()

    @property
    def due(self) -> float | None:
        """When the pulse that is under way ends."""
        return None if self._pulse is None else self._pulse[1]

    def lock(self) -> None:
        """Begin the pulse that locks, whatever the state was; one that is under way goes on."""
        self._energise(self._locks, resting=self._unlocks)

    def unlock(self) -> None:
        """Begin the pulse that unlocks; one that is under way goes on."""
        self._energise(self._unlocks, resting=self._locks)

    def tick(self) -> None:
        """Let time pass: rest when the pulse has lasted long enough."""
        if self._pulse is not None and self._clock() >= self._pulse[1]:
            self._rest()

    def close(self) -> None:
        """Lock, see that pulse to its end, and let go of the lines. A second call does nothing."""
        if self._locks.closed:
            return
        with self._hold:
            try:
                self.lock()
                while self._pulse is not None:
                    self._wait(max(0.0, self._pulse[1] - self._clock()))
                    self.tick()
            finally:
                self._rest()

    def _energise(self, device: DigitalOutputDevice, *, resting: DigitalOutputDevice) -> None:
        # A call that comes again and again must not feed the coil for longer than one pulse: coils burn.
        if self._pulse is not None and self._pulse[0] is device:
            return
        with doors_errors(self._where):
            # First the one and then the other: never both.
            resting.off()
            self._pulse = (device, self._clock() + self._length)
            device.on()

    def _rest(self) -> None:
        with doors_errors(self._where):
            self._unlocks.off()
            self._locks.off()
        self._pulse = None


def _output(
    stack: ExitStack, lines: LockLines, line: int, *, initially_on: bool, factory: Factory
) -> DigitalOutputDevice:
    with doors_errors(f"line {line} of {lines.chip}"):
        device = DigitalOutputDevice(
            line, active_high=lines.active_high, initial_value=initially_on, pin_factory=factory
        )
    stack.callback(device.close)
    return device
