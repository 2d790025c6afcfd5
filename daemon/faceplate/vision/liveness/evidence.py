"""What one cue says of a face on one frame, and what all of them add up to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from faceplate.liveness import Liveness
from faceplate.types import Frame, Seconds, Sighting


class Tells(StrEnum):
    """Which way a piece of evidence points."""

    DENIES = "denies"
    """This is no living face"""

    CONFIRMS = "confirms"
    """A picture would not look, or move, like this"""

    DOUBTS = "doubts"
    """It may be a living face, but not on what was seen so far: let it be asked"""

    NOTHING = "nothing"
    """Too little was seen, or it could be either"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one cue says on one frame."""

    cue: str
    """Its name, such as "flat" """

    tells: Tells

    strength: float = 0.0
    """The cue's own measure, to be looked at; never added to another cue's"""


class LivenessCue(Protocol):
    """Looks at one face on every frame of its track.

    A face with flaws may be another's, held there for a moment: what confirms remembers nothing of it.
    """

    def observe(self, track: Sighting, frame: Frame) -> Evidence:
        """What is to be said of the face on this frame, by this and the frames of the track before it."""


class Watchman(Protocol):
    """A cue that looks while nobody is there, too."""

    def nobody(self, frame: Frame) -> None:
        """There is no face in this frame."""


@dataclass(frozen=True, slots=True)
class Seen:
    """All that the cues said of a track on one frame."""

    time: Seconds
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a track's evidence adds up to."""

    liveness: Liveness
    cues: tuple[str, ...] = ()
    """Names of those that decided it"""


def judged(seen: Sequence[Seen], needed: Sequence[frozenset[str]]) -> Verdict:
    """Live only if nothing denies and enough confirms.

    A cue that denied is not outvoted: as long as that is in the window, it holds. What confirms must do so in the same
    window. A doubt holds until the cue that had it says otherwise.

    Args:
        seen: of one track, within the window, the newest last.
        needed: sets of cues, of each of which one must confirm.
    """
    everything = [evidence for each in seen for evidence in each.evidence]
    if denying := _cues(everything, Tells.DENIES):
        return Verdict(Liveness.SPOOF, denying)
    confirming = _cues(everything, Tells.CONFIRMS)
    is_live = all(cues & set(confirming) for cues in needed) and not _doubted(everything)
    return Verdict(Liveness.LIVE if is_live else Liveness.UNSURE, confirming)


def _doubted(evidence: Sequence[Evidence]) -> bool:
    newest = {each.cue: each.tells for each in evidence if each.tells is not Tells.NOTHING}
    return Tells.DOUBTS in newest.values()


def _cues(evidence: Sequence[Evidence], tells: Tells) -> tuple[str, ...]:
    return tuple(sorted({each.cue for each in evidence if each.tells is tells}))
