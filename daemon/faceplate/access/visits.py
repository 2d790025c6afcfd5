"""The visits that go on, one for each track."""

from __future__ import annotations

from dataclasses import replace

from faceplate.access.visit import Visit, observed
from faceplate.config import AccessConfig
from faceplate.types import Match, Outcome, Seconds, TrackId


class Visits:
    """Remembers visits as long as they last."""

    def __init__(self, rules: AccessConfig) -> None:
        self._rules = rules
        self._going_on: dict[TrackId, Visit] = {}

    def __len__(self) -> int:
        return len(self._going_on)

    def observe(self, match: Match, time: Seconds) -> Visit:
        """The match's visit, with this frame."""
        before = self._going_on.get(match.sighting.track) or Visit(began=time, seen=time)
        visit = observed(before, match, time, self._rules)
        self.keep(match, visit)
        return visit

    def keep(self, match: Match, visit: Visit) -> None:
        """Remember what became of the match's visit."""
        self._going_on[match.sighting.track] = visit

    def of(self, match: Match) -> Visit | None:
        """The match's visit, if it goes on."""
        return self._going_on.get(match.sighting.track)

    def forget_the_gone(self, time: Seconds) -> None:
        """End visits whose face has been away for long, or had its answer long ago and may ask again."""
        self._going_on = {track: visit for track, visit in self._going_on.items() if not self._is_over(visit, time)}

    def clear(self) -> None:
        """End all of them: what was seen so far counts for nothing."""
        self._going_on = {}

    def end_with_grant(self, person: str, match: Match | None, time: Seconds) -> None:
        """Whoever is this person, or was let in on this match, has had their answer."""
        for track, visit in self._going_on.items():
            is_own = match is not None and track == match.sighting.track
            if is_own or any(glimpse.person == person for glimpse in visit.glimpses):
                self._going_on[track] = replace(visit, answer=Outcome.GRANTED, answered=time, challenge=None)

    def _is_over(self, visit: Visit, time: Seconds) -> bool:
        has_gone = time - visit.seen > max(self._rules.visit_window, self._rules.repeat_after)
        if visit.challenge is not None:
            return has_gone
        return has_gone or (visit.answered is not None and time - visit.answered > self._rules.repeat_after)
