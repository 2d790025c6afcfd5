"""A ring of coloured light on three GPIO lines, switched by gpiozero. Imported only when chosen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from gpiozero import RGBLED
from gpiozero.pins import Factory

from faceplate.config.door import RingConfig
from faceplate.door.drivers.gpiozero_errors import doors_errors
from faceplate.errors import DoorError
from faceplate.types import Colour


class GpiozeroRing:
    """Shines colours. Its lines are taken when it first shines, dark or not, and anew once it did not answer."""

    def __init__(self, config: RingConfig, open_factory: Callable[[], Factory]) -> None:
        """Take nothing yet.

        Args:
            config: the lines.
            open_factory: gives pins; what it gives is closed together with the lines.
        """
        self._config = config
        self._open_factory = open_factory
        self._hold = ExitStack()
        self._leds: RGBLED | None = None
        self._closed = False
        self._where = f"the lines {config.red}, {config.green} and {config.blue} of the ring"

    def shine(self, colour: Colour) -> None:
        """Shine this colour.

        Raises:
            DoorError: a line cannot be had, or does not answer; all three are let go of.
        """
        if self._closed:
            raise DoorError("the ring is closed: use it before, or build it anew")
        try:
            self._show(colour)
        except DoorError:
            self._let_go()
            raise

    def close(self) -> None:
        """Go dark and let go of the lines. A second call does nothing.

        Raises:
            DoorError: a line does not answer.
        """
        self._closed = True
        try:
            if self._leds is not None:
                self._show(Colour())
        finally:
            self._let_go()

    def _show(self, colour: Colour) -> None:
        with doors_errors(self._where):
            if self._leds is None:
                self._leds = self._taken()
            self._leds.value = (int(colour.red), int(colour.green), int(colour.blue))

    def _taken(self) -> RGBLED:
        """The three, dark."""
        factory = self._open_factory()
        self._hold.callback(factory.close)
        wired = self._config
        leds = RGBLED(wired.red, wired.green, wired.blue, active_high=wired.active_high, pwm=False, pin_factory=factory)
        self._hold.callback(leds.close)
        return leds

    def _let_go(self) -> None:
        self._leds = None
        self._hold.close()
