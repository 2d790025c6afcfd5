"""How fast towers learn, what a second worker gains, and a second thread of `prepare`: the commands, as they ship."""

from __future__ import annotations

import argparse
import csv
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from common import WHOLE, Laps, Task, interleaved, median, ratio, table, tell_machine

TOWERS = ("koch", "mobilefacenet", "sface")
CORES = (0, 1)
PICTURES = 400
"""That many of LFW's are prepared, and trained on"""

# The same pairs and loss for all towers: 32 crops a step. Two epochs, since TensorFlow compiles the step in the first.
EPOCHS = {"training.epochs": 2, "validation.early_stopping": "null", "validation.pairs": 2}
TOWER = EPOCHS | {"batch.pairs": 16, "training.steps_per_epoch": 4}
WORKER = EPOCHS | {"batch.pairs": 16, "training.steps_per_epoch": 8, "tower.embedding_size": 256}
ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


def main() -> None:
    """Measure with LFW's pictures, on CPU cores 0 and 1."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/training.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--only", choices=["towers", "workers", "prepare"], help="one of the three tables")
    arguments = parser.parse_args()
    if "FACEPLATE_DATA" not in os.environ:
        sys.exit("name the folder with lfw_dev: FACEPLATE_DATA=FOLDER")
    tell_machine()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = some_of_lfw(Path(os.environ["FACEPLATE_DATA"]) / "lfw_dev", folder)
        prepare(inputs, folder / "data", workers=2)
        measured: dict[str, Mapping[str, Task]] = {
            "towers": {tower: tower_task(tower, folder) for tower in TOWERS},
            "workers": {f"{count} worker(s)": workers_task(count, folder) for count in (1, 2)},
            "prepare": {f"{count} thread(s)": prepare_task(count, inputs, folder) for count in (1, 2)},
        }
        for what, tasks in measured.items():
            if arguments.only in (None, what):
                tell(what, interleaved(tasks, arguments.rounds, warm_up=0))


def tell(what: str, laps: Mapping[str, Sequence[Laps]]) -> None:
    """Print how many pictures a second each did, and how many times the first that is."""
    first, *_ = laps.values()
    rows = [
        (name, f"{1 / median(each):.1f}", ratio(first, each), *(f"{1 / lap[WHOLE]:.1f}" for lap in each))
        for name, each in laps.items()
    ]
    table((what, "pictures/s", "times the first", *(f"round {number}" for number in range(1, len(first) + 1))), rows)


def some_of_lfw(lfw: Path, folder: Path) -> list[str]:
    """Words for `prepare` that name as many pictures, of people with two or more."""
    with (lfw / "index.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    people = [row["person"] for row in rows]
    chosen = [row for row in rows if people.count(row["person"]) > 1][:PICTURES]
    with (folder / "index.csv").open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, ["file", "person"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(chosen)
    return ["--index", str(folder / "index.csv"), "--images", str(lfw)]


def prepare(inputs: Sequence[str], out: Path, *, workers: int) -> float:
    """Prepare the pictures; seconds it took, with the start of the program."""
    begun = time.perf_counter()
    ended("prepare", *inputs, "--out", str(out), "--overwrite", "--workers", str(workers))
    return time.perf_counter() - begun


def prepare_task(threads: int, inputs: Sequence[str], folder: Path) -> Task:
    """Seconds a picture takes to prepare; more pictures less fewer, so that the start of the program does not count."""
    few = folder / "few.csv"
    lines = (folder / "index.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    few.write_text("".join(lines[: 1 + PICTURES // 4]), encoding="utf-8")
    fewer = ["--index", str(few), *inputs[2:]]

    def run(_: int) -> Laps:
        all_of_them = prepare(inputs, folder / "measured", workers=threads)
        quarter = prepare(fewer, folder / "measured", workers=threads)
        return {WHOLE: (all_of_them - quarter) / (PICTURES - PICTURES // 4)}

    return run


def tower_task(tower: str, folder: Path) -> Task:
    """Seconds a crop takes to learn from, forth and back, as `fit` itself reports them."""

    def run(number: int) -> Laps:
        out = folder / f"{tower}-{number}"
        ended(*fit(folder / "data", out, TOWER | {"tower.name": tower, "tower.embedding_size": 128}))
        return {WHOLE: seconds_an_image(out)}

    return run


def workers_task(count: int, folder: Path) -> Task:
    """The same batches, shared by workers with one core and one thread each."""

    def run(number: int) -> Laps:
        outs = [folder / f"worker-{worker}-of-{count}-{number}" for worker in range(count)]
        cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(count)]}
        processes = []
        for worker, out in enumerate(outs):
            task = {"cluster": cluster, "task": {"type": "worker", "index": worker}}
            environment = os.environ | ONE_THREAD | {"TF_CONFIG": json.dumps(task)}
            words = fit(folder / "data", out, WORKER | {"training.distribute": "workers" if count > 1 else "none"})
            processes.append(started(*words, core=CORES[worker], environment=environment))
        for process in processes:
            check(process)
        return {WHOLE: seconds_an_image(outs[0])}

    return run


def fit(data: Path, out: Path, recipe: Mapping[str, object]) -> list[str]:
    """Words that train."""
    laid_over = [word for key, value in recipe.items() for word in ("--set", f"{key}={value}")]
    return ["fit", "koch", "--data", str(data), "--out", str(out), *laid_over]


def seconds_an_image(run: Path) -> float:
    """Of the last epoch."""
    with (run / "history.csv").open(newline="", encoding="utf-8") as lines:
        return 1 / float(list(csv.DictReader(lines))[-1]["images_per_second"])


def started(
    *words: str, core: int | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """The program, on one core if it is named."""
    bound = [] if core is None else ["taskset", "--cpu-list", str(core)]
    command = [*bound, sys.executable, "-m", "faceplate_trainer", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def ended(*words: str) -> None:
    """Run the program to its end."""
    check(started(*words))


def check(process: subprocess.Popen[str]) -> None:
    """Wait for the end of a program, which must be a good one."""
    said, _ = process.communicate()
    if process.returncode:
        sys.exit(said)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens at."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


if __name__ == "__main__":
    main()
