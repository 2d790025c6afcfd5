"""The socket in the file system: made safely, and taken over from a daemon that died."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

from faceplate.errors import ControlError

MODE = 0o660
FOLDER_MODE = 0o750
_WAITING = 128


def listening(path: Path) -> socket.socket:
    """A socket that listens at `path`, for its user and group only.

    Raises:
        ControlError: another daemon listens there, something else is there, or it cannot be made.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
        _clear(path)
        listener.bind(str(path))
        # Until it listens nobody is let in, so there is no moment at which others could be.
        path.chmod(MODE)
        listener.listen(_WAITING)
    except OSError as error:
        listener.close()
        if isinstance(error, ControlError):
            raise
        raise ControlError(
            f"cannot make the control socket {path}: {error}. Its folder must exist and belong to this user: systemd's "
            "RuntimeDirectory= makes it, or name another as control.socket (at most 107 characters)."
        ) from error
    return listener


def _clear(path: Path) -> None:
    """Take away what a daemon that died has left."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ControlError(f"{path} is there and is not a socket; name another as control.socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise ControlError(f"another daemon listens at {path}: stop that one first")
