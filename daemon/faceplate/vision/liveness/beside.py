"""The faces that a second camera sees, and which of them is the one that the first camera sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from faceplate.types import Box, Face, Frame, Image, Seconds

EVERY: Final = Seconds(0.3)
"""Between two looks: each of them searches a whole picture for faces"""

LONG_AGO: Final = Seconds(2.0)
"""After so long without a second picture what was seen before it counts no more"""

Find: TypeAlias = Callable[[Image], Sequence[Face]]
"""Finds the faces of a picture, RGB uint8 (H, W, 3)"""


class Beside:
    """Searches the second picture of a frame once, however many faces the first one has."""

    def __init__(self, find: Find) -> None:
        """Begin with nothing seen."""
        self._find = find
        self._index: int | None = None
        self._faces: Sequence[Face] = ()

    def faces(self, frame: Frame) -> Sequence[Face]:
        """All of the second picture; none where there is no picture."""
        if frame.second is None:
            return ()
        if frame.index != self._index:
            self._index, self._faces = frame.index, self._find(frame.second)
        return self._faces


def as_large(box: Box, other: Box, factor: float) -> bool:
    """Whether two faces are as large as each other, but for a factor."""
    return 1 / factor < other.width / max(box.width, 1e-9) < factor
