"""How quickly the door obeys while the vision loop has the processor to itself, and what a journal row costs.

The door, its thread, the keeper's process and the journal are the real ones. Only the GPIO chip is a stand-in, which
writes down when each line moved (`tests/fake_modules/gpiod`).
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import numpy as np
import yaml
from common import FOOTAGE, fitted, milliseconds, pictures, rgb, table, tell_machine

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "fake_modules"), str(TESTS)]

from faceplate.config import Config  # noqa: E402
from faceplate.config_file import config_from  # noqa: E402
from faceplate.door.door import Door  # noqa: E402
from faceplate.door.drivers.gpiozero_driver import hardware_of  # noqa: E402
from faceplate.journal.journal import Journal  # noqa: E402
from faceplate.journal.recorder import Recorder  # noqa: E402
from faceplate.recognition import Recognition  # noqa: E402
from faceplate.types import Decision, Outcome, Reason, Seconds  # noqa: E402
from fake_modules.gpiod.board import Board  # noqa: E402 - its place in the path comes first

LINE, EXIT_LINE = 17, 5
RELEASE_TIME = 0.5
PATIENCE = 10.0
POLL = 0.0005
SETTLING = 0.3


def main() -> None:
    """Measure all of it."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/door.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="default: %(default)s")
    arguments = parser.parse_args()
    tell_machine()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = configuration(folder)
        board = Board(folder / "gpio" / "gpiochip0")
        idle = moves(config, board, arguments.rounds)
        with vision_at_full_load(config) as frames:
            loaded = moves(config, board, arguments.rounds)
        print(f"the vision loop did {frames():.0f} frames a second meanwhile, each with a face")
        tell_latencies(idle, loaded)
        tell_journal(journal_rows(folder, arguments.rounds))
        tell_starts(starts(folder, board, max(arguments.rounds // 10, 5)))


def configuration(folder: Path) -> Config:
    """A door with a lock and an exit button on the stand-in's lines; also as a file."""
    os.environ["FAKE_GPIO_DIR"] = str(folder / "gpio")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))  # the keeper's process finds the stand-in, too
    (folder / "gpio" / "gpiochip0").mkdir(parents=True)
    tree = {
        "people": {"store": "people", "key_file": "gallery.key"},
        "journal": {"path": "journal.sqlite3", "key_file": "journal.key"},
        "access": {"standing_file": "standing.json"},
        "control": {"socket": "control.sock"},
        "camera": {"driver": "replay", "source": str(FOOTAGE / "woman.mp4")},
        "vision": {"liveness": "off"},
        "door": {
            "driver": "gpiozero",
            "line": LINE,
            "release_time": RELEASE_TIME,
            "inputs": {"exit": {"line": EXIT_LINE}},
        },
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(tree), encoding="utf-8")
    return config_from(tree, base=folder, where="the benchmark")


def moves(config: Config, board: Board, rounds: int) -> dict[str, list[float]]:
    """Seconds from each cause to the moment the line moved."""
    board.set_level(EXIT_LINE, 1)
    found: dict[str, list[float]] = {"exit button": [], "decision": []}
    with ExitStack() as stack:
        hardware = stack.enter_context(closing(hardware_of(config.door)))
        journal = Journal(config.journal.path, config.journal.key_file)
        recorder = stack.enter_context(closing(Recorder(lambda: journal, clock, lambda _: None)))
        door = stack.enter_context(closing(Door(config.door, hardware, recorder.note, clock, Seconds(1.0))))
        door.start()
        recorder.start()
        time.sleep(SETTLING)  # noqa: TID251 - a button that is pressed as the door starts does not count
        for number in range(rounds):
            found["exit button"].append(time_to_move(board, lambda: board.set_level(EXIT_LINE, 0)))
            board.set_level(EXIT_LINE, 1)
            wait_until(lambda: not door.status().lock_commanded_open)
            found["decision"].append(time_to_move(board, lambda n=number: let_in(door, recorder, n)))
            wait_until(lambda: not door.status().lock_commanded_open)
    return found


def let_in(door: Door, recorder: Recorder, number: int) -> None:
    """What the loop does with a decision: write it down, and let the door obey."""
    decision = Decision(number, clock(), Outcome.GRANTED, Reason.VERIFIED, holder="Ada")
    recorder.write(decision)
    door.obey(decision)


def time_to_move(board: Board, cause: Callable[[], None]) -> float:
    """From the cause to the level's change, as the stand-in wrote it down."""
    before = len(board.log())
    begin = time.monotonic()
    cause()
    found: list[float] = []

    def has_moved() -> bool:
        found[:] = [row["time"] for row in board.log()[before:] if row["line"] == LINE and row["level"]]
        return bool(found)

    wait_until(has_moved)
    return found[0] - begin


def wait_until(holds: Callable[[], bool]) -> None:
    """Look again and again."""
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            sys.exit("the line never moved")
        time.sleep(POLL)  # noqa: TID251 - a benchmark watches from outside


def clock() -> Seconds:
    """The door's clock."""
    return Seconds(time.monotonic())


@contextmanager
def vision_at_full_load(config: Config) -> Iterator[Callable[[], float]]:
    """Find and embed a face as often as the processor can; gives the frames a second."""
    eyes = Recognition(config.vision, config.people).eyes()
    frame = rgb(fitted(next(pictures(FOOTAGE / "woman.mp4")), 640, 480))
    stop, done, begin = threading.Event(), [0], time.monotonic()

    def look() -> None:
        while not stop.is_set():
            assert eyes.look(frame)
            done[0] += 1

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield lambda: done[0] / (time.monotonic() - begin)
    finally:
        stop.set()
        thread.join()


def journal_rows(folder: Path, rounds: int) -> dict[str, list[float]]:
    """Seconds for one row: ours, chained, signed and on the disk; SQLite's alone; a plain line and fsync."""
    found: dict[str, list[float]] = {"journal row": [], "SQLite row": [], "line and fsync": []}
    with ExitStack() as stack:
        ours = stack.enter_context(closing(Journal(folder / "append.sqlite3")))
        plain = stack.enter_context(closing(sqlite3.connect(folder / "plain.sqlite3", isolation_level=None)))
        plain.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (text TEXT)")
        line = stack.enter_context((folder / "lines").open("ab", buffering=0))

        def append_line() -> None:
            line.write(b"x" * 300)
            os.fsync(line.fileno())

        decision = Decision(1, Seconds(0.0), Outcome.GRANTED, Reason.VERIFIED, holder="Ada")
        tasks: dict[str, Callable[[], object]] = {
            "journal row": lambda: ours.write(decision),
            "SQLite row": lambda: plain.execute("INSERT INTO rows VALUES (?)", ("x" * 300,)),
            "line and fsync": append_line,
        }
        for _ in range(rounds):
            for name, task in tasks.items():
                begin = time.perf_counter()
                task()
                found[name].append(time.perf_counter() - begin)
    return found


def starts(folder: Path, board: Board, rounds: int) -> dict[str, list[float]]:
    """Seconds from the start of a process until the lock's line is driven, and until `secure` has ended."""
    words = [sys.executable, "-m", "faceplate"]
    found: dict[str, list[float]] = {"python": [], "`faceplate run`": [], "`faceplate secure`": []}
    for _ in range(rounds):
        begin = time.monotonic()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        found["python"].append(time.monotonic() - begin)
        begin, before = time.monotonic(), len(board.log())
        command = [*words, "secure", "--config", str(folder / "config.yaml")]
        subprocess.run(command, check=True, capture_output=True)
        found["`faceplate secure`"].append(driven(board, before) - begin)
        begin, before = time.monotonic(), len(board.log())
        command = [*words, "run", "--config", str(folder / "config.yaml")]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as daemon:
            wait_until(lambda before=before: len(board.log()) > before)
            found["`faceplate run`"].append(driven(board, before) - begin)
            daemon.terminate()
    return found


def driven(board: Board, before: int) -> float:
    """When the lock's line was first taken or driven since."""
    return float(next(row["time"] for row in board.log()[before:] if row["line"] == LINE))


def tell_latencies(idle: dict[str, list[float]], loaded: dict[str, list[float]]) -> None:
    """From cause to output."""
    table(
        ("from ... to the lock's line", "p50", "p99", "p50 idle", "p99 idle", "ratio of p50"),
        [(name, *spread(loaded[name]), *spread(idle[name]), f"{ratio(loaded[name], idle[name]):.2f}") for name in idle],
    )
    print(f"an exit button counts when it has been pressed for {1000 * 0.05:.0f} ms (door.inputs.exit.debounce)")


def tell_journal(found: dict[str, list[float]]) -> None:
    """What a row costs."""
    table(
        ("on this disk", "p50", "p99", "ratio of p50 to SQLite's"),
        [(name, *spread(each), f"{ratio(each, found['SQLite row']):.2f}") for name, each in found.items()],
    )


def tell_starts(found: dict[str, list[float]]) -> None:
    """How long until a lock is known to be locked."""
    table(
        ("from the start of the process to a driven line", "p50", "p99", "ratio of p50 to Python's start"),
        [(name, *spread(each), f"{ratio(each, found['python']):.1f}") for name, each in found.items()],
    )


def spread(seconds: Sequence[float]) -> tuple[str, str]:
    """The middle and the 99th percentile."""
    middle, high = np.quantile(seconds, [0.5, 0.99])
    return milliseconds(float(middle)), milliseconds(float(high))


def ratio(a: Sequence[float], b: Sequence[float]) -> float:
    """Of the two middles."""
    return float(np.median(a) / np.median(b))


if __name__ == "__main__":
    main()
