"""The orders that may come from afar: few, each let in by the configuration, and none that opens without a PIN.

They have names of their own, so that the journal tells what came over the network; the bridge may give no others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Literal, Protocol

from pydantic import Field

from faceplate.config import CommandsConfig
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


class Setting(Section):
    """A value to go by from now on."""

    setting: Literal["detection_threshold", "verification_threshold", "margin", "release_time"]
    value: float


class EnrolmentTime(Section):
    """How long somebody new may be enrolled."""

    seconds: Annotated[int, Field(ge=0, le=LONGEST_WINDOW)]
    """0 ends it"""

    name: Annotated[str, Field(min_length=1, max_length=80)] | None = None


class PinAtTheDoor(Section):
    """The second factor of somebody whose face is at the door."""

    pin: Pin


class RefusedAfar(Section):
    """What the bridge refused by itself."""

    reason: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    command: Annotated[str, Field(max_length=40)] | None = None
    count: Annotated[int, Field(ge=1)] = 1
    """So many since the last time this was said"""


class Service(Protocol):
    """What can be changed of the running daemon."""

    def adjust(self, setting: str, value: float) -> Mapping[str, Any]:
        """Go by another value, or raise OrderRefusedError."""

    def open_enrolment(self, seconds: Seconds, name: str | None) -> Mapping[str, Any]:
        """Enrol whoever comes before the camera next; 0 s ends that. May raise OrderRefusedError or EnrolmentError."""

    def restart(self) -> None:
        """End, to be started again."""


def remote_commands(
    permitted: CommandsConfig, door: DoorOrders, service: Service, rows: Callable[[Rows], dict[str, Any]]
) -> dict[str, Command[Any]]:
    """The commands, by name.

    Args:
        permitted: what the configuration lets in.
        door: does what concerns the door.
        service: does what concerns the daemon.
        rows: reads the journal.
    """

    def adjust(wanted: Setting) -> Mapping[str, Any]:
        return service.adjust(wanted.setting, wanted.value)

    def enrolment(wanted: EnrolmentTime) -> Mapping[str, Any]:
        return service.open_enrolment(Seconds(wanted.seconds), wanted.name)

    def pin_at_the_door(given: PinAtTheDoor) -> Mapping[str, Any]:
        answer = door.enter_pin(EnteredPin(digits=given.pin))
        if answer["outcome"] == Outcome.DENIED:
            raise AccessDeniedError(f"{answer['reason']}: the door stays as it is")
        return answer

    def restart(_: Nothing) -> Mapping[str, Any]:
        service.restart()
        return {}

    commands: dict[str, Command[Any]] = {
        "lock": Command(Nothing, door.lock, always, Who.BRIDGE),
        "unlock": Command(RemotePin, door.unlock_from_afar, never, Who.BRIDGE),
        "mode": Command(SecureMode, door.secure, _only_secures, Who.BRIDGE),
        "set": Command(Setting, adjust, never, Who.BRIDGE),
        "face_unlock": Command(Switch, door.face, lambda wanted: not wanted.on, Who.BRIDGE),
        "pin": Command(PinAtTheDoor, pin_at_the_door, never, Who.BRIDGE),
        "enrolment": Command(EnrolmentTime, enrolment, never, Who.BRIDGE),
        "clear_alarm": Command(Nothing, door.clear_alarm, never, Who.BRIDGE),
        "restart": Command(Nothing, restart, never, Who.BRIDGE),
        "journal": Command(JournalRows, rows, always, Who.BRIDGE, audited=False),
    }
    return {f"{PREFIX}{name}": _withheld(name, command, permitted) for name, command in commands.items()} | {
        f"{PREFIX}note_refused": Command(RefusedAfar, lambda _: {}, always, Who.BRIDGE)
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
