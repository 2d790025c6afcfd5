"""The guide: from one frame to the next, what is asked of whoever stands there and which pictures were taken. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Final

from faceplate.enrolling.measures import AT_LEAST, Good, quality_of, towards
from faceplate.enrolling.steps import ASKED, Step
from faceplate.enrolling.view import SeenFace, View
from faceplate.liveness import Liveness
from faceplate.model.head_pose import HeadPose
from faceplate.people.person import same_name
from faceplate.types import Cue, Flaw, Likeness, Score, Seconds

WANTED: Final = 3
"""Pictures of a step: the best of them are kept, and one may be spoilt by a blink"""

APART: Final = Seconds(0.15)
"""Between two of them, at least"""

TAKE_OFF: Final = Seconds(6.0)
"""Glasses are taken off meanwhile: nobody here can see whether they are"""

CERTAIN: Final = 3
"""So many frames in a row that show somebody who is enrolled, or no living face, leave no doubt"""

_BYSTANDER: Final = 0.5
"""A face less than so wide as the one in front is nobody being enrolled"""

_OF_FLAW: Final = {
    Flaw.TOO_SMALL: Cue.COME_CLOSER,
    Flaw.BLURRED: Cue.HOLD_STILL,
    Flaw.TOO_DARK: Cue.TOO_DARK,
    Flaw.TOO_BRIGHT: Cue.TOO_BRIGHT,
    Flaw.TURNED_AWAY: Cue.TURN_BACK,
}


@dataclass(frozen=True, slots=True)
class Taken:
    """One picture that may be chosen."""

    step: Step
    frame: int
    time: Seconds
    jpeg: bytes = field(repr=False)
    quality: float
    """0..1"""
    pose: HeadPose
    brightness: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one step is."""

    step: Step
    pictures: tuple[Taken, ...] = ()
    skipped: bool = False

    @property
    def done(self) -> bool:
        """Whether nothing more is asked."""
        return self.skipped or len(self.pictures) >= WANTED

    @property
    def bar(self) -> float:
        """0..1: how much of it is done, by number and quality of the pictures."""
        return min(1.0, sum(taken.quality for taken in self.pictures) / WANTED)


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who is enrolled under another name."""

    person: str
    score: Score
    frames: int
    """In a row that show them"""


@dataclass(frozen=True, slots=True)
class Guide:
    """Where an enrolment is."""

    name: str
    """Of whoever is enrolled"""

    good: Good
    """What a good picture is like"""

    steps: tuple[Progress, ...]
    cue: Cue = Cue.NOBODY
    """What came of the newest frame"""

    quality: float = 0.0
    """Of the newest frame's face, 0..1; 0: there is none to be used"""

    track: str | None = None
    """Whose pictures the present step's are"""

    since: Seconds | None = None
    """When the present step began, or its last picture was taken; None: there was no frame yet"""

    known: Known | None = None

    spoofs: int = 0
    """So many frames in a row were taken for a picture, and not for a living face"""

    @property
    def is_spoof(self) -> bool:
        """Whether that is beyond doubt."""
        return self.spoofs >= CERTAIN

    @property
    def present(self) -> Progress | None:
        """The step that is asked for; None: all are done."""
        return next((progress for progress in self.steps if not progress.done), None)

    @property
    def pictures(self) -> tuple[Taken, ...]:
        """All that were taken."""
        return tuple(taken for progress in self.steps for taken in progress.pictures)

    @property
    def stranger(self) -> Known | None:
        """Who this really is, once that is beyond doubt; None: whoever is to be enrolled, as far as we know."""
        return self.known if self.known is not None and self.known.frames >= CERTAIN else None


def begun(name: str, steps: Sequence[Step], good: Good) -> Guide:
    """Nobody was seen yet."""
    return Guide(name, good, tuple(Progress(step) for step in steps))


def guided(before: Guide, view: View) -> Guide:
    """After one more frame.

    Whoever else comes into view, or whom the tracker takes for another, ends the present step and it begins anew:
    pictures of two people must never become one person.
    """
    now = before if before.since is not None else replace(before, since=view.time)
    if now.present is None:
        return now
    if not view.faces:
        return replace(now, cue=Cue.NOBODY, quality=0.0)
    face, *others = view.faces
    if any(other.box.width > _BYSTANDER * face.box.width for other in others):
        return replace(_anew(now, None), cue=Cue.ALONE, quality=0.0)
    now = replace(now, known=_known(now, face), spoofs=now.spoofs + 1 if face.liveness is Liveness.SPOOF else 0)
    now = _anew(now, None) if now.spoofs else now
    if now.known is not None or now.spoofs:
        return replace(now, cue=Cue.REFUSED if now.stranger or now.is_spoof else Cue.HOLD_STILL, quality=0.0)
    if now.track != face.track:
        had_pictures = bool(now.present and now.present.pictures)
        now = _anew(now, face.track)
        if had_pictures:
            return replace(now, cue=Cue.AGAIN, quality=0.0)
    return _judged(now, face, view)


def skipped(guide: Guide) -> Guide:
    """The present step cannot be done, and is left out with what was taken of it."""
    progress = guide.present
    if progress is None:
        return guide
    return replace(_with(guide, replace(progress, pictures=(), skipped=True)), since=None)


def _anew(guide: Guide, track: str | None) -> Guide:
    progress = guide.present
    begun_anew = guide if progress is None else _with(guide, replace(progress, pictures=()))
    return replace(begun_anew, track=track)


def _known(guide: Guide, face: SeenFace) -> Known | None:
    """Who else it is, if it is; a face that cannot be judged says nothing of that."""
    if face.likeness is Likeness.UNUSABLE:
        return guide.known
    if face.person is None or same_name(face.person, guide.name):
        return None
    return Known(face.person, face.score, 1 + (guide.known.frames if guide.known else 0))


def _judged(guide: Guide, face: SeenFace, view: View) -> Guide:
    progress = guide.present
    if progress is None or face.pose is None:
        return replace(guide, cue=Cue.LOOK_STRAIGHT, quality=0.0)
    quality, weakest = quality_of(face, guide.good)
    guide = replace(guide, quality=0.0 if face.flaws else quality)
    if progress.step is Step.GLASSES and not progress.pictures and view.time - (guide.since or view.time) < TAKE_OFF:
        return replace(guide, cue=Cue.GLASSES_OFF)
    if face.flaws:
        cue = _OF_FLAW[face.flaws[0]]
        may_turn = cue is not Cue.TURN_BACK or progress.step in {Step.LEFT, Step.RIGHT}
        return replace(guide, cue=cue if may_turn else Cue.LOOK_STRAIGHT)
    advice = towards(progress.step, face.pose, _straight(guide)) or _light(guide, progress.step, face)
    if advice is None and quality < AT_LEAST:
        advice = weakest
    if advice is not None:
        return replace(guide, cue=advice)
    taken = Taken(progress.step, view.frame, view.time, view.jpeg, quality, face.pose, face.brightness)
    return _taking(guide, progress, taken)


def _taking(guide: Guide, progress: Progress, taken: Taken) -> Guide:
    if progress.pictures and taken.time - progress.pictures[-1].time < APART:
        return replace(guide, cue=Cue.TAKEN)
    return replace(
        _with(guide, replace(progress, pictures=(*progress.pictures, taken))), cue=Cue.TAKEN, since=taken.time
    )


def _straight(guide: Guide) -> HeadPose | None:
    """How somebody's head is turned, as the camera sees it, when they look straight at it; None: not known yet."""
    poses = [taken.pose for taken in guide.pictures if taken.step is Step.STRAIGHT]
    if len(poses) < WANTED:
        return None
    return HeadPose(median(pose.yaw for pose in poses), median(pose.pitch for pose in poses))


def _light(guide: Guide, step: Step, face: SeenFace) -> Cue | None:
    """Whether the light has yet to be changed."""
    before = [taken.brightness for taken in guide.pictures if taken.step is Step.STRAIGHT]
    if step is not Step.LIGHT or not before:
        return None
    return None if guide.good.is_other_light(median(before), face.brightness) else ASKED[step].cue


def _with(guide: Guide, progress: Progress) -> Guide:
    steps = tuple(progress if each.step is progress.step else each for each in guide.steps)
    return replace(guide, steps=steps)
