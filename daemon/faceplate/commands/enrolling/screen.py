"""What whoever enrols somebody sees: a list of steps with bars and one line of advice, in any terminal.

A terminal is drawn over with three of the oldest control sequences (ECMA-48: CUU, EL); a dumb one, and whatever is no
terminal, is told a line for each change.
"""

from __future__ import annotations

import os
import select
import shutil
import sys
import termios
import textwrap
import threading
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TextIO

from faceplate.enrolling.guide import WANTED, Guide, Progress
from faceplate.enrolling.steps import ASKED, HINTS
from faceplate.types import Cue, Seconds

SKIP: Final = "s"
QUIT: Final = "q"

_BAR: Final = 20
_LONGEST_LINE: Final = 90


class Screen:
    """Shows how far an enrolment is, and hears keys."""

    def __init__(self, out: TextIO) -> None:
        """Say everything to `out`."""
        self._out = out
        self.is_alive = sys.stdin.isatty()
        """Whether somebody can answer"""
        self._draws = out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._drawn = 0
        self._said = ""

    def say(self, words: str) -> None:
        """Say something that stays."""
        self._drawn = 0
        print(words, file=self._out, flush=True)

    def tell(self, text: str) -> None:
        """Say something long, in lines that can be read."""
        width = min(shutil.get_terminal_size().columns - 1, _LONGEST_LINE)
        self.say(f"\n{textwrap.fill(text, width)}\n")

    def asks(self, question: str, *, otherwise: bool) -> bool:
        """Ask something that is answered by yes or no; `otherwise`, if nothing was typed."""
        hint = "[Y/n]" if otherwise else "[y/N]"
        print(f"{question} {hint} ", end="", file=self._out, flush=True)
        self._drawn = 0
        answer = sys.stdin.readline()
        if not answer:
            print(file=self._out)
            return False
        typed = answer.strip().casefold()
        return typed in {"y", "yes"} if typed else otherwise

    def show(self, guide: Guide) -> None:
        """Show where the enrolment is."""
        if self._draws:
            self._draw(drawing(guide))
        elif (line := one_line(guide)) != self._said:
            self._said = line
            print(line, file=self._out, flush=True)

    def _draw(self, lines: Sequence[str]) -> None:
        width = shutil.get_terminal_size().columns - 1
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        print(up + "\n".join(f"\r\x1b[K{line[:width]}" for line in lines), file=self._out, flush=True)
        self._drawn = len(lines)

    @contextmanager
    def keys(self) -> Iterator[Keys]:
        """Keys that are heard without Enter, as long as the block lasts."""
        if not self.is_alive:
            yield Keys(None)
            return
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
        try:
            tty.setcbreak(descriptor)
            yield Keys(descriptor)
        finally:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


class Keys:
    """What is typed."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._nobody = threading.Event()

    def within(self, patience: Seconds) -> str:
        """Wait for a key; empty if none came."""
        if self._descriptor is None:
            self._nobody.wait(patience)
            return ""
        if not select.select([self._descriptor], [], [], patience)[0]:
            return ""
        typed = os.read(self._descriptor, 1)
        if not typed:  # the terminal is gone
            self._descriptor = None
        return typed.decode("ascii", "replace").casefold()


def drawing(guide: Guide) -> list[str]:
    """The whole of it, line by line."""
    present = guide.present
    lines = [f"  {_mark(progress, present)} {progress.step:<9} {_bar(progress.bar)}" for progress in guide.steps]
    asked = f"{ASKED[present.step].words}  (s: leave this out, q: stop)" if present else "All done"
    return [*lines, f"  {asked}", f"  quality {_bar(guide.quality)}  {_hint(guide)}"]


def one_line(guide: Guide) -> str:
    """The same for whatever cannot be drawn over."""
    present = guide.present
    if present is None:
        return "all done"
    taken = f"{len(present.pictures)} of {WANTED}"
    return f"{present.step} ({taken}): {ASKED[present.step].words}; {HINTS[guide.cue]}"


def tree_of(guide: Guide) -> dict[str, Any]:
    """The same for the page."""
    present = guide.present
    return {
        "name": guide.name,
        "asked": ASKED[present.step].words if present else "All done, thank you",
        "hint": _hint(guide),
        "quality": guide.quality,
        "good": guide.cue is Cue.TAKEN,
        "steps": [
            {"step": str(progress.step), "bar": round(progress.bar, 2), "state": _state(progress, present)}
            for progress in guide.steps
        ],
    }


def _hint(guide: Guide) -> str:
    return HINTS[guide.cue if guide.present else Cue.DONE]


def _state(progress: Progress, present: Progress | None) -> str:
    if progress.skipped:
        return "skipped"
    if progress.done:
        return "done"
    return "present" if progress is present else "waiting"


def _mark(progress: Progress, present: Progress | None) -> str:
    return {"skipped": "-", "done": "*", "present": ">", "waiting": " "}[_state(progress, present)]


def _bar(part: float) -> str:
    full = round(part * _BAR)
    return f"[{'#' * full}{'.' * (_BAR - full)}]"
