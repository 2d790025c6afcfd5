"""What the door's machine is told, what it remembers, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self, TypeAlias

from faceplate.config import DoorConfig
from faceplate.door.hardware import Readings
from faceplate.events import Cause, DoorEvent, DoorEventType, DoorMode, DoorStatus, Order
from faceplate.types import Seconds


@dataclass(frozen=True, slots=True)
class Timings:
    """The door's times, and what its lock needs."""

    release: Seconds
    extension: Seconds
    relock_delay: Seconds
    relock_on_close: bool
    open: Seconds
    pre_alarm: Seconds
    exit_shunt: Seconds
    contact_debounce: Seconds
    """By so much the contact tells later than it happens"""
    travel: Seconds
    waits_for_door: bool
    """The bolt must not be thrown while the door stands open"""

    @classmethod
    def of(cls, config: DoorConfig) -> Self:
        """As configured."""
        contact = config.inputs.contact
        return cls(
            release=config.release_time,
            extension=config.extended_release_time,
            relock_delay=config.relock_delay,
            relock_on_close=config.relock_on_close,
            open=config.open_time,
            pre_alarm=config.pre_alarm_time,
            exit_shunt=config.exit_shunt,
            contact_debounce=Seconds(0.0) if contact is None else contact.debounce,
            travel=config.travel_time,
            waits_for_door=config.lock == "motor",
        )


STUCK_AFTER: Final = Seconds(60.0)
"""Nobody leans on the exit button for longer: it is stuck, or somebody wedged it"""

STUCK: Final = "the exit button is held down"
"""The fault of a button that is pressed for longer than that"""


class Output(StrEnum):
    """What the lock has to do."""

    LOCK = "lock"
    UNLOCK = "unlock"


@dataclass(frozen=True, slots=True)
class Access:
    """The door is unlocked for a moment."""

    until: Seconds

    ends_by: Cause
    """What ends it then: the release time, or the relock delay"""

    expected: tuple[str | None, ...] = ()
    """Who was let in since the door was opened last; None: somebody by the exit button"""


@dataclass(frozen=True, slots=True)
class State:
    """All that the door remembers."""

    time: Seconds
    """Latest time the machine was told"""

    commanded: Seconds
    """When the lock was told to change last"""

    mode: DoorMode = DoorMode.LOCKED

    access: Access | None = None
    """Set while ACCESSED, and while somebody is let out of a blocked or locked-down door"""

    lock_open: bool = False
    """What the lock was told last"""

    locking: Cause | None = None
    """Why the lock is to be locked, until it has been told so"""

    is_open: bool | None = None
    """What the contact told last; None: nothing so far"""

    contact_lost: bool = False
    """The contact does not answer"""

    open_since: Seconds | None = None
    """Since when the door stands open and should be closed"""

    closed_since: Seconds | None = None

    forced_at: Seconds | None = None
    """The door was opened while locked: that is an alarm from then on, unless the exit button's signal comes first"""

    exit_pressed: bool | None = None
    pressed_since: Seconds | None = None
    bell_pressed: bool | None = None
    bell_rang: Seconds | None = None
    bolt_thrown: bool | None = None

    alarms: frozenset[DoorEventType] = frozenset()
    """Those that were raised and are not over"""

    silenced: frozenset[DoorEventType] = frozenset()
    """Those of the alarms that no longer sound"""

    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """Somebody is let in."""

    person: str
    extended: bool = False


@dataclass(frozen=True, slots=True)
class Ordered:
    """The owner orders something. In a mode that refuses it, it changes nothing."""

    order: Order
    person: str | None = None
    """Who is let in by it, where that is known"""


@dataclass(frozen=True, slots=True)
class Observed:
    """The door's inputs, debounced. A level that is None is not known and changes nothing."""

    readings: Readings


@dataclass(frozen=True, slots=True)
class Fault:
    """Something does not work, or works again."""

    what: str
    active: bool


@dataclass(frozen=True, slots=True)
class Silence:
    """The owner knows: what sounds now falls silent, and stays raised. What is raised later sounds again."""


@dataclass(frozen=True, slots=True)
class TimePasses:
    """Nothing happened but that time went on."""


@dataclass(frozen=True, slots=True)
class Shut:
    """The door must lock now, whatever it is doing and however it stands."""

    cause: Cause


Input: TypeAlias = Grant | Ordered | Observed | Fault | Silence | TimePasses | Shut


@dataclass(frozen=True, slots=True)
class Step:
    """What an input leads to, so far."""

    state: State

    output: Output | None = None
    """None: the lock stays as it is"""

    events: tuple[DoorEvent, ...] = ()

    def to(self, state: State) -> Step:
        """The same with another state."""
        return Step(state, self.output, self.events)

    def tell(  # noqa: PLR0913 - the fields of an event
        self,
        what: DoorEventType,
        cause: Cause,
        *,
        person: str | None = None,
        active: bool = True,
        mode: DoorMode | None = None,
        detail: str = "",
    ) -> Step:
        """The same with one more event, at the state's time."""
        event = DoorEvent(what, self.state.time, cause, person, active, mode, detail)
        return Step(self.state, self.output, (*self.events, event))


def raised(step: Step, alarm: DoorEventType, cause: Cause) -> Step:
    """The alarm is on; nothing if it was."""
    state = step.state
    if alarm in state.alarms:
        return step
    return step.to(replace(state, alarms=state.alarms | {alarm})).tell(alarm, cause)


def cleared(step: Step, alarm: DoorEventType, cause: Cause) -> Step:
    """The alarm is over; nothing if there was none."""
    state = step.state
    if alarm not in state.alarms:
        return step
    after = replace(state, alarms=state.alarms - {alarm}, silenced=state.silenced - {alarm})
    return step.to(after).tell(alarm, cause, active=False)


def status_of(state: State) -> DoorStatus:
    """What everybody else is told of the state."""
    return DoorStatus(
        mode=state.mode,
        lock_commanded_open=state.lock_open,
        is_open=None if state.contact_lost else state.is_open,
        closed_since=None if state.contact_lost else state.closed_since,
        bell_rang=state.bell_rang,
        bolt_thrown=state.bolt_thrown,
        forced_open=DoorEventType.FORCED_OPEN in state.alarms,
        open_too_long_warning=DoorEventType.OPEN_TOO_LONG_WARNING in state.alarms,
        open_too_long=DoorEventType.OPEN_TOO_LONG in state.alarms,
        tampered=DoorEventType.TAMPER in state.alarms,
        jammed=DoorEventType.JAMMED in state.alarms,
        silenced=state.silenced,
        faults=state.faults,
    )
