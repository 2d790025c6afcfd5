"""The section `door`: the lock, the door's other lines, and its times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from faceplate.config.section import Section
from faceplate.types import Seconds

SHORTEST_RELEASE = 0.5
LONGEST_RELEASE = 60.0
"""What `release_time` may be"""

LineNumber = Annotated[int, Field(ge=0, le=511)]


class InputConfig(Section):
    """A switch between a line and ground or 3.3 V."""

    line: LineNumber

    active_high: bool = False
    """Which level means pressed, open, tampered with, bolt thrown"""

    pull: Literal["up", "down", "none"] = "up"
    """The resistor in the chip that holds the line while the switch is open"""

    debounce: Annotated[Seconds, Field(ge=0.02, le=0.3)] = Seconds(0.05)
    """A level counts when it has lasted this long"""


class InputsConfig(Section):
    """What the door tells. null: there is none."""

    exit: InputConfig | None = None
    """The button inside (request to exit, REX)"""

    contact: InputConfig | None = None
    """Active: the door is open"""

    tamper: InputConfig | None = None
    """Active: somebody opened the case"""

    bell: InputConfig | None = None

    bolt: InputConfig | None = None
    """Active: the bolt is thrown; tells whether a lock with feedback is locked"""


class OutputConfig(Section):
    """A light or a buzzer."""

    line: LineNumber
    active_high: bool = True


class LightsConfig(Section):
    """What the door shows. null: there is none."""

    green: OutputConfig | None = None
    red: OutputConfig | None = None
    buzzer: OutputConfig | None = None


class RingConfig(Section):
    """Red, green and blue lights around the camera."""

    red: LineNumber
    green: LineNumber
    blue: LineNumber
    active_high: bool = True


class DoorConfig(Section):
    """The door."""

    driver: Literal["gpiozero", "simulated", "none"] = "simulated"
    """gpiozero: real pins; simulated: no hardware; none: a kiosk without a lock"""

    chip: Annotated[str, Field(pattern=r"^/dev/gpiochip\d+$")] = "/dev/gpiochip0"
    line: LineNumber = 17
    """The GPIO line the lock's relay hangs on: chip, and line number on it"""

    active_high: bool = True
    """true: the relay closes when the pin is high"""

    lock: Literal["strike", "maglock", "latching", "motor"] = "strike"
    """strike, maglock: the relay holds; latching: a relay stays as a pulse left it; motor: a pulse drives a bolt"""

    wiring: Literal["fail_secure", "fail_safe"] = "fail_secure"
    """Of a strike. fail_secure: power opens; fail_safe: power holds shut, as it always does with a maglock"""

    lock_line: LineNumber | None = None
    """latching, motor: the line whose pulse locks; `line` is then the one whose pulse unlocks"""

    pulse: Annotated[Seconds, Field(ge=0.02, le=5)] = Seconds(0.2)
    """latching, motor: how long a pulse lasts"""

    travel_time: Annotated[Seconds, Field(ge=0.1, le=30)] = Seconds(3.0)
    """With a `bolt` input: the bolt has jammed if it is not in its place after this long"""

    inputs: InputsConfig = InputsConfig()
    lights: LightsConfig = LightsConfig()

    ring: RingConfig | None = None
    """A ring of light that a living face must answer, besides all else. null: there is none"""

    release_time: Annotated[Seconds, Field(ge=SHORTEST_RELEASE, le=LONGEST_RELEASE)] = Seconds(5.0)
    """How long the door stays unlocked after a grant (ONVIF ReleaseTime)"""

    extended_release_time: Annotated[Seconds, Field(ge=0, le=120)] = Seconds(15.0)
    """So much longer for people who need it (ONVIF ExtendedReleaseTime)"""

    relock_delay: Annotated[Seconds, Field(ge=0, le=60)] = Seconds(2.0)
    """Once the door was opened it locks after this long, if not earlier (ONVIF DelayTimeBeforeRelock)"""

    relock_on_close: bool = True
    """Lock as soon as the door is closed again"""

    open_time: Annotated[Seconds, Field(ge=1, le=3600)] = Seconds(30.0)
    """The alarm sounds when the door has been open for this long (ONVIF OpenTime)"""

    pre_alarm_time: Annotated[Seconds, Field(ge=0, le=3600)] = Seconds(10.0)
    """The warning sounds so long before the alarm (ONVIF PreAlarmTime)"""

    exit_shunt: Annotated[Seconds, Field(ge=0, le=10)] = Seconds(1.0)
    """A door that opens so shortly before the exit button's signal was not forced"""

    @model_validator(mode="after")
    def _the_lock_is_whole(self) -> Self:
        if self.lock == "maglock" and self.wiring != "fail_safe":
            raise ValueError("a maglock holds by power and opens without it: write wiring: fail_safe")
        if self.lock in {"latching", "motor"} and self.lock_line is None:
            raise ValueError(f"lock: {self.lock} needs lock_line, the line whose pulse locks")
        return self

    @model_validator(mode="after")
    def _every_line_has_one_use(self) -> Self:
        uses: dict[int, str] = {}
        for use, line in self.lines():
            if line in uses:
                raise ValueError(f"line {line} is given to both {uses[line]} and {use}")
            uses[line] = use
        return self

    @model_validator(mode="after")
    def _a_ring_has_lines(self) -> Self:
        if self.ring is not None and self.driver == "none":
            raise ValueError("a ring needs lines, and driver: none has none: write driver: gpiozero, or ring: null")
        return self

    @model_validator(mode="after")
    def _the_warning_precedes_the_alarm(self) -> Self:
        if self.pre_alarm_time > self.open_time:
            raise ValueError(f"pre_alarm_time ({self.pre_alarm_time:g}) must not exceed open_time ({self.open_time:g})")
        return self

    def lines(self) -> Iterator[tuple[str, int]]:
        """What each line is used for, and its number."""
        yield "line", self.line
        if self.lock_line is not None:
            yield "lock_line", self.lock_line
        for section in (self.inputs, self.lights):
            for use, wired in section:
                if wired is not None:
                    yield use, wired.line
        if self.ring is not None:
            yield "ring.red", self.ring.red
            yield "ring.green", self.ring.green
            yield "ring.blue", self.ring.blue
