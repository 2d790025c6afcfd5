"""The door obeys: decisions in, lock moves and door events out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from faceplate.config import DoorConfig
from faceplate.door.lock import LockDriver
from faceplate.door.machine import Cause, Grant, Input, Output, Shut, State, Step, TimePasses, start, step
from faceplate.errors import DoorError, FaceplateError
from faceplate.events import DoorEvent
from faceplate.types import Clock, Decision, Outcome, Seconds

_log = logging.getLogger(__name__)

_JOIN_TIMEOUT: Final = Seconds(2.0)
"""The door's thread only moves a pin and writes a row; longer than this, and it hangs"""


class Door:
    """Owns one lock, from `start` to `close`.

    An unlock is written before the lock moves, a relock after it: whenever a write hangs or fails, the lock is shut.
    `write` is called from whoever calls `obey` and from the door's own thread, never from two at once.
    """

    def __init__(  # noqa: PLR0913 - what it is given, and the time it lives in
        self,
        config: DoorConfig,
        driver: LockDriver,
        write: Callable[[DoorEvent], None],
        clock: Clock,
        max_frame_age: Seconds,
        *,
        wait: Callable[[threading.Condition, Seconds | None], object] = threading.Condition.wait,
    ) -> None:
        """Build a door that is not yet started.

        Args:
            config: gives the release time.
            driver: the lock; the door closes it.
            write: writes an event down for good, before it returns.
            clock: the clock that frames are stamped with.
            max_frame_age: an older frame opens nothing.
            wait: how the door's thread waits to be notified, at most so many seconds of `clock`.
        """
        self._release_time = config.release_time
        self._driver = driver
        self._write = write
        self._clock = clock
        self._max_frame_age = max_frame_age
        self._wait = wait
        self._changed = threading.Condition()
        self._state = State(clock())
        self._running = False
        self._closed = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._relock_on_time, name="door", daemon=True)

    def start(self, *, thread: bool = True) -> None:
        """Lock, write that down, and from now on relock on time.

        Args:
            thread: relock from a thread of the door's own, even if the caller hangs. Without it, time passes only
                when the caller says so by `tick` or `obey`, as in a replay.

        Raises:
            DoorError: the lock does not answer.
            StoreError: the event cannot be written; the lock is shut.
        """
        with self._changed:
            self._take(start(self._clock()))
            self._running = True
        if thread:
            self._thread.start()

    def obey(self, decision: Decision) -> None:
        """Unlock if the decision grants access; called with the decision on every frame.

        Raises:
            DoorError: the lock does not answer, or the door is not running.
            StoreError: the event cannot be written; the lock is shut.
        """
        with self._changed:
            self._check_running()
            self.tick()
            if decision.outcome is Outcome.GRANTED:
                self._let_in(decision)

    def tick(self) -> None:
        """Let time pass: relock if the release time is over.

        Raises:
            DoorError: the lock does not answer.
            StoreError: the event cannot be written; the lock is shut.
        """
        with self._changed:
            self._give(TimePasses())

    def close(self) -> None:
        """Lock, write that down if the door was unlocked, and let go of the lock. A second call does nothing.

        Raises:
            DoorError: the lock does not answer.
            StoreError: the event cannot be written; the lock is shut.
        """
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._running = False
            self._changed.notify_all()
            try:
                self._give(Shut(Cause.STOP))
            finally:
                self._driver.close()
        self._join()

    def _check_running(self) -> None:
        if self._failure is not None:
            raise self._failure
        if not self._running:
            raise DoorError("the door is not running: it obeys between start() and close() only")

    def _let_in(self, decision: Decision) -> None:
        age = self._clock() - decision.time
        # A frame from the future was stamped by another clock: nobody knows how old it is.
        if decision.person is None or not 0 <= age <= self._max_frame_age:
            _log.error(
                "frame %d would let %s in and is %.3f s old; expected a person, and 0 to %g s: the door does not move",
                decision.frame,
                decision.person or "nobody",
                age,
                self._max_frame_age,
            )
            return
        self._give(Grant(decision.person))
        self._changed.notify_all()

    def _give(self, given: Input) -> None:
        now = self._clock()
        if now < self._state.time:
            _log.error("the clock went back from %.3f to %.3f s: the door is locked", self._state.time, now)
        self._take(step(self._state, given, now, self._release_time))

    def _take(self, taken: Step) -> None:
        match taken.output:
            case Output.LOCK:
                self._lock(taken)
            case Output.UNLOCK:
                self._unlock(taken)
            case None:
                self._state = taken.state

    def _lock(self, taken: Step) -> None:
        try:
            self._driver.lock()
        except DoorError:
            # The state stays as it was, so that the next tick tries again.
            _log.critical("THE LOCK DOES NOT ANSWER AND THE DOOR MAY BE OPEN")
            raise
        self._state = taken.state
        self._write_all(taken)

    def _unlock(self, taken: Step) -> None:
        self._write_all(taken)
        self._state = taken.state
        try:
            self._driver.unlock()
        except DoorError:
            # It may have moved all the same: shut it, and write down that it is shut.
            self._give(Shut(Cause.FAULT))
            raise

    def _write_all(self, taken: Step) -> None:
        for event in taken.events:
            _log.info("%s (%s)", event.type, event.cause)
            self._write(event)

    def _relock_on_time(self) -> None:
        with self._changed:
            try:
                while self._running:
                    self.tick()
                    self._wait(self._changed, self._until_relock())
            except Exception as error:  # noqa: BLE001 - whatever broke, the door must end shut and the loop must hear of it
                self._fail(error)

    def _until_relock(self) -> Seconds | None:
        relock_at = self._state.relock_at
        return None if relock_at is None else Seconds(max(0.0, relock_at - self._clock()))

    def _fail(self, error: Exception) -> None:
        self._failure = error
        _log.error("the door's thread failed; the door locks and obeys no longer", exc_info=error)
        try:
            self._give(Shut(Cause.FAULT))
        except FaceplateError as again:
            _log.critical("the door's thread could not lock the door", exc_info=again)

    def _join(self) -> None:
        if self._thread.ident is None:
            return
        self._thread.join(_JOIN_TIMEOUT)
        if self._thread.is_alive():
            _log.error("the door's thread did not end within %g s; the lock is shut", _JOIN_TIMEOUT)
