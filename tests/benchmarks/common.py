"""What the benchmarks share: pictures, timing that bears a busy machine, tables.

Imports little, so that the peer's memory is not filled with what only the daemon needs.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import ParamSpec, TypeAlias, TypeVar

import cv2
import numpy as np

import faceplate
from faceplate.types import Image

Laps: TypeAlias = dict[str, float]
"""Part of a task -> seconds it took. `WHOLE` is the task itself."""

Task: TypeAlias = Callable[[int], Laps]
"""Is given the number of the round, so that every task of a round can take the same picture."""

P = ParamSpec("P")
T = TypeVar("T")

WHOLE = "whole"
FOOTAGE = Path(faceplate.__file__).parent / "footage"
"""The clips that come with the package, 480x270"""


def pictures(clip: Path) -> Iterator[Image]:
    """The frames of a clip as they were recorded, BGR uint8 (H, W, 3)."""
    capture = cv2.VideoCapture()
    if not capture.open(str(clip), cv2.CAP_FFMPEG):
        sys.exit(f"{clip} cannot be played")
    while True:
        whole, picture = capture.read()
        if not whole:
            return
        yield np.asarray(picture, dtype=np.uint8)


def rgb(image: Image) -> Image:
    """As the daemon's cameras give it."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def fitted(image: Image, width: int, height: int) -> Image:
    """The middle of a picture in the shape of `width` x `height`, scaled to that size."""
    shape = min(image.shape[1] / width, image.shape[0] / height)
    wide, high = round(width * shape), round(height * shape)
    left, top = (image.shape[1] - wide) // 2, (image.shape[0] - high) // 2
    middle = image[top : top + high, left : left + wide]
    return np.asarray(cv2.resize(middle, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def timed(part: str, call: Callable[P, T], laps: Laps) -> Callable[P, T]:
    """`call`, adding the time it takes to that part's lap."""

    def run(*arguments: P.args, **keywords: P.kwargs) -> T:
        start = time.perf_counter()
        result = call(*arguments, **keywords)
        laps[part] = laps.get(part, 0.0) + time.perf_counter() - start
        return result

    return run


def interleaved(tasks: Mapping[str, Task], rounds: int, warm_up: int = 2) -> dict[str, list[Laps]]:
    """Measure tasks in turns, every other round backwards: whatever else the machine does falls on all alike."""
    laps: dict[str, list[Laps]] = {name: [] for name in tasks}
    for number in range(-warm_up, rounds):
        for name in list(tasks)[:: 1 if number % 2 else -1]:
            lap = tasks[name](number)
            if number >= 0:
                laps[name].append(lap)
    return laps


def median(laps: Iterable[Laps], part: str = WHOLE) -> float:
    """Middle of the seconds that one part took."""
    return statistics.median(lap[part] for lap in laps)


def ratio(ours: Sequence[Laps], other: Sequence[Laps], part: str = WHOLE) -> str:
    """Ratio of the two times of each round: the middle one, and where the middle half lies."""
    ratios = [a[part] / b[part] for a, b in zip(ours, other, strict=True)]
    low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75])
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
