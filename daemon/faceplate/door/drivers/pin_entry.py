"""From key presses to a PIN."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from faceplate.types import Seconds

# linux/input-event-codes.h
KEY_ESC: Final = 1
KEY_BACKSPACE: Final = 14
KEY_ENTER: Final = 28
KEY_KPENTER: Final = 96

# In the same header: KEY_1 .. KEY_9, KEY_0 of the main row, and KEY_KP7 .. KEY_KP0 of the keypad.
DIGITS: Final = dict(zip(range(2, 12), "1234567890", strict=True)) | {
    71: "7",
    72: "8",
    73: "9",
    75: "4",
    76: "5",
    77: "6",
    79: "1",
    80: "2",
    81: "3",
    82: "0",
}

MOST_DIGITS: Final = 12

IDLE: Final = Seconds(10.0)
"""What somebody began and walked away from is nothing to the next"""


@dataclass(frozen=True, slots=True)
class PinEntry:
    """What has been typed so far."""

    digits: str = field(default="", repr=False)
    """At most one more than a PIN may have: then it is none, and stays none until it is cleared"""

    last_press: Seconds | None = None
    """Monotonic time"""

    def press(self, key: int, now: Seconds) -> tuple[PinEntry, str]:
        """What is typed after this key was pressed, and the PIN if that entered one, else an empty string."""
        idle = self.last_press is None or now - self.last_press >= IDLE
        digits = "" if idle else self.digits
        if key in DIGITS:
            return PinEntry((digits + DIGITS[key])[: MOST_DIGITS + 1], now), ""
        if key in {KEY_ENTER, KEY_KPENTER}:
            return PinEntry("", now), digits if len(digits) <= MOST_DIGITS else ""
        if key in {KEY_BACKSPACE, KEY_ESC}:
            return PinEntry("", now), ""
        return PinEntry(digits, now), ""
