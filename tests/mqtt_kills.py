"""SIGKILL at random moments, of the bridge or of the broker, while rows are written without a pause.

Both are the real ones, the journal lies on a real file system. The subscriber's session outlasts the broker, which
keeps it on the disk (`autosave_on_changes`). At the end every row must have arrived, in order, and a row that came
twice under the same id.

    PYTHONPATH=tests python tests/mqtt_kills.py --rounds 200
"""

from __future__ import annotations

import argparse
import itertools
import random
import signal
import sys
import tempfile
import threading
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from broker import Broker, Program, Subscriber
from faceplate.events import Cause, DoorEvent, DoorEventType
from faceplate.journal import reader
from faceplate.journal.journal import Journal
from faceplate.types import Seconds

RATE = 50
"""Rows a second"""

DURABLE = ("allow_anonymous true", "autosave_on_changes true", "autosave_interval 1")
"""What a broker must be told to keep what it has acknowledged"""


@dataclass
class Tally:
    """What was done, and what came of it."""

    kills: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    messages: int = 0
    lost: int = 0
    out_of_order: int = 0
    other_ids: int = 0
    """Rows that came under an id that is not the journal's"""


class Stream:
    """Writes rows for as long as the block lasts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def _write(self) -> None:
        with closing(Journal(self._path)) as journal:
            for kind in itertools.cycle((DoorEventType.UNLOCKED, DoorEventType.LOCKED)):
                journal.write(DoorEvent(kind, Seconds(0.0), Cause.ACCESS_GRANTED, "Zoë"))
                if self._stop.wait(1 / RATE):
                    return

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def kill(folder: Path, rounds: int, chance: random.Random, longest: float = 3.0) -> Tally:
    """Kill that often, at most `longest` seconds apart, and tell what arrived."""
    tally = Tally()
    journal, pause = folder / "journal.sqlite3", threading.Event()
    with Broker(folder, *DURABLE) as broker, Subscriber(broker) as watcher:
        command = [sys.executable, "-m", "faceplate", "bridge", "--config", str(_config(folder, journal, broker.port))]
        bridge = Program(command)
        try:
            with Stream(journal):
                for _ in range(rounds):
                    pause.wait(chance.uniform(0.0, longest))
                    victim = chance.choice(("bridge", "broker"))
                    tally.kills[victim] += 1
                    if victim == "bridge":
                        bridge.end(signal.SIGKILL)
                        bridge = Program(command)
                    else:
                        broker.process.end(signal.SIGKILL)
                        broker.start()
            rows = reader.read_last(journal, 1_000_000)
            with suppress(AssertionError):  # what is lost is told below
                watcher.wait_for_number(rows[-1].seq)
        finally:
            bridge.end(signal.SIGKILL)
        _judge(tally, {row.seq: row.id for row in rows}, watcher)
    return tally


def _config(folder: Path, journal: Path, port: int) -> Path:
    bridge = {
        "host": "localhost",
        "port": port,
        "tls": {"enabled": False},
        "cursor_file": "cursor",
        "seen_file": "seen",
    }
    tree = {"journal": {"path": str(journal)}, "control": {"socket": "control.sock"}, "bridge": bridge}
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return file


def _judge(tally: Tally, ids: dict[int, str], watcher: Subscriber) -> None:
    newest = 0
    seen: set[int] = set()
    for event in watcher.events():
        number = int(str(event["seq"]))
        tally.out_of_order += number > newest + 1
        tally.other_ids += event["id"] != ids[number]
        newest = max(newest, number)
        seen.add(number)
        tally.messages += 1
    tally.rows = len(ids)
    tally.lost = len(ids.keys() - seen)


def main() -> None:
    """Kill as often as asked, and tell what came of it."""
    parser = argparse.ArgumentParser(prog="python tests/mqtt_kills.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="faceplate-mqtt-kills-") as folder:
        print(kill(Path(folder), arguments.rounds, random.Random(arguments.seed)))  # noqa: S311, T201 - repeatable; a command


if __name__ == "__main__":
    main()
