"""Faces and frames as an enrolment sees them, for its tests."""

from __future__ import annotations

from faceplate.config import QualityConfig
from faceplate.enrolling.measures import Good
from faceplate.enrolling.view import SeenFace, View
from faceplate.liveness import Liveness
from faceplate.model.head_pose import HeadPose
from faceplate.types import Box, Flaw, Likeness, Pixels, Score, Seconds

GOOD = Good.of(QualityConfig())
INTERVAL = 0.25


def seen(  # noqa: PLR0913 - each is a fact of a face
    yaw: float = 0.0,
    pitch: float = 0.0,
    *flaws: Flaw,
    track: str = "1.1",
    width: float = 100.0,
    sharpness: float = 60.0,
    brightness: float = 120.0,
    person: str | None = None,
    score: float = 0.9,
    likeness: Likeness | None = None,
    liveness: Liveness = Liveness.UNCHECKED,
) -> SeenFace:
    """A good face, looking there, unless something else is said."""
    usable = likeness or (Likeness.UNUSABLE if flaws else Likeness.VERIFIED if person else Likeness.UNKNOWN)
    box = Box(Pixels(100), Pixels(100), Pixels(width), Pixels(width * 1.2))
    known = Score(score if person else 0.0)
    return SeenFace(track, box, HeadPose(yaw, pitch), sharpness, brightness, flaws, usable, person, known, liveness)


def view(number: int, *faces: SeenFace, interval: float = INTERVAL) -> View:
    """Frame `number`, with these faces."""
    time = Seconds(100.0 + number * interval)
    return View(number, time, Pixels(640), Pixels(480), f"jpeg {number}".encode(), faces)
