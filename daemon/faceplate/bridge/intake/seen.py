"""Which commands have come already, in a file: none is obeyed twice, whatever becomes of the process or its clock."""

from __future__ import annotations

import hashlib
import logging
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from faceplate.bridge.intake.requests import Request
from faceplate.errors import StoreError
from faceplate.files import write_atomically

KEPT: Final = 4096
"""Commands that are remembered; the oldest are forgotten"""

_HEAD: Final = b"faceplate seen 1\n"
_SINCE: Final = struct.Struct(">d")
_DIGEST: Final = 16
"""Bytes that stand for one id: too many to find another id that has the same"""
_CHECK: Final = 32
"""Bytes of the SHA-256 over all before it"""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    """What a file tells."""

    since: datetime
    """What was sent earlier may have come without being known"""

    digests: tuple[bytes, ...]
    """Of the ids that came, oldest first"""


class SeenFile:
    """The record of the ids that came."""

    def __init__(self, path: Path, started: datetime) -> None:
        """Go on where the last process stopped.

        Args:
            path: the file. If there is none, or it is damaged, everything sent before `started` counts as known.
            started: the wall clock at the start of this process, with a time zone.

        Raises:
            StoreError: the file is there and cannot be read.
        """
        self._path = path
        known = _load(path, started)
        self._since = known.since
        self._digests = dict.fromkeys(known.digests)

    def doubt(self, request: Request) -> str:
        """Why the request may have come before; empty if it is new."""
        if _digest_of(request) in self._digests:
            return "a command with this id has come before; give each a new one"
        if request.sent < self._since:
            return (
                "nobody can tell whether it came before: it was sent before the record of commands was begun. If this "
                f"device's clock was ahead then, stop the bridge, remove {self._path} and start it again"
            )
        return ""

    def add(self, request: Request) -> None:
        """Keep for good, before returning, that it came.

        Raises:
            StoreError: it could not be written; the old file is still there, and the request counts as new.
        """
        digests = (*self._digests, _digest_of(request))[-KEPT:]
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            write_atomically(self._path, _content_of(_Known(self._since, digests)))
        except OSError as error:
            raise StoreError(
                f"cannot write the record of commands {self._path}: {error.strerror}. Make room and check that its "
                "folder is this user's; until then no command is obeyed."
            ) from error
        self._digests = dict.fromkeys(digests)


def _digest_of(request: Request) -> bytes:
    return hashlib.sha256(request.id.encode()).digest()[:_DIGEST]


def _load(path: Path, started: datetime) -> _Known:
    try:
        return _known_from(path.read_bytes())
    except FileNotFoundError:
        return _Known(started, ())
    except OSError as error:
        raise StoreError(
            f"cannot read the record of commands {path}: {error.strerror}. It must be this user's."
        ) from error
    except ValueError as error:
        _log.warning(
            "the record of commands %s is damaged (%s): no command sent before %s is obeyed any more",
            path,
            error,
            started.isoformat(timespec="seconds"),
        )
        return _Known(started, ())


def _content_of(known: _Known) -> bytes:
    content = _HEAD + _SINCE.pack(known.since.timestamp()) + b"".join(known.digests)
    return content + hashlib.sha256(content).digest()


def _known_from(content: bytes) -> _Known:
    """Read a file.

    Raises:
        ValueError: it is not as it was written.
    """
    content, check = content[:-_CHECK], content[-_CHECK:]
    if hashlib.sha256(content).digest() != check:
        raise ValueError("its check sum is wrong")
    since, digests = content[len(_HEAD) :][: _SINCE.size], content[len(_HEAD) + _SINCE.size :]
    if not content.startswith(_HEAD) or len(since) < _SINCE.size or len(digests) % _DIGEST:
        raise ValueError("it is of another kind")
    each = tuple(digests[i : i + _DIGEST] for i in range(0, len(digests), _DIGEST))
    try:
        return _Known(datetime.fromtimestamp(_SINCE.unpack(since)[0], UTC), each)
    except OverflowError:
        raise ValueError("it is of another kind") from None
