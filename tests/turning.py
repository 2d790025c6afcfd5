"""Somebody who turns her head before a camera, for whatever test enrols her."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from mjpeg_server import FRAME_TIME
from mqtt_house import FOOTAGE, film

_EACH: Final = 0.08
"""Seconds of a frame, in the film and here"""


class Turning:
    """A woman who turns her head to and fro, and begins again. BGR pictures, as fast as she did."""

    def __init__(self, clip: Path = FOOTAGE / "woman.mp4") -> None:
        there = film(clip)
        self._frames = [*there, *there[-2:0:-1]]
        self._each = round(_EACH / FRAME_TIME)

    def __call__(self, number: int) -> Any:
        return self._frames[number // self._each % len(self._frames)]
