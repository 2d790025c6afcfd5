"""The asking end of the control socket."""

from __future__ import annotations

import contextlib
import grp
import secrets
import select
import socket
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from faceplate.control.peers import this_process
from faceplate.control.protocol import (
    LONGEST_ANSWER,
    LONGEST_REQUEST,
    Answer,
    Done,
    Fault,
    ProtocolError,
    Refused,
    framed,
    parsed,
    receive,
)
from faceplate.errors import ControlError, NotRunningError
from faceplate.types import Seconds

PATIENCE: Final = Seconds(10.0)
"""How long an answer may take"""


def ask(path: Path, command: str, arguments: Mapping[str, Any], patience: Seconds = PATIENCE) -> Answer:
    """Ask the daemon that listens at `path` to do something, and wait for its answer.

    Raises:
        NotRunningError: there is no daemon.
        ControlError: it may not be asked, does not answer in time, or answers what nobody understands.
    """
    with closing(Caller(path)) as caller:
        return caller.ask(command, arguments, patience)


class Caller:
    """Asks one thing after another over one connection, which is made when it is needed. Not for two threads."""

    def __init__(self, path: Path) -> None:
        """Name the socket; nothing is connected yet."""
        self._path = path
        self._connection: socket.socket | None = None

    def ask(self, command: str, arguments: Mapping[str, Any], patience: Seconds = PATIENCE) -> Answer:
        """As the function `ask`. After an error the next call connects anew.

        Raises:
            NotRunningError, ControlError: as there.
        """
        name = secrets.token_hex(8)
        connection = self._connected(patience)
        try:
            _send(connection, framed({"id": name, "command": command, "arguments": dict(arguments)}, LONGEST_REQUEST))
            content = receive(connection, LONGEST_ANSWER, idle=patience, patience=patience, clock=_clock)
            answer, lasts = _answer_from(content, name)
        except (ProtocolError, OSError) as error:
            self.close()
            raise ControlError(
                f"the daemon at {self._path} did not answer as it should: {error}. Whether {command!r} was done is "
                "unknown: see `faceplate status` and `faceplate journal show`."
            ) from error
        if not lasts:
            self.close()
        return answer

    def close(self) -> None:
        """Hang up; nothing if there is no connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self, patience: Seconds) -> socket.socket:
        if self._connection is not None and _is_dead(self._connection):
            self.close()
        if self._connection is None:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.settimeout(patience)
                _connect(connection, self._path)
            except ControlError:
                connection.close()
                raise
            self._connection = connection
        self._connection.settimeout(patience)
        return self._connection


def _clock() -> Seconds:
    return Seconds(time.monotonic())


def _connect(connection: socket.socket, path: Path) -> None:
    try:
        connection.connect(str(path))
    except (FileNotFoundError, ConnectionRefusedError):
        raise NotRunningError(
            f"the daemon does not run: nobody listens at {path}. Start it (systemctl start faceplate), or name its "
            "configuration with --config."
        ) from None
    except PermissionError:
        raise ControlError(
            f"{this_process().user} may not speak to the daemon at {path}. Whoever is in the group {_group_of(path)} "
            "may ask for the status; to give orders a user must be named in control.operators, too; root always may."
        ) from None
    except BlockingIOError:
        raise ControlError(f"too many are asking the daemon at {path} at this moment; try again") from None
    except OSError as error:
        raise ControlError(f"cannot speak to the daemon at {path}: {error}") from error


def _group_of(path: Path) -> str:
    try:
        return grp.getgrgid(path.stat().st_gid).gr_name
    except (OSError, KeyError):
        return "that owns the socket"


def _send(connection: socket.socket, frame: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):  # it closed the connection on us, and its answer says why
        connection.sendall(frame)


def _is_dead(connection: socket.socket) -> bool:
    """Whether the daemon has hung up, or sent what nobody asked for."""
    readable, _, _ = select.select([connection], [], [], 0)
    return bool(readable)


def _answer_from(content: bytes | None, name: str) -> tuple[Answer, bool]:
    """What was answered, and whether the connection is of further use."""
    if content is None:
        raise ProtocolError(Fault.MALFORMED, "it closed the connection without an answer")
    match parsed(content):
        case {"id": str(given), "ok": True, "result": dict(result)} if given == name:
            return Done(result), True
        # A connection that is refused as a whole is answered before the request was read.
        case {"id": str(given), "ok": False, "error": {"reason": str(reason), "message": str(message)}} if given in {
            name,
            "",
        }:
            known = Fault(reason) if reason in {*Fault} else Fault.FAILED
            return Refused(known, message), bool(given)
    raise ProtocolError(Fault.MALFORMED, "it sent something that is no answer")
