"""How good a face is to be enrolled from, and whether it looks where it should. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from faceplate.config import QualityConfig
from faceplate.enrolling.steps import Step
from faceplate.enrolling.view import SeenFace
from faceplate.model.head_pose import HeadPose
from faceplate.types import Cue

AT_LEAST: Final = 0.6
"""Quality from which a picture is taken"""

# Degrees from how somebody looks straight into this camera, which may hang high or low. The network is sure of itself
# to a turn of 40 or so; a head is raised and lowered less, and five degrees of that are the face's and not the head's.
_STRAIGHT_YAW: Final = 12.0
_STRAIGHT_PITCH: Final = 40.0
_TURNED: Final = (12.0, 40.0)
_RAISED: Final = (8.0, 32.0)

_OTHER_LIGHT: Final = 0.15
"""A change of the brightness by less than this share is the same light"""

_FRONT: Final = HeadPose(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Good:
    """What a face at its best is like; more than twice what the door asks of a visitor."""

    size: float
    """Pixels"""
    sharpness: float
    darkest: float
    brightest: float
    """Mean luma"""

    @classmethod
    def of(cls, limits: QualityConfig) -> Good:
        """For a door with these limits."""
        return cls(
            size=2.0 * limits.min_size,
            sharpness=2.0 * limits.min_sharpness,
            darkest=2.0 * limits.min_brightness,
            brightest=255.0 - 2.0 * (255.0 - limits.max_brightness),
        )

    def is_other_light(self, before: float, now: float) -> bool:
        """Whether the light has been changed."""
        return abs(now - before) > _OTHER_LIGHT * before


def quality_of(face: SeenFace, good: Good) -> tuple[float, Cue]:
    """How good a face is, 0..1, and what would make it better: the weakest of its qualities is the whole."""
    parts = {
        Cue.COME_CLOSER: face.box.width / good.size,
        Cue.HOLD_STILL: face.sharpness / max(good.sharpness, 1e-6),
        Cue.TOO_DARK: face.brightness / max(good.darkest, 1e-6),
        Cue.TOO_BRIGHT: (255.0 - face.brightness) / max(255.0 - good.brightest, 1e-6),
    }
    weakest = min(parts, key=lambda cue: parts[cue])
    return min(1.0, parts[weakest]), weakest


def towards(step: Step, pose: HeadPose, straight: HeadPose | None) -> Cue | None:
    """Where the head should turn; None: it looks where the step asks.

    Args:
        step: what is asked for.
        pose: of the head now.
        straight: of the same head when it looked straight at the camera; None: not known.
    """
    origin = straight or _FRONT
    yaw, pitch = pose.yaw - origin.yaw, pose.pitch - origin.pitch
    match step:
        case Step.LEFT:
            return _between(yaw, _TURNED, Cue.TURN_LEFT)
        case Step.RIGHT:
            return _between(-yaw, _TURNED, Cue.TURN_RIGHT)
        case Step.UP:
            return _between(pitch, _RAISED, Cue.LOOK_UP) or _level(yaw)
        case Step.DOWN:
            return _between(-pitch, _RAISED, Cue.LOOK_DOWN) or _level(yaw)
        case _:
            return _level(yaw) or (Cue.LOOK_STRAIGHT if abs(pitch) > _STRAIGHT_PITCH else None)


def _between(angle: float, bounds: tuple[float, float], more: Cue) -> Cue | None:
    least, most = bounds
    if angle < least:
        return more
    return Cue.TURN_BACK if angle > most else None


def _level(yaw: float) -> Cue | None:
    return Cue.LOOK_STRAIGHT if abs(yaw) > _STRAIGHT_YAW else None
