"""One decision a frame, over everything seen in it; and one for each PIN."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from faceplate.access.calendar import Calendar
from faceplate.access.desk import Desk
from faceplate.access.faces import Faces
from faceplate.access.ledger import Ledger
from faceplate.access.lockout import remaining
from faceplate.access.pin import owner_of
from faceplate.access.pins import Attempt, Pins
from faceplate.access.standing import StandingStore
from faceplate.config import AccessConfig
from faceplate.events import ReadDoor
from faceplate.liveness import LivenessMode
from faceplate.rights import Rights
from faceplate.types import Clock, Decision, Frame, Match, Method, Pixels, Seconds

ReadPeople = Callable[[], Mapping[str, Rights]]
"""Gives everybody enrolled, by name, with their rights; from any thread"""


@dataclass(frozen=True, slots=True)
class AccessStatus:
    """What the rules of access are like at one moment."""

    locked_out: Seconds
    """For how long faces are not answered; 0: they are"""

    pin_locked_out: Seconds
    """For how long PINs are not answered; 0: they are"""

    face_unlock: bool
    clock_trusted: bool
    awaiting_pin: bool


class Reception:
    """Decides who is let in. May be used from any thread."""

    def __init__(  # noqa: PLR0913 - what it is given, and whom it asks
        self,
        rules: AccessConfig,
        clock: Clock,
        *,
        door: ReadDoor,
        calendar: Calendar,
        standing: StandingStore,
        people: ReadPeople,
        liveness: LivenessMode,
        narrowest: Pixels = Pixels(0.0),  # noqa: B008 - a number
        dice: random.Random | None = None,
        enrolling: Callable[[], bool] = lambda: False,
    ) -> None:
        """Begin with nobody in view.

        Args:
            rules: the household's.
            clock: the clock that frames are stamped with.
            door: tells whether the door is open, blocked, and when its bell rang.
            calendar: the date and time, for schedules and validity.
            standing: what outlasts a restart.
            people: those enrolled, whose PINs may open.
            liveness: what a face must show to be taken for alive.
            narrowest: the least width of a face that can be judged; nobody is asked to step back further.
            dice: draw what somebody is challenged to do, and when; by default the system's, which nobody can foretell.
            enrolling: tells whether somebody is being enrolled at the door.
        """
        self._clock = clock
        self._door = door
        self._people = people
        self._calendar = calendar
        self._ledger = Ledger(rules, calendar, standing)
        self._desk = Desk(rules, self._ledger, liveness, narrowest)
        self._faces = Faces(self._desk, dice or random.SystemRandom(), enrolling)
        self._pins = Pins(self._desk)
        self._lock = threading.Lock()
        # A PIN takes a tenth of a second or more to compare, and the loop must not wait for it; PINs wait for one
        # another, so that no second one is compared before the first was counted.
        self._one_pin = threading.Lock()

    def decide(self, frame: Frame, matches: Sequence[Match]) -> Decision:
        """Decide once on a frame.

        A frame older than `max_frame_age` counts for nothing, nor does one that is no newer than the frame before: the
        same picture twice is one. A frame from the future is no better: one of the clocks is wrong.

        Raises:
            StoreError: what must outlast a restart cannot be saved; nobody is let in.
        """
        with self._lock:
            return self._faces.decide(frame, matches, self._door(), self._clock())

    def enter_pin(self, digits: str, method: Method = Method.PIN) -> Decision:
        """Decide on a PIN that was entered at the door, or, as REMOTE_PIN, was given from afar.

        Raises:
            StoreError: what must outlast a restart cannot be saved, or the people cannot be read; nobody is let in.
        """
        with self._one_pin:
            people = self._people()
            with self._lock:
                attempt = self._pins.receive(len(digits), self._door(), self._clock(), method)
            if not isinstance(attempt, Attempt):
                return attempt
            names = people if attempt.people is None else [name for name in attempt.people if name in people]
            owner = owner_of(digits, [(name, people[name]) for name in names])
            with self._lock:
                return self._pins.answer(attempt, owner, people, self._door(), self._clock())

    def switch_face_unlock(self, *, on: bool) -> None:
        """Let faces open, or not; PINs alone are not concerned.

        Raises:
            StoreError: it cannot be saved; it holds until the next restart.
        """
        with self._lock:
            self._ledger.face_unlock(on=on)

    def clear_lockout(self) -> None:
        """Answer faces and PINs again, as if nothing had failed.

        Raises:
            StoreError: it cannot be saved.
        """
        with self._lock:
            self._ledger.clear()

    def trust_clock(self) -> None:
        """Believe the date and time as they are, though they were later before.

        Raises:
            StoreError: it cannot be saved; it holds until the next restart.
        """
        with self._lock:
            self._ledger.trust_clock()

    def status(self) -> AccessStatus:
        """What the rules of access are like now."""
        with self._lock:
            now, standing = self._clock(), self._ledger.standing
            awaited = self._desk.pending(Method.FACE, now)
            return AccessStatus(
                remaining(standing.visits, now),
                remaining(standing.pins, now),
                standing.face_unlock,
                self._calendar.read().trusted,
                awaiting_pin=awaited is not None and not awaited.silent,
            )
