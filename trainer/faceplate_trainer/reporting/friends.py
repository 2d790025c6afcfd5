"""A friend in the gallery: what changes for a person when the one who looks most like them is enrolled, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from faceplate.people.matching import Likenesses, Thresholds, judge
from faceplate.types import Likeness, Score
from faceplate_trainer.measuring.head import sigmoid
from faceplate_trainer.reporting.evidence import Evidence
from faceplate_trainer.reporting.gallery import Enrolled, PersonResult, logits_to


@dataclass(frozen=True, slots=True)
class FriendEffect:
    """Pictures that are let in as the person: before and after the look-alike is enrolled beside them."""

    own: tuple[int, int] = (0, 0)
    """The person's own visits"""
    own_taken_for_friend: int = 0
    friend_visits: int = 0
    friend: tuple[int, int] = (0, 0)
    """Visits of the look-alike that pass for the person"""
    others: tuple[int, int] = (0, 0)
    """Visits of all others that pass for the person"""

    @property
    def strangers(self) -> tuple[int, int]:
        """The look-alike and all others."""
        return self.friend[0] + self.others[0], self.friend[1] + self.others[1]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What both together make of those visitors who pass for the first alone, at one threshold."""

    visitor: NDArray[np.intp]
    verified: NDArray[np.intp]
    """0: the first, 1: the second, -1: nobody, because the margin is too small"""


def friend_effects(
    evidence: Evidence, gallery: Sequence[Enrolled], results: Iterable[PersonResult], thresholds: Sequence[float]
) -> dict[str, tuple[FriendEffect, ...]]:
    """Enrol each person's nearest look-alike beside them, and judge by the daemon's own rule with its margin.

    Returns:
        Person -> an effect for each of the thresholds, which are scores; people without any other are left out.
    """
    by_name = {enrolled.person: enrolled for enrolled in gallery}
    pairs = [(result.enrolled, by_name[result.closest[0].person]) for result in results if result.closest]
    rules = [Thresholds(Score(score), evidence.rules.verification, evidence.rules.margin) for score in thresholds]
    shown = tqdm(pairs, desc="with their look-alikes", unit="people", disable=None)
    return {owner.person: _effects(evidence, owner, friend, rules) for owner, friend in shown}


def summed(effects: Iterable[FriendEffect]) -> FriendEffect:
    """Over all pairs of a person and their look-alike."""
    rows = list(effects)

    def both(field: str) -> tuple[int, int]:
        before, after = (sum(getattr(row, field)[i] for row in rows) for i in (0, 1))
        return before, after

    taken, visits = (sum(row.own_taken_for_friend for row in rows), sum(row.friend_visits for row in rows))
    return FriendEffect(both("own"), taken, visits, both("friend"), both("others"))


def _effects(
    evidence: Evidence, owner: Enrolled, friend: Enrolled, rules: Sequence[Thresholds]
) -> tuple[FriendEffect, ...]:
    names = evidence.embedded.people
    # Nobody visits with a picture by which they are enrolled.
    visitors = np.setdiff1d(np.arange(len(names)), np.concatenate([owner.anchors, friend.anchors]))
    alone = logits_to(evidence, owner, visitors)
    return tuple(_effect(_judged(evidence, visitors, alone, friend, rule), owner, friend, names) for rule in rules)


def _effect(verdicts: Verdicts, owner: Enrolled, friend: Enrolled, names: NDArray[np.str_]) -> FriendEffect:
    who = names[verdicts.visitor]
    own, of_friend = who == owner.person, who == friend.person
    others = ~own & ~of_friend
    as_owner = verdicts.verified == 0
    return FriendEffect(
        own=(int(own.sum()), int((own & as_owner).sum())),
        own_taken_for_friend=int((own & (verdicts.verified == 1)).sum()),
        friend_visits=len(friend.visits),
        friend=(int(of_friend.sum()), int((of_friend & as_owner).sum())),
        others=(int(others.sum()), int((others & as_owner).sum())),
    )


def _judged(
    evidence: Evidence,
    visitors: NDArray[np.intp],
    alone: tuple[NDArray[np.float32], NDArray[np.float32]],
    friend: Enrolled,
    rules: Thresholds,
) -> Verdicts:
    scores, shares = _likenesses(*alone, rules)
    passed = (scores > rules.detection) & (shares > rules.verification)
    beside = _likenesses(*logits_to(evidence, friend, visitors[passed]), rules)
    verified = []
    for rows in zip(scores[passed], beside[0], shares[passed], beside[1], strict=True):
        likeness, best, _ = judge(Likenesses(np.array(rows[:2], np.float32), np.array(rows[2:])), rules)
        verified.append(best if likeness is Likeness.VERIFIED else -1)
    return Verdicts(visitors[passed], np.array(verified, dtype=np.intp))


def _likenesses(
    anchors: NDArray[np.float32], centroid: NDArray[np.float32], rules: Thresholds
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores to the centroid and shares of matching anchors, (V,) each, as the daemon's matcher has them."""
    return sigmoid(centroid), (sigmoid(anchors) > rules.detection).mean(axis=1)
