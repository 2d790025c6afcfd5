"""Pictures with what a network makes of each, as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from faceplate.files import write_atomically
from faceplate_trainer.data.shown import Shown

SCORES: Final = "scores.csv"


@dataclass(frozen=True, slots=True)
class Scored:
    """A picture, and what a network that never saw its subject makes of it."""

    shown: Shown
    score: float


def write_scores(folder: Path, scored: Sequence[Scored]) -> None:
    """Write scores.csv: `file`, `label`, `subject`, `score`.

    Raises:
        OSError: it cannot be written.
    """
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["file", "label", "subject", "score"])
    rows.writerows((e.shown.file.name, e.shown.label, e.shown.subject, f"{e.score:.5f}") for e in scored)
    write_atomically(folder / SCORES, text.getvalue().encode())
