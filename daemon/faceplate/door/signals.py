"""What the door's lights and buzzer show: for each state of the door, and for each answer to a visitor.

Alarms go before all else; then comes what was just answered, then what the door is doing. A visitor who was forced to
open sees what every visitor sees who is let in.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from faceplate.door.hardware import Lights
from faceplate.events import DoorEventType, DoorMode, DoorStatus
from faceplate.types import Cue, Decision, Outcome, Reason, Seconds


@dataclass(frozen=True, slots=True)
class Beat:
    """One part of a pattern."""

    lasting: Seconds
    lights: Lights


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is shown over time."""

    words: str
    """As the documentation describes it"""

    beats: tuple[Beat, ...] = ()

    repeats: bool = False

    @property
    def length(self) -> Seconds:
        """How long it takes once."""
        return Seconds(sum(beat.lasting for beat in self.beats))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a visitor was told last, and when."""

    outcome: Outcome
    reason: Reason
    since: Seconds
    cue: Cue | None = None
    """Somebody who is being enrolled, or challenged, was told this, and nothing was decided"""


_DARK = Lights()
_GREEN = Lights(green=True)
_RED = Lights(red=True)
_AMBER = Lights(green=True, red=True)
_AMBER_TONE = Lights(green=True, red=True, buzzer=True)
_RED_TONE = Lights(red=True, buzzer=True)
_INSTANT = Seconds(1e-6)
"""Less is none: sums of times are not exact, and nobody shall wake up for the rest of a beat again and again"""
_LONG, _SHORT, _GAP, _REST = Seconds(0.6), Seconds(0.15), Seconds(0.2), Seconds(0.6)


GRANTED: Final = Pattern(
    "green, and a short tone",
    (Beat(_SHORT, Lights(green=True, buzzer=True)), Beat(Seconds(0.85), _GREEN)),
)

REFUSALS: Final[Mapping[Reason, tuple[int, int]]] = {
    # Who it is.
    Reason.CREDENTIAL_NOT_FOUND: (0, 2),
    Reason.AMBIGUOUS: (0, 3),
    Reason.SEVERAL_PEOPLE: (0, 4),
    Reason.LOW_QUALITY: (0, 5),
    Reason.INVALID_PIN: (0, 6),
    # What this person may.
    Reason.CREDENTIAL_NOT_ENABLED: (1, 1),
    Reason.CREDENTIAL_NOT_ACTIVE: (1, 2),
    Reason.CREDENTIAL_EXPIRED: (1, 3),
    Reason.NOT_PERMITTED_AT_THIS_TIME: (1, 4),
    Reason.CLOCK_UNTRUSTED: (1, 5),
    # What the door allows now.
    Reason.LOCKED_OUT: (2, 1),
    Reason.DOOR_BLOCKED: (2, 2),
    Reason.FACE_UNLOCK_OFF: (2, 3),
    Reason.DOOR_OPEN: (2, 4),
    Reason.TOO_SOON: (2, 5),
    # What to do otherwise.
    Reason.SEVERAL_IN_VIEW: (3, 1),
    Reason.STALE_FRAME: (3, 2),
    Reason.REQUEST_TIMEOUT: (3, 3),
    Reason.TAILGATING: (3, 4),
    # Whether that is a living face.
    Reason.SPOOF_SUSPECTED: (4, 1),
    Reason.LIVENESS_UNSURE: (4, 2),
    Reason.CHALLENGE_FAILED: (4, 3),
}
"""So many long, then so many short red flashes, each with a tone"""

HINTS: Final[Mapping[Reason, int]] = {
    # What is still missing.
    Reason.INTENT_NEEDED: 1,
    Reason.PIN_NEEDED: 2,
    Reason.FACE_NEEDED: 3,
}
"""So many short amber flashes (green and red at once), without a tone; shown although nothing was decided"""

# Of a challenge: a long flash and a tone say that something is asked, and what follows says what.
STEPS: Final[Mapping[Cue, tuple[int, int]]] = {
    Cue.TURN_LEFT: (0, 1),
    Cue.TURN_RIGHT: (0, 2),
    Cue.STEP_BACK: (0, 3),
    Cue.COME_CLOSER: (0, 4),
    Cue.LOOK_UP: (1, 0),
    Cue.SHUT_EYES: (1, 1),
}
STRAIGHT: Final = Pattern("amber, steady", (Beat(Seconds(1.0), _AMBER),))

# Of an enrolment: never green, which means that the door is open, and never red, which means that it stays shut.
TAKEN: Final = Pattern("amber: 1 short, with a tone", (Beat(_SHORT, _AMBER_TONE), Beat(_REST, _DARK)))
DONE: Final = Pattern(
    "amber: 2 short, each with a tone",
    (Beat(_SHORT, _AMBER_TONE), Beat(_GAP, _DARK), Beat(_SHORT, _AMBER_TONE), Beat(_REST, _DARK)),
)
NOT_ENROLLED: Final = Pattern("amber: 1 long, with a tone", (Beat(_LONG, _AMBER_TONE), Beat(_REST, _DARK)))
ADVICE: Final = Pattern("amber: 1 long", (Beat(_LONG, _AMBER), Beat(_REST, _DARK)))
ENROLMENT: Final[Mapping[Cue, Pattern]] = {Cue.TAKEN: TAKEN, Cue.DONE: DONE, Cue.REFUSED: NOT_ENROLLED}
"""What somebody who is being enrolled is shown; any other cue is ADVICE"""

FORCED_OPEN: Final = Pattern(
    "red, fast, and the buzzer without a pause",
    (Beat(Seconds(0.1), _RED_TONE), Beat(Seconds(0.1), Lights(buzzer=True))),
    repeats=True,
)
TAMPERED: Final = Pattern(
    "red and tone, ten times in two seconds", (Beat(Seconds(0.1), _RED_TONE), Beat(Seconds(0.1), _DARK)), repeats=True
)
OPEN_TOO_LONG: Final = Pattern(
    "red and tone, once a second", (Beat(Seconds(0.5), _RED_TONE), Beat(Seconds(0.5), _DARK)), repeats=True
)
JAMMED: Final = Pattern(
    "red and tone, a long one every two seconds",
    (Beat(Seconds(1.5), _RED_TONE), Beat(Seconds(0.5), _DARK)),
    repeats=True,
)
WARNING: Final = Pattern(
    "amber and a short tone, once a second",
    (Beat(Seconds(0.1), _AMBER_TONE), Beat(Seconds(0.9), _DARK)),
    repeats=True,
)
ALARMS: Final[Mapping[DoorEventType, Pattern]] = {
    DoorEventType.FORCED_OPEN: FORCED_OPEN,
    DoorEventType.TAMPER: TAMPERED,
    DoorEventType.OPEN_TOO_LONG: OPEN_TOO_LONG,
    DoorEventType.JAMMED: JAMMED,
    DoorEventType.OPEN_TOO_LONG_WARNING: WARNING,
}
"""How each sounds. Of several the gravest is shown; one that was silenced only lets the red flash, as a fault does"""

OPEN: Final = Pattern("green", (Beat(Seconds(1.0), _GREEN),), repeats=True)
BARRED: Final = Pattern("red", (Beat(Seconds(1.0), _RED),), repeats=True)
FAULTY: Final = Pattern(
    "red, a short flash every four seconds", (Beat(Seconds(0.1), _RED), Beat(Seconds(3.9), _DARK)), repeats=True
)
IDLE: Final = Pattern("dark")


def answer_to(reason: Reason) -> Pattern:
    """What a visitor is shown for one of the `REFUSALS` or `HINTS`; the other reasons are no answer to anybody."""
    if reason in HINTS:
        return _flashes(f"amber: {HINTS[reason]} short", _AMBER, 0, HINTS[reason])
    long, short = REFUSALS[reason]
    return _flashes(f"red and tone: {_counted(long, short)}", _RED_TONE, long, short)


def asked_for(cue: Cue) -> Pattern:
    """What somebody who is challenged is shown; what is none of the `STEPS` asks for a straight look."""
    if cue not in STEPS:
        return STRAIGHT
    long, short = STEPS[cue]
    flashes = _flashes(f"amber: 1 long, with a tone, then {_counted(long, short)}", _AMBER, long, short)
    return replace(flashes, beats=(Beat(_LONG, _AMBER_TONE), Beat(_GAP, _DARK), *flashes.beats))


def _counted(long: int, short: int) -> str:
    return ", ".join(f"{count} {word}" for count, word in ((long, "long"), (short, "short")) if count)


def _flashes(words: str, lights: Lights, long: int, short: int) -> Pattern:
    flashes = [_LONG] * long + [_SHORT] * short
    beats = itertools.chain.from_iterable((Beat(lit, lights), Beat(_GAP, _DARK)) for lit in flashes)
    return Pattern(words, (*beats, Beat(_REST, _DARK)))


def answered(before: Answer | None, decision: Decision, now: Seconds) -> Answer | None:
    """What a visitor was told last, after one more decision: hints do not break into an answer, nor begin anew."""
    outcome, reason = decision.outcome, decision.reason
    if decision.cue is not None:
        return _asked(before, decision.cue, now)
    if outcome is Outcome.GRANTED:
        return Answer(outcome, reason, now)
    if reason not in HINTS and (outcome is Outcome.NOTHING or reason not in REFUSALS):
        return before
    if outcome is Outcome.NOTHING and before is not None and _answer(before, now) is not None:
        return before
    return Answer(outcome, reason, now)


def _asked(before: Answer | None, cue: Cue, now: Seconds) -> Answer:
    """What is asked must be seen at once, as there is not much time to do it; it is shown again until it is done."""
    is_shown = before is not None and before.reason is Reason.CHALLENGE_NEEDED and before.cue is cue
    if before is not None and is_shown and _answer(before, now) is not None:
        return before
    return Answer(Outcome.NOTHING, Reason.CHALLENGE_NEEDED, now, cue)


def cued(before: Answer | None, cue: Cue, now: Seconds) -> Answer | None:
    """What was told last, after somebody who is being enrolled was told something: no answer is broken into."""
    if before is not None and before.cue is None and _answer(before, now) is not None:
        return before
    return Answer(Outcome.NOTHING, Reason.LOOKING, now, cue)


def pattern_of(status: DoorStatus, answer: Answer | None, now: Seconds) -> Pattern:
    """What the door shows at the time `now`."""
    return _alarm(status) or _answer(answer, now) or _state(status)


def lights(pattern: Pattern, elapsed: Seconds) -> Lights:
    """What is lit so long after the pattern began; nothing when it is over."""
    return _beat(pattern, elapsed)[0]


def showing(status: DoorStatus, answer: Answer | None, now: Seconds) -> tuple[Lights, Seconds | None]:
    """What is lit at the time `now`, and when that may change by itself; None: never."""
    pattern = pattern_of(status, answer, now)
    # What repeats keeps time with the clock, so that it goes on unbroken whatever else is decided.
    began = Seconds(0.0) if pattern.repeats or answer is None else answer.since
    lit, left = _beat(pattern, Seconds(now - began))
    return lit, None if left is None else Seconds(now + left)


def _beat(pattern: Pattern, elapsed: Seconds) -> tuple[Lights, Seconds | None]:
    """What is lit, and how long still; None: for good."""
    if pattern.repeats and len(pattern.beats) == 1:
        return pattern.beats[0].lights, None
    into = elapsed % pattern.length if pattern.repeats else elapsed
    for beat in pattern.beats:
        if into < beat.lasting - _INSTANT:
            return beat.lights, Seconds(beat.lasting - into)
        into -= beat.lasting
    return _DARK, None


def _alarm(status: DoorStatus) -> Pattern | None:
    return ALARMS[status.sounding[0]] if status.sounding else None


def _answer(answer: Answer | None, now: Seconds) -> Pattern | None:
    if answer is None:
        return None
    if answer.cue is not None and answer.reason is Reason.CHALLENGE_NEEDED:
        pattern = asked_for(answer.cue)
    elif answer.cue is not None:
        pattern = ENROLMENT.get(answer.cue, ADVICE)
    else:
        pattern = GRANTED if answer.outcome is Outcome.GRANTED else answer_to(answer.reason)
    return pattern if now - answer.since < pattern.length - _INSTANT else None


def _state(status: DoorStatus) -> Pattern:
    if status.lock_commanded_open:
        return OPEN
    if status.mode in {DoorMode.BLOCKED, DoorMode.LOCKED_DOWN}:
        return BARRED
    return FAULTY if status.faults or status.silenced else IDLE


def table() -> str:
    """All of it, as the documentation shows it (Markdown)."""
    states = {
        "forced open": FORCED_OPEN,
        "tampered with": TAMPERED,
        "open too long": OPEN_TOO_LONG,
        "jammed": JAMMED,
        "soon open too long": WARNING,
        "granted": GRANTED,
    }
    enrolment = {"enrolment: taken": TAKEN, "enrolment: done": DONE, "enrolment: refused": NOT_ENROLLED}
    enrolment |= {"enrolment: something to do": ADVICE}
    rests = {
        "unlocked": OPEN,
        "blocked, locked down": BARRED,
        "something does not work, an alarm is silenced": FAULTY,
        "locked": IDLE,
    }
    answers = ((f"`{reason}`", answer_to(reason)) for reason in (*REFUSALS, *HINTS))
    challenge = ((f"challenge: {cue.replace('_', ' ')}", asked_for(cue)) for cue in (Cue.LOOK_STRAIGHT, *STEPS))
    rows = [*states.items(), *answers, *challenge, *enrolment.items(), *rests.items()]
    return "\n".join(["| what | shown |", "|---|---|", *(f"| {what} | {pattern.words} |" for what, pattern in rows)])
