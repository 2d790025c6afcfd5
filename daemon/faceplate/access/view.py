"""Who of those in view is a visitor. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from faceplate.types import Flaw, Match


def near(matches: Sequence[Match]) -> list[Match]:
    """Those who are near enough to be visitors."""
    return [match for match in matches if Flaw.TOO_SMALL not in match.sighting.look.flaws]


def nearest(matches: Sequence[Match]) -> Match:
    """The one with the largest face; of faces of one size the first."""
    return max(matches, key=lambda match: match.sighting.look.face.box.area)
