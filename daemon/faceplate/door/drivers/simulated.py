"""A door without hardware, for trying out and for tests. As strict as a real one."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, replace

from faceplate.config import DoorConfig
from faceplate.door.drivers.lease import check_lease
from faceplate.door.hardware import Hardware, Lights, Readings
from faceplate.errors import DoorError
from faceplate.types import Clock, Colour, Seconds

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Move:
    """One change of the lock."""

    time: Seconds

    locked: bool


class SimulatedLock:
    """Remembers every change of a lock that is not there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._closed = False
        self._moves: tuple[Move, ...] = (Move(clock(), locked=True),)
        self._until = Seconds(0.0)

    @property
    def moves(self) -> tuple[Move, ...]:
        """Every change so far; the first is the locked state it began in."""
        if not self._moves[-1].locked and self._clock() >= self._until:
            return (*self._moves, Move(self._until, locked=True))
        return self._moves

    @property
    def locked(self) -> bool:
        """Whether the lock is locked now."""
        return self.moves[-1].locked

    def lock(self) -> None:
        """Lock, whatever the state was."""
        self._move(locked=True, until=self._clock())

    def unlock(self, lasting: Seconds) -> None:
        """Unlock for `lasting`."""
        check_lease(lasting)
        self._move(locked=False, until=Seconds(self._clock() + lasting))

    def check(self) -> None:
        """Look whether it can still be used."""
        self._check_open()

    def close(self) -> None:
        """Lock, then refuse further use. A second call does nothing."""
        if not self._closed:
            self.lock()
            self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise DoorError("the simulated lock is closed: a lock must be used before it is closed, or built anew")

    def _move(self, *, locked: bool, until: Seconds) -> None:
        self._check_open()
        moves = self.moves
        # First the end of the lease, so that no other thread sees an unlocked lock with a lease that is over.
        self._until = until
        if locked == moves[-1].locked:
            self._moves = moves
        else:
            self._moves = (*moves, Move(self._clock(), locked))
            _log.info("simulated lock: %s", "locked" if locked else "unlocked")


class SimulatedSwitches:
    """Switches that a test or a demonstration presses."""

    def __init__(self, readings: Readings) -> None:
        """Begin with these levels; a switch whose level is None is not there."""
        self._readings = readings
        self._closed = False

    def set(self, **levels: bool) -> None:
        """Give the switches of these names (`Readings`) these levels.

        Raises:
            DoorError: there is no such switch.
        """
        for name in levels:
            if getattr(self._readings, name, None) is None:
                raise DoorError(f"there is no switch for {name!r}: configure it under door.inputs first")
        self._readings = replace(self._readings, **levels)

    def read(self) -> Readings:
        """The levels now.

        Raises:
            DoorError: the switches are closed.
        """
        if self._closed:
            raise DoorError("the simulated switches are closed: read them before, or build them anew")
        return self._readings

    def close(self) -> None:
        """Refuse further use. A second call does nothing."""
        self._closed = True


class SimulatedPanel:
    """Lights that only say what they would show."""

    def __init__(self) -> None:
        self.shown = Lights()
        self._closed = False

    def show(self, lights: Lights) -> None:
        """Show these lights.

        Raises:
            DoorError: the panel is closed.
        """
        if self._closed:
            raise DoorError("the simulated panel is closed: use it before, or build it anew")
        self.shown = lights

    def close(self) -> None:
        """Switch all off, then refuse further use. A second call does nothing."""
        self.shown = Lights()
        self._closed = True


class SimulatedRing:
    """A ring that only says what it would shine: no face answers it."""

    def __init__(self) -> None:
        self.shone: deque[Colour] = deque(maxlen=100)
        """The newest colours, the last one shines"""
        self._closed = False

    def shine(self, colour: Colour) -> None:
        """Shine this colour.

        Raises:
            DoorError: the ring is closed.
        """
        if self._closed:
            raise DoorError("the simulated ring is closed: use it before, or build it anew")
        self.shone.append(colour)

    def close(self) -> None:
        """Go dark, then refuse further use. A second call does nothing."""
        if not self._closed:
            self.shine(Colour())
            self._closed = True


def hardware_of(config: DoorConfig, clock: Clock) -> Hardware:
    """A simulated door with the switches of the configuration, none of them pressed."""

    def level_of(switch: object) -> bool | None:
        return None if switch is None else False

    inputs = config.inputs
    readings = Readings(
        exit_pressed=level_of(inputs.exit),
        is_open=level_of(inputs.contact),
        tampered=level_of(inputs.tamper),
        bell_pressed=level_of(inputs.bell),
        bolt_thrown=level_of(inputs.bolt),
    )
    return Hardware(SimulatedLock(clock), SimulatedSwitches(readings), SimulatedPanel())
