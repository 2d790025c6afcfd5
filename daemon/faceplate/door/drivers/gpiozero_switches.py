"""The door's inputs on GPIO lines, read by gpiozero. Imported only when chosen."""

from __future__ import annotations

from contextlib import ExitStack

from gpiozero import InputDevice
from gpiozero.pins import Factory

from faceplate.config import DoorConfig
from faceplate.config.door import InputConfig
from faceplate.door.drivers.gpiozero_errors import doors_errors
from faceplate.door.hardware import Readings


class GpiozeroSwitches:
    """Reads levels when asked; whoever asks keeps the time, so there are no edges and no debouncing here."""

    def __init__(self, config: DoorConfig, factory: Factory) -> None:
        """Take the line of every switch that is configured; `factory` is closed together with them.

        Raises:
            DoorError: a line cannot be had.
        """
        inputs = config.inputs
        with ExitStack() as stack:
            stack.callback(factory.close)
            self._exit = _switch(stack, config.chip, inputs.exit, factory)
            self._contact = _switch(stack, config.chip, inputs.contact, factory)
            self._tamper = _switch(stack, config.chip, inputs.tamper, factory)
            self._bell = _switch(stack, config.chip, inputs.bell, factory)
            self._bolt = _switch(stack, config.chip, inputs.bolt, factory)
            self._hold = stack.pop_all()

    def read(self) -> Readings:
        """The levels now.

        Raises:
            DoorError: an input does not answer.
        """
        return Readings(
            exit_pressed=_level_of(self._exit),
            is_open=_level_of(self._contact),
            tampered=_level_of(self._tamper),
            bell_pressed=_level_of(self._bell),
            bolt_thrown=_level_of(self._bolt),
        )

    def close(self) -> None:
        """Let go of the lines. A second call does nothing."""
        self._hold.close()


class _Switch:
    """One input. gpiozero ties the active level to the pull; a contact that opens against a pull-up needs the other."""

    def __init__(self, chip: str, wired: InputConfig, factory: Factory) -> None:
        self._where = f"line {wired.line} of {chip}"
        pulled_up = {"up": True, "down": False, "none": None}[wired.pull]
        with doors_errors(self._where):
            self._device = InputDevice(
                wired.line,
                pull_up=pulled_up,
                active_state=wired.active_high if pulled_up is None else None,
                pin_factory=factory,
            )
        active_when_high = wired.active_high if pulled_up is None else not pulled_up
        self._inverted = active_when_high is not wired.active_high

    def is_on(self) -> bool:
        with doors_errors(self._where):
            return bool(self._device.value) is not self._inverted

    def close(self) -> None:
        self._device.close()


def _switch(stack: ExitStack, chip: str, wired: InputConfig | None, factory: Factory) -> _Switch | None:
    if wired is None:
        return None
    switch = _Switch(chip, wired, factory)
    stack.callback(switch.close)
    return switch


def _level_of(switch: _Switch | None) -> bool | None:
    return None if switch is None else switch.is_on()
