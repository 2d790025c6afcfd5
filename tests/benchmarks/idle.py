"""An empty doorway before a camera of ten frames a second: what it costs, with and without the idle gate.

The camera is a real MJPEG stream, 640x480, with a sensor's noise; the daemon is a process, seen from outside. By turns
run the daemon as it is, the daemon that searches every frame, and the capture alone, which decodes and no more. Then
somebody appears, again and again.

    PYTHONPATH=daemon:tests python tests/benchmarks/idle.py [--seconds N] [--rounds N]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import yaml
from common import FOOTAGE, fitted, table, tell_machine
from start import enrolled

from faceplate.vision.idle import AWAKE_FOR
from mjpeg_server import MjpegServer

RATE: Final = 10.0
WIDTH, HEIGHT = 640, 480
NOISE: Final = 2.0
"""Grey levels; of a sensor by day"""
QUALITY: Final = 90
APPEARANCES: Final = 4
SETTLES: Final = AWAKE_FOR + 3.0
"""Seconds from the first frame until the gate rests, and the models are loaded"""

GATED, UNGATED, CAPTURE = "as it is", "every frame", "capture alone"

DAEMON = """
import sys, time
from faceplate.__main__ import main
from faceplate.recognition import Recognition
from faceplate.vitals import Vitals
show, frames = Vitals.show, open(sys.argv.pop(1), "w", buffering=1)
if sys.argv.pop(1) != "gated":
    Recognition.watchful_eyes = Recognition.eyes
def noted(self, frame, matches, decision):
    show(self, frame, matches, decision)
    if matches:
        print(time.monotonic(), file=frames)
Vitals.show = noted
sys.exit(main(sys.argv[1:]))
"""
"""The daemon, which notes when it has judged a frame with a face in it"""

CAPTURE_ONLY = """
import sys
from pathlib import Path
from faceplate.camera.opencv import OpenCvCamera
from faceplate.config_file import load_config
from faceplate.quiet import steady_opencv
steady_opencv()
for frame in OpenCvCamera(load_config(Path(sys.argv[1])).camera).frames():
    pass
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one process for a while."""

    cpu: float
    """Per cent of one core"""
    megabytes: float
    """Resident at the end"""
    delays: tuple[float, ...] = ()
    """Seconds from each appearance to the first frame that was judged with the face in it"""


class Doorway:
    """What the camera sees, BGR uint8 (480, 640, 3)."""

    def __init__(self) -> None:
        """Nobody."""
        man = cv2.imread(str(FOOTAGE / "man-2.jpg"))
        assert man is not None
        somebody = fitted(np.asarray(man, np.uint8), WIDTH, HEIGHT)
        # The same light, and no face in it.
        nobody = np.asarray(cv2.GaussianBlur(somebody, (0, 0), 40), np.uint8)
        self._nobody, self._somebody = _noisy(nobody), _noisy(somebody)
        self._now = self._nobody

    def __call__(self, number: int) -> Any:
        return self._now[number % len(self._now)]

    def appear(self) -> None:
        self._now = self._somebody

    def vanish(self) -> None:
        self._now = self._nobody


def _noisy(image: np.ndarray) -> list[np.ndarray]:
    random = np.random.default_rng(1)
    noise = [random.standard_normal(image.shape, np.float32) * NOISE for _ in range(16)]
    return [np.clip(image + each, 0, 255).astype(np.uint8) for each in noise]


def main() -> None:
    """Measure by turns."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/idle.py", description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="of each turn; default: %(default)g")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    arguments = parser.parse_args()
    tell_machine()
    doorway = Doorway()
    with (
        MjpegServer(picture=doorway, frame_time=1 / RATE, quality=QUALITY) as server,
        tempfile.TemporaryDirectory() as at,
    ):
        config = configured(Path(at), server.address)
        turns: dict[str, Callable[[], Cost]] = {
            GATED: lambda: daemon(config, "gated", arguments.seconds, doorway),
            UNGATED: lambda: daemon(config, "ungated", arguments.seconds, doorway),
            CAPTURE: lambda: watched([sys.executable, "-c", CAPTURE_ONLY, str(config)], arguments.seconds),
        }
        costs: dict[str, list[Cost]] = {name: [] for name in turns}
        for number in range(arguments.rounds):
            for name in list(turns)[:: 1 if number % 2 else -1]:
                costs[name].append(turns[name]())
    tell(costs)


def configured(folder: Path, address: str) -> Path:
    """A configuration with the man of the footage enrolled, before that camera."""
    config = enrolled(folder)
    tree = yaml.safe_load(config.read_text(encoding="utf-8"))
    tree |= {
        "journal": {"path": "door.sqlite3", "key_file": "door.key"},
        "camera": {"source": address, "frame_rate": RATE},
        "control": {"socket": "control.sock"},
        "access": {"standing_file": "standing.json"},
    }
    config.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return config


def daemon(config: Path, gate: str, seconds: float, doorway: Doorway) -> Cost:
    """The daemon before an empty doorway, and then before one in which somebody appears."""
    frames = config.with_name("frames")
    command = [sys.executable, "-c", DAEMON, str(frames), gate, "run", "--config", str(config)]
    return watched(command, seconds, lambda: [appearance(frames, doorway) for _ in range(APPEARANCES)])


def appearance(frames: Path, doorway: Doorway) -> float:
    """Seconds until somebody who appears is judged; then they go, until nobody waits for them any more."""
    before = frames.read_text(encoding="ascii")
    begun = time.monotonic()
    doorway.appear()
    while len(after := frames.read_text(encoding="ascii")) <= len(before) or not after.endswith("\n"):
        pause(0.005)
    doorway.vanish()
    pause(SETTLES)
    return float(after[len(before) :].split()[0]) - begun


def watched(command: Sequence[str], seconds: float, then: Callable[[], list[float]] = list) -> Cost:
    """Run it, and look on for a while once it has settled; then do something else to it."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        pause(SETTLES + 2.0)
        begun, used = time.monotonic(), cpu_seconds(process.pid)
        pause(seconds)
        cpu = (cpu_seconds(process.pid) - used) / (time.monotonic() - begun)
        cost = Cost(100 * cpu, resident(process.pid), tuple(then()))
        process.terminate()
    return cost


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def cpu_seconds(pid: int) -> float:
    """What all threads of a process have used of the processor, to the nanosecond (Linux's sched-stats)."""
    return sum(int(task.read_text("ascii").split()[0]) for task in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def resident(pid: int) -> float:
    """Megabytes, by proc(5)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024 / 1e6


def tell(costs: dict[str, list[Cost]]) -> None:
    """Print what came of it."""
    rows = []
    for name, each in costs.items():
        cpu = [cost.cpu for cost in each]
        delays = [1000 * delay for cost in each for delay in cost.delays]
        found = f"{statistics.median(delays):.0f} ({max(delays):.0f}) ms" if delays else "-"
        ratio = statistics.median(a.cpu / b.cpu for a, b in zip(each, costs[UNGATED], strict=True))
        memory = statistics.median(cost.megabytes for cost in each)
        rows.append(
            (name, f"{statistics.median(cpu):.2f} %", f"{min(cpu):.2f} %", f"{ratio:.2f}", found, f"{memory:.0f} MB")
        )
    print("an empty doorway, 640x480 at 10 frames/s; aim for the daemon as it is: at most 3 % of one core")
    table(("", "CPU, median", "least", f"ratio to `{UNGATED}`", "to first detection, median (most)", "RSS"), rows)


if __name__ == "__main__":
    main()
