"""A stand-in for the package `gpiod`, for real processes: put `tests/fake_modules` before the real one on PYTHONPATH.

The lines live in the folder that FAKE_GPIO_DIR names; `board.Board` reads and writes it. Their levels outlive every
process, as on Raspberry Pi OS, which is the worst case for a lock. A line is held by one process at a time, and the
kernel lets go of it when that dies. `test_door_fake_modules.py` holds the signatures against the real package.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from . import line
from .board import Board, HeldLine
from .line import Bias, Clock, Direction, Drive, Edge, Value

__all__ = ["Chip", "ChipInfo", "LineInfo", "LineRequest", "LineSettings", "line"]


class ChipClosedError(Exception):
    pass


class RequestReleasedError(Exception):
    pass


@dataclass
class LineSettings:
    direction: Direction = Direction.AS_IS
    edge_detection: Edge = Edge.NONE
    bias: Bias = Bias.AS_IS
    drive: Drive = Drive.PUSH_PULL
    active_low: bool = False
    debounce_period: timedelta = field(default_factory=timedelta)
    event_clock: Clock = Clock.MONOTONIC
    output_value: Value = Value.INACTIVE


@dataclass(frozen=True)
class ChipInfo:
    name: str
    label: str
    num_lines: int


@dataclass(frozen=True)
class LineInfo:
    """As much of it as a program may know that does not hold the line."""

    offset: int
    used: bool
    consumer: str
    direction: Direction
    bias: Bias


class Chip:
    def __init__(self, path: str) -> None:
        self._board: Board | None = Board.at(path)

    def close(self) -> None:
        self._board = None

    def get_info(self) -> ChipInfo:
        board = self._opened()
        return ChipInfo(board.name, "pinctrl-fake", board.lines)

    def get_line_info(self, line: int | str) -> LineInfo:
        state = self._opened().state_of(_number(line))
        direction = Direction.OUTPUT if state.get("direction") == "OUTPUT" else Direction.INPUT
        bias = Bias.UNKNOWN if state.get("bias", "AS_IS") == "AS_IS" else Bias[state["bias"]]
        return LineInfo(_number(line), bool(state.get("consumer")), state.get("consumer", ""), direction, bias)

    def request_lines(
        self,
        config: dict[Iterable[int | str] | int | str, LineSettings | None],
        consumer: str | None = None,
        event_buffer_size: int | None = None,
        output_values: dict[int | str, Value] | None = None,
    ) -> LineRequest:
        assert event_buffer_size is None
        assert output_values is None, "the level belongs to the line's own settings"
        board = self._opened()
        held: dict[int, HeldLine] = {}
        try:
            for number in map(_number, config):
                held[number] = board.take(number, consumer or "?")
            request = LineRequest(held)
            request.reconfigure_lines(config)
        except BaseException:
            for taken in held.values():
                taken.release()
            raise
        return request

    def _opened(self) -> Board:
        if self._board is None:
            raise ChipClosedError
        return self._board


class LineRequest:
    """Stays usable when its chip is closed, as the real one does."""

    def __init__(self, held: dict[int, HeldLine]) -> None:
        self._held = held
        self._settings: dict[int, LineSettings] = {}
        self._live = True

    def release(self) -> None:
        if self._live:
            self._live = False
            for held in self._held.values():
                held.release()

    def get_value(self, line: int | str) -> Value:
        return Value(self._of(line).level())

    def set_value(self, line: int | str, value: Value) -> None:
        held = self._of(line)
        if self._settings[_number(line)].direction is not Direction.OUTPUT:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        held.drive(value.value)

    def reconfigure_lines(self, config: dict[Iterable[int | str] | int | str, LineSettings | None]) -> None:
        for offset, given in config.items():
            settings = given or LineSettings()
            assert settings.direction is not Direction.AS_IS
            assert not settings.active_low
            held = self._of(offset)
            self._settings[_number(offset)] = settings
            held.describe(direction=settings.direction.name, bias=settings.bias.name)
            if settings.direction is Direction.OUTPUT:
                held.drive(settings.output_value.value)

    def _of(self, line: object) -> HeldLine:
        if not self._live:
            raise RequestReleasedError
        if line not in self._held:
            raise ValueError(f"line {line} was not requested")
        return self._held[_number(line)]


def _number(line: object) -> int:
    assert isinstance(line, int), "we ask by number"
    return line
