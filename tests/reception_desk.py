"""A reception in a world that the test turns: its clocks, its door, its people."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from faceplate.access.calendar import Calendar
from faceplate.access.pin import hash_pin
from faceplate.access.reception import Reception
from faceplate.access.standing import Forgetful, Standing, StandingStore
from faceplate.config import AccessConfig
from faceplate.config_file import config_from
from faceplate.errors import StoreError
from faceplate.events import DoorStatus
from faceplate.liveness import LivenessMode
from faceplate.rights import Rights
from faceplate.types import Decision, Match, Method, Reason, Seconds
from strategies_access import ROOM, a_frame

NOON = datetime(2026, 6, 3, 12, 0, tzinfo=UTC)
"""A Wednesday"""

ADAS_PIN = "258025"
ADAS_DURESS_PIN = "258125"
GRACES_PIN = "731973"


def access_rules(**section: object) -> AccessConfig:
    """The section `access` as the configuration file writes it."""
    return config_from({"access": section}, base=Path(), where="the test's configuration").access


@cache
def quick_hash(digits: str) -> str:
    """A hash that costs nothing: what is shown here is not how hard it is."""
    return hash_pin(digits, cost=2)


@cache
def with_pin(rights: Rights = Rights(), pin: str = ADAS_PIN, duress: str | None = None) -> Rights:  # noqa: B008 - frozen
    """The same rights, and a PIN."""
    return replace(rights, pin=quick_hash(pin), duress_pin=quick_hash(duress) if duress else None)


class FullDisk(Forgetful):
    """A store that can save nothing while `full` is true, and counts what it saves."""

    def __init__(self, standing: Standing | None = None) -> None:
        super().__init__(standing)
        self.full = False
        self.saves: list[Standing] = []

    def change(self, how: Callable[[Standing], Standing]) -> None:
        before = self.standing
        super().change(how)
        if self.full:
            raise StoreError("no room")
        if self.standing != before:
            self.saves.append(self.standing)


class World:
    """Everything around a reception."""

    def __init__(
        self,
        rules: AccessConfig | None = None,
        people: Mapping[str, Rights] | None = None,
        store: StandingStore | None = None,
        liveness: LivenessMode = "off",
        dice: random.Random | None = None,
    ) -> None:
        self.rules = rules or AccessConfig()
        self.people = dict(people or {})
        self.store: StandingStore = store or Forgetful()
        self.liveness = liveness
        self.dice = dice
        self.now = 100.0
        self.wall = NOON
        self.door = DoorStatus()
        self.frames = 0
        self.enrolling = False
        self.restart()

    def restart(self) -> None:
        """A new process, that knows only what was stored."""
        self.calendar = Calendar(lambda: self.wall, self.store.standing.latest)
        self.reception = Reception(
            self.rules,
            lambda: Seconds(self.now),
            door=lambda: self.door,
            calendar=self.calendar,
            standing=self.store,
            people=lambda: self.people,
            liveness=self.liveness,
            dice=self.dice,
            enrolling=lambda: self.enrolling,
        )

    def wait(self, seconds: float) -> None:
        """Let time pass, on both clocks."""
        self.now += seconds
        self.wall += timedelta(seconds=seconds)

    def see(self, *matches: Match, age: float = 0.0, wait: float = 0.125) -> Decision:
        """One frame, a while after the one before."""
        self.wait(wait)
        self.frames += 1
        return self.reception.decide(a_frame(self.frames, self.now - age, ROOM), matches)

    def watch(self, *matches: Match, frames: int = 9) -> list[Decision]:
        """The same again and again; by default just until patience is over."""
        return [self.see(*matches) for _ in range(frames)]

    def enter(self, digits: str) -> Decision:
        """Somebody types a PIN."""
        return self.reception.enter_pin(digits)

    def send(self, digits: str) -> Decision:
        """Somebody who is elsewhere gives a PIN."""
        return self.reception.enter_pin(digits, Method.REMOTE_PIN)


def reasons(decisions: Iterable[Decision]) -> list[Reason]:
    """Why each came out as it did."""
    return [decision.reason for decision in decisions]
