"""Whoever is challenged at the door: people who do what they are asked, and recordings of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from faceplate.liveness import Liveness
from faceplate.types import Cue, Decision, Match, Outcome
from reception_desk import World
from strategies_access import alive, posed, verified

RATE = 10.0
"""Frames a second"""

_SPEED = 80.0
"""Degrees, or pixels, a second"""


@dataclass(frozen=True)
class Pose:
    """How a head is held: degrees to its own left and up, and pixels wide; and its eyes, if anybody looks."""

    left: float = 0.0
    up: float = 0.0
    width: float = 100.0
    shut: bool | None = None


TARGETS = {
    Cue.TURN_LEFT: Pose(left=28.0),
    Cue.TURN_RIGHT: Pose(left=-28.0),
    Cue.LOOK_UP: Pose(up=16.0),
    Cue.STEP_BACK: Pose(width=70.0),
    Cue.COME_CLOSER: Pose(width=140.0),
}
STILL = Pose()
OPPOSITE = {
    Cue.TURN_LEFT: Cue.TURN_RIGHT,
    Cue.TURN_RIGHT: Cue.TURN_LEFT,
    Cue.COME_CLOSER: Cue.STEP_BACK,
    Cue.STEP_BACK: Cue.COME_CLOSER,
}


@dataclass
class Person:
    """Does what they are asked, a while after they heard of it, no faster than a head turns."""

    reaction: float = 0.5
    understands: Callable[[Cue], Cue] = lambda cue: cue
    pose: Pose = Pose()
    recording: list[tuple[float, Pose]] = field(default_factory=list)
    eyes: bool = False
    """Whether vision looks at them"""
    blinks: bool = True
    """False: these are painted"""
    _cue: Cue | None = None
    _since: float = 0.0

    def at(self, time: float, cue: Cue | None) -> Pose:
        """Their pose at a time, if the last that they were told is that."""
        if cue is not self._cue:
            self._cue, self._since = cue, time
        if time - self._since >= self.reaction:
            straight = Pose(width=self.pose.width)
            asked = None if cue in {None, Cue.LOOK_STRAIGHT} else self.understands(cue)
            target = straight if asked is None else TARGETS.get(asked, straight)
            self.pose = Pose(
                *(
                    _towards(now, then)
                    for now, then in (
                        (self.pose.left, target.left),
                        (self.pose.up, target.up),
                        (self.pose.width, target.width),
                    )
                ),
                shut=(asked is Cue.SHUT_EYES and self.blinks) if self.eyes else None,
            )
        self.recording.append((time, self.pose))
        return self.pose


def _towards(now: float, then: float) -> float:
    step = _SPEED / RATE
    return min(then, now + step) if then > now else max(then, now - step)


@dataclass
class Recording:
    """Shows what was recorded, from a moment on; then its last picture for good."""

    poses: list[tuple[float, Pose]]

    def at(self, time: float, cue: Cue | None) -> Pose:
        """The pose that was recorded so long after the recording began."""
        del cue
        self._began = getattr(self, "_began", time)
        begin = self.poses[0][0]
        return [pose for recorded, pose in self.poses if recorded - begin <= time - self._began + 1e-6][-1]


def play(  # noqa: PLR0913 - whoever comes, and what vision says of them
    world: World,
    actor: Person | Recording,
    match: Match | None = None,
    liveness: Liveness = Liveness.UNSURE,
    seconds: float = 30.0,
    *,
    has_depth: bool = True,
) -> list[Decision]:
    """What somebody is answered, frame by frame, until it is decided."""
    made: list[Decision] = []
    shown = alive(match or verified("Ada"), liveness, has_depth=has_depth)
    began = False
    while len(made) < seconds * RATE:
        cue = made[-1].cue if made else None
        began = began or cue is not None
        # A recording is started when the challenge is.
        pose = actor.at(world.now, cue) if began else Pose()
        made.append(world.see(posed(shown, pose.left, pose.up, pose.width, shut=pose.shut), wait=1 / RATE))
        if made[-1].outcome is not Outcome.NOTHING:
            break
    return made
