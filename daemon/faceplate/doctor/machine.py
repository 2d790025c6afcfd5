"""The clock, and what systemd makes of the units."""

from __future__ import annotations

import ctypes
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from faceplate.doctor.finding import Case, Finding, fault, ok, warning

TRUST = "Set the clock, and then trust it again: sudo faceplate clock trust"
SYNCHRONISE = "Let it be set over the network: sudo timedatectl set-ntp true"
CLOCK_CURES: Final = (TRUST, SYNCHRONISE)

LOG = "See why: systemctl status faceplate faceplate-bridge, and journalctl -u faceplate"
INSTALL = "Install the units: sudo cp systemd/*.service /etc/systemd/system/ && sudo systemctl daemon-reload"
ENABLE = "Have it started with the machine: sudo systemctl enable --now faceplate"
USER = "Make the user, as the README says: sudo useradd --system NAME"
SHIPPED = "Install the shipped units anew, and look through the drop-ins: systemctl cat faceplate faceplate-bridge"
UNIT_CURES: Final = (LOG, INSTALL, ENABLE, USER, SHIPPED)

LOOSEST: Final[Mapping[str, float]] = {"faceplate": 0.8, "faceplate-bridge": 1.5, "faceplate-kiosk": 1.5}
"""What `systemd-analyze security` may say of each unit: 0 is closed, 10 wide open"""

_FOR_A_CAMERA = 0.9
"""A drop-in for an RTSP camera opens the network"""

_TIME_ERROR = 5
"""adjtimex(2): nobody sets the clock"""

_TIMEX_BYTES = 256
"""More than any struct timex"""

Run: TypeAlias = Callable[[Sequence[str]], str]
"""Runs a program of systemd, and gives what it prints"""


def is_synchronised() -> bool:
    """Whether somebody sets the clock, as the kernel knows."""
    asked = ctypes.create_string_buffer(_TIMEX_BYTES)  # all zeros: nothing is to be changed
    state: int = ctypes.CDLL(None, use_errno=True).adjtimex(asked)
    if state < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return state != _TIME_ERROR


def clock(case: Case, synchronised: Callable[[], bool] = is_synchronised) -> Finding:
    """Whether the clock on the wall can be believed: schedules and orders over MQTT go by it."""
    if case.status is not None and not case.status.get("clock_trusted", True):
        return fault("it shows an earlier time than it did before, and the daemon does not trust it", TRUST)
    if not synchronised():
        return warning("nobody sets it: schedules, and orders over MQTT, go by it", SYNCHRONISE)
    return ok("set over the network")


def run(words: Sequence[str]) -> str:
    """Run a program of systemd; empty if it does not answer."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)  # noqa: S603 - our own words
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout


def units(case: Case, call: Run = run) -> Finding:
    """Whether systemd starts, watches and confines each process."""
    if shutil.which("systemctl") is None:
        return warning("there is no systemd: nobody starts the door again when it fails", INSTALL)
    lock, *others = (_shown(unit, call) for unit in LOOSEST)
    if lock.get("LoadState") != "loaded":
        return warning("faceplate.service is not installed: nobody starts the door again when it fails", INSTALL)
    found = _fault_of("faceplate", lock)
    for unit, shown in zip(list(LOOSEST)[1:], others, strict=True):
        if shown.get("UnitFileState") == "enabled" or shown.get("ActiveState") == "active":
            found = found or _fault_of(unit, shown)
    if found is None and lock.get("UnitFileState") != "enabled":
        found = warning("faceplate.service is not enabled: after a power cut nobody starts it", ENABLE)
    return found or _confined(case, call)


def _fault_of(unit: str, shown: Mapping[str, str]) -> Finding | None:
    """What is wrong with one unit."""
    user = shown.get("User", "")
    if not _exists(user):
        return fault(f"{unit}.service runs as {user or 'root'}, and should as a user of its own that exists", USER)
    if shown.get("ActiveState") == "failed":
        return fault(f"{unit}.service has failed ({shown.get('Result')})", LOG)
    if shown.get("ActiveState") != "active":
        return warning(f"{unit}.service does not run ({shown.get('ActiveState')})", LOG)
    if shown.get("Type") != "notify" or shown.get("WatchdogUSec") in {"0", "infinity", None}:
        return warning(f"{unit}.service has no watchdog: if it hangs nobody notices", SHIPPED)
    return None


def _confined(case: Case, call: Run) -> Finding:
    told = []
    for unit, most in LOOSEST.items():
        exposure = exposure_in(call(["systemd-analyze", "security", "--no-pager", f"{unit}.service"]))
        if exposure is None:
            continue
        if unit == "faceplate" and any("://" in str(camera.source) for camera in case.config.camera.cameras):
            most += _FOR_A_CAMERA  # noqa: PLW2901 - the same limit, for this door
        if exposure > most:
            return warning(f"{unit}.service is exposed {exposure:g}, at most {most:g} is expected", SHIPPED)
        told.append(f"{unit} exposed {exposure:g} of 10")
    return ok("; ".join(["enabled, running, watched", *told]))


def exposure_in(text: str) -> float | None:
    """The figure in what `systemd-analyze security` prints."""
    found = re.search(r"exposure level for \S+: ([0-9.]+)", text)
    return float(found[1]) if found else None


def _shown(unit: str, call: Run) -> dict[str, str]:
    names = "LoadState,UnitFileState,ActiveState,Result,Type,WatchdogUSec,User"
    lines = call(["systemctl", "show", "--no-pager", "-p", names, f"{unit}.service"]).splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _exists(user: str) -> bool:
    try:
        return user != "root" and bool(pwd.getpwnam(user))
    except KeyError:
        return False
