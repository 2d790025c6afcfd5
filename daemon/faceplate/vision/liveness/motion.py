"""Does the face move as a head does, or as a picture does?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from faceplate.types import Frame, Seconds, Sighting
from faceplate.vision.liveness.evidence import Evidence, Tells
from faceplate.vision.liveness.following import Follower
from faceplate.vision.liveness.relief import Relief, Shown, relief
from faceplate.vision.liveness.surroundings import Cut, surroundings
from faceplate.vision.per_track import PerTrack

EVERY: Final = Seconds(0.08)
"""Frames that come sooner after the last are left out: a fast camera's say no more, and cost as much"""

# All of these were chosen on simulated visitors and attacks of people whom no figure in the documents is of, and on
# real recordings (tests/attacks/measure.py). Lengths are in widths of the face.
_MOVED_TO_DENY: Final = 0.083
_MOVED_TO_CONFIRM: Final = 0.04

_STICKS: Final = 0.035
"""What is around the face strays by less, for each width that the face moved: it is on the same sheet"""

_STRAYS: Final = 0.08
"""It strays by more, where a face moves before a room, and from the sheet that a face is printed on"""

_STAYS: Final = 0.25
"""It strays by more: it does not go with the face at all"""

_FLAT: Final = 0.006
"""The face itself strays from a plane by less, for each width it moved; of a head it is 0.015 or so"""

_HARDLY_ROUND: Final = 0.009

_NO_TURN: Final = 0.045
"""A head turned by less than this share of what its foreshortening asks for"""

_SOME_TURN: Final = 0.09

_TURNED: Final = 0.02
"""Radians by which a nose, and the eyes beside it, were seen to turn: 1.1 degrees, after all that a sheet could do"""

_OF_THE_TURN: Final = 0.1
"""They turned by less than this share of what the foreshortening of the face asks for: it is a sheet that turned"""

_ROUND: Final = 0.012
"""The face strays from a plane by more for each width it moved, or the head turned by more than `_OF_THE_TURN`: a mask
that seemed to have a nose did neither"""

_ALONE: Final = 2.8
"""A nose that seems to turn by more times what its head does is where worn paper ends: of simulated people it is
1 or so, of filmed ones up to 2.7, of masks that seemed to have a nose 3 to 5"""

_LIKE: Final = 0.35
"""Likeness to them of what moved otherwise than a sheet: of a living visitor's it is 0.5 or so, of paper 0.1"""

_STEADY: Final = 2.0
_RATHER_STEADY: Final = 1.4
"""Times what comes and goes from frame to frame; of noise alone it is 1"""

_STIRRED: Final = 0.015
"""Of a thing that stands only noise moves"""

_IN_A_ROW: Final = 3
"""Frames: one point that slipped along an edge is not to decide anything"""

REST: Final = Seconds(2.0)
"""So long after a head was seen nothing is measured, while it can be followed: what was confirmed holds for longer"""

RESTING_EVERY: Final = Seconds(0.15)
"""Frames that come sooner are left out meanwhile"""

_NOTHING: Final = Evidence("motion", Tells.NOTHING)


@dataclass(slots=True)
class _Followed:
    """What is remembered of a track."""

    follower: Follower
    at: Seconds | None = None
    last: Evidence = _NOTHING
    in_a_row: int = 0
    confirmed: Seconds | None = None
    """When it was, on the points that are followed"""

    def rests(self, time: Seconds) -> bool:
        """Whether there is nothing to measure yet."""
        return self.confirmed is not None and 0 <= time - self.confirmed < REST


class Motion:
    """Denies "flat"; confirms "relief" and "parallax"; says nothing of a face that hardly moves."""

    def __init__(self, cut: Cut = surroundings) -> None:
        self._tracks = PerTrack(lambda: _Followed(Follower(cut)))

    def observe(self, track: Sighting, frame: Frame) -> Evidence:
        """What the track's movement up to this frame says."""
        followed = self._tracks.of(track.track, frame.time)
        if track.look.flaws:
            return _NOTHING
        every = RESTING_EVERY if followed.rests(frame.time) else EVERY
        if followed.at is not None and 0 <= frame.time - followed.at < every:
            return _NOTHING
        followed.at = frame.time
        if not followed.follower.follow(frame, track.look.face):
            followed.confirmed = None
        if followed.rests(frame.time):
            return _NOTHING
        shown = followed.follower.followed()
        measured = relief(shown) if shown else None
        found = told(measured) if measured else _NOTHING
        followed.in_a_row = followed.in_a_row + 1 if found.tells is followed.last.tells else 1
        followed.last = found
        if followed.in_a_row < _IN_A_ROW:
            return _NOTHING
        if found.tells is Tells.CONFIRMS:
            followed.confirmed, followed.in_a_row = frame.time, 0
        return found


def told(measured: Relief) -> Evidence:
    """What one measurement says. Pure."""
    if measured.moved > _MOVED_TO_DENY and _is_flat(measured):
        return Evidence("flat", Tells.DENIES, measured.rest / measured.moved)
    if measured.moved > _STIRRED and (measured.around is None or _strays(measured, _STRAYS)):
        if _is_a_head(measured, _STEADY):
            return Evidence("relief", Tells.CONFIRMS, measured.nose.turned)
        if measured.moved > _MOVED_TO_CONFIRM and _strays(measured, _STAYS) and _is_a_head(measured, _RATHER_STEADY):
            return Evidence("parallax", Tells.CONFIRMS, measured.rest / measured.moved)
    return _NOTHING


def _is_a_head(measured: Relief, steady: float) -> bool:
    """Whether there is a nose, with eyes beside it: paper that is folded or worn may seem to have either."""
    of_the_turn = _OF_THE_TURN * _turn(measured)
    is_round = measured.rest > _ROUND * measured.moved or measured.head > of_the_turn
    if not is_round or measured.nose.turned > _ALONE * measured.head:
        return False
    least = max(_TURNED, of_the_turn)
    return _is_shown(measured.nose, least, steady) and _is_shown(measured.face, least, steady)


def _is_shown(shown: Shown, least: float, steady: float) -> bool:
    return shown.turned > least and shown.turned > steady * shown.jitter and shown.likeness > _LIKE


def _turn(measured: Relief) -> float:
    """Radians: a sheet is foreshortened with the square of its turn."""
    return float((2 * (measured.foreshortened + 0.001)) ** 0.5)


def _strays(measured: Relief, share: float) -> bool:
    return measured.around is not None and measured.around > share * measured.moved


def _is_flat(measured: Relief) -> bool:
    """One homography takes the face and what is around it; or it takes the face, which was turned and shows no head."""
    rest = measured.rest / measured.moved
    on_a_sheet = measured.around is not None and not _strays(measured, _STICKS)
    if on_a_sheet and rest < _HARDLY_ROUND and measured.depth < _SOME_TURN * _turn(measured):
        return True
    is_turned = measured.foreshortened > 0.015  # noqa: PLR2004 - ten degrees
    return is_turned and rest < _FLAT and measured.depth < _NO_TURN * _turn(measured)
