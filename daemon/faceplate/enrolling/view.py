"""What the door's eyes see during an enrolment, as it goes over the control socket."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from faceplate.errors import ControlError
from faceplate.liveness import Liveness
from faceplate.model.head_pose import HeadPose, head_pose
from faceplate.pictures import jpeg_of
from faceplate.types import Box, Flaw, Frame, Likeness, Match, Pixels, Score, Seconds
from faceplate.vision.quality import measure

LONGEST_SIDE: Final = Pixels(1280)
"""Of the picture: a face that fills a tenth of it is still larger than what is kept of it"""

MOST_BYTES: Final = 600_000
"""In base64 a third more, which a message of the control socket takes"""

_QUALITIES: Final = (95, 90, 80, 60, 40)
"""JPEG's; with the first the network sees the same as without it (cosine above .99)"""


@dataclass(frozen=True, slots=True)
class SeenFace:
    """What there is to say of one face."""

    track: str
    """The same as long as it is the same face, followed without a break"""

    box: Box
    """In pixels of the camera's frame"""

    pose: HeadPose | None
    """None: it cannot be told"""

    sharpness: float
    brightness: float
    """As `vision.quality.Quality` has them"""

    flaws: tuple[Flaw, ...]
    likeness: Likeness
    person: str | None
    """Who it is, or which of two, where the likeness is VERIFIED or AMBIGUOUS; else None"""

    score: Score
    """How like that person; 0 where it is nobody's"""

    liveness: Liveness = Liveness.UNCHECKED
    """Whether it is alive"""


@dataclass(frozen=True, slots=True)
class View:
    """One frame, and the faces in it, the largest first."""

    __pydantic_config__ = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    frame: int
    """Its number; later frames have higher ones"""

    time: Seconds
    width: Pixels
    height: Pixels
    """Of the camera's frame; the picture may be smaller"""

    jpeg: bytes = field(repr=False)
    faces: tuple[SeenFace, ...] = ()


_VIEW: Final = TypeAdapter(View)


def view_of(number: int, frame: Frame, matches: Sequence[Match], eyes: int) -> View:
    """What was made of one frame.

    Args:
        number: to know the frame by.
        frame: as the camera gave it.
        matches: what the loop made of it.
        eyes: tells tracks apart whose numbers were counted by different eyes.
    """
    height, width = frame.image.shape[:2]
    jpeg = jpeg_of(frame.image, LONGEST_SIDE, MOST_BYTES, _QUALITIES)
    faces = tuple(_face(match, eyes) for match in matches)
    return View(number, frame.time, Pixels(width), Pixels(height), jpeg, faces)


def tree_of(view: View) -> dict[str, Any]:
    """As JSON has it."""
    tree: dict[str, Any] = _VIEW.dump_python(view, mode="json")
    return tree


def view_from(tree: Mapping[str, Any]) -> View:
    """Read what `tree_of` made.

    Raises:
        ControlError: it is something else.
    """
    try:
        return _VIEW.validate_json(json.dumps(tree))
    except ValidationError as error:
        raise ControlError(
            f"the daemon sent a view that this program cannot read ({error.error_count()} faults): are both of one "
            "version? Restart the daemon after an upgrade"
        ) from None


def _face(match: Match, eyes: int) -> SeenFace:
    look = match.sighting.look
    quality = measure(look.face, look.crop)
    pose = head_pose(look.face.landmarks)
    if pose is not None and match.sighting.raised is not None:
        pose = HeadPose(pose.yaw, match.sighting.raised)
    is_known = match.likeness in {Likeness.VERIFIED, Likeness.AMBIGUOUS}
    return SeenFace(
        f"{eyes}.{match.sighting.track}",
        look.face.box,
        pose,
        quality.sharpness,
        quality.brightness,
        look.flaws,
        match.likeness,
        match.person if is_known else None,
        match.score if is_known else Score(0.0),
        match.sighting.liveness,
    )
