"""Telling of what was refused, and never more than can be borne: some answers, and a note now and then. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from faceplate.bridge.intake.bucket import Bucket
from faceplate.bridge.intake.requests import Refusal
from faceplate.bridge.payloads.answers import RefusalReason
from faceplate.types import Seconds

ANSWERS: Final = 10
ANSWER_RATE: Final = 1.0
"""Answers to refused messages at once, and a second in the long run"""

INTERVAL: Final = Seconds(60.0)
"""The journal gets one note for each reason in this time"""


AGAIN: Final = Seconds(2.0)
"""A note that could not be delivered is tried again after this"""


@dataclass(frozen=True, slots=True)
class Note:
    """What the journal is told."""

    reason: RefusalReason

    command: str | None
    """Which command the first of them named, if that could be read"""

    count: int
    """How many messages were refused for that reason since the last note"""


class Refusals:
    """Counts what was refused."""

    def __init__(self) -> None:
        """Nothing was, yet."""
        self._answers = Bucket(ANSWERS, ANSWER_RATE)
        self._waiting: dict[RefusalReason, Note] = {}
        self._next: dict[RefusalReason, Seconds] = {}
        """When the next note of a reason may be made"""

    def refused(self, refusal: Refusal, now: Seconds) -> bool:
        """Count one; true if it may be answered."""
        self._keep(Note(refusal.reason, refusal.command, 1))
        return self._answers.take(now)

    def missed(self, count: int) -> None:
        """Count messages that nobody has read: they came too fast."""
        if count:
            self._keep(Note(RefusalReason.TOO_MANY, None, count))

    def due(self, now: Seconds) -> tuple[Note, ...]:
        """The notes to be made now; one that could not be delivered is to be given back."""
        reasons = [reason for reason in self._waiting if now >= self._next.get(reason, now)]
        self._next.update(dict.fromkeys(reasons, Seconds(now + INTERVAL)))
        return tuple(self._waiting.pop(reason) for reason in reasons)

    def give_back(self, note: Note, now: Seconds) -> None:
        """It could not be delivered: it is due again in a moment."""
        self._keep(note)
        self._next[note.reason] = Seconds(now + AGAIN)

    def _keep(self, note: Note) -> None:
        """Add to what waits to be noted."""
        waiting = self._waiting.get(note.reason)
        if waiting:
            note = Note(note.reason, waiting.command or note.command, waiting.count + note.count)
        self._waiting[note.reason] = note
