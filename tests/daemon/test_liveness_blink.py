"""A blink: eyes that were open, shut for a moment, and opened again, on one track."""

from __future__ import annotations

from dataclasses import replace

import pytest

from faceplate.types import Flaw
from faceplate.vision.liveness.blink import LONGEST, Blink
from faceplate.vision.liveness.evidence import Tells
from strategies_access import ROOM, a_frame, a_sighting, eyes_that_are


def told(eyes: str, track: int = 1, rate: float = 10.0) -> list[Tells]:
    """What is said of each frame; `o` open, `x` shut, `?` not looked at, `f` a face with a flaw."""
    return said(Blink(), eyes, track, rate)


def said(cue: Blink, eyes: str, track: int = 1, rate: float = 10.0, begin: float = 0.0) -> list[Tells]:
    found = []
    for number, each in enumerate(eyes):
        state = None if each == "?" else eyes_that_are(shut=each == "x")
        seen = a_sighting(track, *([Flaw.BLURRED] if each == "f" else []))
        seen = replace(seen, eye_state=state)
        found.append(cue.observe(seen, a_frame(number, begin + number / rate, ROOM)).tells)
    return found


@pytest.mark.parametrize("eyes", ["oooxo", "ooooxxo", "oooxxxxxxxxxxo", "xxoooxo", "ooo?oooxxo"])
def test_eyes_that_shut_and_open_have_blinked_when_they_open(eyes: str) -> None:
    *before, last = told(eyes)
    assert last is Tells.CONFIRMS
    assert set(before) == {Tells.NOTHING}


@pytest.mark.parametrize(
    "eyes",
    ["oooooooo", "xxxxxx", "xxxoooo", "ooxoooo", "oooxx", "oooxx?xo", "oooxfo", "oxoxoxox", "ooo" + 16 * "x" + "o"],
)
def test_nothing_else_is_a_blink(eyes: str) -> None:
    """Nor is a face that comes with its eyes shut, or one whose eyes are covered for longer."""
    assert set(told(eyes)) == {Tells.NOTHING}


def test_so_long_eyes_may_be_shut() -> None:
    assert LONGEST == 1.5


def test_what_one_face_did_says_nothing_of_another() -> None:
    cue = Blink()
    said(cue, "oooxx", track=1)
    assert said(cue, "o", track=2, begin=0.5) == [Tells.NOTHING]
    assert said(cue, "o", track=1, begin=0.6) == [Tells.CONFIRMS]
