"""From starting the service to its first decision: `faceplate run`, with somebody before the camera at once.

The daemon is a process, seen from outside, and plays the package's footage in real time, as a camera gives it. Files
are warm in the page cache; after a real boot they are read from the card first.

    PYTHONPATH=daemon:tests python tests/benchmarks/boot.py [--rounds N]
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import yaml
from common import WHOLE, Laps, interleaved, median, milliseconds, table, tell_machine
from start import CLIP, enrolled, least

READY, ANSWERED, DECIDED = "the door is locked and served", "a face is named", "the first decision"
STAGES: Final = (READY, ANSWERED, DECIDED)

DAEMON = """
import sys, time
from faceplate.__main__ import main
from faceplate.types import Outcome
from faceplate.vitals import Vitals
show = Vitals.show
def told(self, frame, matches, decision):
    show(self, frame, matches, decision)
    if matches:
        print(time.monotonic(), decision.outcome.value, flush=True)
Vitals.show = told
sys.exit(main(sys.argv[1:]))
"""
"""The daemon, which tells when it has judged a frame with a face in it"""


def main() -> None:
    """Enrol the man of the footage, then measure."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/boot.py", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=11, help="default: %(default)s")
    arguments = parser.parse_args()
    tell_machine()
    with tempfile.TemporaryDirectory() as folder:
        config = filmed(Path(folder))
        laps = interleaved({WHOLE: lambda _: boot(config)}, arguments.rounds, warm_up=1)[WHOLE]
    table(
        ("from the start of the process until", "median", "least"),
        [(stage, milliseconds(median(laps, stage)), milliseconds(least_of(laps, stage))) for stage in STAGES],
    )


def filmed(folder: Path) -> Path:
    """A configuration with the man of the footage enrolled, and before the camera."""
    config = enrolled(folder)
    tree = yaml.safe_load(config.read_text(encoding="utf-8"))
    tree |= {
        "journal": {"path": "door.sqlite3", "key_file": "door.key"},
        "camera": {"driver": "replay", "source": str(CLIP)},
        "control": {"socket": "control.sock"},
        "access": {"standing_file": "standing.json"},
    }
    config.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return config


def least_of(laps: list[Laps], stage: str) -> float:
    return least([{WHOLE: lap[stage]} for lap in laps])


def boot(config: Path) -> Laps:
    """Start the daemon, and end it when it has decided."""
    address = config.with_name("notify.sock")
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        begun = time.monotonic()
        command = [sys.executable, "-c", DAEMON, "run", "--config", str(config)]
        environment = os.environ | {"NOTIFY_SOCKET": str(address)}
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as daemon:
            if not manager.recv(4096).startswith(b"READY=1"):
                sys.exit("the daemon said something else before it was ready")
            laps = {READY: time.monotonic() - begun}
            assert daemon.stdout
            for line in daemon.stdout:
                moment, outcome = line.split()
                laps.setdefault(ANSWERED, float(moment) - begun)
                if outcome != "nothing":
                    laps[DECIDED] = float(moment) - begun
                    daemon.terminate()
                    return laps
    sys.exit("the clip ended without a decision")


if __name__ == "__main__":
    main()
