"""Matches, frames and whole traces of them, for the tests of access."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from hypothesis import strategies as st
from hypothesis.vendor.pretty import RepresentationPrinter

from faceplate.config import AccessConfig
from faceplate.liveness import Liveness
from faceplate.model.eye_view import HEIGHT, WIDTH
from faceplate.rights import Rights
from faceplate.types import (
    Box,
    EyeState,
    Face,
    Flaw,
    Frame,
    Image,
    Likeness,
    Look,
    Match,
    Pixels,
    Rival,
    Score,
    Seconds,
    Sighting,
    TrackId,
)
from heads import turned

PEOPLE = ("Ada", "Grace")
RESIDENT = Rights()
TRACKS = (TrackId(1), TrackId(2), TrackId(3))

# Eighths are exact in floating point, so that a limit is met, or missed, by the same sum everywhere.
_EIGHTH = 1 / 8


ROOM = np.zeros((480, 640, 3), np.uint8)
"""A picture in which there is room for a face to come closer"""


def a_frame(index: int = 0, time: float = 0.0, image: Image | None = None) -> Frame:
    """A frame whose picture nobody looks at."""
    return Frame(index, Seconds(time), np.zeros((1, 1, 3), np.uint8) if image is None else image)


def a_face(x: float = 0.0, y: float = 0.0, width: float = 100.0, height: float = 120.0) -> Face:
    """A face there, looking straight at the camera."""
    shares = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)
    landmarks = (np.array([x, y]) + shares * (width, height)).astype(np.float32)
    return Face(Box(Pixels(x), Pixels(y), Pixels(width), Pixels(height)), landmarks, confidence=0.9)


def a_sighting(track: int = 1, *flaws: Flaw) -> Sighting:
    """A face on that track; with flaws it has no embedding."""
    embedding = None if flaws else np.array([1.0, 0.0], np.float32)
    return Sighting(TrackId(track), Look(a_face(), np.zeros((112, 112, 3), np.uint8), flaws, embedding))


def verified(person: str, track: int = 1, rights: Rights = RESIDENT) -> Match:
    """That person, surely."""
    return Match(a_sighting(track), Likeness.VERIFIED, person, Score(0.99), 1.0, 0.9, rights)


def unknown(track: int = 1, nearest: str | None = PEOPLE[0]) -> Match:
    """Nobody enrolled; somebody is nearest all the same."""
    rights = None if nearest is None else RESIDENT
    return Match(a_sighting(track), Likeness.UNKNOWN, nearest, Score(0.01), 0.0, 0.0, rights)


def ambiguous(track: int = 1, one: Rights = RESIDENT, other: Rights = RESIDENT) -> Match:
    """Two enrolled people it could be."""
    rival = Rival(PEOPLE[1], other)
    return Match(a_sighting(track), Likeness.AMBIGUOUS, PEOPLE[0], Score(0.9), 1.0, 0.01, one, rival)


def sized(match: Match, width: float, turn: float = 0.0) -> Match:
    """The same, with a face so wide, and the head turned so far aside."""
    look = replace(match.sighting.look, face=a_face(width=width, height=1.2 * width), turn=turn)
    return replace(match, sighting=replace(match.sighting, look=look))


def unusable(track: int = 1, *flaws: Flaw) -> Match:
    """A face that cannot be judged."""
    return Match(a_sighting(track, *(flaws or (Flaw.BLURRED,))), Likeness.UNUSABLE)


@dataclass(frozen=True, slots=True, repr=False)
class Step:
    """One frame of a trace: when it was taken, how old it is when judged, and who is in it."""

    time: Seconds
    age: Seconds
    matches: tuple[Match, ...]

    def __repr__(self) -> str:
        """Short, so that a counterexample can be read."""
        faces = ", ".join(f"{m.sighting.track}: {m.likeness} {m.person or ''}".strip() for m in self.matches)
        return f"<{self.time:g} s, {self.age:g} s old: {faces or 'nobody'}>"

    def _repr_pretty_(self, printer: RepresentationPrinter, cycle: bool) -> None:  # noqa: FBT001 - Hypothesis' own signature
        del cycle
        printer.text(repr(self))


@cache
def matches_of(track: TrackId) -> st.SearchStrategy[Match]:
    """Anything the gallery may say of that track; most often somebody enrolled, so that visits succeed at times."""
    return st.one_of(
        st.just(verified(PEOPLE[0], track)),
        st.just(verified(PEOPLE[0], track)),
        st.just(verified(PEOPLE[1], track)),
        st.just(unknown(track)),
        st.just(ambiguous(track)),
        st.lists(st.sampled_from(Flaw), min_size=1, max_size=2, unique=True).map(lambda f: unusable(track, *f)),
    )


@st.composite
def people_in_view(draw: st.DrawFn) -> tuple[Match, ...]:
    """Nobody, or a face on each of some tracks, in any order."""
    tracks: Sequence[TrackId] = draw(
        st.one_of(st.just(TRACKS[:1]), st.just(TRACKS[:1]), st.lists(st.sampled_from(TRACKS), max_size=3, unique=True))
    )
    return tuple(draw(matches_of(track)) for track in tracks)


def eighths(*seconds: float) -> st.SearchStrategy[Seconds]:
    """One of these times other than 0, or an eighth of a second more or less."""
    near = sorted({s + d for s in seconds for d in (-_EIGHTH, 0.0, _EIGHTH) if s})
    return st.sampled_from([Seconds(s) for s in near])


@st.composite
def rules(draw: st.DrawFn) -> AccessConfig:
    """Rules of access with short numbers, so that their limits are met often."""
    considered = draw(st.integers(1, 5))
    return AccessConfig(
        frames_needed=draw(st.integers(1, considered)),
        frames_considered=considered,
        visit_window=draw(st.sampled_from([Seconds(0.25), Seconds(1.0), Seconds(5.0)])),
        patience=draw(st.sampled_from([Seconds(0.0), Seconds(0.5), Seconds(1.0), Seconds(2.0)])),
        repeat_after=draw(st.sampled_from([Seconds(1.0), Seconds(2.0), Seconds(10.0)])),
        max_frame_age=Seconds(1.0),
        grant_interval=Seconds(0.0),
    )


@st.composite
def traces(draw: st.DrawFn, rules: AccessConfig) -> list[Step]:
    """What a camera may show in a while: small steps and long gaps, stale frames and frames out of order."""
    small = st.just(Seconds(_EIGHTH))
    gaps = eighths(rules.visit_window, rules.patience, rules.repeat_after, rules.repeat_after + rules.visit_window)
    odd = st.one_of(gaps, st.sampled_from([Seconds(0.0), Seconds(-0.25)]))
    steps = st.one_of(small, small, small, small, small, small, odd)
    ages = st.one_of(
        *[st.just(Seconds(0.0))] * 10, eighths(rules.max_frame_age), st.sampled_from([Seconds(-_EIGHTH), Seconds(30.0)])
    )
    time, trace = 100.0, []
    for _ in range(draw(st.integers(1, 20))):
        time += draw(steps)
        trace.append(Step(Seconds(time), draw(ages), draw(people_in_view())))
    return trace


def alive(match: Match, liveness: Liveness = Liveness.LIVE, *cues: str, has_depth: bool = True) -> Match:
    """The same, and what vision says of whether it is."""
    seen = replace(match.sighting, liveness=liveness, cues=cues, has_depth=has_depth)
    return replace(match, sighting=seen)


def eyes_that_are(*, shut: bool) -> EyeState:
    """Eyes of which nobody looks at the picture."""
    return EyeState(shut, np.zeros((2, HEIGHT, WIDTH), np.float32))


def posed(match: Match, left: float = 0.0, up: float = 0.0, width: float = 100.0, *, shut: bool | None = None) -> Match:
    """The same, with the head turned by so many degrees, a face so wide, and eyes that are shut, if anybody looks."""
    face = a_face(width=width, height=1.2 * width)
    landmarks = turned(left, up, scale=width / 100, shift=width / 2)
    look = replace(match.sighting.look, face=replace(face, landmarks=landmarks))
    eyes = None if shut is None else eyes_that_are(shut=shut)
    return replace(match, sighting=replace(match.sighting, look=look, raised=up, eye_state=eyes))
