"""Between the door and a broker: the journal and the states go out, a few orders come in."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import Event
from typing import Final

from faceplate.bridge.broker.link import Link, LinkDownError, Received
from faceplate.bridge.broker.outage import Outage
from faceplate.bridge.intake.clerk import Clerk
from faceplate.bridge.messages import ONLINE, STOPPED, Topics
from faceplate.bridge.outbox import Outbox
from faceplate.bridge.reporter import Reporter
from faceplate.errors import StoreError
from faceplate.events import JournalRow
from faceplate.types import Clock, Seconds

_log = logging.getLogger(__name__)

POLL: Final = Seconds(0.2)
"""How often the journal is looked at"""

_LEAST_WAIT: Final = 0.001
"""However long a delivery took: what came meanwhile is heard"""

CONNECTED: Final = "connected to the broker"
WAITING: Final = "the broker cannot be reached; the log says why"
"""What it does, in the words of the service manager"""

BATCH: Final = 100
"""Rows read at once, and as many come again after a kill; an order or a new state waits no longer than these take"""

BACKLOG_POLL: Final = Seconds(0.06)
"""How often the journal is looked at while more rows wait: the daemon answers one user twenty times a second"""

_HERE: Final = b"online"
"""What Home Assistant says of itself when it has started"""


class Bridge:
    """Publishes what the journal says, one acknowledged row after the other, and what the door is like."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts it puts together
        self,
        link: Link,
        topics: Topics,
        outbox: Outbox,
        reporter: Reporter,
        clerk: Clerk,
        outage: Outage,
        clock: Clock,
        stop: Event,
        home: str | None = None,
        moved: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Nothing happens before `run()`, and nothing after `stop` is set.

        Args:
            link: to the broker.
            topics: of this door.
            outbox: what of the journal is still to be delivered.
            reporter: tells what the door is like.
            clerk: takes orders.
            outage: how soon to try again, and how loudly.
            clock: tells when to look again.
            stop: ends it.
            home: topic on which Home Assistant says that it has started, and is to be told all again; None: never mind.
            moved: told what it does, whenever it has done a piece of that.
        """
        self._link = link
        self._topics = topics
        self._outbox = outbox
        self._reporter = reporter
        self._clerk = clerk
        self._outage = outage
        self._clock = clock
        self._stop = stop
        self._home = home
        self._moved = moved
        self._store_fault = ""

    def run(self) -> None:
        """Serve until told to stop, through every outage."""
        while not self._stop.is_set():
            try:
                self._serve()
            except LinkDownError as error:
                self._moved(WAITING)
                self._stop.wait(self._outage.failed(error))

    def _serve(self) -> None:
        """Live through one connection."""
        self._link.open()
        self._link.subscribe(self._topics.command)
        if self._home is not None:
            self._link.subscribe(self._home)
        self._reporter.renew()
        self._link.publish(self._topics.availability(ONLINE))
        _log.info("connected: delivering the journal to %s", self._topics.base)
        while not self._stop.is_set():
            begun = self._clock()
            poll = BACKLOG_POLL if self._look() else POLL
            self._outage.over()
            self._moved(CONNECTED)
            self._listen(Seconds(begun + poll))
        self._link.publish(self._topics.availability(STOPPED))
        self._link.close()

    def _look(self) -> bool:
        """Tell what is new, and whether more rows wait.

        A journal that cannot be read is waited for: the daemon may start later.
        """
        fault = ""
        rows: Sequence[JournalRow] = ()
        try:
            rows = self._outbox.pending(BATCH)
        except StoreError as error:
            fault = str(error)
        more = len(rows) == BATCH
        self._reporter.report(rows, more=more)  # states go before events: these may be history
        try:
            self._deliver(rows)
        except StoreError as error:
            fault = str(error)
        if fault and fault != self._store_fault:
            _log.warning("%s; waiting", fault)
        self._store_fault = fault
        return more and not fault

    def _deliver(self, rows: Sequence[JournalRow]) -> None:
        try:
            for row in rows:
                if self._stop.is_set():
                    return
                self._link.publish(self._topics.event(row))
                self._moved(CONNECTED)
                self._outbox.delivered(row)
        finally:
            self._outbox.keep()

    def _listen(self, until: Seconds) -> None:
        """Take what comes, up to then: whoever sends much does not make the daemon be asked more often."""
        left = Seconds(max(_LEAST_WAIT, until - self._clock()))
        while left > 0 and not self._stop.is_set():
            self._link.wait(left)
            self._hear()
            left = Seconds(until - self._clock())

    def _hear(self) -> None:
        for message in self._link.received():
            if self._stop.is_set():
                return
            self._take(message)
        self._clerk.report(self._link.missed())

    def _take(self, message: Received) -> None:
        if message.topic == self._topics.command:
            answer = self._clerk.answer(message)
            if answer is not None:
                self._link.offer(answer)
        elif message.topic == self._home and message.payload == _HERE:
            self._reporter.renew()
