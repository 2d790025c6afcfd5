"""How hot the processor is, as the kernel says."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ZONES: Final = Path("/sys/class/thermal")

# What the kernel calls the processor's sensor on a Raspberry Pi and a Jetson, on a PC, and on other boards.
_KINDS: Final = ("cpu", "x86_pkg_temp", "soc")

_BELIEVED: Final = range(-40, 151)
"""Degrees; a sensor that is broken or asleep tells others"""


def cpu_temperature(zones: Path = ZONES) -> float | None:
    """Degrees Celsius of the hottest sensor of the processor; None where there is none."""
    try:
        found = [(_kind(zone), _degrees(zone)) for zone in sorted(zones.glob("thermal_zone*"))]
    except OSError:
        return None
    for kind in _KINDS:
        if told := [degrees for name, degrees in found if degrees is not None and kind in name]:
            return max(told)
    return None


def _kind(zone: Path) -> str:
    try:
        return (zone / "type").read_text(encoding="ascii").strip().lower()
    except (OSError, ValueError):
        return ""


def _degrees(zone: Path) -> float | None:
    try:
        degrees = int((zone / "temp").read_text(encoding="ascii")) / 1000
    except (OSError, ValueError):
        return None
    return round(degrees, 1) if int(degrees) in _BELIEVED else None
