"""Why the daemon started, by a mark that each run leaves: begun, and ended how. It never stops a start."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from faceplate.files import write_atomically

_log = logging.getLogger(__name__)

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
"""Another text each time the kernel starts"""

_MOST_BYTES: Final = 4096


class RestartReason(StrEnum):
    """Why the daemon started."""

    FIRST_START = "first_start"
    ORDERED = "ordered"
    """Somebody ordered a restart"""
    STOPPED = "stopped"
    """It had been stopped, and was started again"""
    CRASHED = "crashed"
    """It had ended by an error, or was killed"""
    POWER_LOSS = "power_loss"
    """The machine went down without stopping it: the power failed, or the kernel hung"""
    REBOOT = "reboot"
    """It had been stopped, and the machine was started anew"""


class _End(StrEnum):
    """How the last run ended."""

    NOT_YET = "running"
    STOPPED = "stopped"
    ORDERED = "ordered"


@dataclass(frozen=True, slots=True)
class _Mark:
    boot: str
    """The kernel's boot id during that run"""
    end: _End


class Run:
    """One run of the daemon."""

    def __init__(self, path: Path, started: datetime, boot_file: Path = BOOT_ID) -> None:
        """Read what the last run left, and mark that this one has begun.

        Args:
            path: the mark's file.
            started: wall-clock time.
            boot_file: holds the kernel's boot id.
        """
        self._path = path
        self._boot = _boot_id(boot_file)
        self._ordered = False
        self.started = started
        self.reason = _reason(_read(path, self._boot), self._boot)
        self._leave(_End.NOT_YET)

    def order_restart(self) -> None:
        """The end of this run is an ordered restart, however long it takes."""
        self._ordered = True
        self._leave(_End.ORDERED)

    def stopped(self) -> None:
        """The run ended as it should."""
        if not self._ordered:
            self._leave(_End.STOPPED)

    def facts(self) -> dict[str, Any]:
        """As `status` tells it."""
        return {
            "started": self.started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "restart_reason": self.reason.value,
        }

    def _leave(self, end: _End) -> None:
        mark = json.dumps({"boot": self._boot, "end": end.value}).encode() + b"\n"
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(self._path, mark)
        except OSError as error:
            _log.warning("%s: cannot be written, so the next start will not know why it was: %s", self._path, error)


@contextmanager
def marked(run: Run) -> Iterator[Run]:
    """Mark the run as stopped if the block ends by itself. Any error leaves it as crashed."""
    yield run
    run.stopped()


def _reason(last: _Mark | None, boot: str) -> RestartReason:
    if last is None:
        return RestartReason.FIRST_START
    same_boot = last.boot == boot
    match last.end:
        case _End.NOT_YET:
            return RestartReason.CRASHED if same_boot else RestartReason.POWER_LOSS
        case _End.STOPPED:
            return RestartReason.STOPPED if same_boot else RestartReason.REBOOT
        case _End.ORDERED:
            return RestartReason.ORDERED if same_boot else RestartReason.REBOOT


def _read(path: Path, boot: str) -> _Mark | None:
    """What the last run left; None: there was none. What is not ours is a run that nobody knows the end of."""
    try:
        with path.open("rb") as file:
            tree = json.loads(file.read(_MOST_BYTES))
        return _Mark(str(tree["boot"]), _End(tree["end"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        _log.warning("%s: not what this program wrote (%s); the last run counts as crashed", path, error)
        return _Mark(boot, _End.NOT_YET)


def _boot_id(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
