"""From a clip to what liveness makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from attacks.clip import Clip
from faceplate.liveness import Liveness
from faceplate.model.preprocessing import align
from faceplate.types import Face, Frame, Image, Look, Sighting
from faceplate.vision.detector import FaceDetector
from faceplate.vision.eyes import Eyes
from faceplate.vision.liveness.cues import MOVES
from faceplate.vision.liveness.evidence import Evidence, LivenessCue, Tells
from faceplate.vision.liveness.liveness import LivenessCheck
from faceplate.vision.tracker import Tracker


@dataclass(frozen=True, slots=True)
class Watched:
    """What was made of one presentation."""

    faces: int
    """Frames with a face"""
    denied: frozenset[str]
    """Cues that denied it on some frame"""
    confirmed: frozenset[str]
    live_after: int | None
    """Frames until a face of it was live; None: none ever was"""


Watch = Callable[[Clip], Watched]


@dataclass(slots=True)
class Recorded:
    """A cue, and everything that it said."""

    cue: LivenessCue
    said: list[Evidence] = field(default_factory=list)

    def observe(self, track: Sighting, frame: Frame) -> Evidence:
        """As the cue does."""
        evidence = self.cue.observe(track, frame)
        self.said.append(evidence)
        return evidence


def by_cues(
    make: Callable[[], Sequence[LivenessCue]],
    find: Callable[[], FaceDetector],
    needed: Sequence[frozenset[str]] = (MOVES,),
) -> Watch:
    """Detector, tracker and these cues, without a name: what they say by themselves, and the verdict on that."""

    def watch(clip: Clip) -> Watched:
        cues = [Recorded(cue) for cue in make()]
        check, seen = LivenessCheck(cues, needed), _Seen(find(), Tracker())
        after = [
            number
            for number, frame in enumerate(clip.frames(), 1)
            for sighting in seen(frame)
            if check.judge(sighting, frame).liveness is Liveness.LIVE
        ]
        said = [evidence for cue in cues for evidence in cue.said]
        return Watched(seen.frames, _named(said, Tells.DENIES), _named(said, Tells.CONFIRMS), min(after, default=None))

    return watch


def by_eyes(make: Callable[[], Eyes]) -> Watch:
    """The daemon's own eyes, with all that belongs to them; the names of the cues are those of its verdicts."""

    def watch(clip: Clip) -> Watched:
        eyes = make()
        for frame in clip.alone():
            eyes.see(frame)
        seen = [(number, each) for number, frame in enumerate(clip.frames(), 1) for each in eyes.see(frame)]
        denied = frozenset(cue for _, each in seen if each.liveness is Liveness.SPOOF for cue in each.cues)
        confirmed = frozenset(cue for _, each in seen if each.liveness is not Liveness.SPOOF for cue in each.cues)
        live = [number for number, each in seen if each.liveness is Liveness.LIVE]
        return Watched(len({number for number, _ in seen}), denied, confirmed, min(live, default=None))

    return watch


@dataclass(slots=True)
class _Seen:
    """Faces on their tracks."""

    detector: FaceDetector
    tracker: Tracker
    frames: int = 0

    def __call__(self, frame: Frame) -> list[Sighting]:
        faces = self.detector.find(frame.image)
        self.frames += bool(faces)
        tracks = self.tracker.follow(faces, frame.time)
        return [Sighting(track, _look(face, frame.image)) for track, face in zip(tracks, faces, strict=True)]


def _look(face: Face, image: Image) -> Look:
    return Look(face, align(image, face.landmarks), (), None)


def _named(said: list[Evidence], tells: Tells) -> frozenset[str]:
    return frozenset(evidence.cue for evidence in said if evidence.tells is tells)
