"""How somebody holds their head on one frame, and whether that is what they were asked to do. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from faceplate.model.head_pose import HeadPose, relief_pose
from faceplate.types import Cue, Flaw, Frame, Likeness, Match, Pixels, Seconds

# Degrees from how this face looked when it was asked. A turn is asked for "a little": enrolment takes 12 for one.
# What the detector's landmarks say of a head that is held still varies by 4 from frame to frame (standard deviation, on
# photographed prints and on people), so that three frames are averaged on both sides.
_TURNED: Final = 15.0
_RAISED: Final = 10.0
"""By the face mesh, which varies by two degrees from frame to frame. Nobody is asked to lower their head, which hides
the face of whoever looks at a camera that hangs high"""
_CLOSER: Final = 1.25
"""Times as wide; who steps back is as much narrower"""
_NARROWEST: Final = Pixels(60.0)
"""Pixels: of a narrower face too little is seen"""
_STILL_YAW: Final = 8.0
_ON_ITS_WAY: Final = 7.0
"""Between the first two frames of a rest and the last two: a head that turns back goes by 9 or more"""
_LEVEL_YAW: Final = 13.0
"""Less than a turn. Nobody stands before a camera twice in the same way; but a head on its way back may not seem to
turn once more"""
_LEVEL_PITCH: Final = 12.0
"""By the landmarks, which follow by a fifth"""
_LEVEL_RAISED: Final = 12.0
"""Whoever comes closer to a camera that hangs high looks further up to it"""
FRONT: Final = 25.0
"""The most that a face which looks straight at the camera may be turned aside by its landmarks"""


@dataclass(frozen=True, slots=True)
class Posture:
    """How somebody holds their head, and how near they are."""

    yaw: float
    """Degrees to their own left"""
    pitch: float
    """Degrees up, by the landmarks"""
    width: float
    """Of the face, pixels"""
    has_room: bool
    """Whether the face would still be in the picture if it came closer"""
    has_way: bool
    """Whether it would still be large enough if it went back"""
    raised: float | None = None
    """Degrees up, by the face mesh; None: that was not measured"""
    shut: bool | None = None
    """Whether the eyes are; None: nobody asks"""


@dataclass(frozen=True, slots=True)
class Glance:
    """What one frame shows of whoever is challenged."""

    time: Seconds
    posture: Posture | None
    """None: the face cannot be judged"""
    people: tuple[str, ...]
    """Whom it shows: one person, two look-alikes, or nobody known"""
    has_depth: bool = False
    """Whether the face was seen to have a depth, of late"""
    too_far: bool = False
    """Whether the head is turned so far aside that it cannot be judged"""


def glanced(frame: Frame, match: Match, narrowest: Pixels = _NARROWEST) -> Glance:
    """What a frame shows, for a challenge; a face that is narrower than `narrowest` cannot be judged.

    A face that cannot be judged does not count: it could be anybody's, held there for a moment to turn its head.
    """
    if match.likeness is Likeness.UNUSABLE:
        return Glance(frame.time, None, (), too_far=Flaw.TURNED_AWAY in match.sighting.look.flaws)
    people: tuple[str, ...] = ()
    if match.likeness is Likeness.VERIFIED:
        people = (str(match.person),)
    elif match.likeness is Likeness.AMBIGUOUS and match.rival is not None:
        people = tuple(sorted((str(match.person), match.rival.person)))
    posture = _posture(frame, match, relief_pose(match.sighting.look.face.landmarks), max(narrowest, _NARROWEST))
    return Glance(frame.time, posture, people, match.sighting.has_depth)


def _posture(frame: Frame, match: Match, pose: HeadPose | None, narrowest: Pixels) -> Posture | None:
    if pose is None:
        return None
    box = match.sighting.look.face.box
    height, width = frame.image.shape[:2]
    has_room = box.width * _CLOSER <= width and box.height * _CLOSER <= height
    has_way = box.width >= _CLOSER * narrowest
    eyes = match.sighting.eye_state
    shut = None if eyes is None else eyes.shut
    return Posture(pose.yaw, pose.pitch, box.width, has_room, has_way, match.sighting.raised, shut)


def mean(postures: Sequence[Posture]) -> Posture:
    """How they are held on average, with the eyes shut if they are on most; the last one says where there is room."""
    yaw, pitch, width = (fmean(getattr(each, name) for each in postures) for name in ("yaw", "pitch", "width"))
    measured = [each.raised for each in postures if each.raised is not None]
    raised = fmean(measured) if len(measured) == len(postures) else None
    eyes = [each.shut for each in postures if each.shut is not None]
    shut = 2 * sum(eyes) > len(eyes) if eyes else None
    return Posture(yaw, pitch, width, postures[-1].has_room, postures[-1].has_way, raised, shut)


def is_done(asked: Cue, start: Posture, now: Posture) -> bool:
    """Whether the head is held as was asked, seen from how it was held then."""
    match asked:
        case Cue.TURN_LEFT:
            return now.yaw - start.yaw >= _TURNED
        case Cue.TURN_RIGHT:
            return start.yaw - now.yaw >= _TURNED
        case Cue.LOOK_UP:
            return _lifted(start, now) >= _RAISED
        case Cue.SHUT_EYES:
            return now.shut is True
        case Cue.STEP_BACK:
            return _CLOSER * now.width <= start.width
        case _:
            return now.width >= _CLOSER * start.width


def is_wrong(asked: Cue, start: Posture, now: Posture) -> bool:
    """Whether the head is clearly turned, or moved, as it was not asked to."""
    aside = _aside(start, now)
    match asked:
        case Cue.TURN_LEFT:
            return aside <= -_TURNED
        case Cue.TURN_RIGHT:
            return aside >= _TURNED
        case Cue.LOOK_UP:
            return abs(aside) >= _TURNED or _lifted(start, now) <= -_RAISED
        case Cue.SHUT_EYES:
            return abs(aside) >= _TURNED
        case Cue.STEP_BACK:
            return abs(aside) >= _TURNED or now.width >= _CLOSER * start.width
        case _:
            return abs(aside) >= _TURNED or _CLOSER * now.width <= start.width


def is_level(straight: Posture, now: Posture) -> bool:
    """Whether the head is held straight again."""
    is_upright = abs(now.pitch - straight.pitch) <= _LEVEL_PITCH and abs(_lifted(straight, now)) <= _LEVEL_RAISED
    return is_upright and abs(_aside(straight, now)) <= _LEVEL_YAW


def is_at_rest(postures: Sequence[Posture]) -> bool:
    """Whether some frames in a row show a head that is held still, and not one that slowly turns."""
    held, first, last = mean(postures), mean(postures[:2]), mean(postures[-2:])
    is_still = all(
        abs(each.yaw - held.yaw) <= _STILL_YAW and abs(each.pitch - held.pitch) <= _LEVEL_PITCH for each in postures
    )
    return is_still and abs(last.yaw - first.yaw) <= _ON_ITS_WAY


def _aside(straight: Posture, now: Posture) -> float:
    """Degrees that the head is turned from where it was, or from where the camera is, whichever is less.

    Nobody looks the camera in the eye all the time: who looked beside it then, and looks at it now, has turned nowhere.
    """
    return min(now.yaw - straight.yaw, now.yaw, key=abs)


def _lifted(start: Posture, now: Posture) -> float:
    """Degrees that the head is raised since then; 0 where that was not measured."""
    return 0.0 if start.raised is None or now.raised is None else now.raised - start.raised
