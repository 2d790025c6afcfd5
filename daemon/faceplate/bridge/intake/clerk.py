"""Takes what was ordered: has it judged, has the daemon do it, and answers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from faceplate.bridge.broker.link import Received
from faceplate.bridge.daemon import Daemon, DaemonAwayError, DaemonRefusedError
from faceplate.bridge.intake.gate import Gate
from faceplate.bridge.intake.refusals import Note, Refusals
from faceplate.bridge.intake.requests import Refusal, Request
from faceplate.bridge.messages import Message, Topics
from faceplate.bridge.payloads.answers import Answer, Done, RefusalReason, Refused
from faceplate.bridge.payloads.commands import CommandName
from faceplate.types import Clock

_log = logging.getLogger(__name__)

_NOTE: Final = "remote.note_refused"


class Clerk:
    """Serves one topic."""

    def __init__(
        self, gate: Gate, daemon: Daemon, topics: Topics, clock: Clock, wall_clock: Callable[[], datetime]
    ) -> None:
        """Nothing has come yet."""
        self._gate = gate
        self._daemon = daemon
        self._topics = topics
        self._clock = clock
        self._wall_clock = wall_clock
        self._refusals = Refusals()

    def answer(self, message: Received) -> Message | None:
        """Have it done, if that may be, and give the answer; None: there is none, for there were too many."""
        judged = self._gate.judge(message, self._wall_clock(), self._clock())
        # Of the daemon's orders the bridge may give others, too; these are not for anybody's asking.
        if isinstance(judged, Request) and judged.command not in set(CommandName):
            judged = Refusal(
                RefusalReason.UNKNOWN_COMMAND,
                f"there is no such command; there are: {', '.join(CommandName)}",
                judged.id,
            )
        if isinstance(judged, Request):
            return self._topics.response(self._done(judged), message.correlation)
        if not self._refusals.refused(judged, self._clock()):
            return None
        answer = Refused(id=judged.id, command=judged.command, ok=False, reason=judged.reason, message=judged.message)
        return self._topics.response(answer, message.correlation)

    def report(self, missed: int) -> None:
        """Have the daemon write down what was refused.

        Args:
            missed: messages that came faster than they were taken.
        """
        self._refusals.missed(missed)
        for note in self._refusals.due(self._clock()):
            self._write_down(note)

    def _write_down(self, note: Note) -> None:
        facts = {"reason": note.reason.value, "command": note.command, "count": note.count}
        try:
            self._daemon.order(_NOTE, facts)
        except (DaemonAwayError, DaemonRefusedError) as error:
            _log.debug("what was refused is not written down yet: %s", error)
            self._refusals.give_back(note, self._clock())

    def _done(self, request: Request) -> Answer:
        command = CommandName(request.command)

        def refused(reason: RefusalReason, error: Exception) -> Refused:
            return Refused(id=request.id, command=command, ok=False, reason=reason, message=str(error))

        try:
            result = self._daemon.order(f"remote.{command}", request.arguments)
        except DaemonAwayError as error:
            return refused(RefusalReason.NO_DAEMON, error)
        except DaemonRefusedError as error:
            return refused(RefusalReason.of(error.reason), error)
        return Done(id=request.id, command=command, ok=True, result=dict(result))
