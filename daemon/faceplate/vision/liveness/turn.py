"""Has the head that was turned a depth, as two views of it have it, before the turn and after?

Whoever is asked to turn their head turns it by fifteen degrees or more within half a second, faster than points can
well be followed. But then two views suffice, a straight one and a turned one, as of two cameras (`stereo.py`): what no
homography explains has the shape of a head, turned to the side that the landmarks say. A sheet that is bent may seem to
be turned, as a mask of paper does, and shows little of that, and no nose; where points slip, it
differs from look to look.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import radians
from statistics import median
from typing import Final

from faceplate.model.head_pose import relief_pose
from faceplate.types import Face, Frame, Image, Seconds, Sighting
from faceplate.vision.liveness.evidence import Evidence, Tells
from faceplate.vision.liveness.following import WIDE, View
from faceplate.vision.liveness.relief import Depth, depth
from faceplate.vision.liveness.surroundings import Cut, surroundings
from faceplate.vision.per_track import PerTrack

EVERY: Final = Seconds(0.08)
"""Frames that come sooner after the last look are left out"""

GAP: Final = Seconds(0.35)
LEAP: Final = 15.0
"""Seconds, and degrees, between two views: whoever turns is seen on the way. Two photographs, one put in the other's
place, have a head's depth, too"""

LOOKS: Final = 5
FEWEST: Final = 3
"""Looks whose middle counts, at most and at least"""

LONG_AGO: Final = Seconds(3.0)
"""So old a straight view, or a look, counts no more"""

REST: Final = Seconds(2.0)
"""So long after it confirmed nothing is looked at: what was confirmed holds for longer"""

STRAIGHT: Final = 25.0
TURNED: Final = (12.0, 40.0)
"""Degrees aside of a straight view at most, and of a turned one from there"""

# All of these were chosen on simulated visitors and attacks of people whom no figure in the documents is of, and on
# real recordings of people who turn their heads. Shares of the turn that the landmarks say.
_A_HEAD: Final = 0.3
_LIKE_A_HEAD: Final = 0.5
_A_NOSE: Final = 0.15
_LIKE_A_NOSE: Final = 0.15
_STEADY: Final = 3.0
"""Times as much as the middle look, or as little, any other may show: what slips along an edge comes and goes"""

_NOTHING: Final = Evidence("turn", Tells.NOTHING)


@dataclass(frozen=True, slots=True)
class _Straight:
    """The face before it was turned."""

    time: Seconds
    yaw: float
    view: View


@dataclass(slots=True)
class _Turning:
    """What is remembered of a track."""

    at: Seconds | None = None
    yaw: float = 0.0
    """When it was looked at last, and how far aside it was then"""
    straight: _Straight | None = None
    seen: deque[tuple[Seconds, Depth]] = field(default_factory=lambda: deque(maxlen=LOOKS))
    """As shares of the turn"""
    confirmed: Seconds | None = None
    """When it last was"""

    def follow(self, time: Seconds, yaw: float) -> None:
        """Take the next look; if there is none between it and the last one, all before it is forgotten."""
        if self.at is not None and (not 0 <= time - self.at <= GAP or abs(yaw - self.yaw) > LEAP):
            self.straight = None
            self.seen.clear()
        self.at, self.yaw = time, yaw

    def rests(self, time: Seconds) -> bool:
        """Whether there is nothing to look at yet."""
        too_soon = self.at is not None and 0 <= time - self.at < EVERY
        return too_soon or (self.confirmed is not None and 0 <= time - self.confirmed < REST)


class Turn:
    """Confirms "turn"; says nothing of a head that is not turned."""

    def __init__(self, cut: Cut = surroundings) -> None:
        self._cut = cut
        self._tracks = PerTrack(_Turning)

    def observe(self, track: Sighting, frame: Frame) -> Evidence:
        """What the head's turns up to this frame say."""
        turning = self._tracks.of(track.track, frame.time)
        pose = relief_pose(track.look.face.landmarks)
        if pose is None or track.look.flaws or turning.rests(frame.time):
            return _NOTHING
        turning.follow(frame.time, pose.yaw)
        straight, face = turning.straight, track.look.face
        if straight is None or not 0 <= frame.time - straight.time <= LONG_AGO or abs(pose.yaw) <= abs(straight.yaw):
            is_straight = abs(pose.yaw) <= STRAIGHT
            turning.straight = _Straight(frame.time, pose.yaw, View(frame.image, face, WIDE)) if is_straight else None
            return _NOTHING
        measured = self._measured(straight.view, frame.image, face, pose.yaw - straight.yaw)
        if measured is None:
            return _NOTHING
        turning.seen.append((frame.time, measured))
        found = told([each for time, each in turning.seen if 0 <= frame.time - time <= LONG_AGO])
        if found.tells is Tells.CONFIRMS:
            turning.confirmed = frame.time
        return found

    def _measured(self, straight: View, image: Image, face: Face, aside: float) -> Depth | None:
        """As shares of the turn, `aside` degrees; None of a head that is not turned, or not found again."""
        if not TURNED[0] <= abs(aside) <= TURNED[1]:
            return None
        views = straight.on(image, face, self._cut)
        found = depth(views) if views else None
        turn = radians(aside)
        return Depth(found.nose / turn, found.likeness, found.head / turn, found.shape) if found else None


def told(seen: Sequence[Depth]) -> Evidence:
    """What so many looks say, whose angles are shares of the turn. Pure."""
    if len(seen) < FEWEST:
        return _NOTHING
    heads, noses = [float(each.head[0]) for each in seen], [float(each.nose[0]) for each in seen]
    is_a_head = median(heads) > _A_HEAD and median(each.shape for each in seen) > _LIKE_A_HEAD
    is_a_nose = median(noses) > _A_NOSE and median(each.likeness for each in seen) > _LIKE_A_NOSE
    if is_a_head and is_a_nose and _is_steady(heads) and _is_steady(noses):
        return Evidence("turn", Tells.CONFIRMS, median(heads))
    return _NOTHING


def _is_steady(shares: Sequence[float]) -> bool:
    middle = median(shares)
    return middle / _STEADY < min(shares) and max(shares) < middle * _STEADY
