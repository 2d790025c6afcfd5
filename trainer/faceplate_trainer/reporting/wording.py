"""Numbers as people say them."""

from __future__ import annotations

import math
from typing import Literal

from faceplate.model.calibration import OperatingPoint
from faceplate.model.metrics import RULE_OF_THREE, Rate

_SURE = 0.9995
_NEVER = 0.0005
_OFTEN = 1e-3
_LARGEST = 10**9


def count(number: float) -> str:
    """12345 -> "12,345"."""
    return f"{number:,.0f}"


def percent(share: float) -> str:
    """As many digits as tell it from 0 and from 1: "97.4 %", "0.0032 %", "99.991 %"."""
    rest = min(share, 1 - share)
    digits = 1 if rest <= 0 or not math.isfinite(rest) else min(8, max(1, 1 - math.floor(math.log10(rest * 100))))
    return f"{share * 100:.{digits}f} %" if 0 < share < 1 else f"{share * 100:.0f} %"


def small(rate: float) -> str:
    """A rate for specialists: "1e-05", "0.0032", "0"."""
    return f"{rate:.2g}"


def score(value: float) -> str:
    """A score from 0 to 1, never rounded to an end that it is not."""
    if value >= _SURE:
        return "over 0.999" if value < 1 else "1.000"
    return f"{value:.3f}" if value >= _NEVER or value <= 0 else f"{value:.1g}"


def bounds(rate: Rate) -> str:
    """95 % bounds as a range."""
    return f"{percent(rate.low)} to {percent(rate.high)}"


def out_of(rate: float) -> str:
    """A rate counted in people: "13 of 1,000", "2 of 100,000"."""
    if rate <= 0:
        return "none"
    whole = 100
    while rate * whole < (10 if rate > _OFTEN else 1) and whole < _LARGEST:
        whole *= 10
    return f"{count(round(rate * whole))} of {count(whole)}"


def one_in(rate: float) -> str:
    """A small rate as a bar to pass: "1 in 10,000"."""
    return f"1 in {count(1 / rate)}"


def per_million(share: float) -> str:
    """A share of a million, in a narrow cell: "0", "4.4", "120", "35k", "all"."""
    many = share * 1e6
    if many >= 1e4:  # noqa: PLR2004 - from here on thousands
        return "all" if share == 1 else f"{many / 1e3:.0f}k"
    return f"{many:.1f}" if 0 < many < 10 else f"{many:.0f}"  # noqa: PLR2004 - one digit needs a decimal


def out_of_tries(hits: int, tries: int, what: str) -> str:
    """What was counted, and what no hit at all would prove (rule of three)."""
    if tries == 0:
        return f"there were no {what} to count"
    if hits == 0:
        return f"none of {count(tries)} {what}, so most likely fewer than {out_of(min(1.0, RULE_OF_THREE / tries))}"
    return f"about {out_of(hits / tries)} {what} ({count(hits)} of {count(tries)} counted)"


def cell(share: float) -> str:
    """A share in a narrow cell, in percent: "0", "0.003", "4.1", "100"."""
    if share in {0, 1}:
        return f"{100 * share:.0f}"
    for digits in (1, 2, 3):
        if round(min(share, 1 - share) * 100, digits) > 0:
            return f"{share * 100:.{digits}f}"
    return "<0.001" if share < 0.5 else ">99.99"  # noqa: PLR2004 - which end it is near


def visits(row: OperatingPoint, kind: Literal["accept", "reject"]) -> str:
    """The share of visits that went wrong, as the calibration has it."""
    rate: float | None = getattr(row, f"visit_false_{kind}_rate")
    limits: tuple[float, float] | None = getattr(row, f"visit_false_{kind}_bounds")
    if rate is None or limits is None:
        return "too few"
    return f"{percent(rate)} ({percent(limits[0])} to {percent(limits[1])})"
