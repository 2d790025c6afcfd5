"""Which frames show one unknown person well enough, and differently enough, to enrol them from. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from faceplate.liveness import Liveness
from faceplate.types import Embedding, Flaw, Frame, Likeness, Look, Match, Seconds, TrackId

WANTED: Final = 5
"""Pictures of a person; more add little"""

APART: Final = Seconds(0.3)
"""Between two of them, at least"""

ALIKE: Final = 0.97
"""Cosine of two embeddings: pictures more alike than this show one moment twice"""

NOBODY: Final = "nobody is in view"
SEVERAL: Final = "several people are in view: only one may be, so it begins anew"
KNOWN: Final = "somebody who is enrolled is in view, so it begins anew"
SPOOF: Final = "this is taken for a picture, and not for a living face, so it begins anew"
TAKEN: Final = "a picture was taken"
TOO_ALIKE: Final = "turn your head a little"

ADVICE: Final[Mapping[Flaw, str]] = {
    Flaw.TOO_SMALL: "come closer",
    Flaw.BLURRED: "hold still",
    Flaw.TOO_DARK: "it is too dark",
    Flaw.TOO_BRIGHT: "there is too much light",
    Flaw.TURNED_AWAY: "look at the camera",
}
"""What is said to a face that cannot be used"""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The pictures of one person, taken without a break of the track."""

    track: TrackId | None = None
    frames: tuple[Frame, ...] = ()
    embeddings: tuple[Embedding, ...] = ()
    """One for each frame"""

    says: str = NOBODY
    """What came of the newest frame"""


NOTHING: Final = Gathered()


def considered(before: Gathered, frame: Frame, matches: Sequence[Match]) -> Gathered:
    """What there is after one more frame.

    Whoever else comes into view, or whom the tracker takes for another, ends it and it begins anew: pictures of two
    people must never become one person.
    """
    if not matches:
        return replace(before, says=NOBODY)
    if len(matches) > 1:
        return replace(NOTHING, says=SEVERAL)
    match = matches[0]
    if match.sighting.liveness is Liveness.SPOOF:
        return replace(NOTHING, says=SPOOF)
    if match.likeness in {Likeness.VERIFIED, Likeness.AMBIGUOUS}:
        return replace(NOTHING, says=KNOWN)
    track = match.sighting.track
    return _with(before if track == before.track else replace(NOTHING, track=track), frame, match.sighting.look)


def _with(before: Gathered, frame: Frame, look: Look) -> Gathered:
    if look.embedding is None:
        return replace(before, says=ADVICE[look.flaws[0]])
    if before.frames and frame.time - before.frames[-1].time < APART:
        return before
    if any(float(known @ look.embedding) > ALIKE for known in before.embeddings):
        return replace(before, says=TOO_ALIKE)
    return Gathered(before.track, (*before.frames, frame), (*before.embeddings, look.embedding), TAKEN)
