"""Who is at the other end of the control socket, as the kernel says, and who of them may give orders."""

from __future__ import annotations

import os
import pwd
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass

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


def operator_uids(names: Iterable[str]) -> frozenset[int]:
    """Who may give every order: root, the user this process runs as, and the users of these names.

    Raises:
        ConfigError: there is no user of one of the names.
    """
    uids = {0, os.geteuid()}
    for name in names:
        try:
            uids.add(pwd.getpwnam(name).pw_uid)
        except KeyError:
            raise ConfigError(
                f"control.operators names {name!r}, and this machine has no such user. Correct the name, make the user "
                "(adduser), or take the name out."
            ) from None
    return frozenset(uids)
