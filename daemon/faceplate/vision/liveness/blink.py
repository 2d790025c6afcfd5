"""Did the eyes shut, and open again? No photograph does, nor a mask whose eyes are painted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from faceplate.types import Frame, Seconds, Sighting
from faceplate.vision.liveness.evidence import Evidence, Tells
from faceplate.vision.per_track import PerTrack

OPEN_BEFORE: Final = 3
"""Frames in a row"""

LONGEST: Final = Seconds(1.5)
"""Eyes that were shut for longer were covered, or something else was put in their place"""

_NOTHING: Final = Evidence("blink", Tells.NOTHING)


@dataclass(slots=True)
class _Eyes:
    """What is remembered of a track."""

    open_frames: int = 0
    """In a row, up to the present frame, or to the one on which they shut"""
    shut_since: Seconds | None = None

    def reopened(self, time: Seconds) -> Seconds | None:
        """The eyes are open now; how long they were shut that were open before."""
        since, was_open = self.shut_since, self.open_frames >= OPEN_BEFORE
        self.open_frames = self.open_frames + 1 if since is None else 1
        self.shut_since = None
        return Seconds(time - since) if since is not None and was_open else None


class Blink:
    """Confirms "blink"; says nothing of eyes that stay open, or shut, or are not looked at."""

    def __init__(self) -> None:
        self._tracks = PerTrack(_Eyes)

    def observe(self, track: Sighting, frame: Frame) -> Evidence:
        """Whether eyes open on this frame that were open, and then shut for a moment."""
        eyes = self._tracks.of(track.track, frame.time)
        if track.eye_state is None or track.look.flaws:
            eyes.open_frames, eyes.shut_since = 0, None
            return _NOTHING
        if track.eye_state.shut:
            eyes.shut_since = frame.time if eyes.shut_since is None else eyes.shut_since
            return _NOTHING
        lasted = eyes.reopened(frame.time)
        if lasted is None or lasted > LONGEST:
            return _NOTHING
        return Evidence("blink", Tells.CONFIRMS, lasted)
