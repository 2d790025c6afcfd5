"""A visit: one face that stays in view, and what its frames add up to. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from faceplate.config import AccessConfig
from faceplate.types import Flaw, Likeness, Match, Outcome, Reason, Seconds


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What one usable frame said of the visitor."""

    time: Seconds
    likeness: Likeness
    person: str | None
    """Who was verified; None unless somebody was"""


@dataclass(frozen=True, slots=True)
class Visit:
    """Everything a decision needs to know of one track."""

    began: Seconds
    seen: Seconds
    """When the newest frame was taken, usable or not"""
    glimpses: tuple[Glimpse, ...] = ()
    """The last usable frames, at most m, the newest last; none older than `visit_window`"""
    poor_frames: int = 0
    """Frames with a face near enough, and too bad to be judged"""
    answer: Outcome = Outcome.NOTHING
    """What this visit was told last"""
    answered: Seconds | None = None


def observed(visit: Visit, match: Match, time: Seconds, rules: AccessConfig) -> Visit:
    """The visit with one more frame.

    A face that is too small is somebody further away, not yet a visitor; it counts neither way. Any other face that
    cannot be judged does not count as a usable frame, but is remembered as a reason. Unknown frames do count: they
    push the verified ones out.
    """
    recent = tuple(glimpse for glimpse in visit.glimpses if time - glimpse.time <= rules.visit_window)
    visit = replace(visit, seen=time, glimpses=recent)
    if match.likeness is Likeness.UNUSABLE:
        far = Flaw.TOO_SMALL in match.sighting.look.flaws
        return replace(visit, poor_frames=visit.poor_frames + (not far))
    glimpse = Glimpse(time, match.likeness, match.person if match.likeness is Likeness.VERIFIED else None)
    return replace(visit, glimpses=(*recent, glimpse)[-rules.frames_considered :])


def verdict(visit: Visit, rules: AccessConfig) -> tuple[Outcome, Reason]:
    """What to answer the visitor on the newest frame."""
    if visit.answer is Outcome.GRANTED:
        return Outcome.NOTHING, Reason.ALREADY_DECIDED
    if _is_verified(visit, rules):
        return Outcome.GRANTED, Reason.VERIFIED
    if visit.answer is Outcome.DENIED:
        return Outcome.NOTHING, Reason.ALREADY_DECIDED
    if visit.seen - visit.began >= rules.patience and (reason := _what_was_wrong(visit, rules)):
        return Outcome.DENIED, reason
    return Outcome.NOTHING, Reason.LOOKING


def _is_verified(visit: Visit, rules: AccessConfig) -> bool:
    """Of the last m usable frames k show one person, the newest frame among them, and none shows another."""
    if not visit.glimpses or visit.glimpses[-1].time != visit.seen:
        return False
    person = visit.glimpses[-1].person
    shown = [glimpse.person for glimpse in visit.glimpses if glimpse.person is not None]
    return person is not None and set(shown) == {person} and len(shown) >= rules.frames_needed


def _what_was_wrong(visit: Visit, rules: AccessConfig) -> Reason | None:
    """Why a visit is refused; None as long as too little was seen of it."""
    if len(visit.glimpses) < rules.frames_considered:
        return Reason.LOW_QUALITY if visit.poor_frames >= rules.frames_considered else None
    if len({glimpse.person for glimpse in visit.glimpses} - {None}) > 1:
        return Reason.SEVERAL_PEOPLE
    if any(glimpse.likeness is Likeness.AMBIGUOUS for glimpse in visit.glimpses):
        return Reason.AMBIGUOUS
    return Reason.CREDENTIAL_NOT_FOUND
