"""gpiozero's pins over libgpiod v2: the same for Raspberry Pi and Jetson.

gpiozero's own factories need a Raspberry Pi, and claim an output low before they write its level, which makes an
active-low relay click at start. libgpiod takes direction and level in one request.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gpiod
from gpiod.line import Bias, Direction, Value
from gpiozero.exc import PinError, PinFixedPull, PinInvalidFunction, PinInvalidPin, PinInvalidPull, PinSetInput
from gpiozero.pins import BoardInfo, Factory, HeaderInfo, Pin, PinInfo

from faceplate.errors import DoorError

_CONSUMER = "faceplate"
_BIAS = {"up": Bias.PULL_UP, "down": Bias.PULL_DOWN, "floating": Bias.DISABLED}
_PULL = {bias: pull for pull, bias in _BIAS.items()}


class GpiodFactory(Factory):  # type: ignore[misc] # gpiozero carries no types
    """Pins of one GPIO chip; a pin's name is its line number on that chip."""

    def __init__(self, path: str, open_chip: Callable[[str], gpiod.Chip] = gpiod.Chip) -> None:
        """Open the chip at `path`, for example `/dev/gpiochip0`.

        Raises:
            DoorError: there is no such chip, or this user may not use it.
        """
        super().__init__()
        self.path = path
        self._pins: dict[PinInfo, GpiodPin] = {}
        with _doors_errors(path):
            self._chip = open_chip(path)
            chip_info = self._chip.get_info()
        self._board = _board_of(chip_info.label, chip_info.num_lines)

    def close(self) -> None:
        """Let go of every line and of the chip. The levels are left as they are."""
        for pin in self._pins.values():
            pin.close()
        self._pins.clear()
        self._chip.close()

    def pin(self, name: int | str) -> GpiodPin:
        """The pin of a line; always the same object for the same line."""
        for _, info in self._board.find_pin(name):
            if info not in self._pins:
                self._pins[info] = GpiodPin(self.path, self._chip, info)
            return self._pins[info]
        raise PinInvalidPin(f"{self.path} has no line {name!r}, only 0 to {len(self._board.headers['lines'].pins) - 1}")

    def ticks(self) -> float:
        """Monotonic time in seconds."""
        return time.monotonic()

    def ticks_diff(self, later: float, earlier: float) -> float:
        """Seconds between two ticks."""
        return later - earlier

    def _get_board_info(self) -> BoardInfo:
        return self._board


class GpiodPin(Pin):  # type: ignore[misc] # gpiozero carries no types
    """One line. It is requested when its function is first set, and left alone until then.

    Edges are not detected: gpiozero's base class refuses them with `PinEdgeDetectUnsupported`.
    """

    def __init__(self, path: str, chip: gpiod.Chip, info: PinInfo) -> None:
        self._chip = chip
        self._info = info
        self._line: int = info.number
        self._where = f"line {self._line} of {path}"
        self._path = path
        self._request: gpiod.LineRequest | None = None
        self._is_output = False

    def __repr__(self) -> str:
        return f"<{self._where}>"

    def close(self) -> None:
        """Let go of the line. Its level is left as it is."""
        if self._request is not None:
            self._request.release()
            self._request = None

    def output_with_state(self, state: bool) -> None:  # noqa: FBT001 - gpiozero's own signature
        """Make the line an output that has its level from the first moment."""
        self._configure(gpiod.LineSettings(direction=Direction.OUTPUT, output_value=_value_of(state)))

    def input_with_pull(self, pull: str) -> None:
        """Make the line an input."""
        if pull not in _BIAS:
            raise PinInvalidPull(f"a pull is one of {', '.join(_BIAS)}; got {pull!r} for {self!r}")
        self._configure(gpiod.LineSettings(direction=Direction.INPUT, bias=_BIAS[pull]))

    def _configure(self, settings: gpiod.LineSettings) -> None:
        with _doors_errors(self._path, self._chip, self._line):
            if self._request is None:
                self._request = self._chip.request_lines({self._line: settings}, consumer=_CONSUMER)
            else:
                self._request.reconfigure_lines({self._line: settings})
        self._is_output = settings.direction is Direction.OUTPUT

    def _get_info(self) -> PinInfo:
        return self._info

    def _get_function(self) -> str:
        return "output" if self._line_info().direction is Direction.OUTPUT else "input"

    def _set_function(self, value: str) -> None:
        if value != "input":
            raise PinInvalidFunction(f"{self!r}: an output must be given its first level; {value!r} alone is refused")
        self._configure(gpiod.LineSettings(direction=Direction.INPUT))

    def _get_state(self) -> int:
        with _doors_errors(self._path, self._chip, self._line):
            return int(bool(self._requested().get_value(self._line)))

    def _set_state(self, value: bool) -> None:  # noqa: FBT001 - gpiozero's own signature
        request = self._requested()
        if not self._is_output:
            raise PinSetInput(f"{self!r} is an input and has no level to set")
        with _doors_errors(self._path, self._chip, self._line):
            request.set_value(self._line, _value_of(value))

    def _get_pull(self) -> str:
        # The kernel does not know what a line came up with that nobody set. gpiozero sets a pull only where it finds
        # another than it wants, so "floating" here would leave the board's own.
        return _PULL.get(self._line_info().bias, "unknown")

    def _set_pull(self, value: str) -> None:
        if self._is_output:
            raise PinFixedPull(f"{self!r} is an output and has no pull to set")
        self.input_with_pull(value)

    def _requested(self) -> gpiod.LineRequest:
        if self._request is None:
            raise PinError(f"{self!r} has no function yet: make it an input or an output first")
        return self._request

    def _line_info(self) -> gpiod.LineInfo:
        with _doors_errors(self._path, self._chip, self._line):
            return self._chip.get_line_info(self._line)


def _value_of(state: bool) -> Value:  # noqa: FBT001 - gpiozero calls a pin's level its state
    return Value.ACTIVE if state else Value.INACTIVE


def _board_of(label: str, lines: int) -> BoardInfo:
    """What gpiozero calls a board: one header, which lists the chip's lines under their numbers."""
    pins = {
        line: PinInfo(
            number=line,
            name=str(line),
            names=frozenset({line, str(line)}),
            pull="",
            row=line + 1,
            col=1,
            interfaces=frozenset({"gpio"}),
        )
        for line in range(lines)
    }
    fields: dict[str, Any] = dict.fromkeys(BoardInfo._fields, "")
    header = HeaderInfo(name="lines", rows=lines, columns=1, pins=pins)
    return BoardInfo(**fields | {"model": label, "headers": {header.name: header}})


@contextmanager
def _doors_errors(path: str, chip: gpiod.Chip | None = None, line: int | None = None) -> Iterator[None]:
    """Say what the system's error means for the door, and the cure."""
    where = path if line is None else f"line {line} of {path}"
    try:
        yield
    except FileNotFoundError as error:
        raise DoorError(f"there is no {path}: `gpiodetect` lists the chips; name one as door.chip") from error
    except PermissionError as error:
        raise DoorError(f"this user may not use {path}: `sudo usermod -aG gpio USER`, then log in again") from error
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.EBUSY and chip is not None and line is not None:
            holder = chip.get_line_info(line).consumer
            raise DoorError(
                f"{where} is in use by {holder!r}: stop that program, or choose another line in the door section"
            ) from error
        raise DoorError(f"{where} does not answer: {error}. `gpioinfo` shows the lines of every chip") from error
