"""Cutting the power of a program at every moment, without a switch.

strace records what a real program asks the kernel to do to the files of one folder. From that record come the contents
the folder may have after a power cut: what was synchronised is there; of the rest, each write may be there, be lost or
be torn, in any combination, and of the creations, renames and removals any first part. That is stricter than common
file systems are. A file's shared memory (SQLite's `-shm`) does not outlast a power cut and is left out.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from pathlib import Path

_CALLS = "openat,close,read,write,pwrite64,lseek,ftruncate,fsync,fdatasync,dup,mkdir"
_CALLS_OF_NAMES = "rename,renameat,renameat2,unlink,unlinkat"

_CALL = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+|\?)")
_ARGUMENT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"|([^,"\s][^,"]*)')


@dataclass(frozen=True)
class Operation:
    """One thing the program asked for, and got."""

    kind: str
    """write, truncate, sync, create, rename, unlink, sync folder, or said"""

    file: int = 0
    """Of a write, truncate or sync: which file, whatever it is called"""

    name: str = ""
    """Of the others: the file's name; what was said"""

    new_name: str = ""
    data: bytes = b""
    place: int = 0
    """Of a write: where; of a truncate: the new length"""


@cache
def can_trace() -> bool:
    """Whether there is an strace that may trace."""
    strace = shutil.which("strace")
    return strace is not None and subprocess.run([strace, "-o", "/dev/null", "true"], check=False).returncode == 0


def record(program: str, folder: Path, trace: Path, *arguments: str) -> list[Operation]:
    """Run a Python program, and give what it did to the files in `folder`, and what it said in between."""
    reader = _Reader(folder)
    which = ["-e", f"trace={_CALLS},{_CALLS_OF_NAMES}", "-e", "signal=none"]
    command = ["strace", "-o", str(trace), "-xx", "-s", "1000000", *which, sys.executable, "-c", program]
    subprocess.run([*command, str(folder), *arguments], check=True, capture_output=True)
    return list(reader.operations(trace.read_text(encoding="ascii").splitlines()))


class _Reader:
    """Makes operations of what strace wrote."""

    def __init__(self, folder: Path) -> None:
        """Of a folder as it is before the program runs."""
        self._folder = folder
        self._files: dict[str, int] = {path.name: number for number, path in enumerate(sorted(folder.iterdir()), 1)}
        self._numbers = count(1 + len(self._files))
        self._open: dict[int, int] = {}
        """Descriptor -> file; 0 is the folder itself"""
        self._place: dict[int, int] = {}

    def operations(self, lines: list[str]) -> Iterator[Operation]:
        for line in lines:
            call = _CALL.match(line)
            if call is None or call[3] == "?" or int(call[3]) < 0:
                continue
            arguments = [
                bytes.fromhex(text.replace("\\x", "")) if word == "" else word.strip()
                for text, word in _ARGUMENT.findall(call[2])
            ]
            assert "..." not in call[2][-4:], "strace cut a string short"
            yield from getattr(self, f"_{call[1]}")(arguments, int(call[3]))

    def _name(self, path: bytes) -> str | None:
        """The file's name, if it lies in the folder."""
        whole = Path(path.decode())
        return whole.name if whole.parent == self._folder and not whole.name.endswith("-shm") else None

    def _openat(self, arguments, result):
        path, flags = arguments[1], arguments[2]
        if Path(path.decode()) == self._folder:
            self._open[result] = 0
        elif (name := self._name(path)) is not None:
            if name not in self._files:
                assert "O_CREAT" in flags
                self._files[name] = next(self._numbers)
                yield Operation("create", self._files[name], name)
            self._open[result] = self._files[name]
            self._place[result] = 0
            assert "O_TRUNC" not in flags
            assert "O_APPEND" not in flags

    def _close(self, arguments, _):
        self._open.pop(int(arguments[0]), None)
        yield from ()

    def _dup(self, arguments, _):
        assert int(arguments[0]) not in self._open
        yield from ()

    def _read(self, arguments, result):
        if int(arguments[0]) in self._place:
            self._place[int(arguments[0])] += result
        yield from ()

    def _lseek(self, arguments, result):
        self._place[int(arguments[0])] = result
        yield from ()

    def _write(self, arguments, result):
        descriptor = int(arguments[0])
        if descriptor == 1:
            yield Operation("said", name=arguments[1].decode())
        elif file := self._open.get(descriptor):
            yield Operation("write", file, data=arguments[1][:result], place=self._place[descriptor])
            self._place[descriptor] += result

    def _pwrite64(self, arguments, result):
        if file := self._open.get(int(arguments[0])):
            yield Operation("write", file, data=arguments[1][:result], place=int(arguments[-1]))

    def _ftruncate(self, arguments, _):
        if file := self._open.get(int(arguments[0])):
            yield Operation("truncate", file, place=int(arguments[1]))

    def _fsync(self, arguments, _):
        file = self._open.get(int(arguments[0]))
        if file is not None:
            yield Operation("sync", file) if file else Operation("sync folder")

    _fdatasync = _fsync

    def _rename(self, arguments, _):
        old, new = (self._name(path) for path in arguments if isinstance(path, bytes))
        assert (old is None) == (new is None), "only renames within the folder are understood"
        if old is not None and new is not None:
            self._files[new] = self._files.pop(old)
            yield Operation("rename", name=old, new_name=new)

    _renameat = _renameat2 = _rename

    def _unlink(self, arguments, _):
        name = self._name(next(path for path in arguments if isinstance(path, bytes)))
        if name is not None:
            del self._files[name]
            yield Operation("unlink", name=name)

    _unlinkat = _unlink

    def _mkdir(self, arguments, _):
        assert self._name(arguments[0]) is None, "only files are understood"
        yield from ()


Fate = Callable[[Operation, bool], Operation | None]
"""(an operation that was not synchronised, whether it is the last of all) -> what of it is on the disk"""


def kept(operation: Operation, last: bool) -> Operation:  # noqa: ARG001, FBT001 - a Fate
    """All of it: the kernel was quick."""
    return operation


def lost(operation: Operation, last: bool) -> None:  # noqa: FBT001 - a Fate
    """Nothing of it."""


def torn(operation: Operation, last: bool) -> Operation:  # noqa: FBT001 - a Fate
    """All but the second half of the last."""
    return _torn(operation, len(operation.data) // 2) if last else operation


def chance(seed: int) -> Fate:
    """Each by itself kept, lost or torn anywhere."""
    choose = random.Random(seed)  # noqa: S311 - no secret hangs on it

    def fate(operation: Operation, _last: bool) -> Operation | None:  # noqa: FBT001 - a Fate
        number = choose.random()
        if number < 0.4:
            return operation
        return None if number < 0.7 else _torn(operation, choose.randrange(len(operation.data) + 1))

    return fate


def _torn(operation: Operation, length: int) -> Operation:
    return replace(operation, data=operation.data[:length]) if operation.kind == "write" else operation


def contents(before: dict[str, bytes], done: list[Operation], fate: Fate, names_kept: float) -> dict[str, bytes]:
    """What is in the folder after the power was cut right after `done`.

    Args:
        before: what was in it at the start, by name.
        done: what the program did until then.
        fate: decides on each write or truncation that was not synchronised.
        names_kept: share of the creations, renames and removals that are on the disk though they were not
            synchronised; the first ones.
    """
    unsynced = _unsynced(done)
    names = [place for place in sorted(unsynced) if done[place].kind in {"create", "rename", "unlink"}]
    lost_names = set(names[round(names_kept * len(names)) :])
    files = {number: bytearray(content) for number, content in enumerate((before[n] for n in sorted(before)), 1)}
    folder = dict(zip(sorted(before), files, strict=True))
    for place, original in enumerate(done):
        operation: Operation | None = original
        if original.kind in {"write", "truncate"} and place in unsynced:
            operation = fate(original, place == max(unsynced))
        if operation is not None and place not in lost_names:
            _apply(operation, files, folder)
    return {name: bytes(files[number]) for name, number in folder.items()}


def _unsynced(done: list[Operation]) -> set[int]:
    synced_files, folder_synced, unsynced = set(), False, set()
    for place in range(len(done) - 1, -1, -1):
        operation = done[place]
        match operation.kind:
            case "sync":
                synced_files.add(operation.file)
            case "sync folder":
                folder_synced = True
            case "write" | "truncate" if operation.file not in synced_files:
                unsynced.add(place)
            case "create" | "rename" | "unlink" if not folder_synced:
                unsynced.add(place)
    return unsynced


def _apply(operation: Operation, files: dict[int, bytearray], folder: dict[str, int]) -> None:
    match operation.kind:
        case "create":
            files[operation.file] = bytearray()
            folder[operation.name] = operation.file
        case "write":
            content = files.setdefault(operation.file, bytearray())
            content.extend(bytes(max(0, operation.place - len(content))))
            content[operation.place : operation.place + len(operation.data)] = operation.data
        case "truncate":
            content = files.setdefault(operation.file, bytearray())
            del content[operation.place :]
            content.extend(bytes(operation.place - len(content)))
        case "rename":
            folder[operation.new_name] = folder.pop(operation.name)
        case "unlink":
            del folder[operation.name]
