"""Lights and a buzzer on GPIO lines, switched by gpiozero. Imported only when chosen."""

from __future__ import annotations

from contextlib import ExitStack

from gpiozero import DigitalOutputDevice
from gpiozero.pins import Factory

from faceplate.config import DoorConfig
from faceplate.config.door import OutputConfig
from faceplate.door.drivers.gpiozero_errors import doors_errors
from faceplate.door.hardware import Lights


class GpiozeroPanel:
    """Shows lights; all are off from the first moment."""

    def __init__(self, config: DoorConfig, factory: Factory) -> None:
        """Take the line of every light that is configured; `factory` is closed together with them.

        Raises:
            DoorError: a line cannot be had.
        """
        lights = config.lights
        with ExitStack() as stack:
            stack.callback(factory.close)
            self._green = _light(stack, config.chip, lights.green, factory)
            self._red = _light(stack, config.chip, lights.red, factory)
            self._buzzer = _light(stack, config.chip, lights.buzzer, factory)
            self._hold = stack.pop_all()

    def show(self, lights: Lights) -> None:
        """Switch each light that there is; one that fails does not keep the others from it.

        Raises:
            DoorError: a light does not answer.
        """
        with ExitStack() as stack:
            for light, on in ((self._green, lights.green), (self._red, lights.red), (self._buzzer, lights.buzzer)):
                if light is not None:
                    stack.callback(light.switch, on=on)

    def close(self) -> None:
        """Switch all off and let go of the lines. A second call does nothing."""
        self._hold.close()


class _Light:
    """One output."""

    def __init__(self, chip: str, wired: OutputConfig, factory: Factory) -> None:
        self._where = f"line {wired.line} of {chip}"
        with doors_errors(self._where):
            self._device = DigitalOutputDevice(
                wired.line, active_high=wired.active_high, initial_value=False, pin_factory=factory
            )

    def switch(self, *, on: bool) -> None:
        with doors_errors(self._where):
            self._device.value = on

    def close(self) -> None:
        try:
            self.switch(on=False)
        finally:
            self._device.close()


def _light(stack: ExitStack, chip: str, wired: OutputConfig | None, factory: Factory) -> _Light | None:
    if wired is None:
        return None
    light = _Light(chip, wired, factory)
    stack.callback(light.close)
    return light
