"""Whether a face is alive: the word that vision has for it, and that the rules of access ask for."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias

LivenessMode: TypeAlias = Literal["off", "passive", "motion", "challenge"]
"""What is asked of a face before it opens; `vision.liveness`"""

SecondKind: TypeAlias = Literal["view", "infrared"]
"""What a second camera is; `camera.second.kind`"""


class Liveness(StrEnum):
    """What was seen of a face on its track so far says that it is ..."""

    UNCHECKED = "unchecked"
    """Nobody looked"""

    UNSURE = "unsure"
    """Nothing speaks against it, and too little for it"""

    LIVE = "live"
    """Nothing speaks against it, and enough for it"""

    SPOOF = "spoof"
    """A picture, a screen, a mask, or a stream that no camera gives"""
