"""A challenge with real pictures: the woman of the package's footage turns her head as she is asked, or is a print."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count

import cv2
import numpy as np
import pytest

from faceplate.access.calendar import Calendar
from faceplate.access.challenge import MORE, STEPS
from faceplate.access.reception import Reception
from faceplate.access.standing import NoLockout
from faceplate.commands.demo import FOOTAGE
from faceplate.config import Config
from faceplate.events import DoorStatus
from faceplate.people.enrolment import Picture
from faceplate.recognition import Recognition
from faceplate.types import Cue, Decision, Frame, Image, Outcome, Reason, Seconds
from faceplate.vision.eyes import Eyes
from faceplate.vision.liveness.cues import DEPTH
from faceplate.vision.liveness.liveness import LivenessCheck
from faceplate.vision.liveness.turn import Turn
from mqtt_house import film
from reception_desk import NOON

pytestmark = pytest.mark.once

STRAIGHT, LEFT, RIGHT = 18, 14, 21
"""Frames of the clip"""

WHERE = {Cue.TURN_LEFT: LEFT, Cue.TURN_RIGHT: RIGHT}


@pytest.fixture(scope="module")
def woman() -> list[Image]:
    return [np.ascontiguousarray(frame[:, :, ::-1]) for frame in film(FOOTAGE / "woman.mp4")]


@pytest.fixture
def recognition(config: Config, woman: list[Image]) -> Recognition:
    known = Recognition(config.vision, config.people)
    known.enrol("Ada", [Picture(str(index), woman[index]) for index in (9, 18, 19)])
    return known


def zoomed(image: Image, times: float) -> Image:
    """As from nearer by."""
    height, width = image.shape[:2]
    about = np.float32([[times, 0, width * (1 - times) / 2], [0, times, height * (1 - times) / 2]])
    return np.asarray(cv2.warpAffine(image, about, (width, height)), np.uint8)


def nearer(now: float, cue: Cue | None) -> float:
    """How near somebody is a frame later."""
    return now + 0.05 * ((cue is Cue.COME_CLOSER and now < 1.6) - (cue is Cue.STEP_BACK and now > 0.9))


class Woman:
    """Turns her head by one frame of the clip at a time, and comes closer or goes back by and by."""

    def __init__(self, frames: list[Image]) -> None:
        self.frames, self.index, self.near = frames, STRAIGHT, 1.2

    def __call__(self, cue: Cue | None) -> Image:
        target = WHERE.get(cue, STRAIGHT) if cue else STRAIGHT
        self.index += int(np.sign(target - self.index))
        self.near = nearer(self.near, cue)
        return zoomed(self.frames[self.index], self.near)


class Print:
    """A picture of her straight face, held askew as a head would turn, and moved nearer."""

    def __init__(self, frames: list[Image]) -> None:
        self.flat, self.lean, self.near = frames[STRAIGHT], 0.0, 1.2

    def __call__(self, cue: Cue | None) -> Image:
        target = {Cue.TURN_LEFT: 1.0, Cue.TURN_RIGHT: -1.0}.get(cue, 0.0) if cue else 0.0
        self.lean += float(np.clip(target - self.lean, -0.25, 0.25))
        self.near = nearer(self.near, cue)
        height, width = self.flat.shape[:2]
        corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
        # Turned about an upright axis by some 40 degrees, and tilted: one side is further away than the other.
        shrunk, skew = 0.12 * width * abs(self.lean), 0.10 * height * self.lean
        moved = corners + np.float32([[shrunk, skew], [-shrunk, -skew], [-shrunk, skew], [shrunk, -skew]])
        held = cv2.warpPerspective(self.flat, cv2.getPerspectiveTransform(corners, moved), (width, height))
        return zoomed(np.asarray(held, np.uint8), self.near)


def eyes_for_depth(recognition: Recognition, config: Config) -> Eyes:
    """Eyes that look for depth in turns, and for nothing else: frames of a clip, shown over and over, are a spoof."""
    check = LivenessCheck([Turn()], [DEPTH], depth=DEPTH)
    return Eyes(recognition.detector(), recognition.network.embed, config.vision.quality, liveness=check)


def visit(recognition: Recognition, config: Config, actor: Callable[[Cue | None], Image], seed: int) -> list[Decision]:
    """A visit to its answer, ten frames a second, always challenged."""
    clock, eyes, people = [100.0], eyes_for_depth(recognition, config), recognition.recogniser()
    reception = Reception(
        config.access,
        lambda: Seconds(clock[0]),
        door=DoorStatus,
        calendar=Calendar(lambda: NOON),
        standing=NoLockout(),
        people=dict,
        liveness="challenge",
        dice=random.Random(seed),  # noqa: S311 - to repeat, not to hide
    )
    made: list[Decision] = []
    for index in count():
        clock[0] += 0.1
        frame = Frame(index, Seconds(clock[0]), actor(made[-1].cue if made else None))
        made.append(reception.decide(frame, [people.name(seen) for seen in eyes.see(frame)]))
        if made[-1].outcome is not Outcome.NOTHING or index > 400:
            return made
    raise AssertionError


def steps(made: list[Decision]) -> list[Cue]:
    cues = [decision.cue for decision in made if decision.cue not in {None, Cue.LOOK_STRAIGHT}]
    return [cue for before, cue in zip([None, *cues], cues, strict=False) if cue is not None and cue is not before]


def test_a_woman_who_does_as_she_is_asked_is_let_in(config, recognition, woman):
    asked = set()
    for seed in range(5):
        made = visit(recognition, config, Woman(woman), seed)
        asked |= set(steps(made))
        assert (made[-1].outcome, made[-1].person) == (Outcome.GRANTED, "Ada"), (seed, steps(made))
        # Of her turn to the left there are frames on the way, of the other there are none: it may take one of each.
        assert len(steps(made)) <= config.access.challenge.steps + MORE
    # The eyes have no face mesh, as no frame shows her with her chin raised.
    assert asked == set(STEPS) - {Cue.LOOK_UP}


def test_a_print_that_is_held_askew_as_she_would_turn_never_is(config, recognition, woman):
    for seed in range(5):
        made = visit(recognition, config, Print(woman), seed)
        assert made[-1].outcome is not Outcome.GRANTED
        assert Reason.CHALLENGE_NEEDED in {decision.reason for decision in made}
