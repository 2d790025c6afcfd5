"""The door's real hardware: the lock through its keeper, switches and lights on the same chip. Imported when chosen."""

from __future__ import annotations

from contextlib import ExitStack

from faceplate.config import DoorConfig
from faceplate.door.drivers.gpiod_factory import GpiodFactory
from faceplate.door.drivers.gpiozero_panel import GpiozeroPanel
from faceplate.door.drivers.gpiozero_switches import GpiozeroSwitches
from faceplate.door.drivers.keeper_client import KeptLock
from faceplate.door.hardware import Hardware


def hardware_of(config: DoorConfig) -> Hardware:
    """Take all of the door's lines: the lock first, so that it is locked whatever else cannot be had.

    Raises:
        DoorError: a line cannot be had; those before it are let go of.
    """
    with ExitStack() as stack:
        lock = KeptLock(config)
        stack.callback(lock.close)
        switches = GpiozeroSwitches(config, GpiodFactory(config.chip))
        stack.callback(switches.close)
        panel = GpiozeroPanel(config, GpiodFactory(config.chip))
        stack.pop_all()
    return Hardware(lock, switches, panel)
