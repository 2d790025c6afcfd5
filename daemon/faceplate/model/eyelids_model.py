"""What is known of the network that tells shut eyes from open ones, and what its scores mean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from faceplate.errors import ModelError
from faceplate.model.metrics import Rate

FORMAT: Final = 1
"""Of the JSON file that holds an EyelidsModel"""


@dataclass(frozen=True, slots=True)
class EyelidsMeasured:
    """How well it tells the eyes of people whom neither it nor its thresholds know, on single pictures."""

    subjects: int
    shut: int
    open: int
    """Pictures"""

    found: dict[str, Rate]
    """Share of open pictures that score above some threshold, such as "0.01" -> share of shut ones that do"""

    shut_found: Rate
    """Share of shut pictures above `shut_above`"""

    open_taken: Rate
    """Share of open ones above it"""

    risen_found: Rate | None
    """Of the shut pictures of people who have open ones, too: share found by both thresholds; None: there are none"""

    risen_taken: Rate | None
    """Of the open pictures of people who have several: share that both thresholds take for shut"""


@dataclass(frozen=True, slots=True)
class EyelidsModel:
    """The eyelids' network. A picture's score is the mean of both eyes' logits; the higher, the more they look shut."""

    format: int
    """FORMAT"""

    sha256: str
    """Of its TFLite file"""

    shut_above: float
    """Eyes that score no more are open"""

    risen_by: float
    """And so are those that score no more than this above the median of the same face's open eyes"""

    measured: EyelidsMeasured

    made: dict[str, Any]
    """Recipe, seed and pictures it takes to make it again"""

    def is_shut(self, score: float, usual: float) -> bool:
        """Whether eyes of that score are shut, where open ones of the same face have one of `usual` in the middle."""
        return score > self.shut_above and score - usual > self.risen_by

    def check(self, where: Path) -> None:
        """See that it makes sense; `where` it stands.

        Raises:
            ModelError: it does not.
        """
        if self.format != FORMAT:
            raise ModelError(f"{where}: expected format {FORMAT}, found {self.format}. Install Faceplate again.")
        if self.risen_by <= 0:
            raise ModelError(
                f"{where}: the score of shut eyes must lie above that of open ones, risen_by is {self.risen_by:g}"
            )
