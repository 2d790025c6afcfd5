"""The values that flow from camera to door. Frozen, slotted, free of hardware."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NewType, TypeAlias

from faceplate.liveness import Liveness
from faceplate.rights import Rights

if TYPE_CHECKING:  # the bridge moves no arrays, and is to be small
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

Image: TypeAlias = "NDArray[np.uint8]"
"""RGB uint8 (H, W, 3)."""

Embedding: TypeAlias = "NDArray[np.float32]"
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

    second: Image | None = field(default=None, repr=False)
    """What a second camera saw then, RGB uint8 (h, w, 3) of its own size; None: there is none, or it gave nothing"""


@dataclass(frozen=True, slots=True)
class Colour:
    """What a light of red, green and blue shines: each is on or off."""

    red: bool = False
    green: bool = False
    blue: bool = False


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

    turn: float = 0.0
    """How far the head is turned aside: 0 straight at the camera, about 1 a profile"""


@dataclass(frozen=True, slots=True)
class EyeState:
    """What the eyes of a face do."""

    shut: bool
    """Both are, measured against how they looked before"""

    views: NDArray[np.float32] = field(repr=False, compare=False)
    """Both of them, as `eye_views` gives them"""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A look at a face that is followed from frame to frame."""

    track: TrackId

    look: Look

    liveness: Liveness = Liveness.UNCHECKED
    """What everything seen on this track says"""

    cues: tuple[str, ...] = ()
    """Names of the liveness cues that say so"""

    has_depth: bool = False
    """Whether the depth of a head was seen on this track, of late"""

    raised: float | None = None
    """Degrees that the head is raised, as it was measured a moment ago; None: it was not"""

    eye_state: EyeState | None = None
    """What the eyes did then; None: nobody asks"""


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
class Rival:
    """The enrolled person a face is nearly as like to as to the nearest."""

    person: str
    rights: Rights


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

    rights: Rights | None = None
    """What `person` may do; None exactly when `person` is"""

    rival: Rival | None = None
    """The runner-up of an AMBIGUOUS match"""

    is_close_call: bool = False
    """Whether `lead` is less than twice the margin: somebody else looks nearly as much like this"""


class Outcome(StrEnum):
    """What a decision does."""

    GRANTED = "granted"
    DENIED = "denied"
    WARNED = "warning"
    """The door does not move, and the owner is told"""
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

    SEVERAL_IN_VIEW = "several_in_view"
    """More than one person stands before the door, and the household wants them one at a time"""

    LOCKED_OUT = "locked_out"
    """Too many attempts failed; faces, or PINs, are not answered for a while"""

    CREDENTIAL_NOT_ENABLED = "credential_not_enabled"
    """This person is known, and is not let in (ONVIF CredentialNotEnabled)"""

    CREDENTIAL_NOT_ACTIVE = "credential_not_active"
    """This person's time has not yet begun (ONVIF CredentialNotActive)"""

    CREDENTIAL_EXPIRED = "credential_expired"
    """This person's time is over (ONVIF CredentialExpired)"""

    NOT_PERMITTED_AT_THIS_TIME = "not_permitted_at_this_time"
    """This person's schedule does not allow it now (ONVIF NotPermittedAtThisTime)"""

    CLOCK_UNTRUSTED = "clock_untrusted"
    """This person's rules depend on the date, and the clock shows an earlier one than it did before"""

    FACE_UNLOCK_OFF = "face_unlock_off"
    """The owner switched face unlock off"""

    DOOR_BLOCKED = "door_blocked"
    """The door is blocked or locked down"""

    DOOR_OPEN = "door_open"
    """The frame was taken while the door was open, or had only just closed"""

    TOO_SOON = "too_soon"
    """Somebody was let in a moment ago"""

    INTENT_NEEDED = "intent_needed"
    """The visitor has not yet shown that they want to come in"""

    PIN_NEEDED = "pin_needed"
    """The face is verified; now the PIN is awaited"""

    FACE_NEEDED = "face_needed"
    """The PIN is right; now the face is awaited"""

    INVALID_PIN = "invalid_pin"
    """A wrong PIN (ONVIF InvalidPIN)"""

    REQUEST_TIMEOUT = "request_timeout"
    """The second factor did not come in time (ONVIF AccessControl/Request/Timeout)"""

    SPOOF_SUSPECTED = "spoof_suspected"
    """What was shown is taken for a picture, a screen or a mask"""

    LIVENESS_UNSURE = "liveness_unsure"
    """It could not be told whether the face is alive"""

    CHALLENGE_NEEDED = "challenge_needed"
    """The face is verified; now the visitor is asked to do something that a picture cannot"""

    CHALLENGE_FAILED = "challenge_failed"
    """The visitor did not do what was asked, or not in time"""

    TAILGATING = "tailgating"
    """After one person was let in others were seen at the open door"""


class Cue(StrEnum):
    """What somebody who is being enrolled, or challenged, is told."""

    NOBODY = "nobody"
    """Nobody is in view"""
    ALONE = "alone"
    """Only one person may be"""
    AGAIN = "again"
    """Somebody else may have come: what was to be done is begun anew"""
    COME_CLOSER = "come_closer"
    HOLD_STILL = "hold_still"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    LOOK_STRAIGHT = "look_straight"
    TURN_LEFT = "turn_left"
    """The person's own left, as below"""
    TURN_RIGHT = "turn_right"
    STEP_BACK = "step_back"
    LOOK_UP = "look_up"
    LOOK_DOWN = "look_down"
    SHUT_EYES = "shut_eyes"
    TURN_BACK = "turn_back"
    """Turned too far"""
    GLASSES_OFF = "glasses_off"
    CHANGE_LIGHT = "change_light"
    TAKEN = "taken"
    """What was asked for is done"""
    DONE = "done"
    """All of it is"""
    REFUSED = "refused"
    """Nobody is enrolled"""


class Method(StrEnum):
    """How somebody identified themselves."""

    FACE = "face"
    PIN = "pin"
    FACE_AND_PIN = "face_and_pin"
    REMOTE_PIN = "remote_pin"
    """A PIN given from afar"""


@dataclass(frozen=True, slots=True)
class Decision:
    """The one answer to one frame, or to one PIN."""

    frame: int | None
    """Index of the frame; None for an answer to a PIN"""

    time: Seconds
    """Monotonic time of the frame's capture, or of the PIN"""

    outcome: Outcome

    reason: Reason

    match: Match | None = None
    """The sighting that was decided on"""

    method: Method = Method.FACE

    holder: str | None = None
    """Whom it was decided about, where that is an enrolled person beyond doubt, and not one let in by face alone"""

    extended: bool = False
    """Whether this person gets the extended release time"""

    duress: bool = field(default=False, repr=False)
    """Whether the person was forced to open. Shown nowhere at the door"""

    cue: Cue | None = None
    """What the visitor is asked to do; None unless the reason is CHALLENGE_NEEDED"""

    @property
    def person(self) -> str | None:
        """Name of the enrolled person this was decided about; None for anybody else."""
        if self.holder is None and self.match and self.outcome is Outcome.GRANTED:
            return self.match.person
        return self.holder


Show: TypeAlias = Callable[[Frame, Sequence[Match], Decision], None]
"""Sees every frame with what was made of it, after the door obeyed"""
