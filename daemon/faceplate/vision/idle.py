"""Which frames of an empty, still scene need not be searched for faces: most of them.

Whatever this decides, a frame is searched every `LOOK_EVERY`. So nobody is overlooked for longer than that: neither who
stands motionless already, nor who comes so slowly, in such bad light, or so like what is behind them, that no frame
differs from the one before.
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from faceplate.types import Frame, Image, Pixels, Seconds

LOOK_EVERY: Final = Seconds(2.0)
"""While nothing changes, one frame in so long is searched all the same; also how old what it is compared with may be"""

AWAKE_FOR: Final = Seconds(5.0)
"""Every frame is searched for so long after the last face, and after the last change"""

Small: TypeAlias = NDArray[np.float32]
"""A frame made small: luma of its green channel, 0..255, float32 (h, w), one number for each cell"""

_CELLS_PER_FACE: Final = 3
"""Across the smallest face of interest: it covers nine cells, and who bears it many more"""

_SAMPLES: Final = 5
"""Pixels of a cell that are averaged, along each side; 25 of them leave a fifth of the sensor's noise"""

_LIGHT: Final = 4.0
"""Grey levels: when the middle cell has changed by more, the light or the exposure has"""

_CHANGE: Final = 3.0
"""Grey levels: a cell that has changed by more than this, and by more than noise does, shows something else"""

_NOISE: Final = 6.0
"""Median absolute deviations that noise stays within: four standard deviations (Rousseeuw & Croux 1993)"""

_MOST_NOISE: Final = 4.0
"""Grey levels: what deviates by more is no noise, but as much as half of the picture that moves"""


def small(image: Image, min_face: Pixels) -> Small:
    """Make a picture small.

    Args:
        image: RGB uint8 (H, W, 3).
        min_face: width of the smallest face of interest.
    """
    cell = min_face / _CELLS_PER_FACE
    step = max(1, round(cell / _SAMPLES))
    # Green is the most of luma, and a sensor's least noisy channel. Left out pixels cost nothing.
    samples = image[::step, ::step, 1].astype(np.float32)
    height, width = image.shape[:2]
    size = (max(1, round(width / cell)), max(1, round(height / cell)))
    return np.asarray(cv2.resize(samples, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def differs(now: Small, before: Small) -> bool:
    """Whether there is something else to be seen, or the light is another.

    How noisy the picture is the picture itself tells: most of its cells show what they showed before. A sensor's gain,
    flicker and compression spread over all cells, and so raise what a single one must exceed.
    """
    if now.shape != before.shape:
        return True
    change = now - before
    light = _middle(change)
    deviation = np.abs(change - light)
    noise = min(_middle(deviation), _MOST_NOISE)
    return abs(light) > _LIGHT or float(deviation.max()) > _CHANGE + _NOISE * noise


def _middle(cells: Small) -> float:
    """The median, at a third of the cost of numpy's own."""
    return float(np.partition(cells, cells.size // 2, axis=None)[cells.size // 2])


class IdleGate:
    """Tells which frames of a stream are to be searched."""

    def __init__(self, min_face: Pixels) -> None:
        """Begin awake. `min_face` is the width of the smallest face of interest."""
        self._min_face = min_face
        self._before: Small | None = None
        """What the newest frames are compared with"""
        self._taken = Seconds(-math.inf)
        """When that was"""
        self._searched = Seconds(-math.inf)
        self._stirred = Seconds(-math.inf)
        """When there was a face or a change last"""

    def wants(self, frame: Frame) -> bool:
        """Whether to search this frame; it counts as searched then."""
        if self._is_other(frame):
            self._stirred = frame.time
        awake = frame.time - self._stirred < AWAKE_FOR
        if not awake and _is_within_a_look(self._searched, frame.time):
            return False
        self._searched = frame.time
        return True

    def found(self, frame: Frame) -> None:
        """There is a face in this frame."""
        self._stirred = frame.time

    def _is_other(self, frame: Frame) -> bool:
        """Whether the frame differs from one that is up to `LOOK_EVERY` old: what is slow is seen in the sum."""
        now, before = small(frame.image, self._min_face), self._before
        if before is None or now.shape != before.shape or not _is_within_a_look(self._taken, frame.time):
            self._before, self._taken = now, frame.time
        return before is None or differs(now, before)


def _is_within_a_look(since: Seconds, now: Seconds) -> bool:
    """Whether the next look is not yet due. After a clock that went back it is."""
    return 0 <= now - since < LOOK_EVERY
