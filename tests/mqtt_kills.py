"""SIGKILL at random moments, of the bridge or of the broker, while rows are written without a pause.

Both are the real ones, the journal lies on a real file system. Somebody between the two notes what the broker
acknowledged: at the end that must be every row, in order, and a row that came twice under the same id. A subscriber
whose session outlasts the broker, which keeps it on the disk, tells what became of them. What mosquitto acknowledged in
the moment before its SIGKILL it may forget all the same; the bridge is held until the subscriber is back, so that this
is rare, and it is counted.

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
from mqtt_witness import Witness

RATE = 50
"""Rows a second"""

DURABLE = ("allow_anonymous true", "autosave_on_changes true", "autosave_interval 1", "max_inflight_messages 0")
"""What a broker must be told to keep what it has acknowledged"""


@dataclass
class Tally:
    """What was done, and what came of it."""

    kills: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    messages: int = 0
    """Acknowledged by the broker"""
    lost: int = 0
    """Rows that the broker never acknowledged"""
    out_of_order: int = 0
    other_ids: int = 0
    """Messages under an id that is not the row's"""
    forgotten: int = 0
    """Rows that the broker acknowledged, and no subscriber ever got"""


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
    with Broker(folder, *DURABLE) as broker, Witness(broker.port) as witness, Subscriber(broker) as watcher:
        command = [sys.executable, "-m", "faceplate", "bridge", "--config", str(_config(folder, journal, witness.port))]
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
                        bridge.send(signal.SIGSTOP)
                        broker.start()
                        watcher.wait_for_session(broker)
                        bridge.send(signal.SIGCONT)
            rows = reader.read_last(journal, 1_000_000)
            with suppress(AssertionError):  # what is missing is told below
                watcher.wait_for_number(rows[-1].seq)
        finally:
            bridge.end(signal.SIGKILL)
        _judge(tally, {row.seq: row.id for row in rows}, witness, watcher)
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


def _judge(tally: Tally, ids: dict[int, str], witness: Witness, watcher: Subscriber) -> None:
    newest = 0
    for seq, name in witness.acknowledged:
        tally.out_of_order += seq > newest + 1
        tally.other_ids += name != ids[seq]
        newest = max(newest, seq)
    acknowledged = {seq for seq, _ in witness.acknowledged}
    tally.rows, tally.messages = len(ids), len(witness.acknowledged)
    tally.lost = len(ids.keys() - acknowledged)
    tally.forgotten = len(acknowledged - set(watcher.numbers()))


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
