"""How a command has something done: by the daemon, or, where that is stopped and it may, by itself."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

from faceplate.config import Config
from faceplate.config.access import ALWAYS, NEVER
from faceplate.control.client import ask
from faceplate.control.peers import this_process
from faceplate.control.protocol import Answer, Done, Fault, Refused, Request
from faceplate.errors import (
    ControlError,
    DoorError,
    EnrolmentError,
    FaceplateError,
    NotRunningError,
    OrderRefusedError,
    StoreError,
)
from faceplate.events import CommandEvent
from faceplate.journal.journal import Journal
from faceplate.orders.orders import Orders
from faceplate.orders.people_commands import people_commands
from faceplate.people.gallery import Gallery
from faceplate.people.household import Household
from faceplate.types import Seconds

_ERRORS: Final[Mapping[Fault, type[FaceplateError]]] = {
    Fault.MALFORMED: ControlError,
    Fault.TOO_LARGE: ControlError,
    Fault.TOO_SLOW: ControlError,
    Fault.TOO_MANY: ControlError,
    Fault.FAILED: ControlError,
    Fault.UNKNOWN_COMMAND: OrderRefusedError,
    Fault.BAD_ARGUMENTS: OrderRefusedError,
    Fault.FORBIDDEN: OrderRefusedError,
    Fault.NOT_ALLOWED: OrderRefusedError,
    Fault.NOT_RECORDED: StoreError,
    Fault.STORE: StoreError,
    Fault.DOOR: DoorError,
    Fault.PEOPLE: EnrolmentError,
}
"""What each fault is on this side"""

_PATIENCE: Final = Seconds(60.0)
"""For the people: a new PIN is compared with every other, a tenth of a second each"""


def order(config: Config, command: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Have the daemon do something, and give its result.

    Raises:
        ControlError: it cannot be asked; NotRunningError: it does not run.
        FaceplateError: it refused; the message says why.
    """
    return result_of(ask(config.control.socket, command, arguments))


def order_people(config: Config, command: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Have the daemon do something with the people enrolled; while it does not run, do it here.

    Raises:
        FaceplateError: it was refused, or cannot be done; the message says why.
    """
    try:
        return result_of(ask(config.control.socket, command, arguments, _PATIENCE))
    except NotRunningError:
        me = this_process()
        orders = Orders(people_commands(household_of(config)), _Record(config), {me.uid})
        return result_of(orders.answer(me, Request("here", command, arguments)))


def household_of(config: Config) -> Household:
    """The people enrolled, without the daemon."""
    gallery = Gallery(config.people.store, config.people.key_file)
    return Household(gallery, {ALWAYS, NEVER, *config.access.schedules})


def result_of(answer: Answer) -> dict[str, Any]:
    """What came of it.

    Raises:
        FaceplateError: it was refused.
    """
    match answer:
        case Done(result):
            return dict(result)
        case Refused(reason, message):
            raise _ERRORS[reason](message)


def secret(prompt: str, *, twice: bool = False) -> str:
    """Something that is not shown while it is typed; from standard input where that is no terminal.

    Raises:
        EnrolmentError: it was not typed the same way twice.
    """
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    typed = getpass.getpass(f"{prompt}: ")
    if twice and getpass.getpass(f"{prompt}, once more: ") != typed:
        raise EnrolmentError("these were not the same; nothing was changed, try again")
    return typed


class _Record:
    """The journal, opened only to write something down: the daemon is its writer whenever it runs."""

    def __init__(self, config: Config) -> None:
        self._config = config.journal

    def write(self, entry: CommandEvent) -> None:
        """Write one row for good.

        Raises:
            StoreError: it cannot be written.
        """
        path = self._config.path
        # Made by root, it could not be written by the daemon's own user.
        if not path.exists() and path.parent.exists() and path.parent.stat().st_uid != os.geteuid():
            raise StoreError(
                f"there is no journal at {path} yet, and only the daemon's user may begin it: start it once"
            )
        with closing(Journal(path, self._config.key_file)) as journal:
            journal.write(entry)
