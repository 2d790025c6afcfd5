"""The gate for commands: which of the messages that come are obeyed. Pure but for the record of what has come."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

from faceplate.bridge.broker.link import Received
from faceplate.bridge.intake.bucket import Bucket
from faceplate.bridge.intake.requests import LONGEST, Refusal, Request, request_from
from faceplate.bridge.payloads.answers import RefusalReason
from faceplate.errors import StoreError
from faceplate.types import Seconds

FRESH: Final = Seconds(5.0)
"""So old, or so far ahead of our clock, may a command be"""

BURST: Final = 10
RATE: Final = 2.0
"""Commands at once, and a second in the long run"""


class Record(Protocol):
    """What has come already, in this process and the ones before."""

    def doubt(self, request: Request) -> str:
        """Why the request may have come before; empty if it is new."""

    def add(self, request: Request) -> None:
        """Keep for good, before returning, that it came.

        Raises:
            StoreError: that could not be kept.
        """


class Gate:
    """Lets through what was sent just now, once, by somebody who does not send too much."""

    def __init__(self, record: Record) -> None:
        """Nothing has come yet but what the record tells."""
        self._record = record
        self._bucket = Bucket(BURST, RATE)

    def judge(self, message: Received, now: datetime, at: Seconds) -> Request | Refusal:
        """What to do for a message: the request is to be passed on at once, and that it came is recorded already.

        Args:
            message: as it came.
            now: the wall clock as this is called, with a time zone: a message that waited has grown older.
            at: the monotonic clock.
        """
        read = _read(message)
        if message.retained:
            told = "a command must not be retained: it would be obeyed again after each reconnect"
            return Refusal(RefusalReason.RETAINED, told, read.id, read.command)
        if isinstance(read, Refusal):
            return read
        refusal = self._refusal_of(read, now, at)
        return replace(refusal, id=read.id, command=read.command) if refusal else read

    def _refusal_of(self, request: Request, now: datetime, at: Seconds) -> Refusal | None:
        age = (now - request.sent).total_seconds()
        if abs(age) > FRESH:
            return Refusal(RefusalReason.STALE, _told_of_age(age))
        if doubt := self._record.doubt(request):
            return Refusal(RefusalReason.REPEATED, doubt)
        if not self._bucket.take(at):
            return Refusal(
                RefusalReason.TOO_MANY,
                f"expected at most {BURST} commands at once and {RATE:g} a second; wait a moment",
            )
        try:
            self._record.add(request)
        except StoreError as error:
            return Refusal(RefusalReason.NOT_RECORDED, f"nothing was done: {error}")
        return None


def _read(message: Received) -> Request | Refusal:
    size = len(message.payload) + len(message.correlation or b"")
    if size > LONGEST:
        return Refusal(RefusalReason.TOO_LARGE, f"expected at most {LONGEST} bytes, got {size}")
    return request_from(message.payload)


def _told_of_age(age: float) -> str:
    how = f"{age:.1f} s ago" if age > 0 else f"{-age:.1f} s ahead of this device's clock"
    return (
        f"expected a command sent at most {FRESH:g} s before or after now, got one sent {how}; are both clocks right?"
    )
