"""A challenge: the visitor moves their head, or shuts their eyes, as nobody can have known before. Pure.

The steps are drawn when they are asked, none twice in a row, each at a time that is drawn as well, and only of somebody
who looks straight at the camera and is the person who is challenged. So a recording does the wrong thing, or does it at
the wrong time: before a living person could have heard of it, or when it must look at the camera. A flat picture can
come closer, go back and lean, and no more: however it is held, the nose in it does not move against eyes and mouth.
So one step at least is a turn. A face cut out of paper and worn may seem to turn; so whoever passes was also seen to
have the depth of a head, and if they were not yet, they are asked for a turn or two more. Where vision looks at eyes,
whoever is challenged is asked to shut them, too, once, besides: a rigid mask has a head's depth, and cannot.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from faceplate.access.posture import FRONT, Glance, Posture, is_at_rest, is_done, is_level, is_wrong, mean
from faceplate.config.doubt import ChallengeConfig
from faceplate.types import Cue, Seconds

TURNS: Final = (Cue.TURN_LEFT, Cue.TURN_RIGHT)
STEPS: Final = (*TURNS, Cue.LOOK_UP, Cue.STEP_BACK, Cue.COME_CLOSER)
EVERY_STEP: Final = (*STEPS, Cue.SHUT_EYES)
"""With what is asked where vision looks at eyes"""

PAUSE: Final = (Seconds(0.3), Seconds(1.2))
"""So long after one step is done the next one is asked, at the earliest"""

REACTION: Final = Seconds(0.15)
"""Nobody answers what they see or hear sooner than this"""

MORE: Final = 2
"""So many turns at most are asked besides, of somebody who did everything, and whose face showed no depth yet"""

GAP: Final = Seconds(0.7)
"""A face that was not seen for longer may have been another meanwhile; the tracker loses it then"""

_HELD: Final = 3
"""So many frames show how somebody holds their head"""

_RESTED: Final = 5
"""So many, alike, that they look straight: three are alike of a head, too, that is on its way back"""


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
    recent: tuple[Posture, ...] = ()
    """The last few of the present phase, without a break"""
    straight: Posture | None = None
    """How they look straight; None: not known yet"""
    start: Posture | None = None
    """How they looked when the last step was asked; it is measured from there"""
    has_depth: bool = False
    """Whether the face was seen to have a depth meanwhile, or a moment before"""
    eyes: bool = False
    """Whether vision tells if eyes are shut, so that it is asked"""
    too_far: bool = False
    """Whether they turn further, as they are asked, than they can be seen"""

    @property
    def cue(self) -> Cue:
        """What the visitor is told."""
        return Cue.TURN_BACK if self.too_far else self.asked or Cue.LOOK_STRAIGHT

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
    eyes = challenge.eyes or (glance.posture is not None and glance.posture.shut is not None)
    challenge = replace(challenge, seen=glance.time, has_depth=challenge.has_depth or glance.has_depth, eyes=eyes)
    if glance.time - challenge.since > rules.step_time:
        return replace(challenge, phase=Phase.FAILED)
    match challenge.phase:
        case Phase.REST:
            return _resting(challenge, glance, rules, dice)
        case Phase.ASKED:
            return _answering(challenge, glance, rules, dice)
        case Phase.LAST if verified and _is_straight(challenge, glance):
            return _done(challenge, glance, rules, dice)
    return challenge


def _done(challenge: Challenge, glance: Glance, rules: ChallengeConfig, dice: random.Random) -> Challenge:
    """After every step was done, and the face was verified once more."""
    if challenge.has_depth:
        return replace(challenge, phase=Phase.PASSED)
    if len(challenge.done) < _asked_of(challenge, rules) + MORE:
        return _resumed(challenge, glance, dice)
    return replace(challenge, phase=Phase.FAILED)


def _asked_of(challenge: Challenge, rules: ChallengeConfig) -> int:
    """So many steps, before a turn or two more."""
    return rules.steps + challenge.eyes


def _resumed(challenge: Challenge, glance: Glance, dice: random.Random) -> Challenge:
    """The next step is asked a while later."""
    return replace(challenge, phase=Phase.REST, since=Seconds(glance.time + dice.uniform(*PAUSE)), recent=())


def _is_another(challenge: Challenge, glance: Glance) -> bool:
    """Whether somebody is verified who is not challenged."""
    return len(glance.people) == 1 and glance.people[0] not in challenge.people


def _resting(challenge: Challenge, glance: Glance, rules: ChallengeConfig, dice: random.Random) -> Challenge:
    challenge = _seen(challenge, glance.posture, _RESTED)
    rest = _rest(challenge)
    if rest is None or glance.posture is None or glance.time < challenge.since:
        return challenge
    # Whoever holds another face before the camera to turn it must show the right one again before each step.
    if not (glance.people and set(glance.people) <= set(challenge.people)):
        return challenge
    steps = _next(challenge, rules, glance.posture)
    asked = replace(challenge, phase=Phase.ASKED, asked=dice.choice(steps), since=glance.time, ready=True, recent=())
    return replace(asked, straight=challenge.straight or rest, start=rest)


def _next(challenge: Challenge, rules: ChallengeConfig, now: Posture) -> list[Cue]:
    """What may be asked now: no step twice in a row, all but turns once each; at the end what must be, and was not.

    What is asked besides is a turn.
    """
    done, left = challenge.done, _asked_of(challenge, rules) - len(challenge.done)
    turns = [step for step in TURNS if step not in done[-1:]]
    if left <= 0:
        return turns
    eyes = [Cue.SHUT_EYES] if challenge.eyes and Cue.SHUT_EYES not in done else []
    lacking = [steps for steps in ([] if set(done) & set(TURNS) else turns, eyes) if steps]
    if left <= len(lacking):
        return [step for steps in lacking for step in steps]
    there_is = (
        (Cue.LOOK_UP, now.raised is not None),
        (Cue.STEP_BACK, now.has_way),
        (Cue.COME_CLOSER, now.has_room),
    )
    return turns + [step for step, can_be in there_is if can_be and step not in done] + eyes


def _seen(challenge: Challenge, posture: Posture | None, most: int) -> Challenge:
    return replace(challenge, recent=(*challenge.recent, posture)[-most:] if posture else ())


def _rest(challenge: Challenge) -> Posture | None:
    """How a face looks straight, if the last frames agree on it."""
    if len(challenge.recent) < _RESTED:
        return None
    held = mean(challenge.recent)
    is_front = abs(held.yaw) <= FRONT if challenge.straight is None else is_level(challenge.straight, held)
    return held if is_front and not held.shut and is_at_rest(challenge.recent) else None


def _answering(challenge: Challenge, glance: Glance, rules: ChallengeConfig, dice: random.Random) -> Challenge:
    start, asked, now = challenge.start, challenge.asked, glance.posture
    if start is None or asked is None:
        return challenge
    challenge = replace(challenge, too_far=glance.too_far and asked in TURNS)
    if now is None:
        return replace(challenge, recent=())
    if glance.time - challenge.since < REACTION or not challenge.ready:
        return replace(challenge, ready=not is_done(asked, start, now))
    challenge = _seen(challenge, now, _HELD)
    if len(challenge.recent) < _HELD:
        return challenge
    held = mean(challenge.recent)
    if is_wrong(asked, start, held):
        return replace(challenge, phase=Phase.FAILED)
    return _after(challenge, glance, rules, dice) if is_done(asked, start, held) else challenge


def _after(challenge: Challenge, glance: Glance, rules: ChallengeConfig, dice: random.Random) -> Challenge:
    """After the step that is asked was done."""
    done = (*challenge.done, *filter(None, [challenge.asked]))
    challenge = replace(challenge, done=done, asked=None)
    if len(done) >= _asked_of(challenge, rules):
        return replace(challenge, phase=Phase.LAST, since=glance.time, recent=())
    return _resumed(challenge, glance, dice)


def _is_straight(challenge: Challenge, glance: Glance) -> bool:
    straight, now = challenge.straight, glance.posture
    return straight is not None and now is not None and is_level(straight, now)
