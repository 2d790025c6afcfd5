"""What a bundle says of its liveness network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from faceplate.errors import ModelError
from faceplate.model.metrics import Rate
from faceplate.types import Box, Pixels

GOLDEN_BOX: Final = Box(Pixels(28), Pixels(28), Pixels(56), Pixels(56))
"""Where the golden crop counts as a picture with a face: the network's score of it is in the bundle"""


@dataclass(frozen=True, slots=True)
class LivenessMeasured:
    """How well it tells subjects whom it was not trained on, each judged by a network that never saw them."""

    subjects: int
    live: int
    spoofs: int
    """Pictures, single ones"""

    apcer: dict[str, Rate]
    """Kind of spoof -> share of its pictures that score above `confirm_above`"""

    denied: dict[str, Rate]
    """Kind of spoof -> share of its pictures that score below `deny_below`"""

    bpcer: Rate
    """Share of live pictures that do not score above `confirm_above`"""

    live_denied: Rate
    """Share of live pictures that score below `deny_below`"""

    worst_apcer: float
    worst_bpcer: float
    """Those of the subject for whom each is highest"""


@dataclass(frozen=True, slots=True)
class LivenessModel:
    """The liveness network, and what its scores mean."""

    file: str
    """Its name, listed in `sha256`"""

    input_size: int
    """Side of its squares in pixels"""

    crop_scales: tuple[float, ...]
    """Sides of the squares about a face, in lengths of the longer side of its box"""

    smallest_face: float
    """Longer side of a face's box in pixels; of a smaller face the texture is gone, and nothing is said"""

    least_colour: float
    """Of a square with less `preprocessing.colour` nothing is said: to the network grey looks alive"""

    deny_below: float
    """A score below says that this is no living face, 0..1"""

    confirm_above: float
    """A score above says that it is one, 0..1; between the two it could be either"""

    golden_score: float
    golden_tolerance: float
    """What it makes of the golden crop at GOLDEN_BOX, and how far from it another runtime may be"""

    measured: LivenessMeasured

    made: dict[str, Any]
    """Recipe, seeds and data it takes to make it again"""

    def check(self, where: Path) -> None:
        """See that it makes sense; `where` it stands.

        Raises:
            ModelError: it does not.
        """
        if not 0 <= self.deny_below <= self.confirm_above <= 1:
            raise ModelError(
                f"{where}: the liveness network's thresholds must be 0 <= deny_below <= confirm_above <= 1, the "
                f"bundle has {self.deny_below:g} and {self.confirm_above:g}"
            )
        if self.input_size < 1 or not self.crop_scales or min(self.crop_scales) <= 0:
            raise ModelError(
                f"{where}: the liveness network needs squares of a size above 0, the bundle has scales "
                f"{self.crop_scales} at {self.input_size} pixels"
            )
