"""A short sequence as a camera would give it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from faceplate.types import Frame, Image, Seconds

LIVE = "live"
RATE = 10.0
"""Frames a second of everything that is made here"""


ALONE, ALONE_EVERY = 24, 15.0
"""Frames of the empty room that the camera is given first, and seconds between them"""


@dataclass(frozen=True, slots=True)
class Clip:
    """Frames of one presentation."""

    species: str
    """`LIVE`, or what is shown to the camera; all but real recordings begin with "simulated" """

    subject: str
    """Who is there, or who is shown"""

    images: tuple[Image, ...]
    """RGB uint8 (H, W, 3)"""

    times: tuple[Seconds, ...]
    """One for each image"""

    seconds: tuple[Image, ...] | None = None
    """What a second camera saw, one for each image; None: there is none"""

    room: Image | None = None
    """What the camera sees while nobody is there; None: it is not known"""

    def frames(self) -> list[Frame]:
        """As the eyes get them."""
        seconds = self.seconds or (None,) * len(self.images)
        shown = zip(self.times, self.images, seconds, strict=True)
        return [Frame(i, time, image, second) for i, (time, image, second) in enumerate(shown)]

    def at(self, time: float) -> Image:
        """The image that was the newest so many seconds after the first."""
        return self.images[max(int(np.searchsorted(self.times, self.times[0] + time + 1e-9)) - 1, 0)]

    def alone(self) -> list[Frame]:
        """What the camera saw for minutes before, while nobody was there; empty where that is not known."""
        if self.room is None:
            return []
        start = self.times[0]
        return [Frame(-number, Seconds(start - number * ALONE_EVERY), self.room) for number in range(ALONE, 0, -1)]

    def named(self, species: str) -> Clip:
        """The same frames by another name."""
        return replace(self, species=species)


def clip(
    species: str,
    subject: str,
    images: Iterable[Image],
    times: Sequence[float] | None = None,
    room: Image | None = None,
) -> Clip:
    """Put frames together; without `times` they come at `RATE`."""
    pictures = tuple(images)
    stamps = times if times is not None else [number / RATE for number in range(len(pictures))]
    return Clip(species, subject, pictures, tuple(map(Seconds, stamps)), room=room)


def windows(whole: Clip, length: int, step: int) -> list[Clip]:
    """Cut a recording into presentations of `length` frames, one beginning every `step`."""
    starts = range(0, len(whole.images) - length + 1, step)
    return [replace(whole, images=whole.images[s : s + length], times=whole.times[s : s + length]) for s in starts]
