"""The screen at the door, from the camera through the daemon and its socket to what a browser fetches."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from broker import Program, free_port
from faceplate import voice
from faceplate.control.protocol import Fault
from faceplate.screen import SHOWN_FOR, STALE_AFTER, Kind
from mqtt_house import CONTACT_LINE, PIN, MqttHouse
from waiting import until

_PATIENCE = 40.0
"""Seconds until something that should be shown counts as missing"""

OUT_OF_SERVICE = ("out_of_service", "Out of service")
IDLE = ("idle", "")

pytestmark = pytest.mark.once


class Screen:
    """A browser that only reads the words."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.shown: list[tuple[str, str]] = []

    def words(self) -> tuple[str, str]:
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)) as connection:
            connection.request("GET", "/words")
            told = json.load(connection.getresponse())
        words = (told["kind"], told["text"])
        if self.shown[-1:] != [words]:
            self.shown.append(words)
        return words

    def wait_for(self, kind: str, text: str, within: float = _PATIENCE) -> None:
        self.shown.clear()
        until(lambda: self.words() == (kind, text), within, every=0.05)


@pytest.fixture
def house(tmp_path, scene, enrolled) -> MqttHouse:
    scene.nobody()
    house: MqttHouse = enrolled.another(tmp_path / "house", 1883)
    house.tree["kiosk"] = {"port": free_port()}
    house.write()
    return house


@pytest.fixture
def kiosk(house) -> Iterator[tuple[Program, Screen]]:
    with Program(house.command("kiosk"), house.environment) as program:
        screen = Screen(house.config.kiosk.port)
        until(lambda: answers(screen), _PATIENCE)
        yield program, screen


def answers(screen: Screen) -> bool:
    try:
        return bool(screen.words())
    except ConnectionRefusedError:
        return False


def test_the_screen_follows_the_door(house, kiosk, scene):
    program, screen = kiosk
    assert screen.words() == OUT_OF_SERVICE
    with house.daemon() as daemon:
        screen.wait_for(*IDLE)
        scene.woman_moves()
        screen.wait_for("refused", "Access denied")
        assert ("prompt", "Look at the camera") in screen.shown
        scene.nobody()
        screen.wait_for(*IDLE)
        house.board.set_level(CONTACT_LINE, 1)
        screen.wait_for("alarm", "Alarm")
        house.board.set_level(CONTACT_LINE, 0)
        screen.wait_for(*IDLE)
        assert not house.ever_opened()
        scene.man()
        screen.wait_for("welcome", "Welcome")
        assert house.ever_opened()
        daemon.end(signal.SIGKILL)
        screen.wait_for(*OUT_OF_SERVICE, within=STALE_AFTER)
        assert set(screen.shown) <= {("welcome", "Welcome"), OUT_OF_SERVICE}
    with house.daemon():
        scene.nobody()
        screen.wait_for(*IDLE)
    screen.wait_for(*OUT_OF_SERVICE)
    assert program.end() == 0
    assert not [row for row in house.rows("command") if "screen" in row.payload], "it asks all the time"
    assert "Daniel" not in "\n".join(program.lines)


def test_a_daemon_that_hangs_is_out_of_service(house, kiosk):
    _, screen = kiosk
    with house.daemon() as daemon:
        screen.wait_for(*IDLE)
        daemon.send(signal.SIGSTOP)
        try:
            screen.wait_for(*OUT_OF_SERVICE, within=STALE_AFTER)
        finally:
            daemon.send(signal.SIGCONT)
        screen.wait_for(*IDLE)


def test_a_name_is_shown_where_the_door_says_it_aloud(house, kiosk, scene, tmp_path):
    if shutil.which(voice.PROGRAM) is None:  # a loudspeaker is no part of this
        silent = tmp_path / "bin" / voice.PROGRAM
        silent.parent.mkdir()
        silent.write_text("#!/bin/sh\nexec cat >/dev/null\n")
        silent.chmod(0o755)
        house.environment["PATH"] = f"{silent.parent}:{os.environ['PATH']}"
    house.tree["speech"] = {"greeting": True}
    house.write()
    _, screen = kiosk
    with house.daemon():
        screen.wait_for(*IDLE)
        scene.man()
        screen.wait_for("welcome", "Welcome, Daniel")


def test_whoever_is_let_in_by_a_pin_alone_is_welcomed_too(house, kiosk):
    house.tree["access"]["pin"] = {"alone": True}
    house.write()
    _, screen = kiosk
    with house.daemon():
        screen.wait_for(*IDLE)
        house.run("pin", told=f"{PIN}\n")
        screen.wait_for("welcome", "Welcome", within=SHOWN_FOR[Kind.WELCOME])
        assert house.ever_opened()


@pytest.mark.usefixtures("kiosk")
def test_a_port_that_is_taken_is_named_with_the_cure(house):
    with Program(house.command("kiosk"), house.environment) as another:
        assert another.ended() == 3
        assert any("kiosk.port" in line for line in another.lines)


ASK_AS_KIOSK = """
import os, pwd, sys
from pathlib import Path
from faceplate.control.client import ask
kiosk = pwd.getpwnam("nobody").pw_uid
os.setgroups([os.getgid()])
os.setuid(kiosk)
for command in sys.argv[2:]:
    answer = ask(Path(sys.argv[1]), command, {})
    print(command, getattr(answer, "reason", "done"), flush=True)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_kiosks_user_is_told_what_the_screen_shows_and_nothing_else(house):
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        house.tree["control"] = {"socket": str(folder / "control.sock"), "kiosk": "nobody"}
        house.write()
        stack.enter_context(house.daemon())
        until(house.config.control.socket.exists, _PATIENCE)
        command = [sys.executable, "-c", ASK_AS_KIOSK, str(house.config.control.socket), "screen", "status", "unlock"]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=60)
    assert done.stdout.splitlines() == ["screen done", f"status {Fault.FORBIDDEN}", f"unlock {Fault.FORBIDDEN}"]
    assert not house.ever_opened()
