"""One decision a frame, over everything seen in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from faceplate.access.visit import Visit, observed, verdict
from faceplate.config import AccessConfig
from faceplate.types import Clock, Decision, Frame, Match, Outcome, Reason, Seconds, TrackId

# Of all verdicts in one frame the first in this order is the frame's decision; the others wait for the next frame.
_URGENCY = {Outcome.GRANTED: 0, Outcome.DENIED: 1, Outcome.NOTHING: 2}


class Reception:
    """Keeps a visit for every track in view, and answers each of them."""

    def __init__(self, rules: AccessConfig, clock: Clock) -> None:
        self._rules = rules
        self._clock = clock
        self._visits: dict[TrackId, Visit] = {}
        self._newest = Seconds(-math.inf)

    def decide(self, frame: Frame, matches: Sequence[Match]) -> Decision:
        """Decide once on a frame.

        A frame older than `max_frame_age` counts for nothing, nor does one that is no newer than the frame before: the
        same picture twice is one. A frame from the future is no better: one of the clocks is wrong.
        """
        age = self._clock() - frame.time
        if not (0 <= age <= self._rules.max_frame_age and frame.time > self._newest):
            return Decision(frame.index, frame.time, Outcome.NOTHING, Reason.STALE_FRAME)
        self._newest = frame.time
        going_on = {track: visit for track, visit in self._visits.items() if not self._is_over(visit, frame.time)}
        self._visits = going_on | {
            match.sighting.track: self._observe(going_on.get(match.sighting.track), match, frame.time)
            for match in matches
        }
        verdicts = [(match, *verdict(self._visits[match.sighting.track], self._rules)) for match in matches]
        if not verdicts:
            return Decision(frame.index, frame.time, Outcome.NOTHING, Reason.NOBODY)
        match, outcome, reason = min(verdicts, key=lambda each: _URGENCY[each[1]])
        if outcome is not Outcome.NOTHING:
            visit = self._visits[match.sighting.track]
            self._visits[match.sighting.track] = replace(visit, answer=outcome, answered=frame.time)
        return Decision(frame.index, frame.time, outcome, reason, match)

    def _observe(self, visit: Visit | None, match: Match, time: Seconds) -> Visit:
        return observed(visit or Visit(began=time, seen=time), match, time, self._rules)

    def _is_over(self, visit: Visit, time: Seconds) -> bool:
        """Whether the face has been away for long, or had its answer long ago and may ask again."""
        has_gone = time - visit.seen > max(self._rules.visit_window, self._rules.repeat_after)
        return has_gone or (visit.answered is not None and time - visit.answered > self._rules.repeat_after)
