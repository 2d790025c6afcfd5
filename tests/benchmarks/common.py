"""What the benchmarks share: pictures, the daemon's own configuration, timing that bears a busy machine, tables."""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from faceplate.camera.recording import Stills, open_recording
from faceplate.config import Config, config_from
from faceplate.types import Image

Laps: TypeAlias = dict[str, float]
"""Part of a task -> seconds it took. `WHOLE` is the task itself."""

Task: TypeAlias = Callable[[int], Laps]
"""Is given the number of the round, so that each task of a round can take the same picture."""

WHOLE = "whole"


def footage() -> Path:
    """The folder of the clips that come with the package."""
    return Path(sys.modules["faceplate"].__path__[0]) / "footage"


def pictures(clip: Path) -> Iterator[Image]:
    """The frames of a clip as they were recorded."""
    return (shot.image for shot in open_recording(clip, Stills()).shots())


def fitted(image: Image, width: int, height: int) -> Image:
    """The middle of a picture in the shape of `width` x `height`, scaled to that size."""
    shape = min(image.shape[1] / width, image.shape[0] / height)
    wide, high = round(width * shape), round(height * shape)
    left, top = (image.shape[1] - wide) // 2, (image.shape[0] - high) // 2
    middle = image[top : top + high, left : left + wide]
    return np.asarray(cv2.resize(middle, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def spread(items: Sequence[Image], count: int) -> list[Image]:
    """At most `count` of `items`, evenly from the first to the last."""
    return [items[i] for i in np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int)]


def configuration(folder: Path, *, threads: int | None = None) -> Config:
    """The shipped defaults, with store, key and journal in `folder`."""
    tree = {
        "people": {"store": "people", "key_file": "gallery.key"},
        "journal": {"path": "journal.sqlite3"},
        "vision": {} if threads is None else {"threads": threads},
        "log": {"level": "error"},
    }
    return config_from(tree, base=folder, where="the benchmark's configuration")


def timed(part: str, call: Callable[..., object], laps: Laps) -> Callable[..., object]:
    """`call`, adding the time it takes to that part's lap."""

    def run(*arguments: object) -> object:
        start = time.perf_counter()
        result = call(*arguments)
        laps[part] = laps.get(part, 0.0) + time.perf_counter() - start
        return result

    return run


def interleaved(tasks: Mapping[str, Task], rounds: int, warm_up: int = 2) -> dict[str, list[Laps]]:
    """Measure tasks in turns, every other round backwards: whatever else the machine does falls on all alike."""
    laps: dict[str, list[Laps]] = {name: [] for name in tasks}
    for number in range(-warm_up, rounds):
        names = list(tasks) if number % 2 else list(reversed(tasks))
        for name in names:
            lap = tasks[name](number)
            if number >= 0:
                laps[name].append(lap)
    return laps


def median(laps: Iterable[Laps], part: str = WHOLE) -> float:
    """Middle of the seconds that one part took."""
    return statistics.median(lap[part] for lap in laps)


def ratio(ours: Sequence[Laps], other: Sequence[Laps], part: str = WHOLE) -> str:
    """Ratio of the times of each round: the middle one, and the middle half of all."""
    low, middle, high = np.quantile([a[part] / b[part] for a, b in zip(ours, other, strict=True)], [0.25, 0.5, 0.75])
    return f"{middle:.3g} ({low:.3g}..{high:.3g})"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows below headings; the first column to the left, the others to the right."""
    lines = [headings, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        cells = [line[0].ljust(widths[0]), *(cell.rjust(size) for cell, size in zip(line[1:], widths[1:], strict=True))]
        print("  ".join(cells))


def milliseconds(seconds: float) -> str:
    """For a table."""
    return f"{1000 * seconds:.2f} ms"


def tell_machine() -> None:
    """Print what the figures hang on."""
    print(
        f"{os.cpu_count()} {platform.machine()} cores, Python {platform.python_version()}, OpenCV {cv2.__version__}, "
        f"ai-edge-litert {version('ai-edge-litert')}, numpy {np.__version__}"
    )
