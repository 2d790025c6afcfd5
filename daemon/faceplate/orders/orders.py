"""An order from request to answer: known, allowed, sound, written down, and only then done."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Generic, Protocol, TypeVar

from pydantic import ValidationError

from faceplate.config.section import Section
from faceplate.control.peers import Peer, Ranks
from faceplate.control.protocol import Answer, Done, Fault, Refused, Request
from faceplate.errors import AccessDeniedError, DoorError, EnrolmentError, FaceplateError, OrderRefusedError, StoreError
from faceplate.events import CommandEvent
from faceplate.people.rights_change import faults_of

_log = logging.getLogger(__name__)

_A = TypeVar("_A", bound=Section)

_LONGEST_AUDITED = 200
"""Characters of what a peer made up that are kept"""

_LONGEST_REFUSAL = 1000

_FAULTS: tuple[tuple[type[FaceplateError], Fault], ...] = (
    (AccessDeniedError, Fault.DENIED),
    (OrderRefusedError, Fault.NOT_ALLOWED),
    (EnrolmentError, Fault.PEOPLE),
    (DoorError, Fault.DOOR),
    (StoreError, Fault.STORE),
)


class Journal(Protocol):
    """Where orders are written down."""

    def write(self, entry: CommandEvent) -> None:
        """Write one down for good before returning, or raise StoreError."""


def never(_: object) -> bool:
    """Not without being written down."""
    return False


def always(_: object) -> bool:
    """Whether it is written down or not: it secures the door, or changes nothing."""
    return True


class Who(Enum):
    """Who may order something."""

    OPERATORS = auto()
    BRIDGE = auto()
    """The bridge, and operators"""
    KIOSK = auto()
    """The screen at the door, and operators"""
    EVERYBODY = auto()
    """Everybody who can open the socket, but for the screen at the door"""


@dataclass(frozen=True, slots=True)
class Command(Generic[_A]):
    """One thing that may be ordered."""

    arguments: type[_A]

    do: Callable[[_A], Mapping[str, Any]]

    unrecorded: Callable[[_A], bool] = never
    """Whether it is done even while the journal cannot be written"""

    who: Who = Who.OPERATORS

    withheld: str = ""
    """Why nobody at all may order it, as this door is configured; empty: they may"""

    audited: bool = True
    """False: it is asked for all the time, and changes nothing"""


class Orders:
    """Does what is ordered, from several threads."""

    def __init__(self, commands: Mapping[str, Command[Any]], journal: Journal, ranks: Ranks) -> None:
        """Name what it works with.

        Args:
            commands: by name.
            journal: where each order is written down before it is done.
            ranks: who may order what.
        """
        self._commands = commands
        self._journal = journal
        self._ranks = ranks

    def answer(self, peer: Peer, request: Request) -> Answer:
        """Do what `peer` asks, or say why not."""
        command = self._commands.get(request.command)
        if command is None:
            text = f"there is no command {request.command[:_LONGEST_AUDITED]!r}; there are: {', '.join(self._commands)}"
            return self._refuse(peer, request, Fault.UNKNOWN_COMMAND, text)
        arguments = _checked(command, request)
        told = _audited(arguments) if isinstance(arguments, Section) else "{}"
        if not self._may(peer, command.who):
            text = (
                f"{peer.user} may not order {request.command!r}: root may, and whoever is named in control.operators "
                "of the configuration"
            )
            return self._refuse(peer, request, Fault.FORBIDDEN, text, told)
        if command.withheld:
            return self._refuse(peer, request, Fault.NOT_PERMITTED, command.withheld, told)
        if isinstance(arguments, str):
            return self._refuse(peer, request, Fault.BAD_ARGUMENTS, arguments)
        return self._do(peer, request, command, arguments)

    def _may(self, peer: Peer, who: Who) -> bool:
        if peer.uid in self._ranks.operators:
            return True
        if peer.uid == self._ranks.kiosk:
            return who is Who.KIOSK
        return who is Who.EVERYBODY or (who is Who.BRIDGE and peer.uid == self._ranks.bridge)

    def _do(self, peer: Peer, request: Request, command: Command[_A], arguments: _A) -> Answer:
        told = _audited(arguments)
        if command.audited:
            try:
                self._journal.write(CommandEvent(request.command, str(peer), told))
            except StoreError as error:
                if not command.unrecorded(arguments):
                    return Refused(
                        Fault.NOT_RECORDED, f"{request.command} is not done, because it cannot be recorded: {error}"
                    )
                _log.error("%s orders %s %s, done without a record of it: %s", peer, request.command, told, error)
        try:
            return Done(command.do(arguments))
        except FaceplateError as error:
            fault = next((fault for kind, fault in _FAULTS if isinstance(error, kind)), Fault.FAILED)
            return self._refuse(peer, request, fault, str(error), told)

    def _refuse(self, peer: Peer, request: Request, reason: Fault, message: str, told: str = "{}") -> Refused:
        """Refuse, and write that down as far as that can be done: nothing is done without it."""
        command = self._commands.get(request.command)
        if command is None or command.audited:
            name, why = request.command[:_LONGEST_AUDITED], f"{reason}: {message}"[:_LONGEST_AUDITED]
            try:
                self._journal.write(CommandEvent(name, str(peer), told, why))
            except StoreError as error:
                _log.error("%s was refused %r (%s); of that there is no record: %s", peer, name, reason, error)
        return Refused(reason, message)


def _checked(command: Command[_A], request: Request) -> _A | str:
    """What the command is given, or what is wrong with it."""
    try:
        # As JSON once more, because in it a time is a text, and in Python it is not.
        return command.arguments.model_validate_json(json.dumps(request.arguments))
    except ValidationError as error:
        return faults_of(error, "arguments")[:_LONGEST_REFUSAL]


def _audited(arguments: Section) -> str:
    """Canonical JSON of what was given; a secret is shown as stars."""
    given = arguments.model_dump(mode="json", exclude_unset=True)
    return json.dumps(given, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
