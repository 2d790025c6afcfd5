"""The door obeys: decisions, orders and inputs in, lock moves and door events out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from faceplate.config import DoorConfig
from faceplate.door.controller import Controller
from faceplate.door.hardware import Hardware
from faceplate.door.state import Fault, Grant, Ordered, Silence
from faceplate.door.transitions import Trigger, follows, refusal
from faceplate.errors import DoorError, OrderRefusedError
from faceplate.events import Cause, DoorEvent, DoorMode, DoorStatus, Order
from faceplate.types import Clock, Cue, Decision, Outcome, Reason, Seconds

_log = logging.getLogger(__name__)

_JOIN_TIMEOUT: Final = Seconds(2.0)
"""The door's thread only moves and reads pins; longer than this, and it hangs"""


class Door:
    """Owns one door's hardware, from `start` to `close`. Every method may be called from any thread.

    The door's own thread relocks on time and answers the exit button. It touches no disk, camera or network, so that
    both work whatever becomes of the rest. Whatever breaks, the lock ends shut.
    """

    def __init__(  # noqa: PLR0913 - what it is given, and the time it lives in
        self,
        config: DoorConfig,
        hardware: Hardware,
        record: Callable[[DoorEvent], None],
        clock: Clock,
        max_frame_age: Seconds,
        *,
        mode: DoorMode = DoorMode.LOCKED,
        wait: Callable[[threading.Condition, Seconds | None], object] = threading.Condition.wait,
    ) -> None:
        """Build a door that is not yet started.

        Args:
            config: gives the times.
            hardware: the door closes it.
            record: takes what happens; it neither blocks nor raises.
            clock: the clock that frames are stamped with.
            max_frame_age: an older frame, or PIN, opens nothing.
            mode: to begin in; of the modes only BLOCKED and LOCKED_DOWN outlast a restart, all others begin LOCKED.
            wait: how the door's thread waits to be notified, at most so many seconds of `clock`.
        """
        self._clock = clock
        self._max_frame_age = max_frame_age
        self._mode = mode
        self._wait = wait
        self._controller = Controller(config, hardware, record, clock)
        self._changed = threading.Condition()
        self._running = False
        self._closed = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._live, name="door", daemon=True)

    def start(self, *, thread: bool = True) -> None:
        """Lock, tell of it, and from now on keep time and watch the inputs.

        Args:
            thread: do so from a thread of the door's own, even if the caller hangs. Without it, time passes only when
                the caller says so by `tick` or `obey`, as in a replay.

        Raises:
            DoorError: the lock does not answer.
        """
        with self._changed:
            self._controller.start(self._mode)
            self._running = True
        if thread:
            self._thread.start()

    def obey(self, decision: Decision) -> None:
        """Unlock if the decision grants access; called with every decision, once it is written down.

        Raises:
            DoorError: the lock does not answer, or the door is not running.
        """
        with self._changed:
            self._check_running()
            self._controller.tick()
            age = Seconds(self._clock() - decision.time)
            answer = _carried_out(decision, age, self._max_frame_age, self._controller.mode)
            if answer.outcome is Outcome.GRANTED and answer.person is not None:
                self._controller.give(Grant(answer.person, answer.extended))
            self._controller.answer(answer)
            self._changed.notify_all()

    def order(self, order: Order, *, person: str | None = None) -> None:
        """Do what the owner orders; called once that is written down.

        Args:
            order: what to do.
            person: who is let in by it, where that is known.

        Raises:
            OrderRefusedError: the door's mode does not allow it; nothing was done.
            DoorError: the lock does not answer, or the door is not running.
        """
        with self._changed:
            self._check_running()
            self._controller.tick()
            if reason := refusal(self._controller.mode, order):
                raise OrderRefusedError(reason)
            self._controller.give(Ordered(order, person))
            self._changed.notify_all()

    def silence(self) -> None:
        """Silence the alarms that sound; called once that is written down. They stay raised, and new ones sound.

        Raises:
            DoorError: the lock does not answer, or the door is not running.
        """
        with self._changed:
            self._check_running()
            self._controller.tick()
            self._controller.give(Silence())
            self._changed.notify_all()

    def release_for(self, lasting: Seconds) -> None:
        """Stay unlocked for so long from the next grant on; an access that is under way ends as it would have."""
        with self._changed:
            self._controller.release_for(lasting)

    def status(self) -> DoorStatus:
        """What the door is like now; at once, even while the lock's driver hangs."""
        return self._controller.status

    def report_fault(self, what: str, *, active: bool) -> None:
        """Tell and show that something does not work, or works again. Nothing while the door is not running.

        Raises:
            DoorError: the lock was to be locked, and does not answer.
        """
        with self._changed:
            if self._running:
                self._controller.give(Fault(what, active))
                self._changed.notify_all()

    def cue(self, cue: Cue) -> None:
        """Show somebody who is being enrolled what they are told. Nothing while the door is not running."""
        with self._changed:
            if self._running:
                self._controller.cue(cue)
                self._changed.notify_all()

    def check(self) -> None:
        """Look whether the door's thread is still there. Waits for as long as it hangs.

        Raises:
            DoorError: the door is not running, or has stopped obeying; whatever stopped it is raised as it is.
        """
        with self._changed:
            self._check_running()

    def tick(self) -> None:
        """Read the inputs and let time pass.

        Raises:
            DoorError: the lock does not answer.
        """
        with self._changed:
            if self._running:
                self._controller.tick()

    def close(self) -> None:
        """Lock, tell of it if the door was unlocked, and let go of the hardware. A second call does nothing.

        Raises:
            DoorError: the lock does not answer.
        """
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._running = False
            self._changed.notify_all()
            self._controller.close()
        self._join()

    def _check_running(self) -> None:
        if self._failure is not None:
            raise self._failure
        if not self._running:
            raise DoorError("the door is not running: it obeys between start() and close() only")

    def _live(self) -> None:
        with self._changed:
            try:
                while self._running:
                    self._tick_whatever_the_lock_does()
                    self._wait(self._changed, self._controller.wait_for())
            except Exception as error:  # noqa: BLE001 - whatever broke, the door must end shut and the loop must hear of it
                self._fail(error)

    def _tick_whatever_the_lock_does(self) -> None:
        try:
            self._controller.tick()
        except DoorError:
            # It is told and logged already, and tried again. Meanwhile the inputs are watched on.
            _log.debug("the lock does not answer", exc_info=True)

    def _fail(self, error: Exception) -> None:
        self._failure = error
        _log.error("the door's thread failed; the door locks and obeys no longer", exc_info=error)
        try:
            self._controller.shut(Cause.FAULT)
            self._controller.give(Fault("the door's thread failed", active=True))
        except Exception as again:  # noqa: BLE001 - whatever is broken may be in the way again; the lease will lock then
            _log.critical("the door's thread could not lock the door", exc_info=again)

    def _join(self) -> None:
        if self._thread.ident is None:
            return
        self._thread.join(_JOIN_TIMEOUT)
        if self._thread.is_alive():
            _log.error("the door's thread did not end within %g s; the lock is shut", _JOIN_TIMEOUT)


def _carried_out(decision: Decision, age: Seconds, max_age: Seconds, mode: DoorMode) -> Decision:
    """The decision, or what becomes of a grant that opens nothing."""
    if decision.outcome is not Outcome.GRANTED:
        return decision
    # A frame from the future was stamped by another clock: nobody knows how old it is.
    if decision.person is None or not 0 <= age <= max_age:
        _log.error(
            "%s would let %s in and is %.3f s old; expected a person, and 0 to %g s: the door does not move",
            "a PIN" if decision.frame is None else f"frame {decision.frame}",
            decision.person or "nobody",
            age,
            max_age,
        )
        return replace(decision, outcome=Outcome.DENIED, reason=Reason.STALE_FRAME)
    if follows(mode, Trigger.GRANT) is None:
        # Whoever decided saw the door as it was before.
        _log.warning("%s is let in, and meanwhile the door is %s: it does not move", decision.person, mode)
        return replace(decision, outcome=Outcome.DENIED, reason=Reason.DOOR_BLOCKED)
    return decision
