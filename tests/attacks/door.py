"""The whole door but its lock: a camera's frames, the daemon's own eyes, its gallery, and its rules of access."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from attacks.answering import Actor
from attacks.clip import ALONE_EVERY, RATE
from faceplate.access.calendar import Calendar
from faceplate.access.reception import Reception
from faceplate.access.standing import Forgetful
from faceplate.config import Config
from faceplate.config_file import config_from
from faceplate.events import DoorStatus
from faceplate.liveness import LivenessMode
from faceplate.people.enrolment import Picture
from faceplate.recognition import Recognition
from faceplate.types import Cue, Decision, Frame, Image, Outcome, Reason, Seconds
from reception_desk import NOON

LONGEST = 20.0
"""Seconds that somebody stays who gets no answer"""

_FINAL = frozenset({Reason.SPOOF_SUSPECTED, Reason.CHALLENGE_FAILED})
"""After these a visit is not let in any more, however it goes on; after any other refusal it still may be"""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a visit."""

    granted: bool
    reason: Reason
    """Of the grant, of the last refusal, or why there was neither"""
    steps: tuple[Cue, ...]
    """What was asked besides looking at the camera"""
    seconds: float
    """Until then, from the first frame on which the visitor was to be seen"""
    cues: tuple[str, ...]
    """Of liveness, that spoke for or against the visitor then"""


@dataclass(frozen=True, slots=True)
class Door:
    """A door with everything at its defaults, and one person enrolled."""

    config: Config
    recognition: Recognition

    @classmethod
    def of(cls, person: str, image: Image, folder: Path, *, living_eyes: bool = False) -> Door:
        """A door whose gallery, in `folder`, knows one person by one picture; `living_eyes` as `vision` has it.

        Raises:
            EnrolmentError: the picture does not do.
        """
        vision = {"threads": 1, "living_eyes": living_eyes}
        tree = {"people": {"store": "people", "key_file": "gallery.key"}, "vision": vision}
        config = config_from(tree, base=folder, where="the measurement's configuration")
        recognition = Recognition(config.vision, config.people)
        recognition.enrol(person, [Picture(person, image)])
        return cls(config, recognition)

    def receive(
        self, actor: Actor, dice: int, empty: Iterable[Image] = (), liveness: LivenessMode | None = None
    ) -> Answered:
        """Answer one visit.

        Args:
            actor: who comes.
            dice: seed of what is asked, and when.
            empty: what the camera saw before, one frame every `ALONE_EVERY`.
            liveness: in place of the default.
        """
        clock = [Seconds(0.0)]
        reception = Reception(
            self.config.access,
            lambda: clock[0],
            door=DoorStatus,
            calendar=Calendar(lambda: NOON),
            standing=Forgetful(),
            people=dict,
            liveness=liveness or self.config.vision.liveness,
            dice=random.Random(dice),  # noqa: S311 - to repeat, not to hide
        )
        eyes, people = self.recognition.eyes(), self.recognition.recogniser()

        def decide(wait: float, image: Image) -> Decision:
            clock[0] = Seconds(clock[0] + wait)
            frame = Frame(round(clock[0] * RATE), clock[0], image)
            return reception.decide(frame, [people.name(seen) for seen in eyes.see(frame)])

        for image in empty:
            decide(ALONE_EVERY, image)
        made: list[Decision] = []
        while len(made) < LONGEST * RATE and not (made and _is_final(made[-1])):
            cue = made[-1].cue if made else None
            made.append(decide(1 / RATE if made else ALONE_EVERY, actor(len(made), cue)))
        return _answered(made)


def _is_final(decision: Decision) -> bool:
    return decision.outcome is Outcome.GRANTED or decision.reason in _FINAL


def _answered(made: list[Decision]) -> Answered:
    refused = [each for each in made if each.outcome is Outcome.DENIED]
    last = made[-1] if _is_final(made[-1]) or not refused else refused[-1]
    asked = [each.cue for each in made if each.cue not in {None, Cue.LOOK_STRAIGHT}]
    steps = [cue for before, cue in zip([None, *asked], asked, strict=False) if cue is not None and cue is not before]
    return Answered(
        granted=last.outcome is Outcome.GRANTED,
        reason=last.reason,
        steps=tuple(steps),
        seconds=last.time - made[0].time,
        cues=last.match.sighting.cues if last.match else (),
    )
