"""Which head ships: the calibrated cosine, unless another is better on people it never saw."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceplate.model.metrics import RULE_OF_THREE, share_above, threshold_at
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.measuring.attempts import Attempts, attempts, daemon_rule
from faceplate_trainer.measuring.calibrate import VERIFICATION_THRESHOLD
from faceplate_trainer.measuring.head import Form, Head
from faceplate_trainer.measuring.pairs import some_of_each

ANCHORS = (1, 3)
RATES = (1e-2, 1e-3, 1e-4)

_ROUNDS = 4
_ROWS = 500

_LEAST_GAIN = 0.01
"""Share by which the cross-entropy must be lower: smaller differences come and go with the choice of people"""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a head does on people it never saw."""

    cross_entropy: float
    """Prior-weighted, over all pairs of pictures, in units of the prior's own entropy: 1 says nothing, 0 is perfect"""

    false_accept_rate: dict[int, float]
    """Number of anchors -> the lowest of 1e-2, 1e-3, 1e-4 that so few people support"""

    true_accept_rate: dict[int, float]
    """Number of anchors -> share of genuine attempts accepted at that rate, by the rule that ships"""

    def beats(self, other: Judged) -> bool:
        """Clearly better in cross-entropy and, with any number of anchors, no worse in true accepts."""
        return self.cross_entropy < (1 - _LEAST_GAIN) * other.cross_entropy and all(
            rate >= other.true_accept_rate[anchors] for anchors, rate in self.true_accept_rate.items()
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """The head that ships, and why."""

    form: Form
    head: Head
    judged: dict[Form, Judged]


def choose_head(
    candidates: Mapping[Form, Head],
    embeddings: NDArray[np.float32],
    people: NDArray[np.str_],
    *,
    templates: NDArray[np.float32] | None = None,
    seed: int = 0,
) -> Choice:
    """Keep the calibrated cosine unless a head with weights for each element is better on people it never saw.

    Better is: a prior-weighted cross-entropy lower by 1 % or more, and a true-accept rate no lower with 1 and with 3
    anchors, by the rule that ships, at the lowest false-accept rate of 1e-2, 1e-3 and 1e-4 that so few people support
    (rule of three).
    Of several such heads the one with the lowest cross-entropy ships.

    Args:
        candidates: by form; the cosine must be among them.
        embeddings: unit vectors float32 (N, D).
        people: who each shows, (N,); nobody whom the tower or a head was fitted on.
        templates: what is kept of each when it is enrolled, float32 (N, D); the embedding itself if None.
        seed: of the enrolments.

    Raises:
        DatasetError: there are too few people to compare heads on.
    """
    templates = embeddings if templates is None else templates
    judged = {form: _judge(head, embeddings, people, templates, seed) for form, head in candidates.items()}
    for form, each in judged.items():
        rates = ", ".join(
            f"TAR {tar:.4f} at FAR {each.false_accept_rate[anchors]:g} with {anchors} anchors"
            for anchors, tar in each.true_accept_rate.items()
        )
        _log.info("head %s on %d other people: cross-entropy %.4f; %s", form, _count(people), each.cross_entropy, rates)
    better = [form for form in candidates if judged[form].beats(judged["cosine"])]
    best: Form = min(better, key=lambda form: judged[form].cross_entropy, default="cosine")
    _log.info("the head that ships: %s", best)
    return Choice(best, candidates[best], judged)


def _judge(
    head: Head, embeddings: NDArray[np.float32], people: NDArray[np.str_], templates: NDArray[np.float32], seed: int
) -> Judged:
    rule = daemon_rule(VERIFICATION_THRESHOLD)
    tried = {
        anchors: attempts(
            embeddings,
            people,
            templates=templates,
            similarity=head.logits,
            anchors=anchors,
            fuse=rule,
            rounds=1 if anchors == 1 else _ROUNDS,
            seed=seed,
        )
        for anchors in ANCHORS
    }
    rates = {anchors: rate for anchors, each in tried.items() if (rate := _lowest_rate(each)) is not None}
    if not rates:
        raise DatasetError(
            f"expected enough people to compare heads at a false-accept rate of {max(RATES):g}, received "
            f"{len(people)} pictures of {_count(people)} people: choose the head yourself, or give more people"
        )
    passed = {n: share_above(tried[n].genuine, threshold_at(tried[n].impostor, rate)) for n, rate in rates.items()}
    return Judged(_cross_entropy(head, embeddings, people), rates, passed)


def _lowest_rate(tried: Attempts) -> float | None:
    supported = [rate for rate in RATES if len(tried.genuine) and len(tried.impostor) * rate >= RULE_OF_THREE]
    return min(supported, default=None)


def _cross_entropy(head: Head, embeddings: NDArray[np.float32], people: NDArray[np.str_]) -> float:
    """Over all pairs of at most 20 pictures of each person, some rows at a time."""
    chosen = some_of_each(people)
    embeddings, (_, owner) = embeddings[chosen], np.unique(people[chosen], return_inverse=True)
    surprise, counts = np.zeros(2), np.zeros(2)
    for start in range(0, len(chosen), _ROWS):
        rows = np.arange(start, min(start + _ROWS, len(chosen)))
        log_odds = head.logits(embeddings[rows], embeddings).astype(np.float64)
        same = owner[rows, None] == owner
        for kind, which, sign in ((0, same & (rows[:, None] != np.arange(len(chosen))), -1), (1, ~same, 1)):
            surprise[kind] += np.logaddexp(0, sign * log_odds[which]).sum()
            counts[kind] += which.sum()
    prior = np.array([head.prior, 1 - head.prior])
    return float(prior @ (surprise / np.maximum(counts, 1)) / -(prior @ np.log(prior)))


def _count(people: NDArray[np.str_]) -> int:
    return len(np.unique(people))
