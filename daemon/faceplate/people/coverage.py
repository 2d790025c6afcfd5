"""What a person's pictures show of them: where they look, and how much light there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from faceplate.model.head_pose import head_pose


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


# Degrees. In an aligned crop the detector finds a turn to about seven degrees of what it finds in the picture (300
# faces of LFW).
_TURNED: Final = 14.0

# Faces differ by five degrees or so in where the nose lies: only three times as much tells of the head.
_RAISED: Final = 13.5

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
    return View(None if landmarks is None else _facing(landmarks), light)


def coverage_of(views: Sequence[View]) -> Coverage:
    """Count what pictures show."""
    facing = Counter(view.facing for view in views)
    light = Counter(view.light for view in views)
    return Coverage({each: facing[each] for each in Facing}, facing[None], {each: light[each] for each in Light})


def _facing(landmarks: NDArray[np.float32]) -> Facing | None:
    pose = head_pose(landmarks)
    if pose is None:
        return None
    if abs(pose.yaw) > _TURNED:
        return Facing.LEFT if pose.yaw > 0 else Facing.RIGHT
    if abs(pose.pitch) > _RAISED:
        return Facing.UP if pose.pitch > 0 else Facing.DOWN
    return Facing.STRAIGHT
