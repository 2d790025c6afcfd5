"""Whoever stands before the door and sees what it asks: they do it, or show something that looks like it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from attacks.clip import RATE, Clip
from attacks.paths import AS_IT_GOES, Lean
from attacks.stage import Stage
from faceplate.access.challenge import EVERY_STEP
from faceplate.types import Cue, Image

Actor = Callable[[int, Cue | None], Image]
"""The picture of a frame, after the last frame's cue; frames come in their order"""

REACTION = (0.4, 0.9)
"""Seconds from a prompt, a light or a word, until somebody begins to move"""

SPEED = (50.0, 90.0)
"""Degrees a second that a head is turned with"""

NEARING = 0.35
"""So much of the distance is gone a second"""

TURN, RAISE, NEARER = (20.0, 28.0), (12.0, 22.0), (1.35, 1.5)
"""How far somebody goes who is asked to turn a little, to raise their chin, to come closer or to step back: degrees,
and times as near"""

PATIENCE = (0.8, 1.4)
"""Seconds that somebody stands like that, until they go on, who is still asked the same"""

FURTHER = 0.3
"""Times as far as at first"""

NOT_SO_FAR = 0.6
"""Times as far as before turns the head of somebody who is told so"""

BLINK = 0.2
"""Seconds in which eyes are shut, or opened"""

ATTENTIVE, SOON = 0.3, 1.0
"""Times as far aside as they came looks somebody who is told what to do, and after how many seconds"""


@dataclass(slots=True)
class Doing:
    """A head, or what is held in its place, that is moved as it should be, a while after that was heard."""

    rng: np.random.Generator
    lean: Lean = AS_IT_GOES
    _cue: Cue | None = None
    _from: float = 0.0
    _target: Lean = AS_IT_GOES
    _speed: float = 0.0

    def at(self, frame: int, cue: Cue | None) -> Lean:
        """How it leans on a frame."""
        time = frame / RATE
        if cue is not self._cue:
            self._cue, self._from = cue, time + self.rng.uniform(*REACTION)
            self._target, self._speed = self._meant(cue), self.rng.uniform(*SPEED)
        elif self._is_there() and cue in {*EVERY_STEP, Cue.TURN_BACK}:
            self._from = time + self.rng.uniform(*PATIENCE)
            self._target = self._meant(cue) if cue is Cue.TURN_BACK else self._further(cue)
        if time >= self._from:
            step = self._speed / RATE
            self.lean = Lean(
                yaw=_towards(self.lean.yaw, self._target.yaw, step),
                pitch=_towards(self.lean.pitch, self._target.pitch, step),
                nearer=_towards(self.lean.nearer, self._target.nearer, NEARING / RATE),
                calm=_towards(self.lean.calm, self._target.calm, 1 / (SOON * RATE)),
                lids=_towards(self.lean.lids, self._target.lids, 1 / (BLINK * RATE)),
            )
        return self.lean

    def _is_there(self) -> bool:
        now, target = self.lean, self._target
        return (now.yaw, now.pitch, now.nearer, now.lids) == (target.yaw, target.pitch, target.nearer, target.lids)

    def _further(self, cue: Cue) -> Lean:
        """Where somebody goes on to who did what was asked, and too little of it; eyes open, and are shut again."""
        meant, now = self._meant(cue), self.lean
        if cue is Cue.SHUT_EYES:
            return replace(meant, lids=1 - now.lids)
        nearer = now.nearer * (meant.nearer / now.nearer) ** FURTHER
        return replace(meant, yaw=now.yaw + FURTHER * meant.yaw, pitch=now.pitch + FURTHER * meant.pitch, nearer=nearer)

    def _meant(self, cue: Cue | None) -> Lean:
        """Where a prompt leads to; somebody who has come closer, or gone back, stays there."""
        meant = replace(self.lean, yaw=0.0, pitch=0.0, lids=0.0, calm=self.lean.calm if cue is None else ATTENTIVE)
        match cue:
            case Cue.TURN_LEFT | Cue.TURN_RIGHT:  # their own left is the picture's right
                side = -1 if cue is Cue.TURN_LEFT else 1
                meant = replace(meant, yaw=side * self.rng.uniform(*TURN))
            case Cue.LOOK_UP:
                meant = replace(meant, pitch=-self.rng.uniform(*RAISE))
            case Cue.SHUT_EYES:
                meant = replace(meant, lids=1.0)
            case Cue.TURN_BACK:
                meant = replace(meant, yaw=NOT_SO_FAR * self.lean.yaw)
            case Cue.STEP_BACK:
                meant = replace(meant, nearer=self.lean.nearer / self.rng.uniform(*NEARER))
            case Cue.COME_CLOSER:
                meant = replace(meant, nearer=self.lean.nearer * self.rng.uniform(*NEARER))
        return meant


def _towards(now: float, then: float, step: float) -> float:
    return min(then, now + step) if then > now else max(then, now - step)


def doing(stage: Stage, seed: int) -> Actor:
    """Whoever, or whatever, is on a stage does as the door asks."""
    body = Doing(np.random.default_rng([seed, 11]))
    return lambda frame, cue: stage.take(frame, body.at(frame, cue))


def unasked(stage: Stage) -> Actor:
    """What is on a stage goes on as if nothing was asked."""
    return lambda frame, _: stage.take(frame)


def fed(clip: Clip) -> Actor:
    """Frames in place of a camera's; the last one when they are over."""
    return lambda frame, _: clip.images[min(frame, len(clip.images) - 1)]


@dataclass(slots=True)
class Film:
    """What a camera took of an actor, and when they were first asked to do something."""

    actor: Actor
    images: list[Image] = field(default_factory=list)
    asked: int | None = None
    """The frame after which that was"""

    def __call__(self, frame: int, cue: Cue | None) -> Image:
        """The actor's picture, which is kept."""
        if self.asked is None and cue is not None:
            self.asked = frame
        self.images.append(self.actor(frame, cue))
        return self.images[-1]

    def at(self, frame: int) -> Image:
        """A picture of an actor whom nobody asks, filmed as far as it is wanted."""
        while len(self.images) <= frame:
            self(len(self.images), None)
        return self.images[frame]


@dataclass(slots=True)
class Playing:
    """Plays the film of somebody who passed a challenge; from where they were asked, as soon as the door asks."""

    film: Film
    _begun: int | None = None
    _now: int = 0

    def picture(self, frame: int) -> Image:
        """What is shown now; the film's last picture when it is over."""
        del frame
        return self.film.images[min(self._now, len(self.film.images) - 1)]

    def on(self, stage: Stage) -> Actor:
        """What the camera sees of the screen, whose stage shows `picture`."""

        def take(frame: int, cue: Cue | None) -> Image:
            if self._begun is None and cue is not None:
                self._begun = frame
            since = frame if self._begun is None else frame - self._begun + (self.film.asked or 0)
            self._now = since
            return stage.take(frame)

        return take
