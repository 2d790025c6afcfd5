"""What goes over the control socket: frames of JSON, requests and answers.

A frame is the length of what follows as four bytes, big-endian, and a JSON object in UTF-8. See docs/control.md.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from faceplate.strict_json import object_from
from faceplate.types import Clock, Seconds

LONGEST_REQUEST = 64 * 1024
LONGEST_ANSWER = 1024 * 1024
"""Bytes of a frame, without the four that tell its length. A household of thousands can be listed"""

_LENGTH = 4
_LONGEST_ID = 64

_DEEPEST = 64
"""Levels of the JSON in a frame"""


class Fault(StrEnum):
    """Why something was not done."""

    MALFORMED = "malformed"
    """The request is not what it should be; the connection is closed"""
    TOO_LARGE = "too_large"
    """The request, or its answer, is longer than a frame may be; the connection is closed"""
    TOO_SLOW = "too_slow"
    """The request did not come in time; the connection is closed"""
    TOO_MANY = "too_many"
    """Too many connections, or requests in a second; the connection is closed"""
    UNKNOWN_COMMAND = "unknown_command"
    BAD_ARGUMENTS = "bad_arguments"
    FORBIDDEN = "forbidden"
    """This user may not order that"""
    NOT_PERMITTED = "not_permitted"
    """The configuration does not let anybody order that from afar"""
    NOT_RECORDED = "not_recorded"
    """The journal cannot be written, and what opens is done only once it is written down"""
    NOT_ALLOWED = "not_allowed"
    """The door's mode does not allow it, or what is asked lies outside what is allowed"""
    DENIED = "denied"
    """Nobody is let in by this; the message begins with the reason"""
    DOOR = "door"
    """The lock does not answer"""
    STORE = "store"
    """A file cannot be read or written"""
    PEOPLE = "people"
    """There is no such person, or their rights would make no sense"""
    FAILED = "failed"
    """An unforeseen error; the daemon's log tells more"""


@dataclass(frozen=True, slots=True)
class Request:
    """Something to be done."""

    id: str
    """The answer carries it, too"""

    command: str

    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Never shown: there may be a PIN in them"""


@dataclass(frozen=True, slots=True)
class Done:
    """It was done."""

    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not done."""

    reason: Fault
    message: str


Answer: TypeAlias = Done | Refused


class ProtocolError(Exception):
    """What came is not a frame, or not a request; nothing after it can be trusted. Never leaves this package."""

    def __init__(self, reason: Fault, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def request_from(tree: Mapping[str, Any]) -> Request:
    """Read a request.

    Raises:
        ProtocolError: it is none.
    """
    match tree:
        case {"id": str(name), "command": str(command), **rest} if rest.keys() <= {"arguments"}:
            arguments = rest.get("arguments", {})
            if 1 <= len(name) <= _LONGEST_ID and isinstance(arguments, dict):
                return Request(name, command, arguments)
    raise ProtocolError(
        Fault.MALFORMED,
        f'expected {{"id": 1 to {_LONGEST_ID} characters, "command": text, "arguments": {{...}}}} and nothing else',
    )


def tree_of(name: str, answer: Answer) -> dict[str, Any]:
    """An answer to the request of that id, as JSON has it."""
    match answer:
        case Done(result):
            return {"id": name, "ok": True, "result": dict(result)}
        case Refused(reason, message):
            return {"id": name, "ok": False, "error": {"reason": reason.value, "message": message}}


def framed(tree: Mapping[str, Any], longest: int) -> bytes:
    """A frame of that content.

    Raises:
        ProtocolError: it would be too long.
    """
    content = json.dumps(tree, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    if len(content) > longest:
        raise ProtocolError(Fault.TOO_LARGE, f"expected at most {longest} bytes, got {len(content)}")
    return len(content).to_bytes(_LENGTH, "big") + content


def parsed(content: bytes) -> dict[str, Any]:
    """The JSON object in a frame.

    Raises:
        ProtocolError: it is not one, names a key twice, or holds what cannot be written as text again.
    """
    try:
        return object_from(content, _DEEPEST)
    except ValueError as error:
        raise ProtocolError(Fault.MALFORMED, str(error)) from None


def receive(connection: socket.socket, longest: int, *, idle: Seconds, patience: Seconds, clock: Clock) -> bytes | None:
    """The content of the next frame; None when the other side has closed the connection between two frames.

    Args:
        connection: a stream socket.
        longest: bytes the content may have.
        idle: how long to wait for the first byte.
        patience: how long the whole frame may take from then on.
        clock: tells the time.

    Raises:
        ProtocolError: it is too long, too slow, or breaks off.
        OSError: the connection broke.
    """
    first = _some(connection, 1, idle)
    if not first:
        return None
    end = clock() + patience
    length = int.from_bytes(first + _all(connection, _LENGTH - 1, end, clock), "big")
    if length > longest:
        raise ProtocolError(Fault.TOO_LARGE, f"expected at most {longest} bytes, got {length}")
    return _all(connection, length, end, clock)


def _all(connection: socket.socket, count: int, end: float, clock: Clock) -> bytes:
    content = bytearray()
    while len(content) < count:
        more = _some(connection, count - len(content), Seconds(end - clock()))
        if not more:
            raise ProtocolError(Fault.MALFORMED, f"the connection was closed after {len(content)} of {count} bytes")
        content += more
    return bytes(content)


def _some(connection: socket.socket, count: int, patience: Seconds) -> bytes:
    if patience <= 0:
        raise ProtocolError(Fault.TOO_SLOW, "the rest did not come in time")
    connection.settimeout(patience)
    try:
        return connection.recv(count)
    except TimeoutError:
        raise ProtocolError(Fault.TOO_SLOW, f"nothing came for {patience:.3g} s") from None
