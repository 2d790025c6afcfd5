"""What the report is written from: embeddings of people the network never saw, and the rules that are to judge them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from faceplate.people.matching import Thresholds
from faceplate_trainer.data.labelled import Embedded
from faceplate_trainer.data.prepared import Crop
from faceplate_trainer.measuring.attempts import Attempts, attempts, daemon_rule
from faceplate_trainer.measuring.calibrate import ANCHORS
from faceplate_trainer.measuring.head import Head, logit

ROUNDS = 4
"""How often everybody is enrolled by other pictures, where several anchors leave a choice"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Pictures, the head and the thresholds. Everything is computed on log odds: scores crowd at 0 and 1."""

    embedded: Embedded
    crops: tuple[Crop, ...]
    """Which crop each embedding is of"""
    head: Head
    rules: Thresholds
    """As the door has them"""

    @property
    def threshold(self) -> float:
        """`detection_threshold` as log odds."""
        return float(logit(np.array(self.rules.detection)))


def tries_of(evidence: Evidence, *, seed: int) -> dict[int, Attempts]:
    """Attempts on people with 1, 3 and 5 anchors by the shipped rule; those numbers that nobody can visit left out."""
    rule = daemon_rule(evidence.rules.verification)
    tried = {
        anchors: attempts(
            evidence.embedded.embeddings,
            evidence.embedded.people,
            templates=evidence.embedded.templates,
            similarity=evidence.head.logits,
            anchors=anchors,
            fuse=rule,
            rounds=1 if anchors == 1 else ROUNDS,
            seed=seed,
        )
        for anchors in ANCHORS
    }
    return {anchors: tries for anchors, tries in tried.items() if len(tries.genuine) and len(tries.impostor)}


def anchors_to_tell_of(tries: Mapping[int, Attempts], wanted: int) -> int | None:
    """The number of anchors nearest to what was asked for, not above it where that is possible; None without any."""
    fewer = [anchors for anchors in tries if anchors <= wanted]
    return max(fewer) if fewer else min(tries, default=None)
