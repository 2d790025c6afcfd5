"""A lock on a GPIO line, moved by gpiozero. Imported only when the configuration chooses it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gpiozero import DigitalOutputDevice
from gpiozero.exc import GPIOZeroError
from gpiozero.pins import Factory

from faceplate.config import DoorConfig
from faceplate.door.gpiod_factory import GpiodFactory
from faceplate.errors import DoorError


class GpiozeroLock:
    """Feeds a lock's circuit through a relay.

    For gpiozero the device is *on* while the circuit is closed. A fail-secure strike is locked with its circuit open, a
    fail-safe magnet with its circuit closed; `active_high` says which level of the pin closes it.
    """

    def __init__(self, config: DoorConfig, factory: Factory | None = None) -> None:
        """Take the line, locked from the first moment.

        Args:
            config: which line, and what hangs on it.
            factory: where the pin comes from, libgpiod if not given; closed together with the lock.

        Raises:
            DoorError: the line cannot be had.
        """
        self._where = f"line {config.line} of {config.chip}"
        self._on_when_locked = config.wiring == "fail_safe"
        self._factory = GpiodFactory(config.chip) if factory is None else factory
        try:
            with self._doors_errors():
                self._device = DigitalOutputDevice(
                    config.line,
                    active_high=config.active_high,
                    initial_value=self._on_when_locked,
                    pin_factory=self._factory,
                )
        except DoorError:
            self._factory.close()
            raise

    def lock(self) -> None:
        """Lock, whatever the state was."""
        self._switch(on=self._on_when_locked)

    def unlock(self) -> None:
        """Unlock until `lock` or `close`."""
        self._switch(on=not self._on_when_locked)

    def close(self) -> None:
        """Lock, then let go of the line. A second call does nothing."""
        if self._device.closed:
            return
        try:
            # gpiozero's own close() leaves the pin at whatever level it has.
            self.lock()
        finally:
            self._device.close()
            self._factory.close()

    def _switch(self, *, on: bool) -> None:
        with self._doors_errors():
            self._device.value = on

    @contextmanager
    def _doors_errors(self) -> Iterator[None]:
        try:
            yield
        except GPIOZeroError as error:
            raise DoorError(
                f"gpiozero refuses {self._where}: {error}. Check the door section of the configuration."
            ) from error
