"""Everybody enrolled, each alone: who is refused, and which strangers come nearest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceplate_trainer.measuring.attempts import daemon_rule
from faceplate_trainer.measuring.head import sigmoid
from faceplate_trainer.reporting.evidence import Evidence
from faceplate_trainer.reporting.wording import count

CLOSEST = 5
"""Strangers remembered for each enrolled person"""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """One person of the simulated gallery."""

    person: str
    anchors: NDArray[np.intp]
    """Pictures they are enrolled by; at least one is left to visit with, where they have several"""
    visits: NDArray[np.intp]
    """Their other pictures"""


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody who is not the enrolled person, in the picture that comes nearest."""

    person: str
    picture: int
    score: float


@dataclass(frozen=True, slots=True)
class PersonResult:
    """How one enrolled person fares at the shipped thresholds."""

    enrolled: Enrolled
    pictures: int
    refused: int
    """Of their own visits"""
    strangers: int
    """Pictures of other people that were tried against them"""
    accepted: int
    """Strangers' pictures that passed for them: each a way in for somebody else"""
    closest: tuple[Stranger, ...]
    """Highest scoring strangers, one picture each, the nearest first"""

    @property
    def refused_share(self) -> float | None:
        """None where there is no picture left to visit with."""
        return self.refused / len(self.enrolled.visits) if len(self.enrolled.visits) else None


def enrol(people: NDArray[np.str_], anchors: int, seed: int) -> tuple[Enrolled, ...]:
    """Enrol everybody by up to `anchors` pictures drawn at random, keeping one to visit with."""
    draw = np.random.default_rng(seed)
    gallery = []
    for person in np.unique(people):
        pictures = draw.permutation(np.flatnonzero(people == person))
        taken = min(anchors, max(1, len(pictures) - 1))
        gallery.append(Enrolled(str(person), pictures[:taken], pictures[taken:]))
    return tuple(gallery)


def judge_everybody(evidence: Evidence, gallery: Sequence[Enrolled]) -> list[PersonResult]:
    """Let every picture visit every enrolled person; worst first: false accepts, then false rejects, then nearness."""
    rows = tqdm(gallery, desc="everybody against everybody", unit="people", disable=None)
    results = [_result(evidence, enrolled) for enrolled in rows]

    def badness(result: PersonResult) -> tuple[int, float, float]:
        return result.accepted, result.refused_share or 0.0, result.closest[0].score if result.closest else 0.0

    return sorted(results, key=badness, reverse=True)


def results_in_words(results: Sequence[PersonResult]) -> str:
    """How many people the mistakes fall on."""
    open_to_strangers = sum(result.accepted > 0 for result in results)
    visitors = [result for result in results if len(result.enrolled.visits)]
    refused, always = (
        sum(result.refused > 0 for result in visitors),
        sum(result.refused == len(result.enrolled.visits) for result in visitors),
    )
    return (
        f"Of {count(len(results))} people, {count(open_to_strangers)} would have let a stranger in at least once. "
        f"{count(len(visitors))} had a picture left to visit with: {count(refused)} of them were refused at least "
        f"once, {count(always)} every time."
    )


def _result(evidence: Evidence, enrolled: Enrolled) -> PersonResult:
    names = evidence.embedded.people
    everybody = np.arange(len(names))
    decided = daemon_rule(evidence.rules.verification)(*logits_to(evidence, enrolled, everybody))
    passed = decided > evidence.threshold
    strangers = names != enrolled.person
    return PersonResult(
        enrolled=enrolled,
        pictures=int((~strangers).sum()),
        refused=int((~passed[enrolled.visits]).sum()),
        strangers=int(strangers.sum()),
        accepted=int((passed & strangers).sum()),
        closest=tuple(_closest(names, np.where(strangers, decided, -np.inf), int(strangers.sum()))),
    )


def _closest(names: NDArray[np.str_], decided: NDArray[np.float32], strangers: int) -> Iterator[Stranger]:
    """The best picture of each of the nearest people."""
    seen: set[str] = set()
    for picture in np.argsort(-decided, kind="stable")[:strangers]:
        if len(seen) == CLOSEST:
            return
        if (person := str(names[picture])) not in seen:
            seen.add(person)
            yield Stranger(person, int(picture), float(sigmoid(decided[picture])))


def logits_to(
    evidence: Evidence, enrolled: Enrolled, visitors: NDArray[np.intp]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """To each anchor (V, A), and to their centroid (V,)."""
    embeddings = evidence.embedded.embeddings
    anchors = evidence.embedded.templates[enrolled.anchors]
    middle = anchors.mean(axis=0, keepdims=True)
    references = np.concatenate([anchors, middle / np.linalg.norm(middle)]).astype(np.float32)
    logits = evidence.head.logits(embeddings[visitors], references)
    return logits[:, :-1], logits[:, -1]
