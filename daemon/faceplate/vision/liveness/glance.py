"""Did both irises go aside, against what surrounds them, while the head stayed? In a print they never do.

Two looks in a row are compared with two earlier ones: what counts is the gap that lies between all four of them, in
the eye whose iris moved less. A mask with holes shows the eyes of whoever wears it: this says nothing against masks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from faceplate.model.eye_view import EyeViews
from faceplate.model.head_pose import relief_pose
from faceplate.types import Frame, Pixels, Seconds, Sighting
from faceplate.vision.gaze import OfBoth, Reference
from faceplate.vision.liveness.evidence import Evidence, Tells
from faceplate.vision.per_track import PerTrack

# Chosen on prints, real and simulated, on simulated visitors whose eyes do not move, and on sequences of living people.
FAR: Final = 0.035
"""Widths of the eye, at least, that an iris goes aside: five degrees or so"""

STEADY: Final = 5.0
"""Degrees that the head may turn, or be raised, meanwhile"""

AS_NEAR: Final = 1.08
"""Times as wide as before a face may become meanwhile"""

TURNED: Final = 30.0
"""Degrees aside; of a head that is turned further one eye is seen from the side"""

SMALLEST_FACE: Final = Pixels(60.0)

EVERY: Final = Seconds(0.08)
"""Looks that come sooner are left out"""

WITHIN: Final = Seconds(2.0)
GAP: Final = Seconds(0.65)
"""Between the first of four looks and the last, and between any two in a row"""

_NOTHING: Final = Evidence("glance", Tells.NOTHING)


@dataclass(frozen=True, slots=True)
class Look:
    """The eyes at one moment, and the head that they are in."""

    time: Seconds
    moved: OfBoth
    """Since the reference was taken"""
    yaw: float
    raised: float
    """Degrees"""
    width: float
    """Pixels of the face"""


@dataclass(slots=True)
class _Eyes:
    """What is remembered of a track."""

    views: EyeViews | None = None
    """The newest that were looked at"""
    at: Seconds | None = None
    """When"""
    reference: Reference | None = None
    told: Seconds | None = None
    """When the reference was taken, or the eyes were last compared with it"""
    looks: deque[Look] = field(default_factory=deque)
    """Since the reference was taken, none older than `WITHIN`"""

    def is_new(self, views: EyeViews, time: Seconds) -> bool:
        """Whether these were not looked at yet, and it is time to."""
        return views is not self.views and (self.at is None or not 0 <= time - self.at < EVERY)

    def moved(self, views: EyeViews, time: Seconds) -> OfBoth | None:
        """Since the reference was taken; it is taken now if nothing could be told by the old one for long."""
        self.views, self.at = views, time
        if self.reference is None or self.told is None or not 0 <= time - self.told <= GAP:
            self.forget()
            self.reference, self.told = Reference(views), time
        moved = self.reference.moved(views)
        if moved is not None:
            self.told = time
        return moved

    def looked(self, look: Look) -> Sequence[Look]:
        """All that are not too old, this one the last."""
        self.looks.append(look)
        while look.time - self.looks[0].time > WITHIN:
            self.looks.popleft()
        return self.looks

    def forget(self) -> None:
        """What comes next may be another face."""
        self.reference = None
        self.looks.clear()


class Glance:
    """Confirms "glance"; says nothing of who looks one way, or turns the head."""

    def __init__(self) -> None:
        self._tracks = PerTrack(_Eyes)

    def observe(self, track: Sighting, frame: Frame) -> Evidence:
        """Whether the eyes look another way on this frame and the one before than they did on two earlier ones."""
        eyes, seen = self._tracks.of(track.track, frame.time), track.eye_state
        if track.look.flaws:
            eyes.forget()
            return _NOTHING
        if seen is None or seen.shut or not eyes.is_new(seen.views, frame.time):
            return _NOTHING
        yaw, width = _facing(track), track.look.face.box.width
        if yaw is None or track.raised is None or width < SMALLEST_FACE:
            return _NOTHING
        moved = eyes.moved(seen.views, frame.time)
        if moved is None:
            return _NOTHING
        far = glanced(eyes.looked(Look(frame.time, moved, yaw, track.raised, width)))
        return Evidence("glance", Tells.CONFIRMS, far) if far > FAR else _NOTHING


def glanced(looks: Sequence[Look]) -> float:
    """How far both irises went from any two looks in a row to the last two, widths of the eye. Pure."""
    pairs = list(pairwise(looks))
    return max((_between(before, pairs[-1]) for before in pairs), default=0.0)


def _facing(track: Sighting) -> float | None:
    """Degrees that the head is turned aside; None if so far that one eye is seen from the side, or if not known."""
    pose = relief_pose(track.look.face.landmarks)
    return pose.yaw if pose is not None and abs(pose.yaw) <= TURNED else None


def _between(before: tuple[Look, Look], now: tuple[Look, Look]) -> float:
    """The gap between two looks and two others; 0 where there is none, or the head moved."""
    (yaw, raised, width), (yaw_now, raised_now, width_now) = _head(before), _head(now)
    nearer = max(width_now / width, width / width_now)
    if abs(yaw_now - yaw) > STEADY or abs(raised_now - raised) > STEADY or nearer > AS_NEAR:
        return 0.0
    then, here = (np.stack([look.moved for look in pair]) for pair in (before, now))
    to_the_right, to_the_left = here.min(axis=0) - then.max(axis=0), then.min(axis=0) - here.max(axis=0)
    return float(max(to_the_right.min(), to_the_left.min(), 0.0))


def _head(pair: tuple[Look, Look]) -> tuple[float, float, float]:
    """Yaw, how far it is raised, and the face's width: the mean of both."""
    yaw, raised, width = np.mean([(look.yaw, look.raised, look.width) for look in pair], axis=0)
    return float(yaw), float(raised), float(width)
