"""Traces for the door's machine, and what must come of them: an oracle written from the standard's words alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

from faceplate.door.hardware import Readings
from faceplate.door.machine import start, step, unlocked_until
from faceplate.door.state import (
    STUCK,
    STUCK_AFTER,
    Fault,
    Grant,
    Input,
    Observed,
    Ordered,
    Output,
    Shut,
    Silence,
    State,
    Step,
    TimePasses,
    Timings,
    status_of,
)
from faceplate.events import Cause, DoorEvent, DoorEventType, DoorMode, Order
from faceplate.types import Seconds

TIMINGS = Timings(
    release=Seconds(4.0),
    extension=Seconds(8.0),
    relock_delay=Seconds(2.0),
    relock_on_close=True,
    open=Seconds(10.0),
    pre_alarm=Seconds(3.0),
    exit_shunt=Seconds(1.0),
    contact_debounce=Seconds(0.125),
    travel=Seconds(3.0),
    waits_for_door=False,
)
"""All exact in binary, so that a trace can hit every limit"""

KINDS = (
    TIMINGS,
    replace(TIMINGS, waits_for_door=True),
    replace(TIMINGS, relock_on_close=False, relock_delay=Seconds(60.0)),
    replace(TIMINGS, relock_delay=Seconds(0.0), exit_shunt=Seconds(0.0), contact_debounce=Seconds(0.0)),
    replace(TIMINGS, pre_alarm=Seconds(0.0), extension=Seconds(0.0)),
    replace(TIMINGS, pre_alarm=TIMINGS.open, waits_for_door=True, relock_on_close=False),
)

PEOPLE = ("Ada", "Grace")
FAULTS = ("the recogniser does not work", "the camera gives no pictures")
STARTS = tuple(DoorMode)
DELAYS = (0.0, 0.125, 0.125, 0.125, 0.5, 0.875, 1.0, 1.125, 2.0, 3.0, 4.0, 7.0, 10.0, 12.0)
LEVELS = ("exit_pressed", "is_open", "tampered", "bell_pressed", "bolt_thrown")

L, U, A = DoorMode.LOCKED, DoorMode.UNLOCKED, DoorMode.ACCESSED
B, D, O = DoorMode.BLOCKED, DoorMode.LOCKED_DOWN, DoorMode.LOCKED_OPEN  # noqa: E741 - a table wants short words
OPEN = {U, O}

ONVIF: dict[Order, dict[DoorMode, DoorMode]] = {
    # AccessDoor: not while blocked, locked down or locked open; an unlocked door is accessible as it is.
    Order.ACCESS: {L: A, A: A, U: U},
    # LockDoor, UnlockDoor, BlockDoor: not while locked down or locked open.
    Order.LOCK: {L: L, A: L, U: L, B: L},
    Order.UNLOCK: {L: U, A: U, U: U, B: U},
    Order.BLOCK: {L: B, A: B, U: B, B: B},
    # LockDownDoor, LockOpenDoor: the one not while the other; releases only of what is there.
    Order.LOCK_DOWN: {L: D, A: D, U: D, B: D, D: D},
    Order.LOCK_OPEN: {L: O, A: O, U: O, B: O, O: O},
    Order.LOCK_DOWN_RELEASE: {D: L},
    Order.LOCK_OPEN_RELEASE: {O: L},
}
"""What each order leads to; from the modes that are missing it is refused"""


@dataclass
class Oracle:  # one field for each thing a watchman would note
    """Watches what happens at a door, and says what must be so."""

    timings: Timings
    now: float
    mode: DoorMode = L

    open_lock: bool = False
    told_at: float = 0.0
    access_ends: float | None = None
    waiting_for: list[str | None] = field(default_factory=list)
    door: bool | None = None
    blind: bool = False
    open_since: float | None = None
    suspicious_until: float | None = None
    button: bool | None = None
    button_since: float | None = None
    bell: bool | None = None
    bolt: bool | None = None
    alarms: set[DoorEventType] = field(default_factory=set)
    quiet: set[DoorEventType] = field(default_factory=set)
    """Alarms that somebody acknowledged"""
    faults: set[str] = field(default_factory=set)
    seen: Counter[tuple[DoorEventType, bool]] = field(default_factory=Counter)
    """How many events of each type there must have been"""

    def watch(self, given: Input, now: float) -> None:
        """`given` happens at the time `now`."""
        if not self.now <= now < math.inf:
            self._shut()
            return
        self.now = now
        match given:
            case Observed(readings):
                self._door(readings.is_open)
                self._button(readings.exit_pressed)
                self._others(readings)
            case Grant(person, extended):
                extra = self.timings.extension if extended else 0.0
                if self.mode in {L, A}:
                    self._access(person, self.timings.release + extra, A)
            case Ordered(order, person):
                self._ordered(order, person)
            case Fault(what, active) if (what in self.faults) != active:
                self.faults ^= {what}
                self.seen[DoorEventType.FAULT, active] += 1
            case Silence() if self.alarms - self.quiet:
                self.quiet |= self.alarms
                self.seen[DoorEventType.SILENCED, True] += 1
            case Shut():
                self._shut()
        self._time()

    def _access(self, who: str | None, lasting: float, mode: DoorMode) -> None:
        self.mode = mode
        self.access_ends = max(self.access_ends or -math.inf, self.now + lasting)
        if who not in self.waiting_for:
            self.waiting_for.append(who)
        self._tell_lock(open_lock=True)
        if self.door and not self.blind:
            self._passes()

    def _passes(self) -> None:
        self.seen[DoorEventType.ACCESS_TAKEN, True] += len(self.waiting_for)
        self.waiting_for.clear()

    def _ordered(self, order: Order, person: str | None) -> None:
        after = ONVIF[order].get(self.mode)
        if after is A:
            self._access(person, self.timings.release, A)
        elif after is not None and order is not Order.ACCESS:
            self._enter(after)

    def _enter(self, mode: DoorMode) -> None:
        self._access_over()
        if (L if self.mode is A else self.mode) is not mode:
            self.seen[DoorEventType.MODE, True] += 1
        if self.mode in OPEN and mode not in OPEN and self.open_since is not None:
            self.open_since = self.now
        self.mode = mode
        if mode in OPEN:
            self.suspicious_until = None
            self._door_alarms_over()
            self._tell_lock(open_lock=True)

    def _access_over(self) -> None:
        if self.access_ends is not None and self.door is not None and not self.blind:
            self.seen[DoorEventType.ACCESS_NOT_TAKEN, True] += len(self.waiting_for)
        self.waiting_for.clear()
        self.access_ends = None
        self.mode = L if self.mode is A else self.mode

    def _shut(self) -> None:
        self._enter(self.mode if self.mode in {B, D} else L)
        self._tell_lock(open_lock=False)

    def _tell_lock(self, *, open_lock: bool) -> None:
        if open_lock is not self.open_lock:
            self.open_lock, self.told_at = open_lock, self.now
            self.seen[DoorEventType.UNLOCKED if open_lock else DoorEventType.LOCKED, True] += 1

    def _door(self, is_open: bool | None) -> None:  # noqa: FBT001 - a reading
        self.blind = is_open is None and self.door is not None
        before = self.door
        if is_open is None or is_open is before:
            return
        self.door = is_open
        if not is_open:
            self.open_since = None
            if before is not None:
                self.seen[DoorEventType.CLOSED, True] += 1
                self._door_alarms_over()
                if self.access_ends is not None and self.timings.relock_on_close:
                    self._access_over()
            return
        self.open_since = self.now
        self.seen[DoorEventType.OPENED, True] += 1
        really_opened = self.now - self.timings.contact_debounce
        if before is False and not self.open_lock and really_opened > self.told_at:
            self.suspicious_until = self.now + self.timings.exit_shunt
        if self.access_ends is not None:
            self._passes()
            self.access_ends = min(self.access_ends, self.now + self.timings.relock_delay)

    def _button(self, pressed: bool | None) -> None:  # noqa: FBT001 - a reading
        before = self.button
        if pressed is None or pressed is before:
            return
        self.button, self.button_since = pressed, self.now if pressed else None
        if not pressed:
            self._fault_is(STUCK, active=False)
        elif before is False:
            if self.suspicious_until is not None and self.now <= self.suspicious_until:
                self.suspicious_until = None
            if self.mode not in OPEN:
                self._access(None, self.timings.release, A if self.mode in {L, A} else self.mode)

    def _others(self, readings: Readings) -> None:
        if readings.tampered is not None:
            self._alarm_is(DoorEventType.TAMPER, active=readings.tampered)
        if readings.bell_pressed is not None:
            if readings.bell_pressed and self.bell is False:
                self.seen[DoorEventType.BELL, True] += 1
            self.bell = readings.bell_pressed
        self.bolt = readings.bolt_thrown

    def _time(self) -> None:
        if self.access_ends is not None and self.now >= self.access_ends:
            self._access_over()
        if self.suspicious_until is not None and self.now >= self.suspicious_until:
            self.suspicious_until = None
            self._alarm_is(DoorEventType.FORCED_OPEN, active=True)
            self._alarm_is(DoorEventType.FORCED_OPEN, active=self.door is True)
        if self.open_since is not None and not self.blind and self.mode not in OPEN:
            alarm_at = self.open_since + self.timings.open
            warn_at = alarm_at - self.timings.pre_alarm
            self._alarm_is(DoorEventType.OPEN_TOO_LONG_WARNING, active=warn_at <= self.now < alarm_at)
            self._alarm_is(DoorEventType.OPEN_TOO_LONG, active=self.now >= alarm_at)
        if self.bolt is not None:
            misplaced = self.bolt is self.open_lock
            late = self.now - self.told_at >= self.timings.travel
            self._alarm_is(DoorEventType.JAMMED, active=misplaced and (late or DoorEventType.JAMMED in self.alarms))
        if self.button_since is not None and self.now - self.button_since >= STUCK_AFTER:
            self._fault_is(STUCK, active=True)
        if self.mode not in OPEN and self.access_ends is None and not self._bolt_must_wait():
            self._tell_lock(open_lock=False)

    def _bolt_must_wait(self) -> bool:
        if not self.timings.waits_for_door or self.open_since is None:
            return False
        return self.now < self.open_since + self.timings.open

    def _door_alarms_over(self) -> None:
        for alarm in (DoorEventType.FORCED_OPEN, DoorEventType.OPEN_TOO_LONG_WARNING, DoorEventType.OPEN_TOO_LONG):
            self._alarm_is(alarm, active=False)

    def _alarm_is(self, alarm: DoorEventType, *, active: bool) -> None:
        if (alarm in self.alarms) is not active:
            self.alarms ^= {alarm}
            self.quiet.discard(alarm)
            self.seen[alarm, active] += 1

    def _fault_is(self, what: str, *, active: bool) -> None:
        if (what in self.faults) is not active:
            self.faults ^= {what}
            self.seen[DoorEventType.FAULT, active] += 1


class Watched:
    """A machine, and beside it the oracle, who must agree after every input."""

    def __init__(self, timings: Timings, mode: DoorMode = L) -> None:
        begun = start(Seconds(100.0), mode)
        self.timings = timings
        self.state = begun.state
        self.oracle = Oracle(timings, 100.0, mode if mode in {B, D} else L, told_at=100.0)
        self.seen: Counter[tuple[DoorEventType, bool]] = Counter()
        self.locked_told = True
        self.last_of: dict[object, DoorEvent] = {}
        self._keep(begun)
        # What the start tells is not the oracle's to say.
        self.seen.clear()

    def give(self, given: Input, now: float) -> Step:
        """Give both an input, and compare."""
        before = self.state
        taken = step(before, given, Seconds(now), self.timings)
        self.state = taken.state
        self.oracle.watch(given, now)
        self._keep(taken)
        self._compare(taken, before)
        return taken

    def _keep(self, taken: Step) -> None:
        for event in taken.events:
            self.seen[event.type, event.active] += 1
            self._alternates(event)
        if taken.output is not None:
            self.locked_told = taken.output is Output.LOCK

    def _alternates(self, event: DoorEvent) -> None:
        key = _PAIRS.get(event.type, (event.type, event.detail))
        last = self.last_of.get(key)
        assert last is None or last.time <= event.time
        if event.type in _PAIRS:
            assert last is None or last.type is not event.type, f"{event} twice"
        elif event.type in _LASTING:
            assert event.active is (last is None or not last.active), f"{event} twice"
        self.last_of[key] = event

    def _compare(self, taken: Step, before: State) -> None:
        state, oracle = taken.state, self.oracle
        assert state.mode is oracle.mode
        assert state.lock_open is oracle.open_lock
        assert state.alarms == oracle.alarms
        assert state.silenced == oracle.quiet
        assert set(state.faults) == oracle.faults
        assert self.seen == +oracle.seen
        assert self.locked_told is not state.lock_open, "the output does not follow the mode"
        assert state.time >= before.time
        assert (state.access is not None) is (oracle.access_ends is not None)
        if state.access is not None:
            assert state.time < state.access.until == oracle.access_ends
            assert state.lock_open
        until = unlocked_until(state, self.timings)
        assert (until is not None) is state.lock_open
        assert until is None or until > state.time
        status = status_of(state)
        assert set(status.alarms) == oracle.alarms
        assert set(status.sounding) == oracle.alarms - oracle.quiet
        assert status.bolt_thrown is oracle.bolt
        assert (status.is_open, status.lock_commanded_open) == (None if oracle.blind else oracle.door, oracle.open_lock)


_PAIRS = {
    DoorEventType.LOCKED: "lock",
    DoorEventType.UNLOCKED: "lock",
    DoorEventType.OPENED: "door",
    DoorEventType.CLOSED: "door",
}
_LASTING = {
    DoorEventType.FORCED_OPEN,
    DoorEventType.OPEN_TOO_LONG,
    DoorEventType.OPEN_TOO_LONG_WARNING,
    DoorEventType.TAMPER,
    DoorEventType.JAMMED,
    DoorEventType.FAULT,
}


def random_trace(random: Random) -> Iterator[tuple[float, Input]]:
    """20 to 50 inputs at random times: what may happen at a door, and what should not."""
    now, readings = 100.0, Readings()
    if random.random() < 0.9:
        readings = Readings(exit_pressed=False, is_open=False, tampered=False, bell_pressed=False, bolt_thrown=True)
    for _ in range(random.randint(20, 50)):
        now += random.choice(DELAYS)
        chance = random.random()
        if chance < 0.5:
            readings = _changed(readings, random)
            yield now, Observed(readings)
        elif chance < 0.995:
            yield now, _input(random, chance)
        else:
            yield random.choice((now - 0.125, math.nan, math.inf, -math.inf)), _input(random, 0.6)


def _changed(readings: Readings, random: Random) -> Readings:
    names = random.choices(LEVELS, weights=(3, 6, 1, 1, 3), k=random.choice((0, 1, 1, 1, 2, 3)))
    if random.random() < 0.02:
        return replace(readings, **dict.fromkeys(names))
    return replace(readings, **{name: not getattr(readings, name) for name in names})


def _input(random: Random, chance: float) -> Input:
    if chance < 0.65:
        return Grant(random.choice(PEOPLE), extended=random.random() < 0.3)
    if chance < 0.8:
        return Ordered(random.choice(_ORDERS), random.choice((None, *PEOPLE)))
    if chance < 0.82:
        return Silence()
    if chance < 0.86:
        return Fault(random.choice(FAULTS), active=random.random() < 0.5)
    return Shut(random.choice((Cause.STOP, Cause.FAULT))) if chance < 0.87 else TimePasses()


_ORDERS = tuple(Order)


def run_traces(first: int, count: int) -> int:
    """Play the random traces of these seeds; returns how many inputs that was."""
    inputs = 0
    for seed in range(first, first + count):
        random = Random(seed)  # noqa: S311 - no secret
        watched = Watched(random.choice(KINDS), random.choice(STARTS))
        for now, given in random_trace(random):
            try:
                watched.give(given, now)
            except AssertionError as error:
                error.add_note(f"in the trace of seed {seed}, at {now}: {given}")
                raise
            inputs += 1
    return inputs
