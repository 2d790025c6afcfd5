"""The picture of the last decision, for a dashboard: in memory only, and only of whom the owner allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

from faceplate.pictures import jpeg_of
from faceplate.types import Decision, Frame, Likeness, Match, Outcome, Pixels, Reason

Whose = Literal["off", "enrolled", "everybody"]

LONGEST_SIDE: Final = Pixels(640)

MOST_BYTES: Final = 400_000
"""A message of the control socket, and a broker, take a megabyte or so; in base64 a picture is a third larger"""

QUALITIES: Final = (85, 70, 50, 30)
"""JPEG's; the first that is small enough"""

_MAYBE_A_PICTURE: Final = {Reason.SPOOF_SUSPECTED, Reason.LIVENESS_UNSURE, Reason.CHALLENGE_FAILED}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One picture, and what was decided on it."""

    jpeg: bytes = field(repr=False)

    ts: str
    """Wall-clock time of the decision: ISO 8601, UTC, milliseconds, `Z`"""

    outcome: Outcome

    person: str | None
    """Who it shows, where that is an enrolled person"""


class Snapshots:
    """Keeps the last one; asked from any thread."""

    def __init__(self, whose: Whose, wall_clock: Callable[[], datetime]) -> None:
        self._whose = whose
        self._wall_clock = wall_clock
        self._last: Snapshot | None = None

    @property
    def last(self) -> Snapshot | None:
        """The last one; None: there was none, or none is wanted."""
        return self._last

    def show(self, frame: Frame, matches: Sequence[Match], decision: Decision) -> None:
        """Keep the picture, if something was decided on it and it may be kept."""
        if not may_be_kept(self._whose, matches, decision):
            return
        now = self._wall_clock().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._last = Snapshot(
            jpeg_of(frame.image, LONGEST_SIDE, MOST_BYTES, QUALITIES), now, decision.outcome, _known(decision)
        )


def may_be_kept(whose: Whose, matches: Sequence[Match], decision: Decision) -> bool:
    """Whether a picture of this decision may be kept.

    With "enrolled" that is so only if it is about somebody enrolled who is in view, and nobody else is in view but who
    is enrolled, too: a passer-by behind a resident is a stranger in a picture as well.
    """
    if whose == "off" or decision.outcome is Outcome.NOTHING:
        return False
    if whose == "everybody":
        return True
    if _known(decision) is None or decision.match is None:
        return False
    track = decision.match.sighting.track
    in_view = any(match.sighting.track == track for match in matches)
    return in_view and all(match.likeness is Likeness.VERIFIED for match in matches)


def _known(decision: Decision) -> str | None:
    """Who was let in, or recognised and not let in; a face that may be a picture of somebody is nobody's."""
    if decision.reason in _MAYBE_A_PICTURE:
        return None
    if decision.person is not None:
        return decision.person
    match = decision.match
    return match.person if match is not None and match.likeness is Likeness.VERIFIED else None
