"""The file that what must outlast a restart is kept in."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from faceplate.access.lockout import Backoff, at_the_longest, restored
from faceplate.access.standing import Standing, after_a_restart
from faceplate.config import AccessConfig
from faceplate.config.access import BackoffConfig
from faceplate.errors import StoreError
from faceplate.events import DoorMode
from faceplate.files import write_atomically
from faceplate.types import Clock, Seconds

_log = logging.getLogger(__name__)

VERSION: Final = 2
"""2: what was adjusted is kept, too"""

_READABLE: Final = (1, VERSION)
_MOST_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Rules:
    """What restores a lock-out."""

    visits: BackoffConfig
    pins: BackoffConfig


class StandingFile:
    """Keeps a Standing as JSON, with a version and a checksum. May be used from any thread.

    A file that is not there is a first start. One that cannot be read, is damaged, or is not ours is as bad as it can
    be: faces off, faces and PINs locked out at the longest, the door blocked; the exit button works.
    """

    def __init__(self, path: Path, rules: AccessConfig, clock: Clock) -> None:
        """Read the file, and write it again, so that it is known before anybody comes whether it can be saved.

        Never raises: a door must serve those inside whatever its files are like. As long as the standing cannot be
        saved nobody is let in.
        """
        self._path = path
        self._changing = threading.Lock()
        self._saved: bytes | None = None
        self._standing = self._read(_Rules(rules.lockout, rules.pin), clock())
        with suppress(StoreError):  # said already
            self.change(lambda standing: standing)

    @property
    def standing(self) -> Standing:
        """As it is now."""
        return self._standing

    def change(self, how: Callable[[Standing], Standing]) -> None:
        """Replace the standing by what `how` makes of it; when this returns it outlasts a power cut.

        Raises:
            StoreError: it cannot be saved. It counts all the same, as long as this process lives.
        """
        with self._changing:
            self._standing = how(self._standing)
            content = to_bytes(self._standing)
            if content != self._saved:
                self._save(content)

    def _save(self, content: bytes) -> None:
        self._saved = None
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(self._path, content)
        except OSError as error:
            message = f"{self._path}: cannot be saved, so nobody is let in: make room, or let this user write ({error})"
            _log.critical(message)
            raise StoreError(message) from error
        self._saved = content

    def _read(self, rules: _Rules, now: Seconds) -> Standing:
        try:
            with self._path.open("rb") as file:
                return _from_bytes(file.read(_MOST_BYTES), rules, now)
        except FileNotFoundError:
            _log.info("%s: not there; this is a first start", self._path)
            return Standing()
        except (OSError, ValueError) as error:
            self._tell(error)
            with suppress(OSError):
                self._path.replace(self._path.with_name(f"{self._path.name}.damaged"))
            return _as_bad_as_can_be(rules, now)

    def _tell(self, error: Exception) -> None:
        _log.critical(
            "%s: not what this program wrote (%s). Faces and PINs open nothing for now; the exit button works. If you "
            "know why, use `faceplate mode locked`, `faceplate face on` and `faceplate lockout clear`; the old file is "
            "kept as %s.damaged",
            self._path,
            error,
            self._path.name,
        )


def read_adjusted(path: Path, rules: AccessConfig) -> Mapping[str, float]:
    """What was adjusted, as the file keeps it. Changes nothing: for whoever is not the daemon.

    Raises:
        StoreError: it cannot be read, or is not what this program wrote.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES)
        return _from_bytes(content, _Rules(rules.lockout, rules.pin), Seconds(0.0)).adjusted
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise StoreError(
            f"cannot read {path} ({error}), so what was adjusted is not known: run this as the daemon's user or root"
        ) from error


def to_bytes(standing: Standing) -> bytes:
    """What is stored. No point of monotonic time is among it: it means nothing after a restart."""
    tree = {
        "visits": _failures(standing.visits),
        "pins": _failures(standing.pins),
        "face_unlock": standing.face_unlock,
        "mode": after_a_restart(standing.mode).value,
        "adjusted": dict(standing.adjusted),
        "latest": standing.latest.isoformat(timespec="seconds") if standing.latest else None,
    }
    return json.dumps({"version": VERSION, "checksum": _checksum(tree), "standing": tree}, indent=2).encode() + b"\n"


def _from_bytes(content: bytes, rules: _Rules, now: Seconds) -> Standing:
    """Read what `to_bytes` made.

    Raises:
        ValueError: it did not make this.
    """
    try:
        outer = json.loads(content)
        if outer["version"] not in _READABLE:
            raise ValueError(f"version {outer['version']!r}, expected {VERSION}")
        tree = outer["standing"]
        if outer["checksum"] != _checksum(tree):
            raise ValueError("the checksum does not fit")
        latest = None if tree["latest"] is None else datetime.fromisoformat(tree["latest"])
        if latest is not None and latest.tzinfo is None:
            raise ValueError("the time is without a zone")
        return Standing(
            _restored(tree["visits"], now, rules.visits),
            _restored(tree["pins"], now, rules.pins),
            face_unlock=tree["face_unlock"] is True,
            mode=after_a_restart(DoorMode(tree["mode"])),
            adjusted={} if outer["version"] == 1 else _adjusted(tree["adjusted"]),
            latest=latest,
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"a part is missing or of another kind ({error})") from error


def _failures(backoff: Backoff) -> dict[str, Any]:
    return {"failures": backoff.failures, "locked_out": backoff.until is not None}


def _restored(tree: dict[str, Any], now: Seconds, rules: BackoffConfig) -> Backoff:
    failures = tree["failures"]
    if type(failures) is not int or failures < 0:
        raise ValueError(f"failures: expected a number from 0, found {str(failures)[:40]!r}")
    return restored(failures, locked_out=tree["locked_out"] is not False, now=now, rules=rules)


def _adjusted(tree: dict[str, Any]) -> dict[str, float]:
    for name, value in tree.items():
        if type(value) not in {int, float} or not math.isfinite(value):
            raise ValueError(f"{name[:40]!r}: expected a number, found {str(value)[:40]!r}")
    return {name: float(value) for name, value in tree.items()}


def _as_bad_as_can_be(rules: _Rules, now: Seconds) -> Standing:
    return replace(
        Standing(face_unlock=False, mode=DoorMode.BLOCKED),
        visits=at_the_longest(now, rules.visits),
        pins=at_the_longest(now, rules.pins),
    )


def _checksum(tree: object) -> str:
    canonical = json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(canonical).hexdigest()
