"""What the door's hardware can do: one lock, some switches, some lights."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from faceplate.types import Colour, Seconds


class LockDriver(Protocol):
    """Moves one lock. It is locked from the moment it exists.

    Every method raises `DoorError` if the lock does not answer, and all but `close` also after `close`.
    """

    def lock(self) -> None:
        """Lock, whatever the state was."""

    def unlock(self, lasting: Seconds) -> None:
        """Unlock for at most `lasting`: a lease, after which the lock is locked whatever became of the caller.

        A second call before the end takes the place of the first.
        """

    def check(self) -> None:
        """Look whether the lock still does as it was told; called often while it is unlocked.

        Raises:
            DoorError: it does not, and has been locked.
        """

    def close(self) -> None:
        """Lock, then let go of the hardware. A second call does nothing."""


@dataclass(frozen=True, slots=True)
class Readings:
    """The levels of the switches at one moment, not debounced. None: there is no such switch."""

    exit_pressed: bool | None = None
    is_open: bool | None = None
    tampered: bool | None = None
    bell_pressed: bool | None = None
    bolt_thrown: bool | None = None


class Switches(Protocol):
    """Reads the door's inputs."""

    def read(self) -> Readings:
        """The levels now.

        Raises:
            DoorError: an input does not answer.
        """

    def close(self) -> None:
        """Let go of the hardware. A second call does nothing."""


@dataclass(frozen=True, slots=True)
class Lights:
    """What is lit and what sounds."""

    green: bool = False
    red: bool = False
    buzzer: bool = False


class Panel(Protocol):
    """Shows lights."""

    def show(self, lights: Lights) -> None:
        """Switch each light that there is.

        Raises:
            DoorError: a light does not answer.
        """

    def close(self) -> None:
        """Switch all off and let go of the hardware. A second call does nothing."""


class Ring(Protocol):
    """Shines colours. It is no part of a door's hardware: nothing that locks or unlocks knows of it."""

    def shine(self, colour: Colour) -> None:
        """Shine this colour.

        Raises:
            DoorError: the ring does not answer.
        """

    def close(self) -> None:
        """Go dark and let go of the hardware. A second call does nothing."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """All of one door's hardware."""

    lock: LockDriver
    switches: Switches
    panel: Panel

    def close(self) -> None:
        """Close each part, the lock first; a part that fails does not keep the others from it."""
        with ExitStack() as stack:
            for part in (self.panel, self.switches, self.lock):
                stack.callback(part.close)
