"""A bundle and a dataset -> the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from faceplate import __version__
from faceplate.model.bundle import Bundle
from faceplate.model.metrics import RULE_OF_THREE, threshold_at
from faceplate_trainer.data.prepared import Prepared
from faceplate_trainer.measuring.attempts import Attempts
from faceplate_trainer.measuring.curves import Grid, histogram, roc, threshold_grid
from faceplate_trainer.measuring.head import sigmoid
from faceplate_trainer.reporting import figures
from faceplate_trainer.reporting.evidence import ROUNDS, Evidence, anchors_to_tell_of, tries_of
from faceplate_trainer.reporting.friends import friend_effects, summed
from faceplate_trainer.reporting.gallery import (
    Enrolled,
    PersonResult,
    enrol,
    judge_everybody,
    results_in_words,
)
from faceplate_trainer.reporting.model_facts import flat, known_limits
from faceplate_trainer.reporting.page import render
from faceplate_trainer.reporting.pairs import telling_pairs
from faceplate_trainer.reporting.pictures import data_uri
from faceplate_trainer.reporting.rates import (
    CRITERIA,
    FALSE_ACCEPT_RATES,
    best_of,
    judged_at,
    lowest_rate,
    nearest_cell,
    overall,
    row_of,
    verdict,
)
from faceplate_trainer.reporting.training import Training

_PAIRS = 8
"""Shown of each kind"""
_STRANGERS_OF = 6
"""Enrolled people whose nearest strangers are shown"""
_TEACHING_RATE = 1e-3
"""A threshold so lenient that look-alikes pass: what the margin does is seen there, if nowhere else"""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks for."""

    anchors: int
    """The text and the single figures are about people with so many"""
    people: int | None
    """Rows of the table of people; None: all"""
    seed: int
    command: str


def write_report(
    bundle: Bundle, dataset: Prepared, evidence: Evidence, training: Training | None, wishes: Wishes
) -> str:
    """The page as HTML, whole: no other file and no address is needed to read it."""
    tries = tries_of(evidence, seed=wishes.seed)
    anchors = anchors_to_tell_of(tries, wishes.anchors)
    gallery = enrol(evidence.embedded.people, wishes.anchors, wishes.seed)
    results = judge_everybody(evidence, gallery)
    values = {
        "bundle": bundle.manifest,
        "bundle_id": bundle.id,
        "siamese_bytes": len(bundle.siamese),
        "bundle_bytes": sum(map(len, bundle.files.values())),
        "sources": bundle.manifest.provenance.get("sources", []),
        "facts": _facts(bundle, dataset, training, wishes),
        "limits": known_limits(bundle),
        "same_dataset": dataset.id in bundle.manifest.to_json(),
        "version": __version__,
        "wishes": wishes,
        "rules": evidence.rules,
        "head": evidence.head,
        "crops": evidence.crops,
        "criteria": CRITERIA,
        "people": len(gallery),
        "pictures": len(evidence.crops),
        "training": training,
        "face": _face(dataset, evidence),
        "pairs": telling_pairs(evidence, most=_PAIRS, seed=wishes.seed),
        "results_summary": results_in_words(results),
        "results": results[: wishes.people],
        "results_left_out": len(results) - len(results[: wishes.people]),
        "with_strangers": [result for result in _nearest_first(results) if result.closest][:_STRANGERS_OF],
        **_friends(evidence, gallery, results, _lenient(tries.get(anchors or 0))),
        "row_of_threshold": row_of(bundle.manifest.calibration, evidence.rules.detection, wishes.anchors),
        **_rates(evidence, tries, anchors, wishes),
    }
    return render(values)


def _facts(
    bundle: Bundle, dataset: Prepared, training: Training | None, wishes: Wishes
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Titles and tables of what it takes to repeat all this."""
    of_dataset = {"id": dataset.id} | {key: value for key, value in dataset.manifest.items() if key != "crops_sha256"}
    measured = {"command": wishes.command, "seed": wishes.seed, "split": "report", "Faceplate": __version__}
    tables = {"bundle made by": bundle.manifest.trainer, "dataset of this page": of_dataset, "this page": measured}
    if training is not None:
        tables["training run"] = training.facts
    return [(title, list(flat(table))) for title, table in tables.items()]


def _rates(evidence: Evidence, tries: Mapping[int, Attempts], anchors: int | None, wishes: Wishes) -> dict[str, Any]:
    if anchors is None:
        return {"anchors": None, "verdict": verdict(None)}
    tried = tries[anchors]
    curves = {number: roc(each.genuine, each.impostor) for number, each in tries.items()}
    lowest = lowest_rate(tries)
    shipped = judged_at(tried, evidence.threshold, seed=wishes.seed)
    return {
        "anchors": anchors,
        "shipped": shipped,
        "verdict": verdict(shipped),
        "false_accept_rates": FALSE_ACCEPT_RATES,
        "overall": overall(tries, seed=wishes.seed),
        "lowest_rate": lowest,
        "roc": figures.roc(curves, lowest),
        "det": figures.det(curves, lowest),
        "histogram": figures.histogram(histogram(tried.genuine, tried.impostor), evidence.threshold),
        "mistakes": figures.mistakes(curves[anchors], evidence.threshold),
        "best": best_of(tried),
        "grid": _grid(evidence, anchors, wishes),
        "near": nearest_cell(evidence.rules),
    }


def _grid(evidence: Evidence, anchors: int, wishes: Wishes) -> Grid:
    return threshold_grid(
        evidence.embedded.embeddings,
        evidence.embedded.people,
        templates=evidence.embedded.templates,
        similarity=evidence.head.logits,
        anchors=anchors,
        rounds=1 if anchors == 1 else ROUNDS,
        seed=wishes.seed,
    )


def _lenient(tried: Attempts | None) -> float | None:
    """The score at which one stranger in a thousand passes; None where there are too few to say."""
    if tried is None or len(tried.impostor) * _TEACHING_RATE < RULE_OF_THREE:
        return None
    return float(sigmoid(np.array(threshold_at(tried.impostor, _TEACHING_RATE))))


def _friends(
    evidence: Evidence, gallery: Sequence[Enrolled], results: Sequence[PersonResult], lenient: float | None
) -> dict[str, Any]:
    """At the shipped threshold, and at a lenient one where the strangers suffice to find it."""
    thresholds = [float(evidence.rules.detection), *([] if lenient is None else [lenient])]
    effects = friend_effects(evidence, gallery, results, thresholds)
    sums = [summed(each[i] for each in effects.values()) for i in range(len(thresholds))]
    return {
        "friends": list(zip(thresholds, sums, strict=True)) if effects else [],
        "friend_of": {person: each[0] for person, each in effects.items()},
    }


def _nearest_first(results: Sequence[PersonResult]) -> list[PersonResult]:
    return sorted(results, key=lambda result: result.closest[0].score if result.closest else 0.0, reverse=True)


def _face(dataset: Prepared, evidence: Evidence) -> Callable[[int], str]:
    """Reads a crop when the page asks for it, and not before: only those shown are ever in memory."""
    return lambda picture: data_uri(dataset.pixels(evidence.crops[picture]))
