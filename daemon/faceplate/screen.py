"""What a screen beside the door shows: in the words the door says aloud, and never more than it would say there.

What is shown is no older than the last picture: a welcome that stays on a screen after the daemon has died is a lie.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from faceplate.config import SpeechConfig
from faceplate.events import DoorEventType, DoorStatus
from faceplate.types import Clock, Cue, Decision, Frame, Match, Outcome, Reason, Seconds
from faceplate.voice import OF_CUE, OF_REASON, WELCOME, greeting_for, hint_for

STALE_AFTER: Final = Seconds(3.0)
"""The last picture is older than this: the door does not see who stands there"""


class Kind(StrEnum):
    """What sort of thing is shown; the page draws each in its own way."""

    IDLE = "idle"
    """Nobody is there"""
    PROMPT = "prompt"
    """What the visitor should do"""
    TURN_LEFT = "turn_left"
    """The visitor's own left, which is that of the screen; as the next five, somebody is challenged to do it"""
    TURN_RIGHT = "turn_right"
    LOOK_UP = "look_up"
    SHUT_EYES = "shut_eyes"
    STEP_BACK = "step_back"
    COME_CLOSER = "come_closer"
    WELCOME = "welcome"
    REFUSED = "refused"
    LOCKED_OUT = "locked_out"
    DOOR_OPEN = "door_open"
    """The door has been open for too long, or soon will have been"""
    ALARM = "alarm"
    OUT_OF_SERVICE = "out_of_service"


ASKED: Final[Mapping[Cue, Kind]] = {
    Cue.TURN_LEFT: Kind.TURN_LEFT,
    Cue.TURN_RIGHT: Kind.TURN_RIGHT,
    Cue.LOOK_UP: Kind.LOOK_UP,
    Cue.SHUT_EYES: Kind.SHUT_EYES,
    Cue.STEP_BACK: Kind.STEP_BACK,
    Cue.COME_CLOSER: Kind.COME_CLOSER,
}
"""What somebody is challenged to do"""

SHOWN_FOR: Final[Mapping[Kind, Seconds]] = {
    Kind.PROMPT: Seconds(1.5),
    **dict.fromkeys(ASKED.values(), Seconds(1.5)),
    Kind.WELCOME: Seconds(4.0),
    Kind.REFUSED: Seconds(4.0),
    Kind.LOCKED_OUT: Seconds(4.0),
}
"""Long enough to be read, unless something of more weight is to be shown"""

OF_KIND: Final[Mapping[Kind, Mapping[str, str]]] = {
    Kind.IDLE: {"en": "", "de": "", "fr": "", "es": ""},
    Kind.WELCOME: {language: words.partition(",")[0] for language, words in WELCOME.items()},
    Kind.REFUSED: {"en": "Access denied", "de": "Kein Zutritt", "fr": "Accès refusé", "es": "Acceso denegado"},
    Kind.LOCKED_OUT: OF_REASON[Reason.LOCKED_OUT],
    Kind.DOOR_OPEN: {
        "en": "Please close the door",
        "de": "Bitte die Tür schließen",
        "fr": "Fermez la porte, s'il vous plaît",
        "es": "Cierre la puerta, por favor",
    },
    Kind.ALARM: {"en": "Alarm", "de": "Alarm", "fr": "Alarme", "es": "Alarma"},
    Kind.OUT_OF_SERVICE: {
        "en": "Out of service",
        "de": "Außer Betrieb",
        "fr": "Hors service",
        "es": "Fuera de servicio",
    },
}
"""What is said where there is nothing more to say; for a prompt, and for what is asked, there always is"""

_PROMPTS: Final = {Kind.PROMPT, *ASKED.values()}

_OF_ALARM: Final = {
    DoorEventType.OPEN_TOO_LONG: Kind.DOOR_OPEN,
    DoorEventType.OPEN_TOO_LONG_WARNING: Kind.DOOR_OPEN,
}


@dataclass(frozen=True, slots=True)
class Words:
    """What is shown, and nothing else that the daemon knows."""

    kind: Kind
    text: str

    @classmethod
    def of(cls, kind: Kind, language: str) -> Words:
        """What is shown of that kind to anybody."""
        return cls(kind, OF_KIND[kind][language])

    def facts(self) -> dict[str, Any]:
        """As the control socket tells it."""
        return {"kind": self.kind.value, "text": self.text}


@dataclass(frozen=True, slots=True)
class _Answer:
    words: Words
    since: Seconds

    def holds(self, now: Seconds) -> bool:
        return now - self.since < SHOWN_FOR[self.words.kind]


def words_for(decision: Decision, speech: SpeechConfig) -> Words | None:
    """What one decision tells the visitor; None: nothing new. A name only where `speech.greeting` lets it be said."""
    if decision.outcome is Outcome.GRANTED:
        return Words(Kind.WELCOME, greeting_for(decision, speech) or OF_KIND[Kind.WELCOME][speech.language])
    if decision.cue is not None:
        return Words(ASKED.get(decision.cue, Kind.PROMPT), OF_CUE[decision.cue][speech.language])
    return _hint_or_answer(decision, speech)


def _hint_or_answer(decision: Decision, speech: SpeechConfig) -> Words | None:
    if decision.reason is Reason.LOCKED_OUT:
        return Words.of(Kind.LOCKED_OUT, speech.language)
    if hint := hint_for(decision, speech.model_copy(update={"hints": True})):
        return Words(Kind.PROMPT, hint)
    if decision.outcome is Outcome.DENIED:
        return Words.of(Kind.REFUSED, speech.language)
    if decision.reason is Reason.LOOKING:
        return Words(Kind.PROMPT, OF_REASON[Reason.FACE_NEEDED][speech.language])
    return None


class Screen:
    """Watches the loop, and is asked from any thread."""

    def __init__(self, speech: SpeechConfig, door: Callable[[], DoorStatus], clock: Clock) -> None:
        """Name what it works with.

        Args:
            speech: language, and whether names are said.
            door: what the door is like, at once.
            clock: the one that frames are stamped with.
        """
        self._speech = speech
        self._door = door
        self._clock = clock
        self._seen: Seconds | None = None
        self._answer: _Answer | None = None
        self._one_at_a_time = threading.Lock()

    def show(self, frame: Frame, matches: Sequence[Match], decision: Decision) -> None:
        """A frame was answered."""
        del matches
        self._seen = frame.time
        self.tell(decision)

    def tell(self, decision: Decision) -> None:
        """Somebody at the door was answered, also without a frame: a PIN."""
        words = words_for(decision, self._speech)
        if words is None:
            return
        with self._one_at_a_time:
            now, last = self._clock(), self._answer
            # The prompts of the next visit do not wipe away what the last one was answered.
            is_prompt = words.kind is Kind.PROMPT and decision.cue is None
            if is_prompt and last and last.words.kind not in _PROMPTS and last.holds(now):
                return
            self._answer = _Answer(words, now)

    def words(self, *, locked_out: bool) -> Words:
        """What is to be shown now; `locked_out`: faces are not answered for a while."""
        now, last, language = self._clock(), self._answer, self._speech.language
        if alarms := self._door().alarms:
            return Words.of(_OF_ALARM.get(alarms[0], Kind.ALARM), language)
        if self._seen is None or now - self._seen > STALE_AFTER:
            return Words.of(Kind.OUT_OF_SERVICE, language)
        answer = last.words if last is not None and last.holds(now) else None
        if answer and (answer.kind is not Kind.PROMPT or not locked_out):
            return answer
        return Words.of(Kind.LOCKED_OUT if locked_out else Kind.IDLE, language)
