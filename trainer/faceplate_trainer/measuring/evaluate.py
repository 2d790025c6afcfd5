"""How well a bundle does on labelled pictures, through the daemon's own pipeline."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceplate.model.metrics import area_under_roc, best_threshold, equal_error_rate, share_above, threshold_at
from faceplate.types import Image, Look
from faceplate_trainer.data.labelled import Embedded, Split, crops_of, in_split, read_table
from faceplate_trainer.measuring.attempts import FUSIONS, Attempts, Fusion, attempts, daemon_rule
from faceplate_trainer.measuring.calibrate import ANCHORS, VERIFICATION_THRESHOLD, rate_of
from faceplate_trainer.measuring.head import Compare, Head, sigmoid

RATES = (1e-3, 1e-4, 1e-5, 1e-6)
_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class ScoredPairs:
    """Labelled picture pairs and their scores."""

    scores: NDArray[np.float64]
    """(N,), NaN where a picture has no face"""
    same: NDArray[np.bool_]
    fold: NDArray[np.str_]


def score_pairs(
    table: Path, images: Path, look: Callable[[Image], list[Look]], compare: Compare, split: Split
) -> ScoredPairs:
    """Score the pairs of a table with the columns `fold`, `same`, `a`, `b`, picture with picture: neither is enrolled.

    Args:
        table: the CSV file.
        images: the folder its files are relative to.
        look: eyes that embed every face they find.
        compare: the Siamese head.
        split: take only pairs of which both people (the folders of the pictures) belong to it.

    Raises:
        DatasetError: the table cannot be used.
        PictureError: a picture cannot be read.
    """
    rows = [
        row
        for row in read_table(table, ["fold", "same", "a", "b"])
        if all(in_split(PurePosixPath(row[side]).parent.name, split) for side in "ab")
    ]
    looks = crops_of((row[side] for row in rows for side in "ab"), images, look)
    scores = np.full(len(rows), np.nan)
    found = [i for i, row in enumerate(rows) if looks[row["a"]] is not None and looks[row["b"]] is not None]
    sides = [np.array([looks[rows[i][side]].embedding for i in found], dtype=np.float32) for side in "ab"]  # type: ignore[union-attr] # found
    scores[found] = compare(*sides)
    return ScoredPairs(scores, np.array([row["same"] == "1" for row in rows]), np.array([row["fold"] for row in rows]))


def judge_pairs(pairs: ScoredPairs, detection_threshold: float) -> dict[str, Any]:
    """Accuracy as LFW's View 2 asks for it, each fold with the threshold that is best on the others, and more.

    A pair with a picture without a face is an error, whichever its label.
    """
    folds = [_fold_accuracy(pairs, pairs.fold == fold) for fold in np.unique(pairs.fold)]
    scored = ~np.isnan(pairs.scores)
    genuine, impostor = pairs.scores[scored & pairs.same], pairs.scores[scored & ~pairs.same]
    called_same = np.nan_to_num(pairs.scores, nan=-1.0) > detection_threshold
    return {
        "pairs": len(pairs.scores),
        "pairs_without_face": int((~scored).sum()),
        "accuracy": float(np.mean(folds)),
        "accuracy_standard_error": float(np.std(folds, ddof=1) / np.sqrt(len(folds))) if len(folds) > 1 else None,
        "accuracy_by_fold": folds,
        "area_under_roc": area_under_roc(genuine, impostor),
        "equal_error_rate": equal_error_rate(genuine, impostor),
        "detection_threshold": detection_threshold,
        "at_detection_threshold": {
            "accuracy": float((scored & (called_same == pairs.same)).mean()),
            "true_accept_rate": share_above(genuine, detection_threshold),
            "false_match_rate": share_above(impostor, detection_threshold),
        },
    }


def judge_people(embedded: Embedded, head: Head) -> dict[str, Any]:
    """TAR at each false-accept rate for 1, 3 and 5 anchors, by the daemon's rule, with bounds over people."""
    rule = daemon_rule(VERIFICATION_THRESHOLD)
    tried = {n: _tries(embedded, n, rule, head) for n in ANCHORS}
    return {
        "people": len(np.unique(embedded.people)),
        "pictures": len(embedded.people) + len(embedded.without_face),
        "pictures_without_face": len(embedded.without_face),
        "anchors": {
            str(n): {
                "genuine_attempts": len(each.genuine),
                "impostor_attempts": len(each.impostor),
                "at_false_accept_rate": {f"{rate:g}": _point(each, rate) for rate in RATES},
            }
            for n, each in tried.items()
        },
    }


def compare_fusions(
    embedded: Embedded, head: Head, rate: float, anchors: Sequence[int] = ANCHORS
) -> dict[str, dict[int, float | None]]:
    """TAR of every fusion rule at one false-accept rate, by number of anchors."""
    return {
        name: {n: _true_accept_rate(_tries(embedded, n, rule, head), rate) for n in anchors}
        for name, rule in FUSIONS.items()
    }


def _tries(embedded: Embedded, anchors: int, rule: Fusion, head: Head) -> Attempts:
    rounds = 1 if anchors == 1 else _ROUNDS
    return attempts(
        embedded.embeddings,
        embedded.people,
        templates=embedded.templates,
        similarity=head.logits,
        anchors=anchors,
        fuse=rule,
        rounds=rounds,
        seed=1,
    )


def _fold_accuracy(pairs: ScoredPairs, tested: NDArray[np.bool_]) -> float:
    scored = ~np.isnan(pairs.scores)
    others = scored & ~tested if (scored & ~tested).any() else scored
    threshold = best_threshold(pairs.scores[others], pairs.same[others])
    called_same = np.nan_to_num(pairs.scores[tested], nan=-1.0) > threshold
    return float((scored[tested] & (called_same == pairs.same[tested])).mean())


def _point(tried: Attempts, rate: float) -> dict[str, Any]:
    try:
        log_odds = threshold_at(tried.impostor, rate)
    except ValueError as error:
        return {"unsupported": str(error)}
    if len(tried.genuine) == 0:
        return {"unsupported": "nobody has a picture left to visit with"}
    passed = rate_of(tried.genuine, log_odds, tried.genuine_person, people=tried.people)
    accepted = rate_of(tried.impostor, log_odds, tried.impostor_enrolled, tried.impostor_visitor, people=tried.people)
    return {
        "score": float(sigmoid(np.array(log_odds))),
        "true_accept_rate": dataclasses.asdict(passed),
        "false_accept_rate": dataclasses.asdict(accepted),
    }


def _true_accept_rate(tried: Attempts, rate: float) -> float | None:
    try:
        threshold = threshold_at(tried.impostor, rate)
    except ValueError:
        return None
    return share_above(tried.genuine, threshold) if len(tried.genuine) else None
