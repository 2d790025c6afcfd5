"""SIGKILL at random moments: the whole daemon, its keeper, an enrolment. Then all that must hold is looked at.

The daemon is the real one: `faceplate run` with real networks, a journal on a real file system and a film of a man who
comes and goes. Only the GPIO chip is a stand-in (`fake_modules/gpiod`), whose lines keep their level when a process
dies. After each kill the door is secured by the same two commands as systemd runs.

    python tests/kills.py --rounds 1000
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

import faceplate
from faceplate.config_file import load_config
from faceplate.errors import FaceplateError
from faceplate.events import JournalRow
from faceplate.journal import reader
from faceplate.journal.signing import load_signer
from faceplate.people.gallery import Gallery
from fake_modules.gpiod.board import Board

FOOTAGE = Path(faceplate.__file__).parent / "footage"
LINE = 17
EXIT_LINE = 5
RELEASE_TIME = 1.0
LONGEST_UNLOCK = RELEASE_TIME + 1.0
"""What is promised, whatever dies"""

PATIENCE = 60.0
"""Seconds after which a process that should have done something is taken to hang"""

_FRAMES_WITH, _FRAMES_WITHOUT, _VISITS = 12, 14, 20
"""A visit is 0.8 s of frames at 15 a second, followed by 0.9 s without anybody: a new track each time"""


class BrokenPromiseError(AssertionError):
    """Something that must hold does not."""


@dataclass
class Tally:
    """What was seen in all rounds."""

    rounds: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    unlocks: int = 0
    killed_while_unlocked: int = 0
    longest_unlock: float = 0.0
    rows: int = 0
    enrolments: int = 0
    enrolments_killed: int = 0

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {what}" for what, count in sorted(self.killed.items()))
        return (
            f"{self.rounds} rounds; killed: {kinds}; {self.killed_while_unlocked} of them while the door was unlocked; "
            f"{self.unlocks} unlocks, the longest {self.longest_unlock:.2f} s (promised: {LONGEST_UNLOCK:g} s); "
            f"{self.rows} journal rows, all intact; {self.enrolments} enrolments acknowledged and all there, "
            f"{self.enrolments_killed} killed in the middle"
        )


class Household:
    """A door that lives through many deaths, in a folder of its own."""

    def __init__(self, folder: Path, chance: random.Random, runtime: str = "litert") -> None:
        self._folder = folder
        self._chance = chance
        self._environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent / "fake_modules"), *filter(None, sys.path)]),
            "FAKE_GPIO_DIR": str(folder / "gpio"),
        }
        (folder / "gpio" / "gpiochip0").mkdir(parents=True)
        self._board = Board(folder / "gpio" / "gpiochip0")
        self._board.set_level(EXIT_LINE, 1)  # pulled up: nobody presses it
        self._config_file = _configuration(folder, runtime)
        self._config = load_config(self._config_file)
        self._seen: list[JournalRow] = []
        self._names: list[str] = []
        self.tally = Tally()
        self._run("people", "add", "Daniel", *map(str, sorted(FOOTAGE.glob("man-*.jpg"))))

    def live_and_die(self) -> None:
        """One round: start, be killed, be secured, be looked at.

        Raises:
            BrokenPromiseError: something that must hold did not.
        """
        victim = self._chance.choice(["the daemon", "everything", "the keeper first"])
        with subprocess.Popen(
            self._command("run"), env=self._environment, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as daemon:
            said = _Listener(daemon)
            said.wait_for("the gallery holds")
            time.sleep(self._chance.uniform(0.0, 3.0))  # noqa: TID251 - the moment of a kill is what is random here
            enrolment = self._begin_enrolment() if self._chance.random() < 1 / 3 else None
            self._seen = self._rows()  # whatever a reader was shown must be there for ever
            self.tally.killed_while_unlocked += self._board.level(LINE)
            try:
                self._kill(victim, daemon.pid)
                daemon.wait(PATIENCE)
                self._secure(said)
            finally:
                if enrolment is not None:
                    self._end_enrolment(*enrolment)
        self._look(said, victim)
        self.tally.rounds += 1
        self.tally.killed[victim] += 1

    def _kill(self, victim: str, daemon: int) -> None:
        keeper = keeper_of(daemon)
        if victim == "the keeper first" and keeper is not None:
            os.kill(keeper, signal.SIGKILL)
            time.sleep(self._chance.uniform(0.0, 0.3))  # noqa: TID251 - the same
        if victim == "everything":
            os.killpg(daemon, signal.SIGKILL)
        else:
            os.kill(daemon, signal.SIGKILL)
        _until(lambda: not _alive_in_group(daemon), "the keeper outlives the daemon")

    def _begin_enrolment(self) -> tuple[str, subprocess.Popen[str]]:
        """Enrol the woman's face anew under another name; removed before, so that she may be."""
        for name in self._names:
            self._run("people", "remove", name)
        self._names.clear()
        name = f"Person {self.tally.rounds}"
        command = self._command("people", "add", name, str(self._folder / "woman.png"))
        return name, subprocess.Popen(
            command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def _end_enrolment(self, name: str, process: subprocess.Popen[str]) -> None:
        time.sleep(self._chance.uniform(0.0, 1.2))  # noqa: TID251 - the same
        process.kill()
        told, _ = process.communicate()
        if name in told:
            self._names.append(name)
            self.tally.enrolments += 1
        else:
            self.tally.enrolments_killed += 1
            # It may have been stored, and killed before it could say so. Stored by halves it cannot be.
            if Gallery(self._config.people.store, self._config.people.key_file).find(name) is not None:
                self._names.append(name)

    def _secure(self, said: _Listener) -> None:
        quickly = [sys.executable, "-P", "-m", "faceplate.door.drivers.secure", str(self._folder / "lock.json")]
        subprocess.run(quickly, env=self._environment, check=False, stderr=subprocess.DEVNULL, timeout=PATIENCE)
        self._run("secure")
        if self._board.level(LINE):
            raise BrokenPromiseError(f"the door is open\n{said}")

    def _look(self, said: _Listener, victim: str) -> None:
        found, _ = reader.verify(self._config.journal.path, load_signer(self._config.journal.key_file))
        if found.fault:
            raise BrokenPromiseError(f"the journal is not intact: {found}\n{said}")
        rows = self._rows()
        if rows[: len(self._seen)] != self._seen:
            raise BrokenPromiseError(f"a row that was there before the kill is not there any more\n{said}")
        names = {person.name for person in Gallery(self._config.people.store, self._config.people.key_file).people()}
        if missing := {"Daniel", *self._names} - names:
            raise BrokenPromiseError(f"{missing} were enrolled, and are not any more\n{said}")
        spans = unlocked_spans(self._board.log(), LINE)
        grants = sum(row.event_type == "access_granted" for row in rows)
        if len(spans) > grants:
            raise BrokenPromiseError(f"unlocked {len(spans)} times, with {grants} grants in the journal\n{said}")
        self.tally.unlocks = len(spans)
        self.tally.rows = len(rows)
        self.tally.longest_unlock = max([0.0, *spans])
        if self.tally.longest_unlock > LONGEST_UNLOCK:
            raise BrokenPromiseError(f"unlocked for {self.tally.longest_unlock:.2f} s, last killed: {victim}\n{said}")

    def _rows(self) -> list[JournalRow]:
        try:
            return reader.read(self._config.journal.path, 0, 1_000_000)
        except FaceplateError:
            return []  # not there yet

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "faceplate", *words, "--config", str(self._config_file)]

    def _run(self, *words: str) -> None:
        done = subprocess.run(
            self._command(*words), env=self._environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        if done.returncode:
            raise BrokenPromiseError(f"`faceplate {' '.join(words)}` ended with {done.returncode}: {done.stderr}")


def unlocked_spans(log: list[dict[str, Any]], line: int) -> list[float]:
    """How long each unlock of a fail-secure lock lasted, in seconds; one that never ended is endless."""
    spans, since = [], None
    for entry in log:
        if entry["line"] != line:
            continue
        if entry["level"] and since is None:
            since = entry["time"]
        elif not entry["level"] and since is not None:
            spans.append(entry["time"] - since)
            since = None
    return spans + ([float("inf")] if since is not None else [])


class _Listener:
    """Hears what a process says on standard error, to the end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._ended = False
        self._pipe = process.stderr
        threading.Thread(target=self._listen, daemon=True).start()

    def __str__(self) -> str:
        return "".join(self._lines)

    def wait_for(self, words: str) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._ended or any(words in line for line in self._lines), PATIENCE)
            if not any(words in line for line in self._lines):
                raise BrokenPromiseError(f"the daemon never said {words!r}\n{self}")

    def _listen(self) -> None:
        assert self._pipe is not None
        for line in self._pipe:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


def keeper_of(daemon: int) -> int | None:
    """The daemon's one child that keeps the lock."""
    for child in Path(f"/proc/{daemon}/task/{daemon}/children").read_text(encoding="ascii").split():
        if b"faceplate.door.drivers.keeper" in Path(f"/proc/{child}/cmdline").read_bytes():
            return int(child)
    return None


def _alive_in_group(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    # What has ended and not been waited for still counts as a member.
    return any(_state(int(entry.name)) not in "ZX" for entry in Path("/proc").glob("[0-9]*") if _group(entry) == group)


def _stat(entry: Path) -> list[str]:
    try:
        return (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["X", "0", "-1"]


def _state(pid: int) -> str:
    return _stat(Path(f"/proc/{pid}"))[0]


def _group(entry: Path) -> int:
    return int(_stat(entry)[2])


def _until(holds: Callable[[], bool], complaint: str) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise BrokenPromiseError(complaint)
        time.sleep(0.005)  # noqa: TID251 - there is nothing to wait on for another's child


def _configuration(folder: Path, runtime: str) -> Path:
    film, empty = folder / "film", folder / "empty.png"
    film.mkdir()
    _draw_pictures(folder, empty)
    for number in range(_VISITS * (_FRAMES_WITH + _FRAMES_WITHOUT)):
        there = number % (_FRAMES_WITH + _FRAMES_WITHOUT) < _FRAMES_WITH
        (film / f"{number:05d}{'.jpg' if there else '.png'}").symlink_to(FOOTAGE / "man-2.jpg" if there else empty)
    tree = {
        "people": {"store": "people", "key_file": "gallery.key"},
        "journal": {"path": "journal.sqlite3", "key_file": "journal.key"},
        "access": {"standing_file": "standing.json", "patience": 5.0},
        "control": {"socket": "control.sock"},
        "camera": {"driver": "replay", "source": str(film)},
        "vision": {"runtime": runtime, "liveness": "off"},
        "door": {
            "driver": "gpiozero",
            "line": LINE,
            "release_time": RELEASE_TIME,
            "inputs": {"exit": {"line": EXIT_LINE}},
        },
    }
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return file


def _draw_pictures(folder: Path, empty: Path) -> None:
    """A frame without anybody, and one of the woman."""
    import cv2  # noqa: PLC0415 - the processes under test are many, and this one is there first
    import numpy as np  # noqa: PLC0415

    clip = cv2.VideoCapture(str(FOOTAGE / "woman.mp4"), cv2.CAP_FFMPEG)
    clip.set(cv2.CAP_PROP_POS_FRAMES, 12)
    _, woman = clip.read()
    cv2.imwrite(str(folder / "woman.png"), woman)
    man = cv2.imread(str(FOOTAGE / "man-2.jpg"))
    assert man is not None
    cv2.imwrite(str(empty), np.full_like(man, 128))


def main() -> None:
    """Kill as often as asked, and tell what came of it."""
    parser = argparse.ArgumentParser(prog="python tests/kills.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="faceplate-kills-") as folder:
        household = Household(Path(folder), random.Random(arguments.seed))  # noqa: S311 - repeatable, not secret
        for number in range(arguments.rounds):
            household.live_and_die()
            if number % 50 == 49:
                print(household.tally, flush=True)  # noqa: T201 - it is a command
    print(household.tally)  # noqa: T201


if __name__ == "__main__":
    main()
