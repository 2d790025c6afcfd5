"""Writing files so that a power cut leaves the old or the new content, never something in between."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TEMPORARY = ".tmp"


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path`, readable by its owner only: temporary file, fsync, rename, fsync of the folder.

    Raises:
        OSError: it could not be written; whatever was at `path` before is still there. (Only if the folder cannot be
            synchronised is the new content there, and may not outlast a power cut.)
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_TEMPORARY}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            hand_over(file.fileno(), path.parent)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder to fill, which takes the place of `folder` when all went well, and is removed when not.

    What a kill left of an earlier attempt is put right first, so only one program may write `folder` at a time.

    Raises:
        OSError: it could not be written; whatever was at `folder` before is still there. (Only if the folder around it
            cannot be synchronised does the new one stand, and may not outlast a power cut.)
    """
    new, old = (folder.with_name(f".{folder.name}.{state}") for state in ("unfinished", "replaced"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    _put_right(folder, new, old)
    try:
        new.mkdir()
        hand_over(new, folder.parent)
        yield new
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        sync_folder(folder.parent)
    finally:  # also when somebody presses Ctrl-C between the two renames
        _put_right(folder, new, old)


def _put_right(folder: Path, new: Path, old: Path) -> None:
    """Bring the old folder back if nothing took its place, and remove the rest."""
    if old.exists() and not folder.exists():
        old.rename(folder)
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove what a power cut or a kill left of unfinished writes. Nobody else may be writing to `folder`."""
    for left in folder.glob(f".*{_TEMPORARY}"):
        left.unlink(missing_ok=True)


def private_folder(folder: Path) -> None:
    """Make a folder that its owner alone may enter, if it is not there.

    Raises:
        OSError: it cannot be made.
    """
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        hand_over(folder, folder.parent)


def hand_over(made: int | Path, folder: Path) -> None:
    """What root makes in somebody's folder is theirs, or the daemon, which is not root, could not read it."""
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(made, owner.st_uid, owner.st_gid)


def sync_folder(folder: Path) -> None:
    """Make a rename or removal in `folder` outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
