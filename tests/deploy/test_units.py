"""The systemd units, as systemd itself reads them, and that they are watched and bounded.

What they do when they run is shown by tests/real/systemd.sh.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from faceplate.config import KioskConfig
from faceplate.doctor.machine import LOOSEST

UNITS = Path(__file__).parents[2] / "systemd"
NAMES = sorted(file.name for file in UNITS.glob("*.service"))


@pytest.fixture
def analyze() -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("there is no systemd-analyze on this machine (Debian: the package systemd)")
    return program


def call(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def installed(tmp_path: Path) -> list[Path]:
    """The units, with a program that is there in place of the one that would be installed."""
    files = []
    for name in NAMES:
        text = (UNITS / name).read_text(encoding="utf-8")
        files.append(tmp_path / name)
        files[-1].write_text(re.sub(r"(?m)^(ExecStart\w*=-?)/\S+", r"\1/bin/true", text), encoding="utf-8")
    return files


def options(unit: str, section: str = "Service") -> dict[str, list[str]]:
    """What a section of a unit says; a key that is given several times has several values."""
    found: dict[str, list[str]] = {}
    here = ""
    for line in (UNITS / f"{unit}.service").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            here = line.strip("[]")
        elif here == section and "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


def test_all_are_there():
    """The browser on the display is none of ours, and its sandbox needs what the others do without."""
    assert {name.removesuffix(".service") for name in NAMES} == {*LOOSEST, "faceplate-display"}


def test_systemd_has_nothing_to_say_of_them(analyze, installed):
    done = call(analyze, "verify", *installed)
    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_would_have_something_to_say(analyze, installed):
    installed[0].write_text(installed[0].read_text().replace("MemoryMax=", "MemoryMost="))
    assert "MemoryMost" in call(analyze, "verify", *installed).stderr


@pytest.mark.parametrize("unit", LOOSEST)
def test_they_are_as_closed_as_the_doctor_expects(analyze, unit):
    """The threshold is in tenths. Just below what there is it must fail, or nothing was measured."""
    command = (analyze, "security", "--offline=true", "--no-pager", UNITS / f"{unit}.service")
    assert call(*command, f"--threshold={round(10 * LOOSEST[unit])}").returncode == 0, call(*command).stdout
    assert call(*command, "--threshold=4").returncode != 0


@pytest.mark.parametrize("unit", LOOSEST)
def test_a_lock_is_started_again_for_as_long_as_it_takes(unit):
    assert options(unit)["Restart"] == ["always"]
    assert options(unit, "Unit")["StartLimitIntervalSec"] == ["0"]


@pytest.mark.parametrize("unit", LOOSEST)
def test_it_is_watched_bounded_and_leaves_no_memory_behind(unit):
    told = options(unit)
    assert told["Type"] == ["notify"]
    assert int(told["WatchdogSec"][0]) > 0
    assert told["LimitCORE"] == ["0"]
    assert told["MemorySwapMax"] == ["0"]
    assert {"MemoryMax", "TasksMax", "LogRateLimitIntervalSec", "LogRateLimitBurst"} <= told.keys()


def test_the_display_shows_the_page_of_the_default_port_and_reaches_no_other():
    text = (UNITS / "faceplate-display.service").read_text(encoding="utf-8")
    assert f" http://127.0.0.1:{KioskConfig().port}/\n" in text
    told = options("faceplate-display")
    assert (told["IPAddressDeny"], told["IPAddressAllow"]) == (["any"], ["localhost"])
    assert "SupplementaryGroups" not in told


@pytest.mark.parametrize("name", NAMES)
def test_no_unit_starts_another(name):
    """What the owner does not enable does not run."""
    told = options(name.removesuffix(".service"), "Unit")
    pulled = [word for key in ("Wants", "Requires", "BindsTo", "Upholds") for word in told.get(key, [])]
    assert "faceplate" not in " ".join(pulled)
