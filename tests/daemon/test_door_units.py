"""The systemd units: what keeps the lock shut and its side off the network, and commands that exist."""

from __future__ import annotations

import importlib
import shlex
from pathlib import Path

import pytest

from faceplate import __main__ as command_line
from faceplate.config import ControlConfig

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNITS = sorted(SYSTEMD.glob("*.service"))
STORES = ("faceplate.service", "faceplate-bridge.service")
"""Those that keep something on the disk"""


def settings_of(unit):
    """Every setting with all its values, in order."""
    settings = {}
    for line in (SYSTEMD / unit).read_text(encoding="utf-8").splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            settings.setdefault(key, []).append(value)
    return settings


def words(values):
    return {word for value in values for word in value.split()}


def test_there_are_units_to_test():
    names = {unit.name for unit in UNITS}
    assert names == {*STORES, "faceplate-kiosk.service", "faceplate-display.service"}


@pytest.mark.parametrize("unit", [*STORES, "faceplate-kiosk.service"])
def test_every_command_is_one_of_our_command_line(unit):
    commands = [value for key, values in settings_of(unit).items() if key.startswith("Exec") for value in values]
    assert commands
    for command in commands:
        program, *arguments = shlex.split(command.lstrip("-"))
        if program == "/opt/faceplate/bin/python":
            assert arguments[:2] == ["-P", "-m"]
            assert callable(importlib.import_module(arguments[2]).main)
        else:
            assert program == "/opt/faceplate/bin/faceplate"
            assert callable(command_line._parser().parse_args(arguments).run)


def test_the_locks_side_speaks_to_this_machine_only():
    settings = settings_of("faceplate.service")
    assert words(settings["RestrictAddressFamilies"]) == {"AF_UNIX"}
    assert settings["IPAddressDeny"] == ["any"]
    assert settings["PrivateNetwork"] == ["yes"]


def test_the_control_socket_has_its_folder():
    settings = settings_of("faceplate.service")
    assert Path("/run", *settings["RuntimeDirectory"]) == ControlConfig().socket.parent
    assert settings["RuntimeDirectoryMode"] == ["0750"]


def test_only_the_locks_side_has_devices():
    assert words(settings_of("faceplate.service")["DeviceAllow"]) == {
        "rw",
        "char-gpiochip",
        "char-video4linux",
        "char-media",
        "char-dma_heap",
    }
    bridge = settings_of("faceplate-bridge.service")
    assert bridge["PrivateDevices"] == ["yes"]
    assert "DeviceAllow" not in bridge
    assert bridge["SupplementaryGroups"] == ["faceplate"], "which may open the control socket, and no device"


def test_the_bridge_cannot_reach_the_faces_or_their_key():
    hidden = {path.lstrip("-") for path in words(settings_of("faceplate-bridge.service")["InaccessiblePaths"])}
    assert {"/var/lib/faceplate", "/etc/faceplate/gallery.key", "/etc/credstore"} <= hidden
    assert settings_of("faceplate-bridge.service")["LoadCredential"] == ["mqtt.password:faceplate.mqtt.password"]


def test_the_door_is_secured_after_every_end_and_the_lock_comes_back():
    settings = settings_of("faceplate.service")
    quickly, by_the_configuration = (shlex.split(command)[1:] for command in settings["ExecStopPost"])
    assert quickly == ["-P", "-m", "faceplate.door.drivers.secure", str(ControlConfig().socket.with_name("lock.json"))]
    assert by_the_configuration == ["secure"]
    assert settings["Restart"] == ["always"]
    assert settings["StartLimitIntervalSec"] == ["0"]


def test_the_locks_keeper_is_left_to_lock_before_anything_is_killed():
    """It ends by itself when the daemon has ended; `mixed` or `process` would kill it at once, or never."""
    settings = settings_of("faceplate.service")
    assert settings["KillMode"] == ["control-group"]
    assert "SendSIGKILL" not in settings
    assert "OOMPolicy" not in settings, "by default the whole service ends with a part of it that memory ran out for"


@pytest.mark.parametrize("unit", ["faceplate-kiosk.service", "faceplate-display.service"])
def test_the_screen_has_a_user_of_its_own_and_sees_no_store(unit):
    settings = settings_of(unit)
    owner = unit.removesuffix(".service")
    assert (settings["User"], settings["Group"]) == ([owner], [owner])
    assert "StateDirectory" not in settings
    hidden = {path.lstrip("-") for path in words(settings["InaccessiblePaths"])}
    keys = {"/etc/credstore", "/etc/credstore.encrypted"}
    assert {"/var/lib/faceplate", "/var/lib/faceplate-bridge", *keys} <= hidden
    assert hidden & {"/etc/faceplate", "/etc/faceplate/gallery.key"}
    assert (settings["IPAddressDeny"], settings["IPAddressAllow"]) == (["any"], ["localhost"])


def test_the_browser_cannot_ask_the_lock_for_anything():
    hidden = words(settings_of("faceplate-display.service")["InaccessiblePaths"])
    assert f"-{ControlConfig().socket.parent}" in hidden


@pytest.mark.parametrize("unit", STORES)
def test_the_store_is_for_the_service_alone(unit):
    settings = settings_of(unit)
    owner = unit.removesuffix(".service")
    assert (settings["User"], settings["Group"], settings["StateDirectory"]) == ([owner], [owner], [owner])
    assert settings["StateDirectoryMode"] == ["0700"]
    assert settings["UMask"] == ["0077"]
    assert settings["NoNewPrivileges"] == ["yes"]
    assert settings["CapabilityBoundingSet"] == [""]
