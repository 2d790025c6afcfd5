"""What must outlast a restart, and who keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from faceplate.access.lockout import FRESH, Backoff
from faceplate.events import DoorMode


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rules of access, and the door, remember of the past."""

    visits: Backoff = FRESH
    pins: Backoff = FRESH

    face_unlock: bool = True
    """False: the owner switched it off"""

    mode: DoorMode = DoorMode.LOCKED
    """What the door starts in; LOCKED, BLOCKED or LOCKED_DOWN"""

    adjusted: Mapping[str, float] = field(default_factory=dict)
    """What was adjusted in place of the configuration's values, by name; in force only within the bounds"""

    latest: datetime | None = None
    """The latest time the clock on the wall is known to have shown; aware, UTC"""


def after_a_restart(mode: DoorMode) -> DoorMode:
    """What the door starts in when it was in `mode`: a restart never opens."""
    return mode if mode in {DoorMode.BLOCKED, DoorMode.LOCKED_DOWN} else DoorMode.LOCKED


class StandingStore(Protocol):
    """Keeps a Standing."""

    @property
    def standing(self) -> Standing:
        """As it is now."""

    def change(self, how: Callable[[Standing], Standing]) -> None:
        """Replace the standing by what `how` makes of it; when this returns it outlasts a power cut.

        Writes nothing if nothing changed.

        Raises:
            StoreError: it cannot be saved. It counts all the same, as long as this process lives.
        """


class Forgetful:
    """A store for recordings: keeps everything until the program ends."""

    def __init__(self, standing: Standing | None = None) -> None:
        self.standing = standing or Standing()

    def change(self, how: Callable[[Standing], Standing]) -> None:
        """Replace the standing."""
        self.standing = how(self.standing)


class NoLockout(Forgetful):
    """A store for evaluation, where each picture is a visit of its own: no failure is ever remembered."""

    def change(self, how: Callable[[Standing], Standing]) -> None:
        """Replace the standing, but for what failed."""
        self.standing = replace(how(self.standing), visits=FRESH, pins=FRESH)
