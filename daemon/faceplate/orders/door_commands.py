"""The orders that concern the door, and who is let in by it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from faceplate import __version__
from faceplate.errors import AccessDeniedError, StoreError
from faceplate.events import DoorEventType, DoorMode, DoorStatus, Order
from faceplate.orders.arguments import EnteredPin, Mode, Nothing, RemotePin, SecureMode, Switch
from faceplate.orders.orders import Command, Who, always
from faceplate.types import Clock, Decision, Method, Outcome, Seconds

_log = logging.getLogger(__name__)

_ORDERS: Final = {
    DoorMode.LOCKED: Order.LOCK,
    DoorMode.UNLOCKED: Order.UNLOCK,
    DoorMode.BLOCKED: Order.BLOCK,
    DoorMode.LOCKED_OPEN: Order.LOCK_OPEN,
}

_END_LOCKED_OPEN: Final = frozenset({Order.LOCK, Order.UNLOCK, Order.BLOCK, Order.LOCK_DOWN})


class Door(Protocol):
    """The door."""

    def order(self, order: Order) -> None:
        """Do it, or raise OrderRefusedError or DoorError."""

    def silence(self) -> None:
        """Silence the alarms that sound, or raise DoorError."""

    def obey(self, decision: Decision) -> None:
        """Unlock if it grants access."""

    def status(self) -> DoorStatus:
        """What it is like, at once."""


class Access(Protocol):
    """Who is let in at this moment."""

    @property
    def locked_out(self) -> Seconds:
        """For how long faces are not answered."""

    @property
    def pin_locked_out(self) -> Seconds:
        """For how long PINs are not answered."""

    @property
    def face_unlock(self) -> bool:
        """Whether a face opens."""

    @property
    def clock_trusted(self) -> bool:
        """Whether rules that depend on the date can be kept."""


class Reception(Protocol):
    """Whoever decides who is let in."""

    def enter_pin(self, digits: str, method: Method = Method.PIN) -> Decision:
        """Decide on a PIN."""

    def switch_face_unlock(self, *, on: bool) -> None:
        """Let faces open the door, or not."""

    def clear_lockout(self) -> None:
        """Answer again."""

    def trust_clock(self) -> None:
        """Take the clock to be right."""

    def status(self) -> Access:
        """What it is like, at once."""


class Journal(Protocol):
    """Where decisions are written down."""

    def write(self, entry: Decision) -> None:
        """Write one down for good before returning, or raise StoreError."""


class DoorOrders:
    """Does what is ordered of the door."""

    def __init__(
        self,
        door: Door,
        reception: Reception,
        journal: Journal,
        remember: Callable[[DoorMode], None],
        tell: Callable[[Decision], None] = lambda _: None,
    ) -> None:
        """Name what it works with.

        Args:
            door: obeys.
            reception: decides on PINs.
            journal: holds each decision before the door obeys it.
            remember: keeps the door's mode, as far as it may outlast a restart; raises StoreError.
            tell: shows whoever entered a PIN at the door what came of it.
        """
        self._door = door
        self._reception = reception
        self._journal = journal
        self._remember = remember
        self._tell = tell
        # The mode that is remembered must be the door's, also when two give orders at once.
        self._one_at_a_time = threading.Lock()

    def unlock(self, _: Nothing) -> dict[str, Any]:
        """Let somebody in for a moment."""
        self._door.order(Order.ACCESS)
        return {"mode": self._door.status().mode.value}

    def lock(self, _: Nothing) -> dict[str, Any]:
        """Lock."""
        return self._change(Order.LOCK)

    def mode(self, wanted: Mode) -> dict[str, Any]:
        """Put the door in a mode."""
        return self._change(_ORDERS[DoorMode(wanted.mode)])

    def lockdown(self, wanted: Switch) -> dict[str, Any]:
        """Lock until this is released."""
        return self._change(Order.LOCK_DOWN if wanted.on else Order.LOCK_DOWN_RELEASE)

    def face(self, wanted: Switch) -> dict[str, Any]:
        """Let faces open the door, or not."""
        return {"face_unlock": wanted.on} | _warning_from(lambda: self._reception.switch_face_unlock(on=wanted.on))

    def secure(self, wanted: SecureMode) -> dict[str, Any]:
        """Put the door in a mode that does not open it; "locked" ends a lock-down, too."""
        match DoorMode(wanted.mode):
            case DoorMode.LOCKED_DOWN:
                return self._change(Order.LOCK_DOWN)
            case DoorMode.LOCKED if self._door.status().mode is DoorMode.LOCKED_DOWN:
                return self._change(Order.LOCK_DOWN_RELEASE)
            case mode:
                return self._change(_ORDERS[mode])

    def silence(self, _: Nothing) -> dict[str, Any]:
        """Silence what sounds."""
        self._door.silence()
        return {"alarms": [alarm.value for alarm in self._door.status().alarms]}

    def clear_lockout(self, _: Nothing) -> dict[str, Any]:
        """Forget all failed attempts."""
        self._reception.clear_lockout()
        return {}

    def trust_clock(self, _: Nothing) -> dict[str, Any]:
        """Go by the clock as it is."""
        self._reception.trust_clock()
        return {}

    def answer_pin(self, digits: str) -> Decision:
        """Decide on a PIN, write the decision down, and let the door obey."""
        decision = self._reception.enter_pin(digits)
        self._journal.write(decision)
        self._door.obey(decision)
        self._tell(decision)
        return decision

    def unlock_from_afar(self, given: RemotePin) -> dict[str, Any]:
        """Let in whom a PIN belongs to, though nobody entered it at the door.

        Raises:
            AccessDeniedError: it opens nothing.
        """
        decision = self._reception.enter_pin(given.pin.get_secret_value(), Method.REMOTE_PIN)
        self._journal.write(decision)
        if decision.outcome is not Outcome.GRANTED:
            raise AccessDeniedError(f"{decision.reason}: the door stays as it is")
        self._door.obey(decision)  # a refusal is nothing to whoever stands at the door
        return {"person": decision.person}

    def enter_pin(self, entered: EnteredPin) -> dict[str, Any]:
        """Take a PIN as a keypad does."""
        decision = self.answer_pin(entered.digits.get_secret_value())
        return {"outcome": decision.outcome.value, "reason": decision.reason.value}

    def _change(self, order: Order) -> dict[str, Any]:
        with self._one_at_a_time:
            try:
                # Whoever wants another mode need not first say that they no longer want this one.
                if self._door.status().mode is DoorMode.LOCKED_OPEN and order in _END_LOCKED_OPEN:
                    self._door.order(Order.LOCK_OPEN_RELEASE)
                self._door.order(order)
            finally:
                mode = self._door.status().mode
                warning = _warning_from(lambda: self._remember(mode))
        return {"mode": mode.value} | warning


def _warning_from(keep: Callable[[], None]) -> dict[str, str]:
    """Keep something for the next start; that it cannot be kept is no reason to undo it now."""
    try:
        keep()
    except StoreError as error:
        _log.error("what was ordered will not outlast a restart: %s", error)
        return {"warning": f"this will not outlast a restart: {error}"}
    return {}


def door_commands(orders: DoorOrders, status: Callable[[], dict[str, Any]]) -> dict[str, Command[Any]]:
    """The commands, by name."""
    return status_command(status) | {
        "unlock": Command(Nothing, orders.unlock),
        "lock": Command(Nothing, orders.lock, always),
        "mode": Command(Mode, orders.mode, lambda wanted: wanted.mode in {DoorMode.LOCKED, DoorMode.BLOCKED}),
        "lockdown": Command(Switch, orders.lockdown, lambda wanted: wanted.on),
        "face": Command(Switch, orders.face, lambda wanted: not wanted.on),
        "lockout_clear": Command(Nothing, orders.clear_lockout),
        "trust_clock": Command(Nothing, orders.trust_clock),
        "silence": Command(Nothing, orders.silence),
        "pin": Command(EnteredPin, orders.enter_pin),
    }


def status_command(status: Callable[[], dict[str, Any]]) -> dict[str, Command[Any]]:
    """The one that everybody may ask for."""
    return {"status": Command(Nothing, lambda _: status(), always, who=Who.EVERYBODY, audited=False)}


def screen_command(words: Callable[[], dict[str, Any]]) -> dict[str, Command[Any]]:
    """The one that the screen at the door may ask for, again and again, and the only one."""
    return {"screen": Command(Nothing, lambda _: words(), always, who=Who.KIOSK, audited=False)}


class StatusReport:
    """What the daemon is like, for a dashboard."""

    def __init__(  # noqa: PLR0913 - each is a part of what it tells
        self,
        door: Door,
        reception: Reception,
        count_people: Callable[[], int],
        store: Path,
        clock: Clock,
        *,
        more: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        """`more` gives what the other parts of the daemon tell, in words of their own."""
        self._more = more
        self._store = store
        self._door = door
        self._reception = reception
        self._count_people = count_people
        self._clock = clock
        self._started = clock()

    def __call__(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        door, access = self._door.status(), self._reception.status()
        return {
            "mode": door.mode.value,
            "lock": "unlocked" if door.lock_commanded_open else "locked",
            "bolt": _bolt(door),
            "open": door.is_open,
            "alarms": [alarm.value for alarm in door.alarms if alarm is not DoorEventType.OPEN_TOO_LONG_WARNING],
            "silenced": bool(door.silenced) and not door.sounding,
            "faults": list(door.faults),
            "lockout": round(access.locked_out, 1),
            "pin_lockout": round(access.pin_locked_out, 1),
            "face_unlock": access.face_unlock,
            "clock_trusted": access.clock_trusted,
            "people": self._people(),
            "store": str(self._store.resolve()),
            "version": __version__,
            "uptime": round(self._clock() - self._started, 1),
            **self._more(),
        }

    def _people(self) -> int | None:
        try:
            return self._count_people()
        except StoreError as error:
            _log.debug("people cannot be counted: %s", error)
            return None


def _bolt(door: DoorStatus) -> str | None:
    if door.bolt_thrown is None:
        return None
    return "thrown" if door.bolt_thrown else "withdrawn"
