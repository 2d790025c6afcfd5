"""What quantisation costs in accuracy, on people whom neither tower nor thresholds were fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from faceplate.errors import ModelError
from faceplate.model.metrics import area_under_roc
from faceplate_trainer.data.labelled import DatasetError

MOST_LOST = 0.002
"""Of the area under the ROC curve and of the accuracy: two tenths of a point"""

_PAIRS_LET_PASS = 2
"""Where there are few pairs, one that changes sides moves the accuracy by more than MOST_LOST"""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How well cosines tell pairs of one person from pairs of two."""

    area_under_roc: float

    balanced_accuracy: float
    """Mean of the shares of genuine and of impostor pairs called right, at the threshold where it is largest"""

    genuine_pairs: int
    impostor_pairs: int

    @classmethod
    def of(cls, embeddings: NDArray[np.float32], people: NDArray[np.str_]) -> Self:
        """Measure it on all pairs of pictures.

        Args:
            embeddings: unit vectors float32 (N, D).
            people: who each shows, (N,).

        Raises:
            DatasetError: there is no pair of one person, or none of two.
        """
        cosines = (embeddings @ embeddings.T)[np.triu_indices(len(people), 1)]
        same = (people[:, None] == people)[np.triu_indices(len(people), 1)]
        if not same.any() or same.all():
            raise DatasetError(
                f"expected at least two people and two pictures of one of them to judge the quantised network by, "
                f"received {len(people)} pictures of {len(set(people))} people for validation; run `faceplate-train "
                "prepare` with more people, or a larger share for validation"
            )
        genuine, impostor = np.sort(cosines[same]), np.sort(cosines[~same])
        thresholds = np.concatenate([genuine, impostor])
        accepted = 1 - np.searchsorted(genuine, thresholds, side="right") / len(genuine)
        refused = np.searchsorted(impostor, thresholds, side="right") / len(impostor)
        best = float(((accepted + refused) / 2).max())
        return cls(area_under_roc(genuine, impostor), best, len(genuine), len(impostor))


def check_accuracy(quantised: Accuracy, full: Accuracy) -> float:
    """The quantised network tells people apart as well as the float one; gives how much area under the ROC was lost.

    Raises:
        ModelError: more than MOST_LOST of the area under the ROC or of the accuracy is gone.
    """
    lost = full.area_under_roc - quantised.area_under_roc
    lost_accuracy = full.balanced_accuracy - quantised.balanced_accuracy
    allowed = max(MOST_LOST, _PAIRS_LET_PASS / 2 / full.genuine_pairs)
    if not (lost <= MOST_LOST and lost_accuracy <= allowed):
        raise ModelError(
            f"accuracy: expected the quantised network to lose at most {MOST_LOST:.2%} of the area under the ROC and "
            f"{allowed:.2%} of the accuracy, received {full.area_under_roc:.4f} -> {quantised.area_under_roc:.4f} and "
            f"{full.balanced_accuracy:.4f} -> {quantised.balanced_accuracy:.4f} over {full.genuine_pairs} pairs of one "
            f"person and {full.impostor_pairs} of two; export another --form (weight-only-int8 and fp16 lose least)"
        )
    return lost
