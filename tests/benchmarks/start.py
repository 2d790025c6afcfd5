"""From nothing to the first decision: `faceplate replay` on the package's footage, as a process seen from outside."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import yaml
from common import FOOTAGE, WHOLE, Laps, interleaved, median, milliseconds, ratio, table, tell_machine

CLIP = FOOTAGE / "man-and-woman.mp4"
DECISIONS = {"access_granted", "access_denied"}
BARE, LIBRARIES, MODULES, DECISION = "python", "import cv2, numpy", "start-up modules", "first decision"
# What `faceplate run` imports with a USB camera and the default runtime.
START_UP = "import faceplate.__main__, faceplate.commands.run, faceplate.camera.opencv, ai_edge_litert.interpreter"


def main() -> None:
    """Enrol the man of the footage, then measure."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/start.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="default: %(default)s")
    arguments = parser.parse_args()
    tell_machine()
    with tempfile.TemporaryDirectory() as folder:
        config = enrolled(Path(folder))
        decisions: list[str] = []
        laps = interleaved(
            {
                BARE: lambda _: process("-c", "pass"),
                LIBRARIES: lambda _: process("-c", LIBRARIES),
                MODULES: lambda _: process("-c", START_UP),
                DECISION: lambda _: first_decision(config, decisions),
            },
            arguments.rounds,
            warm_up=1,
        )
    table(
        ("process", "median", "least", f"ratio to `{LIBRARIES}`"),
        [
            (name, milliseconds(median(each)), milliseconds(least(each)), ratio(each, laps[LIBRARIES]))
            for name, each in laps.items()
        ],
    )
    imports = [{WHOLE: a[WHOLE] - b[WHOLE]} for a, b in zip(laps[MODULES], laps[BARE], strict=True)]
    print(
        f"importing the start-up modules: {milliseconds(median(imports))}, at least {milliseconds(least(imports))} "
        "(aim: below 500 ms)"
    )
    print(f"the first decision: {set(decisions)}")


def least(laps: Sequence[Laps]) -> float:
    """Seconds in the round that was disturbed the least."""
    return min(lap[WHOLE] for lap in laps)


def enrolled(folder: Path) -> Path:
    """A configuration with the man of the footage enrolled."""
    config = folder / "config.yaml"
    tree = {"people": {"store": "people", "key_file": "gallery.key"}, "journal": {"path": "journal.sqlite3"}}
    config.write_text(yaml.safe_dump(tree), encoding="utf-8")
    stills = sorted(map(str, FOOTAGE.glob("man-*.jpg")))
    command = [sys.executable, "-m", "faceplate", "people", "add", "Daniel", *stills, "--config", str(config)]
    subprocess.run(command, check=True, capture_output=True)
    return config


def process(*words: str) -> Laps:
    """Run Python with these arguments to its end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, stderr=subprocess.DEVNULL)
    return {WHOLE: time.perf_counter() - start}


def first_decision(config: Path, decisions: list[str]) -> Laps:
    """Run the daemon over the clip until it prints a decision."""
    words = ["-m", "faceplate", "replay", str(CLIP), "--json", "--config", str(config)]
    start = time.perf_counter()
    with replaying(words) as daemon:
        assert daemon.stdout
        for line in daemon.stdout:
            told = json.loads(line)
            if told["event"] in DECISIONS:
                lasted = time.perf_counter() - start
                decisions.append(f"{told['event']} at frame {told['frame']}")
                daemon.terminate()
                return {WHOLE: lasted}
    sys.exit(f"`faceplate {' '.join(words[2:])}` ended without a decision")


def replaying(words: Sequence[str]) -> subprocess.Popen[str]:
    """The daemon, giving every line as soon as it is printed."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


if __name__ == "__main__":
    main()
