"""The values that flow from camera to door. Frozen, slotted, free of hardware."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType, TypeAlias

import numpy as np
from numpy.typing import NDArray

Seconds = NewType("Seconds", float)
"""A duration, or a point on the monotonic clock."""

Pixels = NewType("Pixels", float)
"""A length in the frame the camera gave."""

Score = NewType("Score", float)
"""A calibrated likeness, 0 (somebody else) .. 1 (the same person)."""

TrackId = NewType("TrackId", int)
"""One face followed from frame to frame. Never used twice in a run."""

Image: TypeAlias = NDArray[np.uint8]
"""RGB uint8 (H, W, 3)."""

Embedding: TypeAlias = NDArray[np.float32]
"""Unit vector float32 (D,)."""

Clock: TypeAlias = Callable[[], Seconds]
"""Gives the present monotonic time."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture from the camera."""

    index: int
    """Frames the camera gave before this one"""

    time: Seconds
    """Monotonic time of capture"""

    image: Image
    """RGB uint8 (H, W, 3)"""


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in a frame; it may reach over the frame's edge."""

    x: Pixels
    y: Pixels
    width: Pixels
    height: Pixels

    @property
    def area(self) -> float:
        """Square pixels."""
        return self.width * self.height


@dataclass(frozen=True, slots=True)
class Face:
    """One face as the detector found it."""

    box: Box

    landmarks: NDArray[np.float32]
    """float32 (5, 2) as x, y in frame pixels: the eye, the eye, nose, the mouth corner, the mouth corner.
    Of each pair the one further left in the picture comes first."""

    confidence: float
    """0..1"""


class Flaw(StrEnum):
    """Why a face cannot be used for recognition."""

    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    TURNED_AWAY = "turned_away"


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at one face gives."""

    face: Face

    crop: Image = field(repr=False)
    """The aligned face, RGB uint8 (112, 112, 3)"""

    flaws: tuple[Flaw, ...]
    """Empty when the face is good enough to be recognised"""

    embedding: Embedding | None = field(repr=False)
    """None exactly when there are flaws: a bad face is never embedded"""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A look at a face that is followed from frame to frame."""

    track: TrackId

    look: Look


class Likeness(StrEnum):
    """What the gallery makes of a sighting."""

    VERIFIED = "verified"
    """One enrolled person, above every threshold"""

    UNKNOWN = "unknown"
    """Nobody enrolled, or nobody above the thresholds"""

    AMBIGUOUS = "ambiguous"
    """Two enrolled people too close to each other to tell apart"""

    UNUSABLE = "unusable"
    """The sighting has flaws, nobody was looked for"""


@dataclass(frozen=True, slots=True)
class Match:
    """A sighting, and the enrolled person it is nearest to."""

    sighting: Sighting

    likeness: Likeness

    person: str | None = None
    """Name of the nearest enrolled person; a *recognised* person only if the likeness is VERIFIED"""

    score: Score = Score(0.0)
    """Fused score of that person"""

    share: float = 0.0
    """Share of that person's anchors whose own score is above `detection_threshold`, 0..1"""

    lead: float = 1.0
    """Fused score less that of the runner-up, 0..1"""


class Outcome(StrEnum):
    """What a decision does."""

    GRANTED = "granted"
    DENIED = "denied"
    NOTHING = "nothing"


class Reason(StrEnum):
    """Why a decision came out as it did. ONVIF's words where it has one."""

    VERIFIED = "verified"
    """Enough frames of one visit show the same enrolled person"""

    NOBODY = "nobody"
    """There is no face in view"""

    LOOKING = "looking"
    """A visit goes on; there are not yet enough usable frames to say"""

    ALREADY_DECIDED = "already_decided"
    """This visit has had its answer"""

    STALE_FRAME = "stale_frame"
    """The frame was older than `max_frame_age` when it was judged"""

    CREDENTIAL_NOT_FOUND = "credential_not_found"
    """The visitor is not an enrolled person (ONVIF AccessControl/Denied/CredentialNotFound)"""

    AMBIGUOUS = "ambiguous"
    """The visitor looks like two enrolled people"""

    SEVERAL_PEOPLE = "several_people"
    """The frames of one visit show different enrolled people"""

    LOW_QUALITY = "low_quality"
    """The face was in view, and too small, blurred, dark, bright or turned away to be judged"""


@dataclass(frozen=True, slots=True)
class Decision:
    """The one answer to one frame."""

    frame: int
    """Index of the frame"""

    time: Seconds
    """Monotonic time of the frame's capture"""

    outcome: Outcome

    reason: Reason

    match: Match | None = None
    """The sighting that was decided on"""

    @property
    def person(self) -> str | None:
        """Name of the person let in; of nobody else."""
        return self.match.person if self.match and self.outcome is Outcome.GRANTED else None


class DoorEventType(StrEnum):
    """What happens at a door."""

    UNLOCKED = "door_unlocked"
    LOCKED = "door_locked"


@dataclass(frozen=True, slots=True)
class DoorEvent:
    """Something that happened at the door."""

    type: DoorEventType

    time: Seconds
    """Monotonic time"""

    cause: str
    """What made it happen: "start", "stop", "access_granted", "release_time" or "fault" """

    person: str | None = None
    """Who it happened for, where there is one"""


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One row of the journal, as it is stored."""

    seq: int
    """1 for the first row, then one more each"""

    id: str
    """Like no other row's, in any journal"""

    ts: str
    """Wall-clock time of writing: ISO 8601, UTC, milliseconds, `Z`"""

    event_type: str
    """ "access_granted", "access_denied", or a DoorEventType"""

    payload: str
    """Everything else, as canonical JSON"""

    previous: str
    """`hash` of the row before"""

    hash: str
    """SHA-256 over all of the above, in hexadecimal"""
