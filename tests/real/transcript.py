"""What a run by hand saw, line by line, for people to read later."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TextIO


class Transcript:
    """Writes to the screen and to a file; a check that fails ends the run."""

    def __init__(self, file: Path) -> None:
        self._file: TextIO = file.open("w", encoding="utf-8")
        self._began = time.monotonic()
        self._checks = 0

    def chapter(self, title: str) -> None:
        self._say(f"\n{title}\n{'-' * len(title)}")

    def saw(self, text: str) -> None:
        self._say(f"    {text}")

    def came(self, text: str) -> None:
        """Something that was waited for."""
        self.check(text, holds=True)

    def check(self, text: str, holds: object, *, otherwise: object = "") -> None:
        self._say(f"{'ok ' if holds else 'NO '} {text}")
        assert holds, otherwise or text
        self._checks += 1

    def end(self) -> None:
        self._say(f"\n{self._checks} checks, {time.monotonic() - self._began:.0f} s, all as it should be")
        self._file.close()

    def _say(self, line: str) -> None:
        for out in (sys.stdout, self._file):
            print(line, file=out, flush=True)
