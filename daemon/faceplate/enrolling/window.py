"""Enrolment from afar: open for a while, it takes pictures of one unknown person alone in view, and enrols them.

They are known from then on, and not let in: that takes an operator at the device (`faceplate people set NAME
--enable`), so that nobody who only reaches a dashboard can give anybody a key to the house.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from faceplate.enrolling.gathering import NOTHING, WANTED, Gathered, considered
from faceplate.errors import EnrolmentError, FaceplateError, OrderRefusedError
from faceplate.people.enrolment import Enrolment, Picture
from faceplate.people.person import Person, same_name, tidy_name
from faceplate.types import Clock, Decision, Frame, Match, Seconds, Show

_log = logging.getLogger(__name__)

LONGEST: Final = Seconds(300.0)
"""A window is open at most"""

NAMELESS: Final = "New person"
"""Who is enrolled without a name; the second is "New person 2" """

_LONGEST_RESULT = 300


class Enrol(Protocol):
    """Enrols somebody, and stores them."""

    def __call__(
        self, name: str, pictures: Sequence[Picture], adjust: Callable[[Person, Sequence[Person]], Person]
    ) -> tuple[Person, Enrolment]:
        """Do so, with the rights that `adjust` gives, or raise EnrolmentError or StoreError."""


@dataclass(frozen=True, slots=True)
class WindowState:
    """What is told of it."""

    open: bool
    seconds: Seconds
    """For which it is still open"""
    name: str | None
    """Asked for, or given; of the last one when it is closed"""
    pictures: int
    result: str
    """What came of the newest frame, or of it all"""

    def facts(self) -> dict[str, Any]:
        """As `status` tells it."""
        return {
            "open": self.open,
            "seconds": round(self.seconds, 1),
            "name": self.name,
            "pictures": self.pictures,
            "wanted": WANTED,
            "result": self.result,
        }


@dataclass(frozen=True, slots=True)
class _Window:
    name: str | None
    until: Seconds
    gathered: Gathered = NOTHING


class EnrolmentWindow:
    """Opened, closed and asked from any thread; the loop shows it frames. Nothing is written before the end."""

    def __init__(self, clock: Clock, names: Callable[[], Sequence[str]]) -> None:
        """Begin closed.

        Args:
            clock: ends it.
            names: those of everybody enrolled; raises StoreError.
        """
        self._clock = clock
        self._names = names
        self._one_at_a_time = threading.Lock()
        self._window: _Window | None = None
        self._last = WindowState(open=False, seconds=Seconds(0.0), name=None, pictures=0, result="")

    def open(self, name: str | None, seconds: float) -> None:
        """Open it, or open it anew.

        Args:
            name: of whoever comes; None: one that is free.
            seconds: how long, up to LONGEST.

        Raises:
            OrderRefusedError: it cannot be open for so long.
            EnrolmentError: the name cannot be used, or somebody of that name is enrolled.
            StoreError: the gallery cannot be read.
        """
        # Of NaN and infinity no range holds any; True is a number to Python, and to nobody else.
        if isinstance(seconds, bool) or not 1 <= seconds <= LONGEST:
            raise OrderRefusedError(f"enrolment may be open for 1 to {LONGEST:g} seconds, got {str(seconds)[:40]}")
        if name is not None:
            name = tidy_name(name)
            if any(same_name(name, other) for other in self._names()):
                raise EnrolmentError(f"somebody called {name!r} is enrolled already; use another name")
        with self._one_at_a_time:
            self._window = _Window(name, Seconds(self._clock() + seconds))

    def close(self) -> None:
        """Close it; what was gathered is forgotten. Nothing if it is closed."""
        with self._one_at_a_time:
            self._close_in_time()
            if self._window is not None:
                self._end(self._window, "it was closed")

    def state(self) -> WindowState:
        """What it is like now."""
        with self._one_at_a_time:
            self._close_in_time()
            window = self._window
            if window is None:
                return self._last
            left = Seconds(window.until - self._clock())
            return WindowState(True, left, window.name, len(window.gathered.frames), window.gathered.says)  # noqa: FBT003 - open

    def watching(self, enrol: Enrol) -> Show:
        """People are recognised anew, and `enrol` enrols them; what is returned is to be shown every frame."""
        with self._one_at_a_time:
            if self._window is not None:
                # Tracks are counted anew: one of the same number is another.
                self._window = replace(self._window, gathered=NOTHING)

        def show(frame: Frame, matches: Sequence[Match], decision: Decision) -> None:
            del decision
            full = self._gather(frame, matches)
            if full is not None:
                self._enrol(full, enrol)

        return show

    def _gather(self, frame: Frame, matches: Sequence[Match]) -> _Window | None:
        """Take the frame; the window, closed, when there are pictures enough."""
        with self._one_at_a_time:
            self._close_in_time()
            if self._window is None:
                return None
            window = replace(self._window, gathered=considered(self._window.gathered, frame, matches))
            self._window = window
            if len(window.gathered.frames) < WANTED:
                return None
            self._end(window, "being enrolled")
            return window

    def _enrol(self, window: _Window, enrol: Enrol) -> None:
        """In the loop's thread, because the network is not for two: no face is answered for that second."""
        pictures = [Picture(f"frame {frame.index}", frame.image) for frame in window.gathered.frames]
        name = window.name
        try:
            name = name or free_name(self._names())
            person, enrolment = enrol(name, pictures, _disabled)
        except FaceplateError as error:
            result = " ".join(str(error).split())[:_LONGEST_RESULT]
            _log.warning("nobody was enrolled from afar: %s", result)
        else:
            name = person.name
            result = f"{name} is enrolled from {len(enrolment.anchors)} pictures, and let in once enabled at the device"
            _log.info("%s", result)
        with self._one_at_a_time:
            self._last = replace(self._last, name=name, result=result)

    def _close_in_time(self) -> None:
        window = self._window
        if window is not None and self._clock() >= window.until:
            taken = len(window.gathered.frames)
            self._end(window, f"time is over: {taken} of {WANTED} pictures were taken ({window.gathered.says})")

    def _end(self, window: _Window, result: str) -> None:
        self._window = None
        self._last = WindowState(False, Seconds(0.0), window.name, len(window.gathered.frames), result)  # noqa: FBT003 - closed


def _disabled(person: Person, others: Sequence[Person]) -> Person:
    """Known, and not let in. Somebody of that name who was enrolled meanwhile stays as they are."""
    del others
    if person.anchors:
        raise EnrolmentError(f"somebody called {person.name!r} was enrolled meanwhile; use another name")
    return replace(person, rights=replace(person.rights, enabled=False))


def free_name(taken: Sequence[str]) -> str:
    """What somebody without a name is called, that nobody is called yet."""
    number = 1
    while any(same_name(_numbered(number), name) for name in taken):
        number += 1
    return _numbered(number)


def _numbered(number: int) -> str:
    return NAMELESS if number == 1 else f"{NAMELESS} {number}"
