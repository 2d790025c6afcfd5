"""The whole daemon, as processes, with a door that is open: whatever then dies, hangs or stops, it does not stay open.

Camera, networks, journal, control socket and keeper are real; only the GPIO chip is a stand-in, whose lines keep their
level when a process dies.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest
import yaml

import faceplate
from faceplate.commands import asking
from faceplate.config_file import load_config
from faceplate.journal import reader
from gpio_board import board_in, environment
from kills import keeper_of, unlocked_spans
from mjpeg_server import MjpegServer
from waiting import until

FOOTAGE = Path(faceplate.__file__).parent / "footage"
LINE, EXIT_LINE = 17, 5
RELEASE_TIME = 2.0
LATEST = RELEASE_TIME + 1.0


class House:
    """A door with a camera before which the man stands."""

    def __init__(self, folder: Path, camera: MjpegServer, runtime: str) -> None:
        self.camera = camera
        self.board = board_in(folder)
        self._environment = environment(folder)
        self.board.set_level(EXIT_LINE, 1)
        self._file = folder / "config.yaml"
        tree = {
            "people": {"store": "people", "key_file": "gallery.key"},
            "journal": {"path": "journal.sqlite3", "key_file": "journal.key"},
            "access": {"standing_file": "standing.json"},
            "control": {"socket": "control.sock"},
            "camera": {"source": camera.address, "stall_timeout": 60.0},
            "vision": {"runtime": runtime, "liveness": "off"},
            "door": {
                "driver": "gpiozero",
                "line": LINE,
                "release_time": RELEASE_TIME,
                "inputs": {"exit": {"line": EXIT_LINE}},
            },
        }
        self._file.write_text(yaml.safe_dump(tree), encoding="utf-8")
        self.config = load_config(self._file)
        self.run("people", "add", "Daniel", *map(str, sorted(FOOTAGE.glob("man-*.jpg"))))

    def run(self, *words: str) -> None:
        subprocess.run(self.command(*words), env=self._environment, check=True, capture_output=True)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "faceplate", *words, "--config", str(self._file)]

    @contextmanager
    def open_door(self) -> Iterator[subprocess.Popen[bytes]]:
        """A daemon that has just let the man in."""
        command = self.command("run")
        with subprocess.Popen(
            command, env=self._environment, stderr=subprocess.DEVNULL, start_new_session=True
        ) as daemon:
            try:
                until(self.is_open, within=60)
                yield daemon
            finally:
                if daemon.poll() is None:
                    os.killpg(daemon.pid, signal.SIGCONT)
                    os.killpg(daemon.pid, signal.SIGKILL)

    def is_open(self) -> bool:
        return bool(self.board.level(LINE))

    def is_shut(self) -> bool:
        return not self.board.level(LINE)

    def payloads(self, event_type: str) -> list[str]:
        return [row.payload for row in reader.read_last(self.config.journal.path, 10, [event_type])]

    def last_lock_row(self) -> str:
        return self.payloads("door_locked")[-1]

    def longest_unlock(self) -> float:
        return max(unlocked_spans(self.board.log(), LINE))


@pytest.fixture
def house(tmp_path: Path, runtime: str) -> Iterator[House]:
    man = cv2.imread(str(FOOTAGE / "man-2.jpg"))
    assert man is not None
    with MjpegServer(picture=lambda _: man) as camera:
        yield House(tmp_path, camera, runtime)


def test_a_camera_that_hangs_leaves_the_door_open_no_longer(house):
    with house.open_door():
        house.camera.stall()
        until(house.is_shut)
        until(lambda: '"release_time"' in house.last_lock_row())
    assert house.longest_unlock() < LATEST


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_service_that_is_stopped_locks_at_once(house, number):
    with house.open_door() as daemon:
        house.camera.stall()  # a loop that waits for a frame is stopped like any other
        daemon.send_signal(number)
        assert daemon.wait(30) == 0
    assert house.is_shut()
    assert house.longest_unlock() < LATEST


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_daemon_that_is_killed_or_crashes_locks_at_once(house, number):
    with house.open_door() as daemon:
        since = time.monotonic()
        daemon.send_signal(number)
        until(house.is_shut)
        assert time.monotonic() - since < RELEASE_TIME, "its keeper need not wait for the lease"
        daemon.wait(30)


def test_a_keeper_that_is_killed_is_replaced_at_once_by_one_that_locks(house):
    with house.open_door() as daemon:
        house.camera.stall()
        os.kill(keeper_of(daemon.pid), signal.SIGKILL)
        until(house.is_shut)
        # The row is written a moment after the lock has moved; it tells that nobody waited for the release time.
        until(lambda: '"cause":"fault"' in house.last_lock_row())
        assert daemon.poll() is None
    assert any("the lock does not answer" in fault for fault in house.payloads("door_fault"))


def test_a_daemon_that_hangs_as_a_whole_locks_when_its_lease_is_over(house):
    with house.open_door() as daemon:
        daemon.send_signal(signal.SIGSTOP)
        until(house.is_shut)
    assert house.longest_unlock() < LATEST


def test_a_door_unlocked_until_further_notice_does_not_outlive_the_daemon(house):
    with house.open_door() as daemon:
        house.camera.stall()
        asking.order(house.config, "mode", mode="unlocked")
        ordered = time.monotonic()
        until(lambda: time.monotonic() > ordered + RELEASE_TIME + 3.0)
        assert house.is_open(), "its leases are renewed"
        daemon.send_signal(signal.SIGSTOP)
        stopped = time.monotonic()
        until(house.is_shut)
        assert time.monotonic() - stopped < 3.0 + 1.0, "three seconds are the longest lease"


def test_after_everything_was_killed_the_next_thing_systemd_runs_locks(house):
    with house.open_door() as daemon:
        os.killpg(daemon.pid, signal.SIGKILL)
        daemon.wait(30)
        assert house.is_open(), "the stand-in's lines are the worst there are"
        secure = [
            sys.executable,
            "-P",
            "-m",
            "faceplate.door.drivers.secure",
            str(house.config.control.socket.with_name("lock.json")),
        ]
        subprocess.run(secure, env=house._environment, check=True)
    assert house.is_shut()


def test_the_exit_button_works_while_the_camera_hangs(house):
    with house.open_door():
        house.camera.stall()
        until(house.is_shut)
        house.board.set_level(EXIT_LINE, 0)
        until(house.is_open)
        house.board.set_level(EXIT_LINE, 1)
        until(house.is_shut)
