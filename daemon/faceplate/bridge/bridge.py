"""Delivering the journal to a broker."""

from __future__ import annotations

import logging
from threading import Event

from faceplate.bridge.link import Link, LinkDownError
from faceplate.bridge.messages import ONLINE, STOPPED, Topics
from faceplate.bridge.outage import Outage
from faceplate.bridge.outbox import Outbox
from faceplate.errors import StoreError
from faceplate.types import Seconds

_log = logging.getLogger(__name__)

POLL = Seconds(0.2)
"""How often the journal is looked at"""

_BATCH = 50
"""Rows read at once; a stop or a new state of the lock waits no longer than these take"""


class Bridge:
    """Publishes what the journal says, one acknowledged row after the other. It takes no commands."""

    def __init__(self, link: Link, topics: Topics, outbox: Outbox, outage: Outage, stop: Event) -> None:
        """Nothing happens before `run()`, and nothing after `stop` is set."""
        self._link = link
        self._topics = topics
        self._outbox = outbox
        self._outage = outage
        self._stop = stop
        self._stated: str | None = None
        """Id of the row whose state this connection has published; empty: there was none to publish"""
        self._store_fault = ""

    def run(self) -> None:
        """Deliver until told to stop, through every outage."""
        while not self._stop.is_set():
            try:
                self._serve()
            except LinkDownError as error:
                self._stop.wait(self._outage.failed(error))

    def _serve(self) -> None:
        """Live through one connection."""
        self._link.open()
        self._stated = None
        self._link.publish(self._topics.availability(ONLINE))
        _log.info("connected: delivering the journal to %s", self._topics.base)
        while not self._stop.is_set():
            self._look()
            self._outage.over()
            self._link.wait(POLL)
        self._link.publish(self._topics.availability(STOPPED))
        self._link.close()

    def _look(self) -> None:
        """Deliver what is new. A journal that cannot be read is waited for: the daemon may start later."""
        try:
            self._deliver()
        except StoreError as error:
            if str(error) != self._store_fault:
                _log.warning("%s; waiting", error)
            self._store_fault = str(error)
        else:
            self._store_fault = ""

    def _deliver(self) -> None:
        rows = self._outbox.pending(_BATCH)
        if rows or self._stated is None:
            self._state()
        for row in rows:
            if self._stop.is_set():
                return
            self._link.publish(self._topics.event(row))
            self._outbox.delivered(row)

    def _state(self) -> None:
        """Publish what the lock was commanded to last: rows of an outage are history, and never become the state."""
        row = self._outbox.last_door_row()
        if row and row.id != self._stated:
            self._link.publish(self._topics.lock_state(row))
        self._stated = row.id if row else ""
