"""What gpiozero's refusals mean for the door."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gpiozero.exc import GPIOZeroError

from faceplate.errors import DoorError


@contextmanager
def doors_errors(where: str) -> Iterator[None]:
    """Turn what gpiozero refuses about the line `where` into a DoorError that says so."""
    try:
        yield
    except GPIOZeroError as error:
        raise DoorError(f"gpiozero refuses {where}: {error}. Check the door section of the configuration.") from error
