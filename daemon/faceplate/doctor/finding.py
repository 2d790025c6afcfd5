"""What a check is given, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from faceplate.config import Config
from faceplate.errors import FaceplateError
from faceplate.types import Seconds

CREDENTIALS: Final = (Path("/etc/credstore"), Path("/etc/credstore.encrypted"))
"""Where systemd keeps what it hands to one of the services alone"""


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """The door does its work, and the owner should know"""
    FAULT = "fault"
    """The door does not do its work, or not for long, or anybody could take it apart"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    level: Level

    found: str

    cure: str = ""
    """What to do; empty exactly when it is ok. One of the check's own"""


@dataclass(frozen=True, slots=True)
class Case:
    """What every check may look at."""

    config: Config

    config_file: Path

    seconds: Seconds
    """How long to look through the camera"""

    status: Mapping[str, Any] | None = None
    """What the running daemon says of itself; None: there is none, or it may not be asked"""

    silence: str = ""
    """Why it says nothing"""

    runs: bool = False
    """Whether there is one; True and no status: it may not be asked, or does not answer"""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked at."""

    name: str

    looks_at: str

    examine: Callable[[Case], Finding]

    cures: tuple[str, ...]
    """All that it may advise, besides AS_ROOT; the first goes with what it raises"""


AS_ROOT: Final = "Run it as root: sudo faceplate doctor. If this is the daemon's user, let it in there"
"""Where it may not look, it cannot say that all is well"""


NO_ANSWER: Final = "Run this as root; if it does not answer root either: sudo systemctl restart faceplate"
"""Where the daemon is there and says nothing"""


def ok(found: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, found)


def warning(found: str, cure: str) -> Finding:
    """The door does its work all the same."""
    return Finding(Level.WARNING, found, cure)


def fault(found: str, cure: str) -> Finding:
    """It does not."""
    return Finding(Level.FAULT, found, cure)


def examined(check: Check, case: Case) -> Finding:
    """What the check finds; an error on the way is a fault. The message of one of ours says what to do, too."""
    try:
        return check.examine(case)
    except (FaceplateError, OSError) as error:
        barred = isinstance(error, PermissionError) or isinstance(error.__cause__, PermissionError)
        return fault(str(error), AS_ROOT if barred else check.cures[0])
