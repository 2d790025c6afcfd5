"""What whoever enrols somebody sees: drawn over in a terminal, a line for each change elsewhere."""

from __future__ import annotations

import io
import os
import pty
import re
import sys
from contextlib import closing

import pytest

from enrolling_faces import GOOD, seen, view
from faceplate.commands.enrolling.screen import QUIT, SKIP, Screen, drawing, one_line, tree_of
from faceplate.enrolling.guide import begun, guided, skipped
from faceplate.enrolling.steps import Step
from faceplate.types import Seconds

STEPS = (Step.STRAIGHT, Step.LEFT, Step.UP)


class Terminal(io.StringIO):
    """Something that says it is a terminal."""

    def isatty(self):
        return True


def after(*faces, guide=None):
    guide = guide or begun("Ada", STEPS, GOOD)
    for number, face in enumerate(faces):
        guide = guided(guide, view(number, *([face] if face else [])))
    return guide


STRAIGHT = (seen(),) * 3


@pytest.fixture
def terminal(monkeypatch):
    """The two ends of a terminal; the program's is its standard input."""
    master, slave = pty.openpty()
    with os.fdopen(slave) as stdin, os.fdopen(master, "wb", buffering=0) as typed:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield typed


@pytest.fixture
def nobody(monkeypatch):
    """Nobody sits at a terminal."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())


def test_a_terminal_shows_all_steps_with_their_bars_and_one_hint():
    lines = drawing(skipped(after(*STRAIGHT, seen(22))))
    assert lines == [
        "  * straight  [####################]",
        "  - left      [....................]",
        "  > up        [....................]",
        "  Raise your chin a little  (s: leave this out, q: stop)",
        "  quality [####################]  good, keep going",
    ]


@pytest.mark.usefixtures("nobody")
def test_a_terminal_is_drawn_over(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    screen = Screen(out)
    screen.show(after())
    screen.show(after(*STRAIGHT))
    first, second = out.getvalue().split("\x1b[5A")
    assert first.count("\n") == second.count("\n") == 5
    assert set(re.findall(r"\x1b\[\w+", out.getvalue())) == {"\x1b[K", "\x1b[5A"}
    screen.say("something")
    screen.show(after())
    assert out.getvalue().count("\x1b[5A") == 1, "what was said stays"


@pytest.mark.usefixtures("nobody")
def test_a_narrow_terminal_is_not_broken(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "20")
    out = Terminal()
    Screen(out).show(after())
    assert all(len(line.replace("\r\x1b[K", "")) < 20 for line in out.getvalue().split("\n"))


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("out", [io.StringIO, Terminal])
def test_a_dumb_terminal_and_a_file_get_a_line_for_each_change(monkeypatch, out):
    monkeypatch.setenv("TERM", "dumb")
    written = out()
    screen = Screen(written)
    for guide in (after(), after(), after(None), after(*STRAIGHT[:2]), after(*STRAIGHT)):
        screen.show(guide)
    assert written.getvalue().splitlines() == [
        "straight (0 of 3): Look straight at the camera; nobody is in view: stand before the camera",
        "straight (2 of 3): Look straight at the camera; good, keep going",
        "left (0 of 3): Turn your head a little to your left; good, keep going",
    ]


def test_when_all_is_done_it_says_so():
    done = after(*STRAIGHT, guide=begun("Ada", [Step.STRAIGHT], GOOD))
    assert one_line(done) == "all done"
    assert "All done" in drawing(done)[1]
    assert tree_of(done)["asked"] == "All done, thank you"


def test_the_page_is_told_the_same():
    tree = tree_of(skipped(after(*STRAIGHT, seen(22))))
    assert tree == {
        "name": "Ada",
        "asked": "Raise your chin a little",
        "hint": "good, keep going",
        "quality": 1.0,
        "good": True,
        "steps": [
            {"step": "straight", "bar": 1.0, "state": "done"},
            {"step": "left", "bar": 0.0, "state": "skipped"},
            {"step": "up", "bar": 0.0, "state": "present"},
        ],
    }


@pytest.mark.parametrize(
    ("typed", "otherwise", "answer"),
    [
        (b"y\n", False, True),
        (b"YES\n", False, True),
        (b"n\n", True, False),
        (b"\n", True, True),
        (b"\n", False, False),
        (b"perhaps\n", True, False),
        (b"\x04", True, False),
    ],
)
def test_a_question_is_answered_by_yes_or_it_is_no(terminal, typed, otherwise, answer):
    terminal.write(typed)
    assert Screen(io.StringIO()).asks("Well?", otherwise=otherwise) is answer


def test_keys_are_heard_without_enter_and_the_terminal_is_as_before(terminal):
    screen = Screen(io.StringIO())
    with screen.keys() as keys:
        assert keys.within(Seconds(0.01)) == ""
        terminal.write(b"Sq")
        assert keys.within(Seconds(1.0)) == SKIP
        assert keys.within(Seconds(1.0)) == QUIT
    terminal.write(b"y\n")
    assert screen.asks("Well?", otherwise=False)


@pytest.mark.usefixtures("nobody")
def test_without_a_terminal_no_key_is_heard():
    screen = Screen(io.StringIO())
    assert not screen.is_alive
    with screen.keys() as keys:
        assert keys.within(Seconds(0.01)) == ""


def test_a_terminal_that_is_gone_is_asked_no_more(monkeypatch):
    read, write = os.pipe()
    os.close(write)
    with closing(os.fdopen(read)) as gone:
        monkeypatch.setattr(sys, "stdin", gone)
        screen = Screen(io.StringIO())
        assert not screen.asks("Well?", otherwise=True)
