"""Resident memory after 200 frames: the daemon, the peer, and what Python, OpenCV and the clips take without either."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from common import table, tell_machine
from peer import peer_models
from resident import FIGURES, FRAMES
from start import enrolled

OURS, PEER, NEITHER = "ours", "peer", "neither"


def main() -> None:
    """Measure each in processes of its own, by turns."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/memory.py", description=__doc__)
    parser.add_argument("--peer-models", type=Path, required=True, metavar="DIR", help="folder of the peer's models")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    arguments = parser.parse_args()
    tell_machine()
    with tempfile.TemporaryDirectory() as folder:
        models = peer_models(arguments.peer_models, Path(folder))
        given = {OURS: enrolled(Path(folder)), PEER: models, NEITHER: Path(folder)}
        runs = [{name: resident(name, path) for name, path in given.items()} for _ in range(arguments.rounds)]
    middle = {
        name: {figure: statistics.median(run[name][figure] for run in runs) for figure in FIGURES} for name in given
    }
    rows = [[name, *(f"{figures[figure]:.0f} MB" for figure in FIGURES)] for name, figures in middle.items()]
    ratios = [f"{middle[OURS][figure] / middle[PEER][figure]:.2f}" for figure in FIGURES]
    print(f"after {FRAMES} frames of 640x480; aim for ours: at most 200 MB")
    table(("process", *FIGURES), [*rows, [f"{OURS} / {PEER}", *ratios]])


def resident(name: str, path: Path) -> dict[str, float]:
    """Megabytes of one process, by figure."""
    command = [sys.executable, str(Path(__file__).with_name("resident.py")), name, str(path)]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    figures: dict[str, float] = json.loads(ended.stdout)
    return figures


if __name__ == "__main__":
    main()
