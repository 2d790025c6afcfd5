"""What programs write: counted by the kernel, and seen in the folders where it ends."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_EVENT = struct.Struct("iIII")
"""inotify_event of inotify(7), but for its name"""

_CHANGES = 0x2 | 0x4 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200
"""IN_MODIFY, IN_ATTRIB, IN_CLOSE_WRITE, IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE"""


@dataclass(frozen=True, slots=True)
class Written:
    """What some processes have written so far, by /proc/PID/io of proc(5)."""

    asked: int = 0
    """Bytes given to write(2) and its like: files, pipes and terminals, so logs too"""

    to_disk: int = 0
    """Bytes of pages that the kernel will put on a disk, those of files mapped into memory among them"""

    @classmethod
    def by(cls, processes: Iterable[int]) -> Self:
        """By these together."""
        figures = [_figures(pid) for pid in processes]
        return cls(sum(each["wchar"] for each in figures), sum(each["write_bytes"] for each in figures))

    def since(self, before: Written) -> Written:
        return Written(self.asked - before.asked, self.to_disk - before.to_disk)


def _figures(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines()
    return {name: int(number) for name, number in (line.split(": ") for line in lines)}


def with_children(pid: int) -> list[int]:
    """A process and all it has started."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *(each for child in found for each in with_children(int(child)))]


class Folders:
    """Sees what is changed in some folders, but not in those within them, and not what is mapped into memory."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def changed(self) -> list[str]:
        """Names of what was changed since the last call."""
        try:
            content = os.read(self._descriptor, 65536)
        except BlockingIOError:
            return []
        names = []
        while content:
            length = _EVENT.unpack_from(content)[3]
            names.append(content[_EVENT.size : _EVENT.size + length].rstrip(b"\0").decode())
            content = content[_EVENT.size + length :]
        return names


@contextmanager
def watched(*folders: Path) -> Iterator[Folders]:
    """Watch folders that are there."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    assert descriptor >= 0, os.strerror(ctypes.get_errno())
    try:
        for folder in folders:
            assert libc.inotify_add_watch(descriptor, bytes(folder), _CHANGES) >= 0, folder
        yield Folders(descriptor)
    finally:
        os.close(descriptor)
