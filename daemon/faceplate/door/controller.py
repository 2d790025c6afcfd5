"""The machine at work: the switches tell it, and what comes of it goes to lock, lights and record."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from faceplate.config import DoorConfig
from faceplate.door import alarms
from faceplate.door.debounce import Debounced
from faceplate.door.display import Display
from faceplate.door.hardware import Hardware, Readings
from faceplate.door.machine import lock_failed, start, step, unlocked_until
from faceplate.door.renewal import RenewedLock
from faceplate.door.state import Input, Observed, Output, Shut, State, Step, TimePasses, Timings, status_of
from faceplate.errors import DoorError
from faceplate.events import Cause, DoorEvent, DoorMode, DoorStatus
from faceplate.types import Clock, Cue, Decision, Seconds

_log = logging.getLogger(__name__)

POLL: Final = Seconds(0.02)
"""How often the switches are read; no finger is quicker"""

RETRY: Final = Seconds(0.1)
"""How soon a lock that did not lock is told again"""

CHECK: Final = Seconds(0.1)
"""How often a lock that is kept unlocked is looked at"""

LOCK_FAULT: Final = "the lock does not answer"
INPUT_FAULT: Final = "an input does not answer"
LIGHT_FAULT: Final = "a light does not answer"


class Controller:
    """Not for more than one thread at a time, but for `status`."""

    def __init__(
        self, config: DoorConfig, hardware: Hardware, record: Callable[[DoorEvent], None], clock: Clock
    ) -> None:
        self._inputs = config.inputs
        self._timings = Timings.of(config)
        self._hardware = hardware
        self._record = record
        self._clock = clock
        self._lock = RenewedLock(hardware.lock)
        self._display = Display(hardware.panel)
        self._debounced = Debounced()
        self._has_switches = False
        now = clock()
        self._state = State(now, commanded=now)
        self._status = status_of(self._state)

    @property
    def status(self) -> DoorStatus:
        """What the door is like; of any thread's."""
        return self._status

    @property
    def mode(self) -> DoorMode:
        """What the door is doing."""
        return self._state.mode

    def start(self, mode: DoorMode) -> None:
        """Lock, and read the switches once."""
        self._take(start(self._clock(), mode))
        self.tick()

    def release_for(self, lasting: Seconds) -> None:
        """The release time from the next grant on. An access that is under way ends as it would have."""
        self._timings = replace(self._timings, release=lasting)

    def tick(self) -> None:
        """Read the switches, let time pass, and show what there is to show."""
        readings = self._read()
        if readings == Readings() and not self._has_switches:
            self.give(TimePasses())
            return
        self._has_switches = True
        self._debounced = self._debounced.told(readings, self._clock(), self._inputs)
        self.give(Observed(self._debounced.readings))

    def answer(self, decision: Decision) -> None:
        """Show a visitor what was decided."""
        self._display.tell(decision, self._clock())
        self._show()

    def cue(self, cue: Cue) -> None:
        """Show somebody who is being enrolled what they are told."""
        self._display.cue(cue, self._clock())
        self._show()

    def give(self, given: Input) -> None:
        """Let the machine have it, and do what comes of it.

        Raises:
            DoorError: the lock does not answer. It is shut, or will be told to shut again.
        """
        now = self._clock()
        if not self._state.time <= now:
            _log.error("the clock went back from %.3f to %.3f s: the door is locked", self._state.time, now)
        try:
            self._take(step(self._state, given, now, self._timings))
        finally:
            self._show()

    def wait_for(self) -> Seconds | None:
        """How long nothing need be done; None: until something happens."""
        now = self._clock()
        access_ends = self._state.access.until if self._state.access else None
        times = (self._lock.renew_at, self._display.changes_at, access_ends)
        waits = [max(0.0, time - now) for time in times if time is not None]
        if self._has_switches:
            waits.append(POLL)
        if self._state.locking:
            waits.append(RETRY)
        if self._lock.is_held:
            waits.append(CHECK)
        wait = min(waits)
        return None if math.isinf(wait) else Seconds(wait)

    def shut(self, cause: Cause) -> None:
        """Lock: the lock itself first, whatever else is broken; then tell of it."""
        self._lock.lock()
        self.give(Shut(cause))

    def close(self) -> None:
        """Lock, and let go of the hardware."""
        try:
            self.give(Shut(Cause.STOP))
        finally:
            self._hardware.close()

    def _read(self) -> Readings:
        try:
            readings = self._hardware.switches.read()
        except DoorError as error:
            if INPUT_FAULT not in self._state.faults:
                _log.error("an input does not answer, and counts as unknown until it does: %s", error)
            self._has_switches = True
            self._know(INPUT_FAULT, active=True)
            return Readings()
        self._know(INPUT_FAULT, active=False)
        return readings

    def _take(self, taken: Step) -> None:
        if taken.output is Output.LOCK:
            self._lock_as(taken)
        else:
            self._remember(taken)
            self._keep_unlocked()

    def _lock_as(self, taken: Step) -> None:
        try:
            self._lock.lock()
        except DoorError:
            if LOCK_FAULT not in self._state.faults:
                _log.critical("THE LOCK DOES NOT ANSWER AND THE DOOR MAY BE OPEN")
            self._remember(lock_failed(self._state, taken))
            self._know(LOCK_FAULT, active=True)
            raise
        self._remember(taken)
        self._know(LOCK_FAULT, active=False)

    def _keep_unlocked(self) -> None:
        until = unlocked_until(self._state, self._timings)
        if until is None:
            self._lock.let_go()
            return
        try:
            self._lock.keep(until, self._state.time, momentary=self._state.access is not None)
        except DoorError:
            # It may have moved all the same: shut it, and tell that it is shut.
            self._know(LOCK_FAULT, active=True)
            self._take(step(self._state, Shut(Cause.FAULT), self._state.time, self._timings))
            raise

    def _know(self, what: str, *, active: bool) -> None:
        """Remember that something works, or does not; this moves no lock."""
        if (what in self._state.faults) is not active:
            self._remember(alarms.fault(Step(self._state), what, active=active))

    def _remember(self, taken: Step) -> None:
        self._state = taken.state
        self._status = status_of(taken.state)
        for event in taken.events:
            _log.info("%s (%s)%s", event.type, event.detail or event.cause, "" if event.active else " is over")
            self._record(event)

    def _show(self) -> None:
        works = self._display.show(self._status, self._clock())
        self._know(LIGHT_FAULT, active=not works)
