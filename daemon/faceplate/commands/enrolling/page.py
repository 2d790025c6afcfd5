"""The preview page of one enrolment: where it is called, and how whoever enrols is told of that."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Final, Literal

from faceplate.camera.clock import monotonic
from faceplate.enrolling.certificate import self_signed
from faceplate.enrolling.gate import Gate, is_near
from faceplate.enrolling.page_server import Board, PageServer
from faceplate.errors import EnrolmentError

Reach = Literal["local", "lan"]
"""Who can call the page: this machine (and who tunnels to it), or the local network"""

_LOOPBACK: Final = "127.0.0.1"

# An address of TEST-NET-1 (RFC 5737): no packet is sent, the kernel only says from where one would be.
_AWAY: Final = ("192.0.2.1", 9)


@contextmanager
def page_of(reach: Reach, port: int, say: Callable[[str], None]) -> Iterator[Board]:
    """Serve the page until the end of the block, and say where.

    Raises:
        EnrolmentError: it cannot be served there.
    """
    address = _LOOPBACK if reach == "local" else _local_address()
    tls = self_signed(address, datetime.now(UTC)) if reach == "lan" else None
    gate = Gate({address, "localhost"} if reach == "local" else {address}, secure=tls is not None)
    board = Board()
    try:
        server = PageServer((address, port), gate, board, monotonic, tls)
    except OSError as error:
        raise EnrolmentError(
            f"the preview page cannot be served at {address} port {port}: {error.strerror}. Choose another "
            "--page-port, or do without: --no-page"
        ) from error
    with closing(server):
        link = f"{'https' if tls else 'http'}://{address}:{server.port}/{gate.token}"
        say(f"Preview page (the link works once): {link}")
        if tls is None:
            say(f"  from another machine, first: {_tunnel(server.port)}")
        else:
            say(
                "  the browser will warn of its certificate; go on only if its SHA-256 fingerprint is\n"
                f"  {tls.fingerprint}"
            )
        yield board


@contextmanager
def no_page() -> Iterator[Board]:
    """Nobody watches."""
    yield Board()


def _tunnel(port: int) -> str:
    user = os.environ.get("SUDO_USER") or getpass.getuser()
    # "client port server port" (sshd(8)): the address by which whoever sits at this terminal came.
    connection = os.environ.get("SSH_CONNECTION", "").split()
    host = connection[2] if len(connection) > 2 else socket.gethostname()  # noqa: PLR2004 - the third of four
    return f"ssh -L {port}:{_LOOPBACK}:{port} {user}@{host}"


def _local_address() -> str:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect(_AWAY)
            address = str(probe.getsockname()[0])
        except OSError:
            address = "none"
    if not is_near(address) or address.startswith("127."):
        raise EnrolmentError(
            f"this machine has no address in a local network (found: {address}), and the page is shown nowhere else. "
            "Use --page local through ssh, or --no-page"
        )
    return address
