"""From scores to rates: which score lets how many strangers pass, by picture and by visit."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceplate.config import AccessConfig
from faceplate.model.calibration import Calibration, OperatingPoint
from faceplate.model.metrics import RULE_OF_THREE, Rate, bootstrap_over_people, threshold_at
from faceplate_trainer.data.labelled import DatasetError
from faceplate_trainer.measuring.attempts import Attempts, attempts, daemon_rule
from faceplate_trainer.measuring.head import Head, sigmoid
from faceplate_trainer.measuring.visits import visits

VERIFICATION_THRESHOLD = 0.3
"""The shipped one; calibration holds for it"""

RATES = (1e-2, 1e-3, 1e-4, 1e-5, 5e-6, 2e-6)
ANCHORS = (1, 3, 5)

FEWEST_GENUINE_VISITS = 30
"""With fewer, not even a visit refused to nobody would show that fewer than one in ten is refused (rule of three)"""

_ROUNDS = 4
_MOST_GROUPS = 2000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Tried:
    """What was tried with one number of anchors."""

    anchors: int
    pictures: Attempts
    visits: Attempts

    def supports(self, rate: float) -> bool:
        return bool(len(self.pictures.genuine)) and len(self.pictures.impostor) * rate >= RULE_OF_THREE


def calibrate(  # noqa: PLR0913 - all of them matter
    embeddings: NDArray[np.float32],
    people: NDArray[np.str_],
    head: Head,
    *,
    templates: NDArray[np.float32] | None = None,
    rates: Sequence[float] | None = None,
    seed: int = 0,
) -> Calibration:
    """Measure which score gives which rates, for each number of anchors, by the rule that ships.

    Args:
        embeddings: unit vectors float32 (N, D).
        people: who each shows, (N,); nobody whom the tower or the head was fitted on.
        head: the one whose scores they are.
        templates: what is kept of each when it is enrolled, float32 (N, D); the embedding itself if None.
        rates: false-accept rates to have a row for. None: the usual ones, as far as so few comparisons support them
            (rule of three).
        seed: of the choices of pictures.

    Raises:
        DatasetError: a rate that was asked for cannot be supported, or there are too few people for any.
    """
    templates = embeddings if templates is None else templates
    tried = [_try(embeddings, people, templates, head, anchors, seed) for anchors in ANCHORS]
    supported = [(each, rate) for each in tried for rate in sorted(rates or RATES, reverse=True) if each.supports(rate)]
    _check_supported(tried, rates or RATES[:1], {rate for _, rate in supported})
    count = len(np.unique(people))
    calibration = Calibration(
        people=count,
        people_support=RULE_OF_THREE / max(1, count * (count - 1) // 2),
        impostor_pairs=max(len(each.pictures.impostor) for each in tried),
        genuine_pairs=max(len(each.pictures.genuine) for each in tried),
        prior=head.prior,
        fusion="centroid",
        verification_threshold=VERIFICATION_THRESHOLD,
        table=tuple(_operating_point(each, rate, seed) for each, rate in supported),
    )
    _say_what_is_supported(calibration)
    return calibration


def rate_of(
    scores: NDArray[np.floating], threshold: float, *owners: NDArray[np.intp], people: int, seed: int = 0
) -> Rate:
    """Share of scores above a threshold with bounds over people; `owners` say whom each score belongs to."""
    return share_of(scores > threshold, *owners, people=people, seed=seed)


def share_of(hits: NDArray[np.bool_], *owners: NDArray[np.intp], people: int, seed: int = 0) -> Rate:
    """Share of attempts that came out so with bounds over people; `owners` say whom each attempt belongs to."""
    # Of more people than this, random groups are drawn in place of people: a table of all pairs would fill the memory.
    groups = min(people, _MOST_GROUPS)
    group = np.random.default_rng(seed).permutation(people) % groups if groups < people else np.arange(people)
    shape, places = (groups,) * len(owners), tuple(group[who] for who in owners)
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, places, hits.astype(np.float64))
    np.add.at(counts, places, 1.0)
    return bootstrap_over_people(sums, counts, rounds=300 if len(owners) > 1 else 1000, seed=seed)


def _try(  # noqa: PLR0913, PLR0917 - as `attempts`
    embeddings: NDArray[np.float32],
    people: NDArray[np.str_],
    templates: NDArray[np.float32],
    head: Head,
    anchors: int,
    seed: int,
) -> _Tried:
    rule, rounds = daemon_rule(VERIFICATION_THRESHOLD), 1 if anchors == 1 else _ROUNDS
    pictures = attempts(
        embeddings,
        people,
        templates=templates,
        similarity=head.logits,
        anchors=anchors,
        fuse=rule,
        rounds=rounds,
        seed=seed,
    )
    several = visits(
        embeddings,
        people,
        templates=templates,
        similarity=head.logits,
        anchors=anchors,
        fuse=rule,
        rounds=1,
        seed=seed,
        rules=AccessConfig(),
    )
    return _Tried(anchors, pictures, several)


def _check_supported(tried: Sequence[_Tried], wanted: Sequence[float], supported: set[float]) -> None:
    missing = sorted(set(wanted) - supported)
    if not missing:
        return
    comparisons = max((len(each.pictures.impostor) for each in tried if len(each.pictures.genuine)), default=0)
    if not comparisons:
        raise DatasetError("expected people with two pictures or more to calibrate on, received none")
    raise DatasetError(
        f"a false-accept rate of {missing[0]:g} takes {RULE_OF_THREE / missing[0]:.0f} comparisons of strangers or "
        f"more, these people make {comparisons}: ask for {RULE_OF_THREE / comparisons:.1e} or more, or give more people"
    )


def _say_what_is_supported(calibration: Calibration) -> None:
    lowest = min(point.false_accept_rate for point in calibration.table)
    _log.info(
        "calibrated on %d people, %d comparisons of strangers: rates down to %g. Counting each two people once, "
        "so many show rates down to %.1e",
        calibration.people,
        calibration.impostor_pairs,
        lowest,
        calibration.people_support,
    )
    for anchors in ANCHORS:
        rows = [point for point in calibration.table if point.anchors == anchors]
        reached = min((point.false_accept_rate for point in rows), default=None)
        if reached is None or reached > lowest:
            what = "any rate" if reached is None else f"rates below {reached:g}"
            _log.warning("with %d anchors too few people are left for %s", anchors, what)
        elif rows[0].visit_false_reject_rate is None:
            _log.warning("with %d anchors too few people have enough pictures for visits", anchors)


def _operating_point(tried: _Tried, rate: float, seed: int) -> OperatingPoint:
    log_odds = threshold_at(tried.pictures.impostor, rate)
    accepted, refused = _accepted(tried.pictures, log_odds, seed), _refused(tried.pictures, log_odds, seed)
    walked_in = _accepted(tried.visits, log_odds, seed) if len(tried.visits.impostor) * rate >= RULE_OF_THREE else None
    shut_out = _refused(tried.visits, log_odds, seed) if len(tried.visits.genuine) >= FEWEST_GENUINE_VISITS else None
    return OperatingPoint(
        anchors=tried.anchors,
        false_accept_rate=rate,
        score=float(sigmoid(np.array(log_odds))),
        # Of few attempts a whole number of them may lie below the rate, and every resample of it with it.
        false_accept_bounds=(min(accepted.low, rate), max(accepted.high, rate)),
        false_reject_rate=refused.value,
        false_reject_bounds=(refused.low, refused.high),
        visitors=len(np.unique(tried.visits.impostor_visitor)),
        impostor_visits=len(tried.visits.impostor),
        genuine_visits=len(tried.visits.genuine),
        visit_false_accept_rate=_value(walked_in),
        visit_false_accept_bounds=_bounds(walked_in),
        visit_false_reject_rate=_value(shut_out),
        visit_false_reject_bounds=_bounds(shut_out),
    )


def _value(rate: Rate | None) -> float | None:
    return rate.value if rate else None


def _bounds(rate: Rate | None) -> tuple[float, float] | None:
    return (rate.low, rate.high) if rate else None


def _accepted(tried: Attempts, log_odds: float, seed: int) -> Rate:
    """False accepts."""
    return rate_of(
        tried.impostor, log_odds, tried.impostor_enrolled, tried.impostor_visitor, people=tried.people, seed=seed
    )


def _refused(tried: Attempts, log_odds: float, seed: int) -> Rate:
    """False rejects."""
    return share_of(tried.genuine <= log_odds, tried.genuine_person, people=tried.people, seed=seed)
