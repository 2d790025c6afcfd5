"""A challenge: the visitor moves their head as they are asked to, which nobody can have known before. Pure.

The steps are drawn when they are asked, none twice in a row, each at a time that is drawn as well, and only of somebody
who looks straight at the camera and is the person who is challenged. So a recording does the wrong thing, or does it at
the wrong time: before a living person could have heard of it, or when it must look at the camera.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import fmean
from typing import Final

from faceplate.config.doubt import ChallengeConfig
from faceplate.model.head_pose import HeadPose, head_pose
from faceplate.types import Cue, Frame, Likeness, Match, Seconds

STEPS: Final = (Cue.TURN_LEFT, Cue.TURN_RIGHT, Cue.LOOK_UP, Cue.COME_CLOSER)

PAUSE: Final = (Seconds(0.3), Seconds(1.2))
"""So long after one step is done the next one is asked, at the earliest"""

REACTION: Final = Seconds(0.15)
"""Nobody answers what they see or hear sooner than this"""

GAP: Final = Seconds(0.7)
"""A face that was not seen for longer may have been another meanwhile; the tracker loses it then"""

# Degrees from how this face looked when it was asked. A turn is asked for "a little": enrolment takes 12 for one.
_TURNED: Final = 15.0
_RAISED: Final = 10.0
_CLOSER: Final = 1.25
"""Times as wide"""
_LEVEL_YAW: Final = 8.0
_LEVEL_PITCH: Final = 12.0
"""Whoever comes closer to a camera that hangs high looks further up to it"""
_FRONT: Final = 25.0
"""The most that a face which looks straight at the camera may be turned aside by its landmarks"""
_AT_REST: Final = 3
"""So many frames alike show how it looks straight"""


class Phase(StrEnum):
    """Where a challenge is."""

    REST = "rest"
    """The visitor is to look straight; the next step will be asked"""
    ASKED = "asked"
    LAST = "last"
    """All is done; the visitor is to look straight, and be verified once more"""
    PASSED = "passed"
    FAILED = "failed"
    VOID = "void"
    """It says nothing: it cannot be told that this was one face all the time"""


@dataclass(frozen=True, slots=True)
class Posture:
    """How somebody holds their head, and how near they are."""

    yaw: float
    """Degrees to their own left"""
    pitch: float
    """Degrees up"""
    width: float
    """Of the face, pixels"""
    has_room: bool
    """Whether the face would still be in the picture if it came closer"""


@dataclass(frozen=True, slots=True)
class Glance:
    """What one frame shows of whoever is challenged."""

    time: Seconds
    posture: Posture | None
    """None: the face cannot be judged"""
    people: tuple[str, ...]
    """Whom it shows: one person, two look-alikes, or nobody known"""


@dataclass(frozen=True, slots=True)
class Challenge:
    """How far somebody is."""

    people: tuple[str, ...]
    """Who they are, or which two they look like"""
    seen: Seconds
    since: Seconds
    """When the present phase began; of REST: when the next step is asked at the earliest"""
    phase: Phase = Phase.REST
    done: tuple[Cue, ...] = ()
    asked: Cue | None = None
    ready: bool = True
    """False: what is asked was done too early, and is to be begun anew"""
    at_rest: tuple[Posture, ...] = ()
    straight: Posture | None = None
    """How they look straight; None: not known yet"""
    start: Posture | None = None
    """How they looked when the last step was asked; it is measured from there"""

    @property
    def cue(self) -> Cue:
        """What the visitor is told."""
        return self.asked or Cue.LOOK_STRAIGHT

    @property
    def was_asked(self) -> bool:
        """Whether the visitor was told of a step yet."""
        return self.asked is not None or bool(self.done)

    @property
    def goes_on(self) -> bool:
        """Whether it is not over."""
        return self.phase in {Phase.REST, Phase.ASKED, Phase.LAST}


def begun(people: tuple[str, ...], time: Seconds, dice: random.Random) -> Challenge:
    """A challenge of which nothing was asked yet."""
    return Challenge(people, time, Seconds(time + dice.uniform(*PAUSE)))


def glanced(frame: Frame, match: Match) -> Glance:
    """What a frame shows, for a challenge.

    A face that cannot be judged does not count: it could be anybody's, held there for a moment to turn its head.
    """
    if match.likeness is Likeness.UNUSABLE:
        return Glance(frame.time, None, ())
    people: tuple[str, ...] = ()
    if match.likeness is Likeness.VERIFIED:
        people = (str(match.person),)
    elif match.likeness is Likeness.AMBIGUOUS and match.rival is not None:
        people = tuple(sorted((str(match.person), match.rival.person)))
    return Glance(frame.time, _posture(frame, match, head_pose(match.sighting.look.face.landmarks)), people)


def _posture(frame: Frame, match: Match, pose: HeadPose | None) -> Posture | None:
    if pose is None:
        return None
    box = match.sighting.look.face.box
    height, width = frame.image.shape[:2]
    has_room = box.width * _CLOSER <= width and box.height * _CLOSER <= height
    return Posture(pose.yaw, pose.pitch, box.width, has_room)


def advanced(
    challenge: Challenge, glance: Glance, rules: ChallengeConfig, dice: random.Random, *, verified: bool
) -> Challenge:
    """After one more frame.

    Args:
        challenge: as it was.
        glance: at the visitor.
        rules: how many steps, and how long for each.
        dice: draw what is asked, and when.
        verified: whether frames since the last step was done, and none but these, verify who is challenged.
    """
    if glance.time - challenge.seen > GAP or _is_another(challenge, glance):
        return replace(challenge, phase=Phase.VOID)
    challenge = replace(challenge, seen=glance.time)
    if glance.time - challenge.since > rules.step_time:
        return replace(challenge, phase=Phase.FAILED)
    match challenge.phase:
        case Phase.REST:
            return _resting(challenge, glance, dice)
        case Phase.ASKED:
            return _answering(challenge, glance, rules, dice)
        case Phase.LAST if verified and _is_straight(challenge, glance):
            return replace(challenge, phase=Phase.PASSED)
    return challenge


def _is_another(challenge: Challenge, glance: Glance) -> bool:
    """Whether somebody is verified who is not challenged."""
    return len(glance.people) == 1 and glance.people[0] not in challenge.people


def _resting(challenge: Challenge, glance: Glance, dice: random.Random) -> Challenge:
    if challenge.straight is None:
        recent = challenge.at_rest if glance.posture else ()
        challenge = replace(challenge, at_rest=(*recent, *filter(None, [glance.posture]))[-_AT_REST:])
    straight = challenge.straight or _rest(challenge.at_rest)
    if straight is None or glance.posture is None or glance.time < challenge.since:
        return challenge
    # Whoever holds another face before the camera to turn it must show the right one again before each step.
    if not (_is_level(straight, glance.posture) and glance.people and set(glance.people) <= set(challenge.people)):
        return challenge
    now, last = glance.posture, challenge.done[-1:]
    can_come = now.has_room and Cue.COME_CLOSER not in challenge.done
    steps = [step for step in STEPS if step not in last and (can_come or step is not Cue.COME_CLOSER)]
    asked = replace(challenge, phase=Phase.ASKED, asked=dice.choice(steps), since=glance.time, ready=True)
    return replace(asked, straight=straight, start=now)


def _rest(postures: tuple[Posture, ...]) -> Posture | None:
    """How a face looks straight, if the last frames agree on it."""
    if len(postures) < _AT_REST:
        return None
    middle = Posture(
        fmean(each.yaw for each in postures),
        fmean(each.pitch for each in postures),
        fmean(each.width for each in postures),
        has_room=True,
    )
    agreed = abs(middle.yaw) <= _FRONT and all(_is_level(middle, each) for each in postures)
    return middle if agreed else None


def _answering(challenge: Challenge, glance: Glance, rules: ChallengeConfig, dice: random.Random) -> Challenge:
    start, asked, now = challenge.start, challenge.asked, glance.posture
    if start is None or asked is None or now is None:
        return challenge
    if _is_wrong(asked, start, now):
        return replace(challenge, phase=Phase.FAILED)
    if not _is_done(asked, start, now):
        return replace(challenge, ready=True)
    if glance.time - challenge.since < REACTION or not challenge.ready:
        return replace(challenge, ready=False)
    done = (*challenge.done, asked)
    if len(done) >= rules.steps:
        return replace(challenge, phase=Phase.LAST, done=done, asked=None, since=glance.time)
    then = Seconds(glance.time + dice.uniform(*PAUSE))
    return replace(challenge, phase=Phase.REST, done=done, asked=None, since=then)


def _is_done(asked: Cue, start: Posture, now: Posture) -> bool:
    match asked:
        case Cue.TURN_LEFT:
            return now.yaw - start.yaw >= _TURNED
        case Cue.TURN_RIGHT:
            return start.yaw - now.yaw >= _TURNED
        case Cue.LOOK_UP:
            return now.pitch - start.pitch >= _RAISED
        case _:
            return now.width >= _CLOSER * start.width


def _is_wrong(asked: Cue, start: Posture, now: Posture) -> bool:
    """Whether the head is clearly turned as it was not asked to."""
    aside = now.yaw - start.yaw
    match asked:
        case Cue.TURN_LEFT:
            return aside <= -_TURNED
        case Cue.TURN_RIGHT:
            return aside >= _TURNED
        case _:
            return abs(aside) >= _TURNED


def _is_level(straight: Posture, now: Posture) -> bool:
    return abs(now.yaw - straight.yaw) <= _LEVEL_YAW and abs(now.pitch - straight.pitch) <= _LEVEL_PITCH


def _is_straight(challenge: Challenge, glance: Glance) -> bool:
    straight, now = challenge.straight, glance.posture
    return straight is not None and now is not None and _is_level(straight, now)
