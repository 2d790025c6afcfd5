"""The lines of one fake chip, in a folder: FAKE_GPIO_DIR/gpiochip0 for /dev/gpiochip0.

`level-17` holds the level of line 17, "0" or "1", whether this side drives it or a test does. `line-17` says who holds
it, and is locked by that process. `log` tells what happened, a line of JSON each, in order.
"""

from __future__ import annotations

import atexit
import errno
import fcntl
import json
import os
import struct
import time
from pathlib import Path
from typing import Any

LINES = 54

# struct flock of fcntl(2): type, whence, start, length (0: to the end), process
_FLOCK = struct.Struct("hhqqi4x")
_ALL_EXCLUSIVE = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


class Board:
    """One chip."""

    def __init__(self, folder: Path, lines: int = LINES) -> None:
        self.name = folder.name
        self.lines = lines
        self._folder = folder

    @classmethod
    def at(cls, path: str) -> Board:
        folder = Path(os.environ["FAKE_GPIO_DIR"]) / Path(path).name
        if not path.startswith("/dev/") or not folder.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return cls(folder)

    def level(self, line: int) -> int:
        """The level on the wire, 0 where nobody ever drove it."""
        try:
            return int((self._folder / f"level-{line}").read_bytes() or b"0")
        except FileNotFoundError:
            return 0

    def set_level(self, line: int, level: int) -> None:
        """Drive the wire; readers see the one level or the other."""
        file = os.open(self._folder / f"level-{line}", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(file, b"1" if level else b"0", 0)
        finally:
            os.close(file)

    def log(self) -> list[dict[str, Any]]:
        """All that happened to lines that processes held: time, line, what ("take", "drive", "release"), level, pid."""
        try:
            return [json.loads(line) for line in (self._folder / "log").read_text(encoding="utf-8").splitlines()]
        except FileNotFoundError:
            return []

    def state_of(self, line: int) -> dict[str, str]:
        """What the holder says of a line; empty: nobody holds it."""
        self._check(line)
        try:
            file = os.open(self._folder / f"line-{line}", os.O_RDWR)
        except FileNotFoundError:
            return {}
        try:
            found = fcntl.fcntl(file, fcntl.F_OFD_GETLK, _ALL_EXCLUSIVE)
            held = _FLOCK.unpack(found)[0] != fcntl.F_UNLCK
            state = json.loads(os.pread(file, 4096, 0) or b"{}") if held else {}
        finally:
            os.close(file)
        return dict(state)

    def take(self, line: int, consumer: str) -> HeldLine:
        """Hold a line until it is released, or this process ends."""
        self._check(line)
        file = os.open(self._folder / f"line-{line}", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.fcntl(file, fcntl.F_OFD_SETLK, _ALL_EXCLUSIVE)
        except OSError as error:
            os.close(file)
            if error.errno in {errno.EACCES, errno.EAGAIN}:
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY)) from error
            raise
        if os.pread(file, 1, 0):
            # Who held it last did not let go of it: its process was killed. The wire has been as it was left.
            self.write_down(line, "was left behind")
        return HeldLine(self, line, file, consumer)

    def write_down(self, line: int, what: str) -> None:
        row = {"time": time.monotonic(), "line": line, "what": what, "level": self.level(line), "pid": os.getpid()}
        file = os.open(self._folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, json.dumps(row).encode() + b"\n")
        finally:
            os.close(file)

    def _check(self, line: int) -> None:
        if not self._folder.is_dir():
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        if not 0 <= line < self.lines:
            raise ValueError("line offset of out range")


class HeldLine:
    """A line in the hands of this process."""

    def __init__(self, board: Board, line: int, file: int, consumer: str) -> None:
        self._board = board
        self._line = line
        self._file: int | None = file
        self._state = {"consumer": consumer}
        self.describe()
        board.write_down(line, "take")
        atexit.register(self.release, "release by exit")

    def describe(self, **state: str) -> None:
        """Tell others about it."""
        assert self._file is not None
        self._state |= state
        words = json.dumps(self._state).encode()
        os.pwrite(self._file, words.ljust(200), 0)

    def level(self) -> int:
        self._board._check(self._line)
        return self._board.level(self._line)

    def drive(self, level: int) -> None:
        self._board._check(self._line)
        self._board.set_level(self._line, level)
        self._board.write_down(self._line, "drive")

    def release(self, what: str = "release") -> None:
        """Let go of it. Its level stays as it is."""
        if self._file is None:
            return
        os.truncate(self._file, 0)
        self._board.write_down(self._line, what)
        os.close(self._file)
        self._file = None
        atexit.unregister(self.release)
