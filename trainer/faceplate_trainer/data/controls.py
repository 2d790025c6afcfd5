"""Keys for a program that shows a camera's pictures: from a terminal, a pipe, or a window."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol, TextIO

import cv2

from faceplate.types import Image
from faceplate_trainer.data.labelled import DatasetError

QUIT = "q"


class Controls(Protocol):
    """Shows what goes on, and takes keys."""

    def key(self, image: Image, status: str) -> str:
        """Show a picture and a line as far as possible; the key pressed meanwhile, "" if none, QUIT at the end."""
        ...

    def say(self, message: str) -> None:
        """Tell what a key did."""
        ...


class PipeControls:
    """One character for each frame, whatever the time; made for scripts. Any but a command lets the frame go by."""

    def __init__(self, keys: TextIO) -> None:
        self._keys = keys

    def key(self, image: Image, status: str) -> str:
        """The next character; QUIT when there are no more."""
        del image, status
        return self._keys.read(1) or QUIT

    def say(self, message: str) -> None:
        """A line."""
        print(message)


class TerminalControls:
    """Keys as they are pressed, with a line that is always the newest."""

    def __init__(self, keys: TextIO) -> None:
        self._keys = keys

    def key(self, image: Image, status: str) -> str:
        """The key pressed since the last frame; QUIT when the terminal is gone."""
        del image
        print(f"\r{status}\x1b[K", end="", flush=True)  # clears the rest of the line (ECMA-48, EL)
        if not select.select([self._keys], [], [], 0)[0]:
            return ""
        # Past Python's buffer, in which select would not see a second key.
        return os.read(self._keys.fileno(), 1).decode("ascii", "replace") or QUIT

    def say(self, message: str) -> None:
        """A line that stays."""
        print(f"\r{message}\x1b[K")


class WindowControls:
    """A window with the picture; its keys are taken while it has the focus."""

    _NAME = "faceplate-train capture"

    def __init__(self) -> None:
        try:
            cv2.namedWindow(self._NAME)
        except cv2.error as error:
            raise DatasetError(
                "this OpenCV cannot open a window: it is the headless build, or there is no display. Leave out "
                "--window and press the keys in the terminal; or run `pip uninstall opencv-python-headless` and `pip "
                "install opencv-python` on a workstation with a screen"
            ) from error

    def key(self, image: Image, status: str) -> str:
        """Show the picture with the line below; the key pressed meanwhile, QUIT when the window was closed."""
        shown = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        cv2.putText(shown, status, (8, image.shape[0] - 12), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 255, 0))
        cv2.imshow(self._NAME, shown)  # noqa: TID251 - the one window of the project, on a workstation and only if asked
        code = cv2.waitKey(1)
        if cv2.getWindowProperty(self._NAME, cv2.WND_PROP_VISIBLE) < 1:
            return QUIT
        return chr(code & 0xFF) if code >= 0 else ""

    def say(self, message: str) -> None:
        """A line in the terminal."""
        print(message)


@contextmanager
def controls_for(*, window: bool) -> Iterator[Controls]:
    """The controls that fit; a terminal is as it was before, however the program ends.

    Raises:
        DatasetError: there is to be a window, and there can be none.
    """
    if window:
        yield WindowControls()
    elif sys.stdin.isatty():
        with _keys_at_once(sys.stdin):
            yield TerminalControls(sys.stdin)
    else:
        yield PipeControls(sys.stdin)


@contextmanager
def _keys_at_once(terminal: TextIO) -> Iterator[None]:
    """A terminal that gives each key as it is pressed and does not show it; Ctrl-C still ends the program."""
    before = termios.tcgetattr(terminal)
    ends = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        tty.setcbreak(terminal)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
        for number, handler in ends.items():
            signal.signal(number, handler)
        print()


def _end(number: int, frame: FrameType | None) -> None:
    """End by way of every `finally`, as a signal alone would not."""
    del frame
    sys.exit(128 + number)
