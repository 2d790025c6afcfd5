"""A house whose door speaks MQTT: broker, daemon and bridge are processes, and a camera sees whom the test shows it.

Only the GPIO chip is a stand-in, whose lines keep their level when a process dies.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

import faceplate
from broker import Program
from faceplate.config import CommandsConfig
from faceplate.config_file import load_config
from faceplate.journal import reader
from gpio_board import board_in, environment

FOOTAGE = Path(faceplate.__file__).parent / "footage"
LINE, EXIT_LINE, CONTACT_LINE, BELL_LINE = 17, 5, 6, 13
PIN = "258025"
EVERYTHING = dict.fromkeys(CommandsConfig.model_fields, True)
"""All that may be ordered, is"""


class Scene:
    """What the camera sees: nobody at first. Pictures are BGR."""

    def __init__(self) -> None:
        man = cv2.imread(str(FOOTAGE / "man-2.jpg"))
        assert man is not None
        self._man = [man]
        self._woman = film(FOOTAGE / "woman.mp4")
        self._nobody = [np.full_like(man, 96)]
        self._now = self._nobody

    def __call__(self, number: int) -> Any:
        return self._now[number % len(self._now)]

    def man(self) -> None:
        self._now = self._man

    def woman_moves(self) -> None:
        self._now = self._woman

    def nobody(self) -> None:
        self._now = self._nobody


def film(path: Path) -> list[Any]:
    """The frames of a clip."""
    clip = cv2.VideoCapture(str(path))
    frames = []
    while (read := clip.read())[0]:
        frames.append(read[1])
    clip.release()
    return frames


class MqttHouse:
    """Configured, and nobody enrolled yet; start `daemon()` and `bridge()` as the test wants."""

    def __init__(self, folder: Path, port: int, camera: str, runtime: str, **bridge: object) -> None:
        """Write the configuration: `port` is the broker's, `camera` its address, `bridge` adds keys to that section."""
        self.folder = folder
        self.board = board_in(folder)
        self.environment = environment(folder)
        self.board.set_level(EXIT_LINE, 1)
        self.board.set_level(CONTACT_LINE, 0)
        self.board.set_level(BELL_LINE, 1)
        self.file = folder / "config.yaml"
        keys = {
            "host": "127.0.0.1",
            "port": port,
            "tls": {"enabled": False},
            "cursor_file": "bridge/cursor",
            "seen_file": "bridge/seen",
        }
        self.tree: dict[str, Any] = {
            "people": {"store": "people", "key_file": "gallery.key"},
            "journal": {"path": "journal.sqlite3", "key_file": "journal.key"},
            "access": {"standing_file": "standing.json", "settle_time": 0.0},
            "control": {"socket": "control.sock"},
            "camera": {"source": camera},
            "vision": {"runtime": runtime, "liveness": "off"},
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

    def enrol(self) -> None:
        """Daniel, with his PIN."""
        self.run("people", "add", "Daniel", *map(str, sorted(FOOTAGE.glob("man-*.jpg"))))
        self.run("people", "set", "Daniel", "--pin", told=f"{PIN}\n")

    def another(self, folder: Path, port: int, **bridge: object) -> MqttHouse:
        """Another house, before the same camera, with the same people."""
        vision, camera = self.tree["vision"], self.tree["camera"]
        house = MqttHouse(folder, port, camera["source"], vision["runtime"], **bridge)
        shutil.copytree(self.folder / "people", folder / "people")
        shutil.copy(self.folder / "gallery.key", folder)
        return house

    def write(self) -> None:
        """Write the configuration as `tree` now says."""
        self.file.write_text(yaml.safe_dump(self.tree), encoding="utf-8")
        self.config = load_config(self.file)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "faceplate", *words, "--config", str(self.file)]

    def run(self, *words: str, told: str = "") -> str:
        """Have a command done."""
        command = self.command(*words)
        done = subprocess.run(command, env=self.environment, input=told, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def daemon(self) -> Program:
        """`faceplate run`."""
        return Program(self.command("run"), self.environment)

    def bridge(self) -> Program:
        """`faceplate bridge`."""
        return Program(self.command("bridge"), self.environment)

    def is_open(self) -> bool:
        return bool(self.board.level(LINE))

    def ever_opened(self) -> bool:
        """Whether the lock was ever driven open."""
        return any(row["line"] == LINE and row["level"] for row in self.board.log() if row["what"] == "drive")

    def rows(self, *event_types: str) -> list[Any]:
        return reader.read_last(self.config.journal.path, 1000, event_types)
