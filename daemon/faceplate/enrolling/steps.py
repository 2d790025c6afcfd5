"""What is asked of somebody who is being enrolled, and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from faceplate.types import Cue


class Step(StrEnum):
    """One thing that is asked, and photographed."""

    STRAIGHT = "straight"
    LEFT = "left"
    """The person's own left, as below"""
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    GLASSES = "glasses"
    """Straight once more, without the glasses worn before"""
    LIGHT = "light"
    """Straight once more, in other light"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a step asks for."""

    words: str
    cue: Cue
    """As the door says it"""


ASKED: Final[Mapping[Step, Asked]] = {
    Step.STRAIGHT: Asked("Look straight at the camera", Cue.LOOK_STRAIGHT),
    Step.LEFT: Asked("Turn your head a little to your left", Cue.TURN_LEFT),
    Step.RIGHT: Asked("Turn your head a little to your right", Cue.TURN_RIGHT),
    Step.UP: Asked("Raise your chin a little", Cue.LOOK_UP),
    Step.DOWN: Asked("Lower your chin a little", Cue.LOOK_DOWN),
    Step.GLASSES: Asked("Take your glasses off, and look straight at the camera", Cue.GLASSES_OFF),
    Step.LIGHT: Asked("Switch a lamp on or off, and look straight at the camera", Cue.CHANGE_LIGHT),
}

HINTS: Final[Mapping[Cue, str]] = {
    Cue.NOBODY: "nobody is in view: stand before the camera",
    Cue.ALONE: "one person only, please",
    Cue.AGAIN: "the face was lost: this step begins anew",
    Cue.COME_CLOSER: "come closer",
    Cue.STEP_BACK: "step back a little",
    Cue.HOLD_STILL: "hold still",
    Cue.TOO_DARK: "it is too dark: switch a light on",
    Cue.TOO_BRIGHT: "there is too much light",
    Cue.LOOK_STRAIGHT: "look straight at the camera",
    Cue.TURN_LEFT: "turn a little more to the left",
    Cue.TURN_RIGHT: "turn a little more to the right",
    Cue.LOOK_UP: "a little higher",
    Cue.LOOK_DOWN: "a little lower",
    Cue.TURN_BACK: "not so far",
    Cue.GLASSES_OFF: "take your glasses off",
    Cue.CHANGE_LIGHT: "switch a lamp on or off",
    Cue.TAKEN: "good, keep going",
    Cue.DONE: "done, thank you",
    Cue.REFUSED: "that did not work",
}
"""What is said of the newest frame, on the screen and the page"""


def steps_for(*, glasses: bool, light: bool) -> tuple[Step, ...]:
    """Everything that is asked of somebody.

    Args:
        glasses: whether they wear some.
        light: whether they are asked for pictures in other light, too.
    """
    heads = (Step.STRAIGHT, Step.LEFT, Step.RIGHT, Step.UP, Step.DOWN)
    return heads + (Step.GLASSES,) * glasses + (Step.LIGHT,) * light
