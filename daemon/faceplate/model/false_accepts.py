"""How often strangers are let in: what the calibration table says of a household.

A year's expected false accepts are

    E = 365.25 * v * (r_1 + ... + r_P)

with v strangers' visits a day and r_p the rate at which one stranger's visit passes for person p. Expectations add up
however the comparisons hang together, so no independence is assumed (linearity of expectation); the chance of at least
one in a year is at most E (Boole's inequality). Margin, schedules, PINs and lock-outs let in fewer still.

r_p is read from the table (`Calibration.table`), which has rows for some numbers of anchors and some scores:

* Of rows for a person's number of anchors the one with the highest score that the threshold in force reaches: a higher
  threshold lets in no more. Between two numbers that were measured the worse counts; beyond the last, the last.
* `picture` takes a visit for one picture, as though all its frames were alike. `visit` takes each of its frames for a
  picture of another day. The frames of one visit are neither, so its rate is expected to lie between the two; it is
  never above `FramesRule.most` times `picture`.
* The upper bound is never below what the table's people can show at all (`people_support`: the rule of three over pairs
  of people, Hanley and Lippman-Hand 1983).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from faceplate.model.calibration import Calibration, OperatingPoint
from faceplate.model.metrics import Rate

DAYS: Final = 365.25
"""A year's"""


@dataclass(frozen=True, slots=True)
class FramesRule:
    """A visit is let in when so many of so many frames show the person."""

    needed: int
    considered: int

    @property
    def most(self) -> float:
        """How many times as often as one picture so many frames pass at most, however they hang together.

        With a chance r for each frame, n r of n frames match on average, and so k of them do with at most n r / k
        (Markov's inequality).
        """
        return self.considered / self.needed

    def implies(self, other: FramesRule) -> bool:
        """Whether the frames by which a visit is let in by this rule, as far as the other considers, satisfy it, too.

        Of more frames than the other considers leave out the last: at most `considered - needed` of the rest are
        misses. Of fewer the matches there are must be enough.
        """
        if self.considered < other.considered:
            return self.needed >= other.needed
        return self.considered - self.needed <= other.considered - other.needed


@dataclass(frozen=True, slots=True)
class PersonRates:
    """How often one stranger's visit passes for one person, at most."""

    row: OperatingPoint
    """The row of the table that it was read from"""

    picture: Rate
    visit: Rate | None
    """None: too few visits were measured to say, or the door's rule of frames is laxer than the measured one"""


def rates_of(calibration: Calibration, anchors: int, detection: float, *, visits_hold: bool) -> PersonRates | None:
    """Read the table for a person.

    Args:
        calibration: the bundle's.
        anchors: enrolled pictures of the person, 1 or more.
        detection: the threshold in force for them, 0..1.
        visits_hold: whether the door's rule of frames implies the one that visits were measured with.

    Returns:
        None where the threshold is below every score that was measured: nothing is known then.
    """
    reached = [_row(calibration.table, count, detection) for count in _measured(calibration.table, anchors)]
    rows = [row for row in reached if row is not None]
    if len(rows) < len(reached):
        return None
    row = max(rows, key=lambda row: (row.false_accept_rate, row.false_accept_bounds[1]))
    low, high = row.false_accept_bounds
    picture = Rate(row.false_accept_rate, low, max(high, row.false_accept_rate, calibration.people_support))
    if not visits_hold or row.visit_false_accept_rate is None or row.visit_false_accept_bounds is None:
        return PersonRates(row, picture, None)
    return PersonRates(row, picture, Rate(row.visit_false_accept_rate, *row.visit_false_accept_bounds))


def a_year(rates: Sequence[Rate | None], visits_a_day: float) -> Rate | None:
    """Expected false accepts a year; None where one person's rate is not known.

    The bounds add up, which is wider than 95 % of the sum: bad luck with the people measured would be alike for all.

    Args:
        rates: for each person the rate of one visit.
        visits_a_day: how many strangers come before the camera.
    """
    known = [rate for rate in rates if rate is not None]
    if len(known) < len(rates):
        return None
    factor = DAYS * visits_a_day
    return Rate(
        factor * sum(rate.value for rate in known),
        factor * sum(rate.low for rate in known),
        factor * sum(rate.high for rate in known),
    )


def _measured(table: Sequence[OperatingPoint], anchors: int) -> list[int]:
    """The numbers of anchors next to a person's that were measured: one, or the ones below and above."""
    counts = sorted({row.anchors for row in table})
    below = max((count for count in counts if count <= anchors), default=counts[0])
    above = min((count for count in counts if count >= anchors), default=counts[-1])
    return sorted({below, above})


def _row(table: Sequence[OperatingPoint], anchors: int, detection: float) -> OperatingPoint | None:
    rows = (row for row in table if row.anchors == anchors and row.score <= detection)
    return max(rows, key=lambda row: row.score, default=None)
