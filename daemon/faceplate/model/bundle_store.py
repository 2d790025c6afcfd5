"""The bundles installed on this device, and which of them is in force.

Each lies whole in a folder named by the hash it has as one packed file, and is never changed there. One small file says
which is in force, and which were before; it is replaced by one rename, and that is the whole switch.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from faceplate.errors import ModelError, StoreError
from faceplate.files import hand_over, new_folder, private_folder, sweep, write_atomically
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.model.package import packed, read_folder
from faceplate.model.typed_json import read_as

STATE: Final = "in_force.json"

PACKAGE: Final = "package"
"""Stands for the bundle that comes with the program, whichever that is"""

KEPT: Final = 4
"""How many are remembered, the one in force among them; rollback goes back through them"""

_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class _State:
    history: tuple[str, ...]
    """Names, oldest first; the last is in force"""


def name_of(files: Mapping[str, bytes]) -> str:
    """What a bundle of these files is called in the store: the beginning of its packed file's SHA-256."""
    return hashlib.sha256(packed(files)).hexdigest()[:32]


class BundleStore:
    """The folder they are in. It need not be there before the first is installed."""

    def __init__(self, folder: Path) -> None:
        """Name the place."""
        self._folder = folder

    def history(self) -> tuple[str, ...]:
        """Names of those that were in force, oldest first; the last is now.

        Raises:
            ModelError: it cannot be told.
        """
        path = self._folder / STATE
        try:
            history = read_as(_State, json.loads(path.read_bytes())).history
        except FileNotFoundError:
            return (PACKAGE,)
        except OSError as error:
            raise ModelError(
                f"cannot tell which bundle is in force: {path}: {error.strerror}. Ask as root or as the daemon's user, "
                "or set vision.bundle_store to a folder of your own"
            ) from error
        except (ValueError, OverflowError, RecursionError) as error:
            raise ModelError(_damaged(path)) from error
        if not history or not all(name == PACKAGE or _NAME.fullmatch(name) for name in history):
            raise ModelError(_damaged(path))
        return history

    def folder_of(self, name: str) -> Path:
        """Where the bundle of that name lies."""
        return DEFAULT_BUNDLE if name == PACKAGE else self._folder / name

    def in_force(self) -> Path:
        """Where the bundle in force lies.

        Raises:
            ModelError: it cannot be told.
        """
        return self.folder_of(self.history()[-1])

    def names(self) -> list[str]:
        """Of all that can be put in force, the package's first."""
        found = self._folder.iterdir() if self._folder.is_dir() else iter(())
        return [PACKAGE, *sorted(path.name for path in found if _NAME.fullmatch(path.name))]

    def add(self, files: Mapping[str, bytes], check: Callable[[Path], None]) -> str:
        """Put a bundle into the store, which changes nothing at the door, and give its name.

        What was installed and is not remembered any more is removed.

        Args:
            files: of the bundle, by name.
            check: is given the folder, and raises what speaks against it; then nothing is left of it.

        Raises:
            StoreError: it cannot be written.
        """
        name = name_of(files)
        with self._changing():
            self._forget(keep={name, *self.history()})
            if self._holds(name, files):
                check(self._folder / name)
                return name
            shutil.rmtree(self._folder / name, ignore_errors=True)  # it is damaged, and of no use to anybody
            with new_folder(self._folder / name) as new:
                for file, content in files.items():
                    write_atomically(new / file, content)
                check(new)
        return name

    def discard(self, name: str) -> None:
        """Remove a bundle that was added and not put in force."""
        with self._changing():
            if name not in self.history():
                shutil.rmtree(self._folder / name, ignore_errors=True)

    def switch(self, before: str, to: str) -> bool:
        """Put `to` in force in place of `before`, or, where `to` is the one before that, go back to it.

        Returns:
            Whether it went back.

        Raises:
            ModelError: `to` is not there, or not whole.
            StoreError: another was put in force meanwhile, or it cannot be written; nothing was changed.
        """
        with self._changing():
            history = self.history()
            if history[-1] != before:
                raise StoreError("another bundle was put in force meanwhile: see `faceplate bundle list`")
            load_bundle(self.folder_of(to))
            goes_back = history[-2:-1] == (to,)
            state = _State(history[:-1] if goes_back else (*history, to)[-KEPT:])
            write_atomically(self._folder / STATE, json.dumps(asdict(state)).encode())
        return goes_back

    def _holds(self, name: str, files: Mapping[str, bytes]) -> bool:
        try:
            return read_folder(self._folder / name) == dict(files)
        except ModelError:
            return False

    def _forget(self, keep: set[str]) -> None:
        for unfinished in self._folder.glob(".*.unfinished"):  # by a kill
            shutil.rmtree(unfinished, ignore_errors=True)
        for name in self.names():
            if name not in {PACKAGE, *keep}:
                shutil.rmtree(self._folder / name, ignore_errors=True)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Keep other programs from changing the store until the end of the block; make it if there is none."""
        try:
            private_folder(self._folder)
            lock = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"cannot open {self._folder} for changes: {error.strerror}") from error
        try:
            hand_over(lock, self._folder)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            sweep(self._folder)
            yield
        except BlockingIOError:
            raise StoreError(f"another program is changing {self._folder}; try again when it is done") from None
        except StoreError:
            raise
        except OSError as error:
            raise StoreError(
                f"cannot write to {self._folder}: {error.strerror}. The bundle in force is what it was; make room or "
                "mend the permissions and try again."
            ) from error
        finally:
            os.close(lock)


def _damaged(path: Path) -> str:
    return (
        f"cannot tell which bundle is in force: {path} is damaged. Remove it, and the program's own is; or name one in "
        "vision.bundle"
    )
