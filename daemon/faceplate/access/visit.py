"""A visit: one face that stays in view, and what its frames add up to. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from faceplate.access.challenge import Challenge
from faceplate.config import AccessConfig
from faceplate.types import Flaw, Likeness, Match, Outcome, Reason, Seconds

_PAIR: Final = 2


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What one usable frame said of the visitor."""

    time: Seconds
    likeness: Likeness
    person: str | None
    """Who was verified; None unless somebody was"""
    pair: frozenset[str] = frozenset()
    """The two people an ambiguous face is like"""
    pin: bool = False
    """Whether one of these two has a PIN to tell by"""

    @property
    def people(self) -> frozenset[str]:
        """Whom the face may be; empty: nobody enrolled."""
        return self.pair if self.person is None else frozenset({self.person})


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
    told: frozenset[Reason] = frozenset()
    """Every reason it was refused for"""
    charged: Seconds | None = None
    """When it was last counted as a failed attempt, in advance"""
    cleared: bool = False
    """Whether it was somebody enrolled after all: then it is no failed attempt"""
    failed: Reason | None = None
    """Why it is not let in however it goes on: what was shown is no living face, or did not do what was asked"""
    challenge: Challenge | None = None
    """What the visitor is asked to do now, if anything"""
    challenges: int = 0
    """How often that was begun"""
    passed: Seconds | None = None
    """When it was done"""

    def is_tried(self, frames_needed: int) -> bool:
        """Whether so much was seen of it that it could have been let in."""
        return len(self.glimpses) >= frames_needed

    def is_paid_for(self, now: Seconds, lasting: Seconds) -> bool:
        """Whether it was counted as an attempt so lately that this is still the same attempt."""
        return self.charged is not None and now - self.charged <= lasting

    @property
    def is_counted(self) -> bool:
        """Whether it stands among the failed attempts."""
        return self.charged is not None and not self.cleared

    def refused(self, reason: Reason, time: Seconds) -> Visit:
        """The visit after it was told so."""
        return replace(self, answer=Outcome.DENIED, answered=time, told=self.told | {reason})


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
    return replace(visit, glimpses=(*recent, _glimpse(match, time))[-rules.frames_considered :])


def since(visit: Visit, time: Seconds) -> Visit:
    """The visit as if it had begun after that time."""
    return replace(visit, glimpses=tuple(glimpse for glimpse in visit.glimpses if glimpse.time > time))


def _glimpse(match: Match, time: Seconds) -> Glimpse:
    if match.likeness is Likeness.AMBIGUOUS and match.person is not None and match.rival is not None:
        pins = [rights.pin or rights.duress_pin for rights in (match.rights, match.rival.rights) if rights]
        return Glimpse(time, match.likeness, None, frozenset({match.person, match.rival.person}), any(pins))
    return Glimpse(time, match.likeness, match.person if match.likeness is Likeness.VERIFIED else None)


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


def lookalikes(visit: Visit, rules: AccessConfig) -> tuple[str, ...]:
    """Those of two people who the visitor may be, if the visit leaves no third, and a PIN can tell; else nobody.

    As many frames as a grant takes must show that person, or somebody like both.
    """
    if not rules.pin.for_lookalikes:
        return ()
    shown = [glimpse.people for glimpse in visit.glimpses if glimpse.people]
    everybody = frozenset[str]().union(*shown)
    can_tell = any(glimpse.pin for glimpse in visit.glimpses)
    if len(everybody) != _PAIR or not can_tell:
        return ()
    return tuple(
        person for person in sorted(everybody) if sum(person in people for people in shown) >= rules.frames_needed
    )


def shows_one(visit: Visit, rules: AccessConfig) -> bool:
    """Whether k of the last m usable frames show one person, and none shows another."""
    shown = [glimpse.person for glimpse in visit.glimpses if glimpse.person is not None]
    return len(set(shown)) == 1 and len(shown) >= rules.frames_needed


def _is_verified(visit: Visit, rules: AccessConfig) -> bool:
    """Whether the frames show one person, the newest frame among them."""
    newest = visit.glimpses[-1] if visit.glimpses else None
    is_shown = newest is not None and newest.time == visit.seen and newest.person is not None
    return is_shown and shows_one(visit, rules)


def _what_was_wrong(visit: Visit, rules: AccessConfig) -> Reason | None:
    """Why a visit is refused; None as long as too little was seen of it."""
    if len(visit.glimpses) < rules.frames_considered:
        return Reason.LOW_QUALITY if visit.poor_frames >= rules.frames_considered else None
    if len({glimpse.person for glimpse in visit.glimpses} - {None}) > 1:
        return Reason.SEVERAL_PEOPLE
    if any(glimpse.likeness is Likeness.AMBIGUOUS for glimpse in visit.glimpses):
        return Reason.AMBIGUOUS
    return Reason.CREDENTIAL_NOT_FOUND
