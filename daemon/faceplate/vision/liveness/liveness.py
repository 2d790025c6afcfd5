"""Asks every cue about every face, and says what they add up to."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from faceplate.types import Frame, Seconds, Sighting
from faceplate.vision.liveness.evidence import LivenessCue, Seen, judged
from faceplate.vision.liveness.per_track import PerTrack

WINDOW: Final = Seconds(4.0)
"""So long what a cue said holds"""


class LivenessCheck:
    """What stands between a face that is known and one that is let in."""

    def __init__(self, cues: Sequence[LivenessCue], confirmations: int = 1) -> None:
        """Begin with nobody seen.

        Args:
            cues: all of them; each looks at every face.
            confirmations: different cues that must confirm before a face is live.
        """
        if not cues or confirmations < 1:
            raise ValueError("a liveness check without a cue, or that asks for no confirmation, calls everything alive")
        self._cues = tuple(cues)
        self._confirmations = confirmations
        self._seen: PerTrack[deque[Seen]] = PerTrack(deque)

    def judge(self, sighting: Sighting, frame: Frame) -> Sighting:
        """The sighting, with what its track's frames up to this one say of it."""
        seen = self._seen.of(sighting.track, frame.time)
        seen.append(Seen(frame.time, tuple(cue.observe(sighting, frame) for cue in self._cues)))
        while frame.time - seen[0].time > WINDOW:
            seen.popleft()
        verdict = judged(tuple(seen), self._confirmations)
        return replace(sighting, liveness=verdict.liveness, cues=verdict.cues)
