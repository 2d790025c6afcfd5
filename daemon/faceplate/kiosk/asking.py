"""What is to be shown now, as the daemon says; and that nothing can be said when it does not."""

from __future__ import annotations

import logging
import threading
from typing import Final, Protocol

from faceplate.control.protocol import Answer, Done
from faceplate.errors import ControlError
from faceplate.screen import Kind, Words
from faceplate.types import Clock, Seconds

_log = logging.getLogger(__name__)

ANSWERS_WITHIN: Final = Seconds(1.0)

ASKED_EVERY: Final = Seconds(0.2)
"""However many pages ask, the daemon is asked no more often"""


class Caller(Protocol):
    """The control socket's other end."""

    def ask(self, command: str, arguments: dict[str, object], patience: Seconds) -> Answer:
        """Ask one thing, and wait; raises ControlError."""


class Asked:
    """Asks for all pages, from several threads, one at a time."""

    def __init__(self, caller: Caller, language: str, clock: Clock) -> None:
        """Name what it works with; nobody is asked yet."""
        self._caller = caller
        self._clock = clock
        self._out_of_service = Words.of(Kind.OUT_OF_SERVICE, language)
        self._words = self._out_of_service
        self._asked: Seconds | None = None
        self._works = True
        self._one_at_a_time = threading.Lock()

    def words(self) -> Words:
        """What is to be shown now."""
        with self._one_at_a_time:
            if self._asked is None or self._clock() - self._asked >= ASKED_EVERY:
                self._words = self._ask()
                self._asked = self._clock()
            return self._words

    def _ask(self) -> Words:
        try:
            answer = self._caller.ask("screen", {}, ANSWERS_WITHIN)
            words = _read(answer)
        except ControlError as error:
            if self._works:
                _log.warning("the screen shows %r: %s", self._out_of_service.text, error)
            self._works = False
            return self._out_of_service
        if not self._works:
            _log.info("the daemon answers again")
        self._works = True
        return words


def _read(answer: Answer) -> Words:
    """The words in an answer.

    Raises:
        ControlError: it was refused, or holds none.
    """
    if not isinstance(answer, Done):
        raise ControlError(f"the daemon does not say what to show: {answer.message} ({answer.reason})")
    match answer.result:
        case {"kind": str(kind), "text": str(text)} if kind in {*Kind}:
            return Words(Kind(kind), text)
    raise ControlError("expected what to show from the daemon, got something else: are both of one version?")
