"""An enrolment at the door, as the daemon takes part in it: it shows what it sees, and passes on what to do.

It decides nothing and stores nothing; that is up to the command that began it, which must be an operator's. One goes on
at a time, and it ends by itself when the command has not been heard of for LEASE.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from faceplate.enrolling.view import tree_of, view_of
from faceplate.errors import OrderRefusedError
from faceplate.types import Clock, Cue, Decision, Frame, Match, Seconds, Show

_log = logging.getLogger(__name__)

LEASE: Final = Seconds(10.0)
"""Whoever enrols somebody asks several times a second, and at the end takes a few seconds to choose and store"""

LONGEST: Final = Seconds(900.0)
"""However often it is asked for: while it lasts, strangers are not locked out"""


@dataclass(slots=True)
class _Session:
    key: str
    began: Seconds
    heard: Seconds
    seen: tuple[int, Frame, Sequence[Match], int] | None = None
    """The newest frame: its number, it, what was made of it, and by which eyes"""
    cue: Cue | None = None
    """Still to be told"""


class EnrolmentSession:
    """Begun, asked and ended from any thread; the loop shows it frames."""

    def __init__(self, clock: Clock, tell: Callable[[Cue], None]) -> None:
        """Begin with none.

        Args:
            clock: ends it.
            tell: tells whoever stands there, in the loop's thread.
        """
        self._clock = clock
        self._tell = tell
        self._one_at_a_time = threading.Lock()
        self._session: _Session | None = None
        self._parting: Cue | None = None
        """The last word of a session that ended"""
        self._frames = 0
        self._eyes = 0

    def is_open(self) -> bool:
        """Whether somebody is being enrolled; asked at every frame, so the usual no costs nothing."""
        if self._session is None:
            return False
        with self._one_at_a_time:
            return self._present() is not None

    def begin(self) -> Mapping[str, Any]:
        """Begin one; gives the `session`, to be named from now on.

        Raises:
            OrderRefusedError: one goes on.
        """
        with self._one_at_a_time:
            if self._present() is not None:
                raise OrderRefusedError(
                    f"somebody is being enrolled at this door already; wait until that is over (it ends {LEASE:g} s "
                    "after its command did)"
                )
            now = self._clock()
            self._session = _Session(secrets.token_hex(16), now, now)
            return {"session": self._session.key}

    def look(self, key: str, after: int) -> Mapping[str, Any]:
        """The newest frame with a number above `after`, as `view.tree_of`; nothing if there is none yet.

        Raises:
            OrderRefusedError: that session is over.
        """
        with self._one_at_a_time:
            seen = self._named(key).seen
        # Outside of the lock: the loop must not wait for a JPEG.
        return tree_of(view_of(*seen)) if seen is not None and seen[0] > after else {}

    def hint(self, key: str, cue: Cue) -> None:
        """Tell whoever stands at the door something, at the next frame.

        Raises:
            OrderRefusedError: that session is over.
        """
        with self._one_at_a_time:
            self._named(key).cue = cue

    def end(self, key: str) -> None:
        """End it; nothing if it is over."""
        with self._one_at_a_time:
            if self._session is not None and hmac.compare_digest(self._session.key, key):
                self._parting, self._session = self._session.cue, None

    def watching(self) -> Show:
        """People are recognised anew; what is returned is to be shown every frame."""
        with self._one_at_a_time:
            self._eyes += 1
            eyes = self._eyes

        def show(frame: Frame, matches: Sequence[Match], decision: Decision) -> None:
            del decision
            if self._session is None and self._parting is None:
                return
            if (cue := self._take(frame, matches, eyes)) is not None:
                self._tell(cue)

        return show

    def _take(self, frame: Frame, matches: Sequence[Match], eyes: int) -> Cue | None:
        """Hold the frame; what is to be told."""
        with self._one_at_a_time:
            parting, self._parting = self._parting, None
            session = self._present()
            if session is None:
                return parting
            self._frames += 1
            session.seen = (self._frames, frame, matches, eyes)
            cue, session.cue = session.cue, None
            return cue

    def _named(self, key: str) -> _Session:
        session = self._present()
        if session is None or not hmac.compare_digest(session.key, key):
            raise OrderRefusedError("this enrolment is over: it was not heard of for too long, or took too long")
        session.heard = self._clock()
        return session

    def _present(self) -> _Session | None:
        """The one that goes on, if it still may."""
        session, now = self._session, self._clock()
        if session is not None and (now - session.heard > LEASE or now - session.began > LONGEST):
            _log.warning("the enrolment at the door ended by itself: its command was not heard of, or took too long")
            self._session = session = None
        return session
