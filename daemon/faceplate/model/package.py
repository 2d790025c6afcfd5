"""A bundle packed as one file, in which every byte counts.

An uncompressed tar with nothing in it but plain files, in the order of their names, and one way only to write each
header; its first file, `SHA256SUMS`, names the hash of every other one, so that what no manifest vouches for
(`bundle.json` itself, the cohort) is held as well. What is read is packed again and compared: whatever differs by one
byte was not made by `packed`, and is refused. Nothing is written while it is read, and nothing is larger than the file.

A hash holds against damage. It does not tell who made a bundle: whoever makes another can hash that as well.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from faceplate.errors import ModelError
from faceplate.model.bundle import MANIFEST, Manifest
from faceplate.model.cohort import EMBEDDINGS, FACTS

SUMS: Final = "SHA256SUMS"

LARGEST: Final = 128 * 2**20
"""Bytes of a whole bundle; the one in the package has 10 million"""

_MOST_FILES: Final = 64
_LONGEST_NAME: Final = 100  # what a header of a tar has room for
_BLOCK: Final = tarfile.BLOCKSIZE
_REMEDY: Final = "get the file again, or make it with `faceplate-train pack`"


def packed(files: Mapping[str, bytes]) -> bytes:
    """The bundle of these files, by name, as one file; the same files always give the same bytes."""
    sums = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)).encode()
    parts = [part for name, content in [(SUMS, sums), *sorted(files.items())] for part in _member(name, content)]
    return b"".join([*parts, bytes(2 * _BLOCK)])


def unpacked(archive: bytes) -> dict[str, bytes]:
    """The files that `packed` was given.

    Raises:
        ModelError: it is anything else, by so much as a byte.
    """
    files: dict[str, bytes] = {}
    at = 0
    while archive[at : at + _BLOCK].strip(b"\0"):
        name, size = _header(archive[at : at + _BLOCK], sorted(files))
        at += _BLOCK
        if size > len(archive) - at:
            raise ModelError(f"{name!r} is cut off: expected {size} bytes, found {len(archive) - at}; {_REMEDY}")
        files[name] = archive[at : at + size]
        at += -(-size // _BLOCK) * _BLOCK
    sums = files.pop(SUMS, None)
    if sums is None or MANIFEST not in files:
        raise ModelError(f"it is no packed bundle: expected {SUMS} and {MANIFEST} in it; {_REMEDY}")
    _check_sums(files, sums)
    if packed(files) != archive:
        raise ModelError(f"it is not as it was packed, though every file in it is whole; {_REMEDY}")
    return files


def read_package(path: Path, sha256: str | None = None) -> dict[str, bytes]:
    """The files of a packed bundle.

    Args:
        path: the packed bundle.
        sha256: what its hash must be, in hexadecimal; None: whatever it is.

    Raises:
        ModelError: it cannot be read, or is damaged, too large, no packed bundle, or not the one of this hash.
    """
    archive = _read(path)
    received = hashlib.sha256(archive).hexdigest()
    if sha256 is not None and received != sha256.lower():
        raise ModelError(f"{path} is not the file that was asked for: expected SHA-256 {sha256}, found {received}")
    try:
        return unpacked(archive)
    except ModelError as error:
        raise ModelError(f"{path} is refused: {error}") from error


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files that make up the bundle in a folder: those its manifest names, and the cohort beside it.

    Raises:
        ModelError: one of them is missing, no plain file, or too large.
    """
    text = _read(folder / MANIFEST)
    files = {MANIFEST: text}
    for name in Manifest.from_json(text.decode("utf-8", errors="replace")).sha256:
        _check_name(name)
        if name == SUMS:
            raise ModelError(f"{folder / MANIFEST} names a file {SUMS}, which only a packed bundle has")
        files[name] = _read(folder / name)
    for name in (FACTS, EMBEDDINGS):
        if (folder / name).exists():
            files[name] = _read(folder / name)
    if (size := sum(map(len, files.values()))) > LARGEST:
        raise ModelError(f"{folder} holds {size} bytes, a bundle has at most {LARGEST}")
    return files


def _read(path: Path) -> bytes:
    """A plain file's bytes; nothing that could be endless, or make its reader wait."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise ModelError(f"{path} is no plain file")
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    if len(content) > LARGEST:
        raise ModelError(f"{path} is too large: it has {found.st_size} bytes, a bundle has at most {LARGEST}")
    return content


def _member(name: str, content: bytes) -> tuple[bytes, bytes, bytes]:
    header = tarfile.TarInfo(name)
    header.size = len(content)
    return header.tobuf(tarfile.USTAR_FORMAT, "ascii"), content, bytes(-len(content) % _BLOCK)


def _header(block: bytes, known: list[str]) -> tuple[str, int]:
    try:
        found = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError) as error:
        raise ModelError(f"it is damaged, or no packed bundle: {error}; {_REMEDY}") from error
    if found.type != tarfile.REGTYPE:
        raise ModelError(f"{found.name!r} in it is no plain file: a bundle has no folders, links or devices")
    _check_name(found.name)
    if found.name in known:
        raise ModelError(f"{found.name!r} is in it twice")
    if found.size < 0 or len(known) >= _MOST_FILES:
        raise ModelError(f"it has more than {_MOST_FILES} files, or one of size {found.size}")
    return found.name, found.size


def _check_name(name: str) -> None:
    plain = Path(name).name == name and name.isascii() and name.isprintable() and len(name) <= _LONGEST_NAME
    if not plain or name.startswith("."):
        raise ModelError(f"it names a file outside the bundle, or one that no bundle has: {name!r}")


def _check_sums(files: Mapping[str, bytes], sums: bytes) -> None:
    lines = sums.decode("ascii", errors="replace").splitlines()
    expected = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    for name in sorted({*files, *expected}):
        received = hashlib.sha256(files[name]).hexdigest() if name in files else "no such file"
        if received != expected.get(name):
            raise ModelError(f"{name!r} is damaged: expected SHA-256 {expected.get(name)}, found {received}; {_REMEDY}")
