"""The GPIO lines, the heat and the supply."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from faceplate.config import DoorConfig
from faceplate.doctor.finding import Case, Finding, fault, ok, warning
from faceplate.errors import DoorError
from faceplate.thermal import cpu_temperature

WIRE = "See `gpioinfo` for chip and lines (docs/wiring.md), and be root, or in the group gpio"
TAKEN = "Stop the program that holds the line, or wire the door to another one"
PIN_CURES: Final = (WIRE, TAKEN)

COOL = "Give it air or a heat sink: at 80 degrees a Pi slows down, and everybody waits longer"
HEAT_CURES: Final = (COOL,)

SUPPLY = "Use the supply the board's maker names, a short thick cable, and another supply for the lock"
POWER_CURES: Final = (SUPPLY,)

HWMON: Final = Path("/sys/class/hwmon")

_OURS = "faceplate"
_HOT, _TOO_HOT = 80.0, 95.0
"""Degrees"""


def pins(case: Case, open_chip: Callable[[str], Any] | None = None) -> Finding:
    """Look at each line of the door, and take none."""
    door = case.config.door
    if door.driver != "gpiozero":
        return ok(f"no lines are used (door.driver: {door.driver})")
    chip = (open_chip or _opener())(door.chip)
    try:
        count = chip.get_info().num_lines
        uses = list(door.lines())
        if missing := [f"{use} (line {line})" for use, line in uses if line >= count]:
            return fault(f"{door.chip} has the lines 0 to {count - 1}, and not {', '.join(missing)}", WIRE)
        holders = {use: _holder(chip.get_line_info(line)) for use, line in uses}
    finally:
        chip.close()
    return _judged(door, holders)


def _judged(door: DoorConfig, holders: dict[str, str]) -> Finding:
    if others := [f"{use} by {holder}" for use, holder in holders.items() if holder not in {"", _OURS}]:
        return fault(f"lines of {door.chip} are in use: {', '.join(others)}", TAKEN)
    told = ", ".join(f"{use} ({'held by ' + holder if holder else 'free'})" for use, holder in holders.items())
    return ok(f"{door.chip}: {told}")


def _holder(info: Any) -> str:  # noqa: ANN401 - gpiod's LineInfo, or a test's
    return (info.consumer or "the kernel") if info.used else ""


def _opener() -> Callable[[str], Any]:
    try:
        import gpiod  # noqa: PLC0415 - imported when chosen
    except ImportError as error:
        raise DoorError(f"gpiod cannot be imported: {error}. Install it with: pip install 'faceplate[pi]'") from error
    chip: Callable[[str], Any] = gpiod.Chip
    return chip


def temperature(case: Case, read: Callable[[], float | None] = cpu_temperature) -> Finding:
    """How hot the processor is."""
    del case
    degrees = read()
    if degrees is None:
        return ok("this machine does not tell")
    found = f"the processor has {degrees:g} degrees"
    if degrees < _HOT:
        return ok(found)
    return fault(found, COOL) if degrees >= _TOO_HOT else warning(found, COOL)


def power(case: Case, sensors: Path = HWMON) -> Finding:
    """Whether the supply has broken down, as the firmware of a Raspberry Pi tells the kernel."""
    del case
    for sensor in sorted(sensors.glob("hwmon*")):
        if _text(sensor / "name") == "rpi_volt":
            if _text(sensor / "in0_lcrit_alarm") == "1":
                return fault("under-voltage: the supply breaks down", SUPPLY)
            return ok("no under-voltage")
    return ok("this machine does not tell")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
