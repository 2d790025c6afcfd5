"""What a person's pictures show of them: where they look, and how much light there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray


class Facing(StrEnum):
    """Where a face looks, as the person would say it: a camera does not mirror."""

    STRAIGHT = "straight"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


class Light(StrEnum):
    """How bright a face is."""

    DARK = "dark"
    MEDIUM = "medium"
    BRIGHT = "bright"


# The nose's offset in half eye distances: about the tangent of the turn, so this is some 15 degrees. In an aligned crop
# the detector finds it to about 0.12 of what it finds in the picture (300 faces of LFW).
_TURNED: Final = 0.25

# Where the nose lies between eyes (0) and mouth (1): 0.58, and 0.04 more or less from face to face. Only what is three
# times as far off tells of the head and not of the face.
_UP, _DOWN = 0.46, 0.70

# Mean luma of the crop; a twentieth of LFW is darker, and as many are brighter.
_DARK, _BRIGHT = 77.0, 150.0


@dataclass(frozen=True, slots=True)
class View:
    """What one picture shows."""

    facing: Facing | None
    """None: cannot be told"""

    light: Light


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of a person's pictures show what."""

    facing: dict[Facing, int]
    untold: int
    """Pictures of which it cannot be told where they look"""
    light: dict[Light, int]

    def in_words(self) -> str:
        """Such as: straight 2, left 1; light: medium 3."""
        facing = [f"{facing} {count}" for facing, count in self.facing.items() if count]
        facing += [f"cannot be told {self.untold}"] * bool(self.untold)
        light = [f"{light} {count}" for light, count in self.light.items() if count]
        return f"{', '.join(facing) or 'no picture'}; light: {', '.join(light) or 'no picture'}"

    def missing(self) -> list[str]:
        """Looks that another picture should show; nothing is asked for that could not be told of a picture."""
        words = [
            f"looking a little to the {facing}"
            for facing in (Facing.LEFT, Facing.RIGHT)
            if not self.facing[facing] and not self.untold
        ]
        if not self.facing[Facing.STRAIGHT] and not self.untold:
            words.insert(0, "looking straight at the camera")
        pictures = sum(self.light.values())
        if pictures and self.light[Light.BRIGHT] == pictures:
            words.append("in dim light")
        if pictures and self.light[Light.DARK] == pictures:
            words.append("in good light")
        return words


def view_of(landmarks: NDArray[np.float32] | None, brightness: float) -> View:
    """What an aligned picture shows.

    Args:
        landmarks: float32 (5, 2) in the order of `Face.landmarks`; None: none were found.
        brightness: mean luma, 0..255.
    """
    light = Light.DARK if brightness < _DARK else Light.BRIGHT if brightness > _BRIGHT else Light.MEDIUM
    return View(None if landmarks is None else _facing(landmarks.astype(np.float64)), light)


def coverage_of(views: Sequence[View]) -> Coverage:
    """Count what pictures show."""
    facing = Counter(view.facing for view in views)
    light = Counter(view.light for view in views)
    return Coverage({each: facing[each] for each in Facing}, facing[None], {each: light[each] for each in Light})


def _facing(landmarks: NDArray[np.float64]) -> Facing | None:
    first_eye, second_eye, nose, *mouth = landmarks
    eyes = second_eye - first_eye
    middle = (first_eye + second_eye) / 2
    below = np.array([-eyes[1], eyes[0]])  # at a right angle to the line of the eyes, towards the mouth
    depth = float((np.mean(mouth, axis=0) - middle) @ below)
    if not depth > 0 or not np.isfinite(landmarks).all():
        return None
    aside = 2.0 * float((nose - middle) @ eyes) / float(eyes @ eyes)
    # The picture's right is the person's left.
    if abs(aside) > _TURNED:
        return Facing.LEFT if aside > 0 else Facing.RIGHT
    along = float((nose - middle) @ below) / depth
    return Facing.UP if along < _UP else Facing.DOWN if along > _DOWN else Facing.STRAIGHT
