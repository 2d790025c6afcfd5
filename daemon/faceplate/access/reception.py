"""One decision a frame, over everything seen in it."""

from __future__ import annotations

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

    def decide(self, frame: Frame, matches: Sequence[Match]) -> Decision:
        """Decide once on a frame.

        A frame older than `max_frame_age` counts for nothing. A frame from the future is no better: one of the clocks
        is wrong.
        """
        if not 0 <= self._clock() - frame.time <= self._rules.max_frame_age:
            return Decision(frame.index, frame.time, Outcome.NOTHING, Reason.STALE_FRAME)
        self._visits = {match.sighting.track: self._observe(match, frame.time) for match in matches} | {
            track: visit
            for track, visit in self._visits.items()
            if track not in {match.sighting.track for match in matches} and not self._is_over(visit, frame.time)
        }
        verdicts = [(match, *verdict(self._visits[match.sighting.track], frame.time, self._rules)) for match in matches]
        if not verdicts:
            return Decision(frame.index, frame.time, Outcome.NOTHING, Reason.NOBODY)
        match, outcome, reason = min(verdicts, key=lambda each: _URGENCY[each[1]])
        if outcome is not Outcome.NOTHING:
            visit = self._visits[match.sighting.track]
            self._visits[match.sighting.track] = replace(visit, answer=outcome, answered=frame.time)
        return Decision(frame.index, frame.time, outcome, reason, match)

    def _observe(self, match: Match, time: Seconds) -> Visit:
        visit = self._visits.get(match.sighting.track)
        if visit is None or self._may_ask_again(visit, time):
            visit = Visit(began=time)
        return observed(visit, match, time, self._rules)

    def _may_ask_again(self, visit: Visit, time: Seconds) -> bool:
        return visit.answered is not None and time - visit.answered > self._rules.repeat_after

    def _is_over(self, visit: Visit, time: Seconds) -> bool:
        newest = max([visit.began, *(glimpse.time for glimpse in visit.glimpses)])
        return time - newest > max(self._rules.visit_window, self._rules.repeat_after)
