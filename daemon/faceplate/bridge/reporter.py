"""What the door is like now, asked of the daemon and shown on the board."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from faceplate.bridge.board import Board
from faceplate.bridge.daemon import Daemon, DaemonAwayError, DaemonRefusedError
from faceplate.bridge.messages import Message, Topics
from faceplate.bridge.payloads.events import AccessEventType
from faceplate.bridge.payloads.words import OnOffLine
from faceplate.bridge.rows import LOCK_STATES, OUTCOMES
from faceplate.bridge.states import diagnostics, states
from faceplate.config.bridge import Setting
from faceplate.errors import StoreError
from faceplate.events import JournalRow
from faceplate.types import Clock, Seconds

_log = logging.getLogger(__name__)

EVERY: Final = Seconds(1.0)
"""How often the daemon is asked while nothing happens"""

DIAGNOSTICS_EVERY: Final = Seconds(60.0)

LOADS_WITHIN: Final = Seconds(30.0)
"""By then a daemon has loaded its models, and knows how far each setting may be set; or it cannot"""

Status: TypeAlias = Mapping[str, Any]
"""What the daemon answers"""


@dataclass(frozen=True, slots=True)
class Kind:
    """What the configuration makes of this door's states."""

    has_contact: bool = False

    snapshots: bool = False
    """Whether pictures are let out"""

    discovery: Callable[[Status], Message] | None = None
    """What makes the door appear by itself; None: it does not"""


class Reporter:
    """Keeps the board true."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts it puts together
        self, daemon: Daemon, topics: Topics, board: Board, kind: Kind, clock: Clock, wall_clock: Callable[[], datetime]
    ) -> None:
        """Nothing is shown before `report`."""
        self._daemon = daemon
        self._topics = topics
        self._board = board
        self._kind = kind
        self._clock = clock
        self._wall_clock = wall_clock
        self._due = Seconds(0.0)
        self._diagnostics_due = Seconds(0.0)
        self._whole_by: Seconds | None = None
        """When the door appears although the models are not loaded"""
        self._decisions_due = True
        """Whether the last decision and the last person are to be looked up"""

    def renew(self) -> None:
        """Show all again."""
        self._board.renew()
        self._due = self._diagnostics_due = Seconds(0.0)
        self._decisions_due = True

    def report(self, news: Sequence[JournalRow], *, more: bool = False) -> None:
        """Show what is other than before.

        Args:
            news: what happened; where nothing did, the daemon is asked now and then.
            more: that is history, and more of it waits: no reason to ask the daemon sooner, either.
        """
        now = self._clock()
        self._decisions_due |= any(row.event_type in OUTCOMES for row in news)
        if now < self._due and (more or not news):
            return
        self._due = Seconds(now + EVERY)
        if now >= self._diagnostics_due:
            self._board.retry()
        self._board.show(self._messages(self._status(), now))

    def _status(self) -> Status | None:
        try:
            return self._daemon.status()
        except (DaemonAwayError, DaemonRefusedError) as error:
            _log.debug("%s", error)
            return None

    def _messages(self, status: Status | None, now: Seconds) -> Iterator[Message]:
        yield self._topics.daemon(OnOffLine.OFFLINE if status is None else OnOffLine.ONLINE)
        if status is None:
            if row := self._last_row(*LOCK_STATES):
                yield self._topics.lock_state(row)
            self._diagnostics_due = now  # they are news when it is back
        else:
            yield from self._told_by(status, now)
        if self._decisions_due:
            yield from self._decisions()
            self._decisions_due = False

    def _told_by(self, status: Status, now: Seconds) -> Iterator[Message]:
        if self._kind.discovery is not None and self._is_whole(status, now):
            yield self._kind.discovery(status)
        yield from states(
            status, self._topics, self._wall_clock(), self._board.told, has_contact=self._kind.has_contact
        )
        if now >= self._diagnostics_due and (told := diagnostics(status, self._topics)):
            self._diagnostics_due = Seconds(now + DIAGNOSTICS_EVERY)
            yield told
        if self._kind.snapshots and self._decisions_due:
            yield from self._snapshot()

    def _is_whole(self, status: Status, now: Seconds) -> bool:
        """Whether all is known that makes the door appear: what is missing for a moment must not be taken away."""
        if Setting.DETECTION_THRESHOLD in status.get("bounds", {}):
            self._whole_by = None
            return True
        if self._whole_by is None:
            self._whole_by = Seconds(now + LOADS_WITHIN)
        return now >= self._whole_by

    def _decisions(self) -> Iterator[Message]:
        """The last decision, and the last person let in: an outage's rows are history, and never become the state."""
        granted, last = self._last_row(AccessEventType.GRANTED), self._last_row(*OUTCOMES)
        told = {message.topic: message for row in (granted, last) if row for message in self._topics.access_states(row)}
        yield from told.values()

    def _last_row(self, *event_types: str) -> JournalRow | None:
        try:
            return self._daemon.last_row(*event_types)
        except StoreError:  # said by whoever delivers its rows
            return None

    def _snapshot(self) -> Iterator[Message]:
        try:
            picture = self._daemon.order("snapshot", {})
        except (DaemonAwayError, DaemonRefusedError) as error:
            _log.debug("%s", error)
            return
        if picture:
            yield self._topics.snapshot(base64.b64decode(picture["jpeg"]))
