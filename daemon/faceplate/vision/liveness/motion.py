"""Does the face move as a head does, or as a picture does?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from faceplate.types import Frame, Seconds, Sighting
from faceplate.vision.liveness.evidence import Evidence, Tells
from faceplate.vision.liveness.following import Follower
from faceplate.vision.liveness.per_track import PerTrack
from faceplate.vision.liveness.relief import Relief, relief

EVERY: Final = Seconds(0.08)
"""Frames that come sooner after the last are left out: a fast camera's say no more, and cost as much"""

# All of these were chosen on simulated visitors and attacks of people whom no figure in the documents is of, and on
# real recordings (tests/attacks/measure.py). Lengths are in widths of the face.
_MOVED_TO_DENY: Final = 0.083
_MOVED_TO_CONFIRM: Final = 0.04

_STICKS: Final = 0.035
"""What is around the face strays by less, for each width that the face moved: it is on the same sheet"""

_STAYS: Final = 0.1
"""What is around strays by more: it does not go with the face"""

_STAYS_FAR: Final = 0.25
"""It is no margin of a bent sheet, which strays, too"""

_FLAT: Final = 0.006
"""The face itself strays from a plane by less, for each width it moved; of a head it is 0.015 or so"""

_HARDLY_ROUND: Final = 0.009
_ROUND: Final = 0.011

_NO_TURN: Final = 0.045
"""A head turned by less than this share of what its foreshortening asks for"""

_SOME_TURN: Final = 0.09

_TURNED: Final = 0.025
"""Radians by which a nose was seen to turn: 1.4 degrees, after all that a bent sheet could do"""

_A_NOSE: Final = 0.4
"""Likeness to a nose of what moved otherwise than a sheet; of a living visitor's it is 0.5 or so, of paper 0.1"""

_SOME_NOSE: Final = 0.22
"""More than a mask that is worn before a room that stays has of it"""

_STEADY: Final = 2.0
"""Times what comes and goes from frame to frame"""

_STIRRED: Final = 0.015
"""Of a thing that stands only noise moves"""

_DENYING, _CONFIRMING = 3, 2
"""Frames in a row: one point that slipped along an edge is not to decide anything"""

_NOTHING: Final = Evidence("motion", Tells.NOTHING)


@dataclass(slots=True)
class _Followed:
    """What is remembered of a track."""

    follower: Follower = field(default_factory=Follower)
    at: Seconds | None = None
    last: Evidence = _NOTHING
    in_a_row: int = 0


class Motion:
    """Denies "flat"; confirms "relief" and "parallax"; says nothing of a face that hardly moves."""

    def __init__(self) -> None:
        self._tracks = PerTrack(_Followed)

    def observe(self, track: Sighting, frame: Frame) -> Evidence:
        """What the track's movement up to this frame says."""
        followed = self._tracks.of(track.track, frame.time)
        if followed.at is not None and 0 <= frame.time - followed.at < EVERY:
            return _NOTHING
        followed.at = frame.time
        measured = relief(followed.follower.follow(frame, track.look.face))
        found = told(measured) if measured else _NOTHING
        followed.in_a_row = followed.in_a_row + 1 if found.tells is followed.last.tells else 1
        followed.last = found
        needed = _DENYING if found.tells is Tells.DENIES else _CONFIRMING
        return found if followed.in_a_row >= needed else _NOTHING


def told(measured: Relief) -> Evidence:
    """What one measurement says. Pure."""
    moved = max(measured.moved, 1e-6)
    rest = measured.rest / moved
    # A sheet is foreshortened with the square of its turn
    turned = measured.depth / (2 * (measured.foreshortened + 0.001)) ** 0.5
    if measured.moved > _MOVED_TO_DENY and _is_flat(measured, rest, turned):
        return Evidence("flat", Tells.DENIES, rest)
    if _is_a_head(measured) and rest > _HARDLY_ROUND:
        return Evidence("relief", Tells.CONFIRMS, measured.nose)
    is_round = rest > _ROUND and turned > _SOME_TURN
    if is_round and measured.moved > _MOVED_TO_CONFIRM and _leaves_the_room(measured):
        return Evidence("parallax", Tells.CONFIRMS, rest)
    return _NOTHING


def _leaves_the_room(measured: Relief) -> bool:
    """What is around stays, and there is a nose: whoever holds a small print or wears a mask has such a room, too."""
    stays = measured.around[0] / max(measured.moved, 1e-6) if measured.around else 0.0
    nose = measured.likeness
    return (stays > _STAYS and nose > _A_NOSE) or (stays > _STAYS_FAR and nose > _SOME_NOSE)


def _is_a_head(measured: Relief) -> bool:
    shows = measured.nose > _TURNED and measured.likeness > _A_NOSE
    return shows and measured.nose > _STEADY * measured.jitter and measured.moved > _STIRRED


def _is_flat(measured: Relief, rest: float, turned: float) -> bool:
    """One homography takes the face and what is around it; or it takes the face, which was turned and shows no head."""
    on_a_sheet = measured.around is not None and measured.around[0] < _STICKS * measured.moved
    if on_a_sheet and rest < _HARDLY_ROUND and turned < _SOME_TURN:
        return True
    return rest < _FLAT and turned < _NO_TURN and measured.foreshortened > 0.015  # noqa: PLR2004 - ten degrees
