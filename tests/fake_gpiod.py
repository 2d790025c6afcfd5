"""gpiod v2's Chip and LineRequest over lines that exist only here: strict, and with a record of all that happened.

Settings, values and line infos are gpiod's own; `test_door_gpiod.py` holds the signatures against the real ones.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import gpiod
from gpiod.line import Bias, Clock, Direction, Drive, Edge, Value


@dataclass(frozen=True)
class Request:
    """One call of request_lines."""

    lines: dict[int, gpiod.LineSettings]
    consumer: str | None


@dataclass
class FakeLine:
    settings: gpiod.LineSettings = field(default_factory=gpiod.LineSettings)
    consumer: str = ""
    """Who holds the line; empty: nobody"""
    driven: list[Value | None] = field(default_factory=list)
    """Every level the line was driven to, in order; None when it became an input"""
    wired: Value | None = None
    """The level a switch gives an input; None: the switch is open, and the pull decides"""
    released_at: Value | None = None
    """The level at which it was last let go of"""


class FakeBoard:
    """The computer: one chip at one path, whose lines outlive every process that uses them."""

    def __init__(self, path: str = "/dev/gpiochip0", lines: int = 54, *, permitted: bool = True) -> None:
        self.path = path
        self.lines = [FakeLine() for _ in range(lines)]
        self.requests: list[Request] = []
        self.moves: list[tuple[int, Value]] = []
        """Every level that a line was driven to, of all lines in order"""
        self.permitted = permitted
        self.unplugged = False

    def open_chip(self, path: str) -> FakeChip:
        if path != self.path:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        if not self.permitted:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return FakeChip(self)

    def check_plugged(self) -> None:
        if self.unplugged:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))


class FakeChip:
    def __init__(self, board: FakeBoard) -> None:
        self._board = board
        self._open = True

    def close(self) -> None:
        self._open = False

    def get_info(self) -> gpiod.ChipInfo:
        self._check_closed()
        return gpiod.ChipInfo(Path(self._board.path).name, "pinctrl-fake", len(self._board.lines))

    def get_line_info(self, line: int | str) -> gpiod.LineInfo:
        found = self._line(line)
        return gpiod.LineInfo(
            offset=int(line),
            name=f"GPIO{line}",
            used=bool(found.consumer),
            consumer=found.consumer,
            direction=(Direction.OUTPUT if found.settings.direction is Direction.OUTPUT else Direction.INPUT).value,
            active_low=found.settings.active_low,
            bias=(Bias.UNKNOWN if found.settings.bias is Bias.AS_IS else found.settings.bias).value,
            drive=Drive.PUSH_PULL.value,
            edge_detection=Edge.NONE.value,
            event_clock=Clock.MONOTONIC.value,
            debounced=False,
            debounce_period_us=0,
        )

    def request_lines(
        self,
        config: dict[Iterable[int | str] | int | str, gpiod.LineSettings | None],
        consumer: str | None = None,
        event_buffer_size: int | None = None,
        output_values: dict[int | str, Value] | None = None,
    ) -> FakeRequest:
        assert event_buffer_size is None
        assert output_values is None, "the level belongs to the line's own settings"
        settings = {int(line): given or gpiod.LineSettings() for line, given in config.items()}  # type: ignore[arg-type] # we ask by number
        for number in settings:
            if self._line(number).consumer:
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        self._board.requests.append(Request(settings, consumer))
        for number in settings:
            self._line(number).consumer = consumer or "?"
        request = FakeRequest(self._board, list(settings))
        request.reconfigure_lines(config)
        return request

    def _line(self, line: int | str) -> FakeLine:
        self._check_closed()
        self._board.check_plugged()
        if not isinstance(line, int) or not 0 <= line < len(self._board.lines):
            raise ValueError("line offset of out range")
        return self._board.lines[line]

    def _check_closed(self) -> None:
        if not self._open:
            raise gpiod.ChipClosedError


class FakeRequest:
    """Stays usable when its chip is closed, as the real one does."""

    def __init__(self, board: FakeBoard, lines: list[int]) -> None:
        self._board = board
        self._lines = lines
        self._live = True

    def release(self) -> None:
        if not self._live:
            return
        self._live = False
        for number in self._lines:
            line = self._board.lines[number]
            line.consumer = ""
            line.released_at = line.driven[-1] if line.driven else None

    def get_value(self, line: int | str) -> Value:
        found = self._requested(line)
        if found.settings.direction is Direction.OUTPUT:
            level = found.driven[-1]
            assert level is not None
            return level
        if found.wired is not None:
            return found.wired
        return Value.ACTIVE if found.settings.bias is Bias.PULL_UP else Value.INACTIVE

    def set_value(self, line: int | str, value: Value) -> None:
        found = self._requested(line)
        if found.settings.direction is not Direction.OUTPUT:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        found.driven.append(value)
        self._board.moves.append((int(line), value))

    def reconfigure_lines(self, config: dict[Iterable[int | str] | int | str, gpiod.LineSettings | None]) -> None:
        for number, settings in config.items():
            line = self._requested(number)  # type: ignore[arg-type] # we ask by number
            line.settings = settings or gpiod.LineSettings()
            if line.settings.direction is Direction.OUTPUT:
                line.driven.append(line.settings.output_value)
                self._board.moves.append((int(number), line.settings.output_value))  # type: ignore[arg-type] # as above
            else:
                line.driven.append(None)

    def _requested(self, line: int | str) -> FakeLine:
        if not self._live:
            raise gpiod.RequestReleasedError
        self._board.check_plugged()
        if line not in self._lines:
            raise ValueError(f"line {line} was not requested")
        return self._board.lines[int(line)]
