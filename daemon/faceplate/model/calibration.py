"""How scores became rates: the table in a bundle that thresholds are taken from."""

from __future__ import annotations

from dataclasses import dataclass

from faceplate.errors import ModelError


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """One row of the calibration table: what a threshold means, measured on people the network never saw."""

    anchors: int
    """Enrolled anchors a person had when this was measured"""

    false_accept_rate: float
    """The false-match rate this row is for: one visitor's picture against one enrolled stranger"""

    score: float
    """`detection_threshold` that gives it, 0..1"""

    false_accept_bounds: tuple[float, float]
    """95 % bounds of the false-match rate at that score, by bootstrap over people"""

    false_reject_rate: float
    """Share of genuine pictures refused at that score"""

    false_reject_bounds: tuple[float, float]
    """95 % bounds of it, by bootstrap over people"""

    visitors: int
    """People with enough pictures for a visit"""

    impostor_visits: int
    genuine_visits: int
    """How many visits were made up, of as many different pictures as `frames_considered`"""

    visit_false_accept_rate: float | None
    """Share of visits by strangers that one enrolled person's door is opened to; None: too few visits to say"""

    visit_false_accept_bounds: tuple[float, float] | None
    """95 % bounds of it, by bootstrap over people"""

    visit_false_reject_rate: float | None
    """Share of genuine visits that the door stays shut to; None: too few visits to say"""

    visit_false_reject_bounds: tuple[float, float] | None
    """95 % bounds of it, by bootstrap over people"""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How scores became rates."""

    people: int
    """How many different people it was measured on"""

    people_support: float
    """The lowest rate that so many people show if each two of them count once (rule of three: 3 / pairs of people).
    Lower rates in the table rest on several pictures of the same two people, which hang together."""

    impostor_pairs: int
    genuine_pairs: int

    prior: float
    """Share of genuine visits assumed where a score of 0.5 means "as likely as not" """

    fusion: str
    """How several anchors become one score; this program knows "centroid" """

    verification_threshold: float
    """The share of matching anchors that was asked for besides, 0..1"""

    table: tuple[OperatingPoint, ...]

    def threshold(self, false_accept_rate: float) -> float:
        """Score above which at most this share of strangers passes, with any number of anchors that was measured.

        Raises:
            ModelError: the table has no row for a rate this low.
        """
        rows = [row for row in self.table if row.false_accept_rate <= false_accept_rate * (1 + 1e-9)]
        if not rows:
            lowest = min(row.false_accept_rate for row in self.table)
            raise ModelError(
                f"the bundle was calibrated down to a false-accept rate of {lowest:g}, {false_accept_rate:g} was asked "
                "for; ask for more, or set detection_threshold yourself"
            )
        nearest = max(row.false_accept_rate for row in rows)
        return max(row.score for row in rows if row.false_accept_rate == nearest)
