"""Shines colours that nobody can know before, and knows which of them a frame was taken in.

Light that flashes can harm people with photosensitive epilepsy, from three flashes a second on (WCAG 2.2, criterion
2.3.1). A flash is a pair of changes; here none comes sooner than `LASTS` after the last, so there are 1.25 flashes a
second at most, and from one colour to another, not from dark to bright.
"""

from __future__ import annotations

import logging
import math
import random
from dataclasses import dataclass
from typing import Final, Protocol

from faceplate.errors import DoorError
from faceplate.types import Clock, Colour, Seconds
from faceplate.vision.tracker import LOST_AFTER

_log = logging.getLogger(__name__)

DARK: Final = Colour()
COLOURS: Final = tuple(Colour(bool(n & 1), bool(n & 2), bool(n & 4)) for n in range(1, 7))
"""One light, or two: all three would be white, which has no colour to be answered"""

LASTS: Final = Seconds(0.4)
"""A colour, at least"""

SETTLES: Final = Seconds(0.15)
"""So long after a change a frame may have been taken before it, or while it happened: cameras give frames late"""

AGAIN_AFTER: Final = Seconds(10.0)
"""A ring that did not answer is tried again"""


class Ring(Protocol):
    """The light."""

    def shine(self, colour: Colour) -> None:
        """Shine this colour.

        Raises:
            DoorError: it does not answer.
        """


@dataclass(frozen=True, slots=True)
class Shone:
    """One colour that shines, or did."""

    number: int
    """One more than that of the colour before, if there was no break between them"""

    colour: Colour

    since: Seconds


class Shining:
    """Another colour every `LASTS` or so while somebody is there, and none while nobody is."""

    def __init__(self, ring: Ring, clock: Clock, dice: random.Random) -> None:
        """Shine nothing yet; `clock` is the one that frames are stamped with."""
        self._ring = ring
        self._clock = clock
        self._dice = dice
        self._before: Shone | None = None
        self._now = Shone(0, DARK, Seconds(-math.inf))
        self._asked = Seconds(-math.inf)
        """When somebody was there last"""
        self._failed: Seconds | None = Seconds(-math.inf)
        """When the ring did not answer, or long ago: whoever shone it before may have left it on"""
        self._is_told = False
        """That it does not answer"""

    def go_on(self, time: Seconds) -> None:
        """Somebody is there, on a frame of this time; called once for each frame."""
        if self._clock() - self._asked > LOST_AFTER:  # no frames came: whatever shone then has been answered by nobody
            self.stop()
        self._asked = self._clock()
        self._mend()
        is_over = self._asked - self._now.since >= LASTS and time >= self._now.since + SETTLES
        if is_over and self._failed is None:
            self._shine(self._dice.choice([each for each in COLOURS if each != self._now.colour]))

    def stop(self) -> None:
        """Nobody is there."""
        self._mend()
        if self._now.colour != DARK:
            self._shine(DARK)
            self._before = None

    def at(self, time: Seconds) -> Shone | None:
        """What shone on a frame of this time; None: it is not known, or two did."""
        if self._failed is not None:
            return None
        if time >= self._now.since:
            return self._now if time >= self._now.since + SETTLES else None
        return self._before if self._before and time >= self._before.since + SETTLES else None

    def is_over(self, shone: Shone) -> bool:
        """Whether another colour shines now."""
        return shone.number != self._now.number

    def _mend(self) -> None:
        """Try a ring that failed again, now and then."""
        if self._failed is not None and self._clock() - self._failed >= AGAIN_AFTER:
            self._shine(DARK)

    def _shine(self, colour: Colour) -> None:
        try:
            self._ring.shine(colour)
        except DoorError as error:
            level = logging.DEBUG if self._is_told else logging.WARNING
            self._is_told = True
            _log.log(level, "the ring of light does not answer, and no face opens without a challenge: %s", error)
            self._failed = self._clock()
            self._before, self._now = None, Shone(self._now.number + 2, DARK, self._failed)
            return
        if self._is_told:
            _log.info("the ring of light answers again")
        self._failed, self._is_told = None, False
        self._before, self._now = self._now, Shone(self._now.number + 1, colour, self._clock())
