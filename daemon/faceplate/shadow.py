"""A shadow run: two bundles judge the same frames, and no door moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from faceplate.access.calendar import Calendar
from faceplate.access.reception import Reception
from faceplate.access.standing import NoLockout
from faceplate.config import Config
from faceplate.events import DoorStatus, wall_clock
from faceplate.recognition import Recognition
from faceplate.types import Box, Clock, Decision, Frame, Outcome, Reason, Seconds


class Kind(StrEnum):
    """How two bundles answer one visit."""

    BOTH = "both"
    """The same people are recognised by both"""
    ONLY_BEFORE = "only_before"
    """Somebody is recognised by the bundle in force only"""
    ONLY_AFTER = "only_after"
    """Somebody is recognised by the new bundle only"""
    DIFFERENT = "different"
    """Each recognises somebody whom the other does not: one of them is wrong"""
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Visit:
    """What two bundles made of one visit."""

    time: Seconds
    """Of its first answer, from the first frame on"""

    before: frozenset[str]
    after: frozenset[str]
    """Names of those who were recognised"""

    @property
    def kind(self) -> Kind:
        """How the answers differ."""
        match bool(self.before - self.after), bool(self.after - self.before):
            case True, True:
                return Kind.DIFFERENT
            case True, False:
                return Kind.ONLY_BEFORE
            case False, True:
                return Kind.ONLY_AFTER
            case _:
                return Kind.BOTH if self.before else Kind.NEITHER


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to a visitor by one of the bundles."""

    time: Seconds
    after: bool
    """Whether it is the new bundle's"""

    person: str | None
    """Who was recognised; None: nobody"""

    box: Box | None = None
    """Where the face was; None: it cannot be told"""


class Judge:
    """One bundle's eyes, gallery and rules. No failure counts: each visit is judged by itself."""

    def __init__(self, config: Config, recognition: Recognition, clock: Clock) -> None:
        """Begin with nobody in view."""
        self._eyes = recognition.eyes()
        self._people = recognition.recogniser()
        self._reception = Reception(
            config.access,
            clock,
            door=DoorStatus,
            calendar=Calendar(wall_clock),
            standing=NoLockout(),
            people=dict,
            liveness=config.vision.liveness,
            narrowest=config.vision.quality.min_size,
        )

    def decide(self, frame: Frame) -> Decision:
        """What the door would do."""
        return self._reception.decide(frame, [self._people.name(seen) for seen in self._eyes.see(frame)])


def watched(frames: Iterable[Frame], before: Judge, after: Judge, gap: Seconds) -> list[Visit]:
    """Have both judge every frame; answers to one face within `gap` of one another are of one visit."""
    return list(visits_of(_answers(frames, before, after), gap))


def visits_of(answers: Iterable[Answer], gap: Seconds) -> Iterator[Visit]:
    """Answers, in the order of time, as visits: the same face as far as it lies in the same place.

    One visitor who moves far between two answers makes two visits, each with an answer of one bundle only: that is
    shown as a difference, and no difference is ever hidden by somebody else who stands beside.
    """
    visits: list[list[Answer]] = []
    for answer in answers:
        recent = (visit for visit in reversed(visits) if answer.time - visit[-1].time <= gap)
        visit = next((visit for visit in recent if _same_place(visit[-1].box, answer.box)), None)
        if visit is None:
            visits.append(visit := [])
        visit.append(answer)
    return map(_visit, visits)


def _same_place(a: Box | None, b: Box | None) -> bool:
    if a is None or b is None:
        return True
    across = min(a.x + a.width, b.x + b.width) > max(a.x, b.x)
    return across and min(a.y + a.height, b.y + b.height) > max(a.y, b.y)


def _visit(answers: Sequence[Answer]) -> Visit:
    names = [frozenset(a.person for a in answers if a.person and a.after is after) for after in (False, True)]
    return Visit(answers[0].time, *names)


def _answers(frames: Iterable[Frame], before: Judge, after: Judge) -> Iterator[Answer]:
    start: Seconds | None = None
    for frame in frames:
        start = frame.time if start is None else start
        for judge in (before, after):
            decision = judge.decide(frame)
            # Whoever is to enter a PIN now has been recognised.
            if decision.outcome is not Outcome.NOTHING or decision.reason is Reason.PIN_NEEDED:
                box = decision.match.sighting.look.face.box if decision.match else None
                yield Answer(Seconds(frame.time - start), judge is after, decision.person, box)
