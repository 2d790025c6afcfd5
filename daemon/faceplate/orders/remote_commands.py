"""The orders that may come from afar: few, each let in by the configuration, and none that opens without a PIN.

They have names of their own, so that the journal tells what came over the network; the bridge may give no others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Protocol

from pydantic import Field

from faceplate.config import CommandsConfig
from faceplate.config.bridge import Setting
from faceplate.config.section import Section
from faceplate.errors import AccessDeniedError
from faceplate.orders.arguments import EnteredPin, Nothing, RemotePin, SecureMode, Switch
from faceplate.orders.door_commands import DoorOrders
from faceplate.orders.journal_commands import JournalRows, Rows
from faceplate.orders.orders import Command, Who, always, never
from faceplate.people.rights_change import Pin
from faceplate.types import Outcome, Seconds

PREFIX: Final = "remote."

LONGEST_WINDOW: Final = 300
"""Seconds that an enrolment from afar may take"""


class Adjustment(Section):
    """A value to go by from now on."""

    setting: Setting
    value: float


class EnrolmentTime(Section):
    """How long somebody new may be enrolled."""

    seconds: Annotated[int, Field(ge=0, le=LONGEST_WINDOW)]
    """0 ends it"""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class PinAtTheDoor(Section):
    """The second factor of somebody whose face is at the door."""

    pin: Pin


class RefusedAfar(Section):
    """What the bridge refused by itself."""

    reason: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    command: Annotated[str, Field(max_length=40)] | None = None
    count: Annotated[int, Field(ge=1)] = 1
    """So many since the last time this was said"""


class Dashboard(Protocol):
    """What is shown and adjusted of the running daemon."""

    def adjust(self, setting: str, value: float) -> Mapping[str, Any]:
        """Go by another value from now on; or raise OrderRefusedError, StoreError."""

    def enrol(self, seconds: Seconds, name: str | None) -> Mapping[str, Any]:
        """Enrol whoever comes before the camera next; 0 s ends that. May raise OrderRefusedError, EnrolmentError."""

    def restart(self) -> None:
        """End, to be started again."""

    def snapshot(self) -> Mapping[str, Any]:
        """The picture of the last decision, as far as the owner lets it out."""


class RemoteOrders:
    """Does what is ordered from afar."""

    def __init__(self, door: DoorOrders, dashboard: Dashboard) -> None:
        """Name what it works with.

        Args:
            door: does what concerns the door.
            dashboard: does what concerns the daemon.
        """
        self._door = door
        self._dashboard = dashboard

    def adjust(self, wanted: Adjustment) -> Mapping[str, Any]:
        """Change a setting within its bounds."""
        return self._dashboard.adjust(wanted.setting, wanted.value)

    def enrol(self, wanted: EnrolmentTime) -> Mapping[str, Any]:
        """Open, or close, the time in which somebody new is enrolled."""
        return self._dashboard.enrol(Seconds(wanted.seconds), wanted.name)

    def enter_pin(self, given: PinAtTheDoor) -> Mapping[str, Any]:
        """Take the second factor of somebody at the door.

        Raises:
            AccessDeniedError: it opens nothing.
        """
        answer = self._door.enter_pin(EnteredPin(digits=given.pin))
        if answer["outcome"] == Outcome.DENIED:
            raise AccessDeniedError(f"{answer['reason']}: the door stays as it is")
        return answer

    def restart(self, _: Nothing) -> Mapping[str, Any]:
        """End, to be started again."""
        self._dashboard.restart()
        return {}

    def snapshot(self, _: Nothing) -> Mapping[str, Any]:
        """The picture of the last decision."""
        return self._dashboard.snapshot()


def remote_commands(
    permitted: CommandsConfig, door: DoorOrders, dashboard: Dashboard, rows: Callable[[Rows], dict[str, Any]]
) -> dict[str, Command[Any]]:
    """The commands, by name.

    Args:
        permitted: what the configuration lets in.
        door: does what concerns the door.
        dashboard: does what concerns the daemon.
        rows: reads the journal.
    """
    orders = RemoteOrders(door, dashboard)
    commands: dict[str, Command[Any]] = {
        "lock": Command(Nothing, door.lock, always, Who.BRIDGE),
        "unlock": Command(RemotePin, door.unlock_from_afar, never, Who.BRIDGE),
        "mode": Command(SecureMode, door.secure, _only_secures, Who.BRIDGE),
        "set": Command(Adjustment, orders.adjust, never, Who.BRIDGE),
        "face_unlock": Command(Switch, door.face, lambda wanted: not wanted.on, Who.BRIDGE),
        "pin": Command(PinAtTheDoor, orders.enter_pin, never, Who.BRIDGE),
        "enrolment": Command(EnrolmentTime, orders.enrol, never, Who.BRIDGE),
        "clear_alarm": Command(Nothing, door.silence, never, Who.BRIDGE),
        "restart": Command(Nothing, orders.restart, never, Who.BRIDGE),
        "journal": Command(JournalRows, rows, always, Who.BRIDGE, audited=False),
    }
    return {f"{PREFIX}{name}": _withheld(name, command, permitted) for name, command in commands.items()} | {
        f"{PREFIX}note_refused": Command(RefusedAfar, lambda _: {}, always, Who.BRIDGE),
        "snapshot": Command(Nothing, orders.snapshot, always, Who.BRIDGE, audited=False),
    }


def _withheld(name: str, command: Command[Any], permitted: CommandsConfig) -> Command[Any]:
    if getattr(permitted, name):
        return command
    return replace(
        command, withheld=f"{name} cannot be ordered from afar: bridge.commands.{name} is false at this door"
    )


def _only_secures(wanted: SecureMode) -> bool:
    # "locked" may end a lock-down.
    return wanted.mode != "locked"
