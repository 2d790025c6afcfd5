"""A house whose door speaks MQTT: broker, daemon and bridge are processes, and a camera sees whom the test shows it.

Only the GPIO chip is a stand-in, whose lines keep their level when a process dies.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

import faceplate
from broker import Broker, Program
from faceplate.config_file import load_config
from faceplate.journal import reader
from gpio_board import board_in, environment
from mjpeg_server import MjpegServer

FOOTAGE = Path(faceplate.__file__).parent / "footage"
LINE, EXIT_LINE, CONTACT_LINE, BELL_LINE = 17, 5, 6, 13
PIN = "258025"
EVERYTHING = dict.fromkeys(("unlock", "mode", "set", "face_unlock", "pin", "enrolment", "clear_alarm", "restart"), True)
"""All that may be ordered, is"""


class Scene:
    """What the camera sees: nobody at first."""

    def __init__(self) -> None:
        man = cv2.imread(str(FOOTAGE / "man-2.jpg"))
        assert man is not None
        self._man = man
        self._nobody = np.full_like(man, 96)
        self._now = self._nobody

    def __call__(self, _number: int) -> Any:
        return self._now

    def man(self) -> None:
        self._now = self._man

    def nobody(self) -> None:
        self._now = self._nobody


class MqttHouse:
    """Configured, with Daniel enrolled; start `daemon()` and `bridge()` as the test wants."""

    def __init__(self, folder: Path, broker: Broker, camera: MjpegServer, runtime: str, **bridge: object) -> None:
        self.folder = folder
        self.board = board_in(folder)
        self._environment = environment(folder)
        self.board.set_level(EXIT_LINE, 1)
        self.board.set_level(CONTACT_LINE, 0)
        self.board.set_level(BELL_LINE, 1)
        self.file = folder / "config.yaml"
        keys = {
            "host": "127.0.0.1",
            "port": broker.port,
            "tls": {"enabled": False},
            "cursor_file": "bridge/cursor",
        }
        self.tree: dict[str, Any] = {
            "people": {"store": "people", "key_file": "gallery.key"},
            "journal": {"path": "journal.sqlite3", "key_file": "journal.key"},
            "access": {"standing_file": "standing.json"},
            "control": {"socket": "control.sock"},
            "camera": {"source": camera.address},
            "vision": {"runtime": runtime},
            "door": {
                "driver": "gpiozero",
                "line": LINE,
                "release_time": 2.0,
                "inputs": {
                    "exit": {"line": EXIT_LINE},
                    "contact": {"line": CONTACT_LINE, "active_high": True},
                    "bell": {"line": BELL_LINE},
                },
            },
            "bridge": keys | bridge,
        }
        self.write()
        self.run("people", "add", "Daniel", *map(str, sorted(FOOTAGE.glob("man-*.jpg"))))
        self.run("people", "set", "Daniel", "--pin", told=f"{PIN}\n")

    def write(self) -> None:
        """Write the configuration as `tree` now says."""
        self.file.write_text(yaml.safe_dump(self.tree), encoding="utf-8")
        self.config = load_config(self.file)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "faceplate", *words, "--config", str(self.file)]

    def run(self, *words: str, told: str = "") -> str:
        """Have a command done."""
        command = self.command(*words)
        done = subprocess.run(command, env=self._environment, input=told, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def daemon(self) -> Program:
        """`faceplate run`."""
        return Program(self.command("run"), self._environment)

    def bridge(self) -> Program:
        """`faceplate bridge`."""
        return Program(self.command("bridge"), self._environment)

    def is_open(self) -> bool:
        return bool(self.board.level(LINE))

    def ever_opened(self) -> bool:
        """Whether the lock was ever driven open."""
        return any(row["line"] == LINE and row["level"] for row in self.board.log() if row["what"] == "drive")

    def rows(self, *event_types: str) -> list[Any]:
        return reader.read_last(self.config.journal.path, 1000, event_types)
