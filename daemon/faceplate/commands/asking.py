"""How a command has something done by the daemon, and how it asks for what must not be seen."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping
from typing import Any, Final

from faceplate.config import Config
from faceplate.control.client import ask
from faceplate.control.protocol import Answer, Done, Fault, Refused
from faceplate.errors import (
    AccessDeniedError,
    ControlError,
    DoorError,
    EnrolmentError,
    FaceplateError,
    OrderRefusedError,
    StoreError,
)

_ERRORS: Final[Mapping[Fault, type[FaceplateError]]] = {
    Fault.MALFORMED: ControlError,
    Fault.TOO_LARGE: ControlError,
    Fault.TOO_SLOW: ControlError,
    Fault.TOO_MANY: ControlError,
    Fault.FAILED: ControlError,
    Fault.UNKNOWN_COMMAND: OrderRefusedError,
    Fault.BAD_ARGUMENTS: OrderRefusedError,
    Fault.FORBIDDEN: OrderRefusedError,
    Fault.NOT_PERMITTED: OrderRefusedError,
    Fault.NOT_ALLOWED: OrderRefusedError,
    Fault.DENIED: AccessDeniedError,
    Fault.NOT_RECORDED: StoreError,
    Fault.STORE: StoreError,
    Fault.DOOR: DoorError,
    Fault.PEOPLE: EnrolmentError,
}
"""What each fault is on this side"""


def order(config: Config, command: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Have the daemon do something, and give its result.

    Raises:
        ControlError: it cannot be asked; NotRunningError: it does not run.
        FaceplateError: it refused; the message says why.
    """
    return result_of(ask(config.control.socket, command, arguments))


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
