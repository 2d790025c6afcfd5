"""What the door's lights and buzzer show: for each state of the door, and for each answer to a visitor.

Alarms go before all else; then comes what was just answered, then what the door is doing. A visitor who was forced to
open sees what every visitor sees who is let in.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from faceplate.door.hardware import Lights
from faceplate.events import DoorMode, DoorStatus
from faceplate.types import Decision, Outcome, Reason, Seconds


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


_DARK = Lights()
_GREEN = Lights(green=True)
_RED = Lights(red=True)
_AMBER = Lights(green=True, red=True)
_INSTANT = Seconds(1e-6)
"""Less is none: sums of times are not exact, and nobody shall wake up for the rest of a beat again and again"""
_LONG, _SHORT, _GAP, _REST = Seconds(0.6), Seconds(0.15), Seconds(0.2), Seconds(0.6)


def _steady(words: str, lights: Lights) -> Pattern:
    return Pattern(words, (Beat(Seconds(1.0), lights),), repeats=True)


def _blinking(words: str, lights: Lights, lit: float, dark: float) -> Pattern:
    return Pattern(words, (Beat(Seconds(lit), lights), Beat(Seconds(dark), _DARK)), repeats=True)


def _refusal(long: int, short: int) -> Pattern:
    """So many long, then so many short red flashes, each with a tone."""
    parts = [f"{count} {word}" for count, word in ((long, "long"), (short, "short")) if count]
    return _flashes(f"red and tone: {', '.join(parts)}", Lights(red=True, buzzer=True), long, short)


def _hint(short: int) -> Pattern:
    """So many short amber flashes (green and red at once), without a tone."""
    return _flashes(f"amber: {short} short", _AMBER, 0, short)


def _flashes(words: str, lights: Lights, long: int, short: int) -> Pattern:
    flashes = [_LONG] * long + [_SHORT] * short
    beats = itertools.chain.from_iterable((Beat(lit, lights), Beat(_GAP, _DARK)) for lit in flashes)
    return Pattern(words, (*beats, Beat(_REST, _DARK)))


GRANTED: Final = Pattern(
    "green, and a short tone",
    (Beat(_SHORT, Lights(green=True, buzzer=True)), Beat(Seconds(0.85), _GREEN)),
)

ANSWERS: Final[Mapping[Reason, Pattern]] = {
    # Who it is.
    Reason.CREDENTIAL_NOT_FOUND: _refusal(0, 2),
    Reason.AMBIGUOUS: _refusal(0, 3),
    Reason.SEVERAL_PEOPLE: _refusal(0, 4),
    Reason.LOW_QUALITY: _refusal(0, 5),
    Reason.INVALID_PIN: _refusal(0, 6),
    # What this person may.
    Reason.CREDENTIAL_NOT_ENABLED: _refusal(1, 1),
    Reason.CREDENTIAL_NOT_ACTIVE: _refusal(1, 2),
    Reason.CREDENTIAL_EXPIRED: _refusal(1, 3),
    Reason.NOT_PERMITTED_AT_THIS_TIME: _refusal(1, 4),
    Reason.CLOCK_UNTRUSTED: _refusal(1, 5),
    # What the door allows now.
    Reason.LOCKED_OUT: _refusal(2, 1),
    Reason.DOOR_BLOCKED: _refusal(2, 2),
    Reason.FACE_UNLOCK_OFF: _refusal(2, 3),
    Reason.DOOR_OPEN: _refusal(2, 4),
    Reason.TOO_SOON: _refusal(2, 5),
    # What to do otherwise.
    Reason.SEVERAL_IN_VIEW: _refusal(3, 1),
    Reason.STALE_FRAME: _refusal(3, 2),
    Reason.REQUEST_TIMEOUT: _refusal(3, 3),
    Reason.TAILGATING: _refusal(3, 4),
    # What is still missing.
    Reason.INTENT_NEEDED: _hint(1),
    Reason.PIN_NEEDED: _hint(2),
    Reason.FACE_NEEDED: _hint(3),
}
"""What is shown for a reason; nothing for the others, which are no answer to anybody"""

_HINTS: Final = frozenset({Reason.INTENT_NEEDED, Reason.PIN_NEEDED, Reason.FACE_NEEDED})
"""Shown although nothing was decided"""

FORCED_OPEN: Final = Pattern(
    "red, fast, and the buzzer without a pause",
    (Beat(Seconds(0.1), Lights(red=True, buzzer=True)), Beat(Seconds(0.1), Lights(buzzer=True))),
    repeats=True,
)
TAMPERED: Final = _blinking("red and tone, ten times in two seconds", Lights(red=True, buzzer=True), 0.1, 0.1)
OPEN_TOO_LONG: Final = _blinking("red and tone, once a second", Lights(red=True, buzzer=True), 0.5, 0.5)
JAMMED: Final = _blinking("red and tone, a long one every two seconds", Lights(red=True, buzzer=True), 1.5, 0.5)
WARNING: Final = _blinking("amber and a short tone, once a second", Lights(green=True, red=True, buzzer=True), 0.1, 0.9)
OPEN: Final = _steady("green", _GREEN)
BARRED: Final = _steady("red", _RED)
FAULTY: Final = _blinking("red, a short flash every four seconds", _RED, 0.1, 3.9)
IDLE: Final = Pattern("dark")


def answered(before: Answer | None, decision: Decision, now: Seconds) -> Answer | None:
    """What a visitor was told last, after one more decision: hints do not break into an answer, nor begin anew."""
    outcome, reason = decision.outcome, decision.reason
    if outcome is Outcome.GRANTED:
        return Answer(outcome, reason, now)
    if reason not in ANSWERS or (outcome is Outcome.NOTHING and reason not in _HINTS):
        return before
    if outcome is Outcome.NOTHING and before is not None and _answer(before, now) is not None:
        return before
    return Answer(outcome, reason, now)


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
    for active, pattern in (
        (status.forced_open, FORCED_OPEN),
        (status.tampered, TAMPERED),
        (status.open_too_long, OPEN_TOO_LONG),
        (status.jammed, JAMMED),
        (status.open_too_long_warning, WARNING),
    ):
        if active:
            return pattern
    return None


def _answer(answer: Answer | None, now: Seconds) -> Pattern | None:
    if answer is None:
        return None
    pattern = GRANTED if answer.outcome is Outcome.GRANTED else ANSWERS[answer.reason]
    return pattern if now - answer.since < pattern.length - _INSTANT else None


def _state(status: DoorStatus) -> Pattern:
    if status.lock_commanded_open:
        return OPEN
    if status.mode in {DoorMode.BLOCKED, DoorMode.LOCKED_DOWN}:
        return BARRED
    return FAULTY if status.faults else IDLE


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
    rests = {"unlocked": OPEN, "blocked, locked down": BARRED, "something does not work": FAULTY, "locked": IDLE}
    rows = [*states.items(), *((f"`{reason}`", pattern) for reason, pattern in ANSWERS.items()), *rests.items()]
    return "\n".join(["| what | shown |", "|---|---|", *(f"| {what} | {pattern.words} |" for what, pattern in rows)])
