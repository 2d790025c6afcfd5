"""Who is at the other end of the control socket, as the kernel says, and who of them may give orders."""

from __future__ import annotations

import os
import pwd
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from faceplate.errors import ConfigError

_CREDENTIALS = struct.Struct("3i")
"""struct ucred of unix(7): pid, uid, gid"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A process that asks."""

    user: str
    uid: int
    pid: int

    def __str__(self) -> str:
        """As the journal names it."""
        return f"{self.user} (uid {self.uid}, pid {self.pid})"


def peer_of(connection: socket.socket) -> Peer:
    """Who opened the other end.

    Raises:
        OSError: the kernel does not say.
    """
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(raw)
    return Peer(user_of(uid), uid, pid)


def this_process() -> Peer:
    """Ourselves, as another would see us."""
    return Peer(user_of(os.geteuid()), os.geteuid(), os.getpid())


def user_of(uid: int) -> str:
    """The user's name; the number where there is none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


@dataclass(frozen=True, slots=True)
class Ranks:
    """Who may order how much, by uid."""

    operators: frozenset[int]
    """Everything"""

    bridge: int | None = None
    """What may come from afar, and what the bridge needs to know; None: there is no such user"""

    kiosk: int | None = None
    """What is shown on the screen, and not even the status; None: there is no such user"""

    @classmethod
    def of(cls, operators: Iterable[str], bridge: str | None, kiosk: str | None = None) -> Self:
        """As the configuration names them.

        Raises:
            ConfigError: there is no user of an operator's name.
        """
        uids = (None if name is None else _uid_of(name) for name in (bridge, kiosk))
        return cls(operator_uids(operators), *uids)


def operator_uids(names: Iterable[str]) -> frozenset[int]:
    """Who may give every order: root, the user this process runs as, and the users of these names.

    Raises:
        ConfigError: there is no user of one of the names.
    """
    uids = {0, os.geteuid()}
    for name in names:
        uid = _uid_of(name)
        if uid is None:
            raise ConfigError(
                f"control.operators names {name!r}, and this machine has no such user. Correct the name, make the user "
                "(adduser), or take the name out."
            )
        uids.add(uid)
    return frozenset(uids)


def _uid_of(name: str) -> int | None:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None
