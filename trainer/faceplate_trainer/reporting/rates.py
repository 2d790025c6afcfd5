"""The figures of the page that are rates: at the shipped threshold, at other thresholds, and what they amount to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from faceplate.model.calibration import Calibration, OperatingPoint
from faceplate.model.metrics import RULE_OF_THREE, Rate, area_under_roc, equal_error_rate, threshold_at
from faceplate.people.matching import Thresholds
from faceplate_trainer.measuring.attempts import Attempts
from faceplate_trainer.measuring.calibrate import rate_of
from faceplate_trainer.measuring.curves import STEPS, Confusion, Criterion, best_thresholds, confusion
from faceplate_trainer.measuring.head import sigmoid
from faceplate_trainer.reporting import wording

CRITERIA: dict[Criterion, str] = {
    "accuracy": "accuracy: most decisions right, as many of each",
    "f1": "F1: precision and recall together, as counted",
    "youden": "Youden's J: TAR less FAR",
    "equal_error": "equal error: FAR = FRR",
    "lowest_false_accept_rate": "the lowest FAR that can be shown",
}
"""What each criterion asks for"""

FALSE_ACCEPT_RATES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)

# What this page calls well enough for a door: at most one stranger in 10,000 passes for a given person, even at the
# upper end of the 95 % bounds, and an owner is refused by at most one picture in twenty. The next one mends that.
_FIT = (1e-4, 0.05)
_CONVENIENT = (1e-3, 0.2)


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """All attempts on people with one number of anchors, judged by one threshold."""

    threshold: float
    """As a score"""
    counts: Confusion
    false_accepts: Rate
    false_rejects: Rate

    @property
    def precision_in_equal_parts(self) -> float:
        """Share of the accepted that are genuine, if as many strangers as owners came; NaN where none is accepted."""
        accepted = self.counts.recall + self.counts.false_match_rate
        return self.counts.recall / accepted if accepted else float("nan")

    @property
    def f1_in_equal_parts(self) -> float:
        """Harmonic mean of recall and that precision."""
        return 2 * self.counts.recall / (1 + self.counts.recall + self.counts.false_match_rate)


@dataclass(frozen=True, slots=True)
class Cell:
    """What one false-accept rate costs with one number of anchors."""

    score: float
    true_accepts: Rate


@dataclass(frozen=True, slots=True)
class Overall:
    """How well owners and strangers are told apart, whatever the threshold."""

    anchors: int
    genuine: int
    impostor: int
    area_under_roc: float
    equal_error_rate: float
    cells: tuple[Cell | None, ...]
    """For each of FALSE_ACCEPT_RATES; None where there are too few strangers to show it"""


@dataclass(frozen=True, slots=True)
class Best:
    """The best threshold by one criterion, and what it does."""

    criterion: Criterion
    threshold: float
    """As a score"""
    counts: Confusion


@dataclass(frozen=True, slots=True)
class Verdict:
    """The page in two words."""

    kind: Literal["good", "fair", "poor", "unknown"]
    words: str
    why: str


def judged_at(tries: Attempts, logit: float, *, seed: int) -> AtThreshold:
    """Count attempts at a threshold given as log odds; bounds by bootstrap over people."""
    passed = rate_of(tries.genuine, logit, tries.genuine_person, people=tries.people, seed=seed)
    accepted = rate_of(
        tries.impostor, logit, tries.impostor_enrolled, tries.impostor_visitor, people=tries.people, seed=seed
    )
    return AtThreshold(
        threshold=float(sigmoid(np.array(logit))),
        counts=confusion(tries.genuine, tries.impostor, logit),
        false_accepts=accepted,
        false_rejects=Rate(1 - passed.value, 1 - passed.high, 1 - passed.low),
    )


def overall(tries: Mapping[int, Attempts], *, seed: int) -> tuple[Overall, ...]:
    """One row a number of anchors."""
    return tuple(
        Overall(
            anchors=anchors,
            genuine=len(tried.genuine),
            impostor=len(tried.impostor),
            area_under_roc=area_under_roc(tried.genuine, tried.impostor),
            equal_error_rate=equal_error_rate(tried.genuine, tried.impostor),
            cells=tuple(_cell(tried, rate, seed) for rate in FALSE_ACCEPT_RATES),
        )
        for anchors, tried in tries.items()
    )


def best_of(tries: Attempts) -> tuple[Best, ...]:
    """The best threshold by each criterion, chosen on these very attempts, so a little too good to be true."""
    found = best_thresholds(tries.genuine, tries.impostor)
    return tuple(
        Best(criterion, float(sigmoid(np.array(logit))), confusion(tries.genuine, tries.impostor, logit))
        for criterion, logit in found.items()
    )


def lowest_rate(tries: Mapping[int, Attempts]) -> float:
    """The lowest false-accept rate that any of these attempts can show (rule of three)."""
    return RULE_OF_THREE / max(len(tried.impostor) for tried in tries.values())


def nearest_cell(rules: Thresholds) -> tuple[int, int]:
    """Row and column of the grid of both thresholds nearest to the shipped ones."""
    row, column = (
        int(np.argmin(np.abs(np.array(STEPS) - float(value)))) for value in (rules.detection, rules.verification)
    )
    return row, column


def row_of(calibration: Calibration, detection_threshold: float, anchors: int) -> OperatingPoint | None:
    """The row of the calibration that says least too much of a threshold: the strictest of those not above it."""
    rows = [row for row in calibration.table if row.anchors == anchors and row.score <= detection_threshold + 1e-9]
    return max(rows, key=lambda row: row.score, default=None)


def verdict(shipped: AtThreshold | None) -> Verdict:
    """Whether the bundle is fit for a door, by the people it was tried on."""
    if shipped is None:
        return Verdict(
            "unknown", "Cannot be said", "nobody could be enrolled and then visit, or there were no strangers"
        )
    strangers = shipped.counts.false_accepts + shipped.counts.true_rejects
    if strangers < RULE_OF_THREE / _FIT[0] and shipped.counts.false_accepts == 0:
        why = f"{strangers:,} attempts by strangers cannot show a false-accept rate of {_FIT[0]:g}; it takes "
        return Verdict("unknown", "Too few people to say", f"{why}{RULE_OF_THREE / _FIT[0]:,.0f}")
    if _within(shipped, _FIT):
        return Verdict(
            "good", "Tells people apart well enough for a door", f"That asks that {_limits(_FIT)}, and both hold"
        )
    if _within(shipped, _CONVENIENT):
        return Verdict("fair", "A convenience, not a lock", f"A lock asks more: {_limits(_FIT)}")
    return Verdict("poor", "Not fit for a door", f"Even a convenience asks that {_limits(_CONVENIENT)}")


def _within(shipped: AtThreshold, limits: tuple[float, float]) -> bool:
    return shipped.false_accepts.high <= limits[0] and shipped.false_rejects.value <= limits[1]


def _limits(limits: tuple[float, float]) -> str:
    strangers, owners = (wording.one_in(share) for share in limits)
    return (
        f"at most {strangers} strangers may pass (upper 95 % bound) and at most {owners} pictures of owners be refused"
    )


def _cell(tried: Attempts, rate: float, seed: int) -> Cell | None:
    if len(tried.impostor) * rate < RULE_OF_THREE:
        return None
    logit = threshold_at(tried.impostor, rate)
    passed = rate_of(tried.genuine, logit, tried.genuine_person, people=tried.people, seed=seed)
    return Cell(float(sigmoid(np.array(logit))), passed)
