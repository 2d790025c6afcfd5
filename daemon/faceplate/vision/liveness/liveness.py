"""Asks every cue about every face, and says what they add up to."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from faceplate.liveness import Liveness
from faceplate.types import Frame, Seconds, Sighting
from faceplate.vision.liveness.evidence import Evidence, LivenessCue, Seen, Tells, Watchman, judged
from faceplate.vision.per_track import PerTrack

WINDOW: Final = Seconds(4.0)
"""So long what a cue said holds"""

AT_ONCE: Final = Seconds(0.0)


class LivenessCheck:
    """What stands between a face that is known and one that is let in."""

    def __init__(
        self,
        cues: Sequence[LivenessCue],
        needed: Sequence[frozenset[str]],
        watched: Seconds = AT_ONCE,
        watchmen: Sequence[Watchman] = (),
        depth: frozenset[str] = frozenset(),
    ) -> None:
        """Begin with nobody seen.

        Args:
            cues: all of them; each looks at every face.
            needed: names of cues; of each set one must confirm before a face is live.
            watched: before a face was seen for so long it is not called live: what denies may take its time.
            watchmen: those that look while nobody is there, too.
            depth: names of cues; whichever of them confirms, the face has the depth of a head.
        """
        if not cues or not needed or not all(needed):
            raise ValueError("a liveness check without a cue, or that asks for no confirmation, calls everything alive")
        self._cues = tuple(cues)
        self._needed = tuple(needed)
        self._watched = watched
        self._watchmen = tuple(watchmen)
        self._depth = depth
        self._seen: PerTrack[deque[Seen]] = PerTrack(deque)

    def nobody(self, frame: Frame) -> None:
        """There is no face in this frame."""
        for watchman in self._watchmen:
            watchman.nobody(frame)

    def judge(self, sighting: Sighting, frame: Frame) -> Sighting:
        """The sighting, with what its track's frames up to this one say of it."""
        seen = self._seen.of(sighting.track, frame.time)
        said = (cue.observe(sighting, frame) for cue in self._cues)
        seen.append(Seen(frame.time, tuple(each for each in said if _counts(each, sighting))))
        while frame.time - seen[0].time > WINDOW:
            seen.popleft()
        verdict = judged(tuple(seen), self._needed)
        too_soon = verdict.liveness is Liveness.LIVE and frame.time - seen[0].time < self._watched
        liveness = Liveness.UNSURE if too_soon else verdict.liveness
        has_depth = liveness is not Liveness.SPOOF and not self._depth.isdisjoint(verdict.cues)
        return replace(sighting, liveness=liveness, cues=verdict.cues, has_depth=has_depth)


def _counts(evidence: Evidence, sighting: Sighting) -> bool:
    """A face that cannot be judged is nobody's, as far as is known: nothing of it speaks for a face that can be."""
    return evidence.tells is not Tells.CONFIRMS or not sighting.look.flaws
