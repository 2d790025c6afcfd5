"""The section `access`: who is let in, and when."""

from __future__ import annotations

import zoneinfo
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator
from pydantic.functional_validators import AfterValidator, BeforeValidator

from faceplate.config.doubt import ChallengeConfig, StepUpConfig
from faceplate.config.schedule import ALWAYS, NEVER, Schedule, ScheduleConfig
from faceplate.config.section import AnyPath, Section, tuple_from
from faceplate.types import Pixels, Seconds

RiskLevel: TypeAlias = Literal["convenience", "standard", "high"]
"""How much is at stake; `faceplate.config.risk` tells what each sets"""


def _date_from(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _existing_zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise ValueError("there is no such time zone; names are like Europe/Berlin") from None
    return name


class RoleConfig(Section):
    """What a role means."""

    schedule: Schedule = ALWAYS
    """When people of this role may come in"""

    pin: Schedule = NEVER
    """When they need their PIN besides their face"""


class RolesConfig(Section):
    """The four roles."""

    owner: RoleConfig = RoleConfig()
    resident: RoleConfig = RoleConfig()
    guest: RoleConfig = RoleConfig()
    child: RoleConfig = RoleConfig()


class BackoffConfig(Section):
    """How attempts that fail are slowed down."""

    failures: Annotated[int, Field(ge=1, le=100)] = 5
    """After so many failed attempts in a row nothing is answered for `first`; from then on after each single one"""

    first: Annotated[Seconds, Field(ge=1, le=86400)] = Seconds(60.0)
    longest: Annotated[Seconds, Field(ge=1, le=86400)] = Seconds(1800.0)
    """Each time is twice as long as the one before, up to this"""

    forget_after: Annotated[Seconds, Field(ge=60, le=31 * 86400)] = Seconds(86400.0)
    """Without a failed attempt for this long, all is as in the beginning; so it is after a success"""

    @model_validator(mode="after")
    def _first_is_not_longer(self) -> Self:
        if self.first > self.longest:
            raise ValueError(f"first ({self.first:g}) must not exceed longest ({self.longest:g})")
        return self


class LockoutConfig(BackoffConfig):
    """Failed visits."""

    pin_opens: bool = True
    """While faces are locked out, a verified face together with its PIN is still let in"""


class PinConfig(BackoffConfig):
    """The second factor."""

    failures: Annotated[int, Field(ge=1, le=100)] = 3

    window: Annotated[Seconds, Field(ge=1, le=120)] = Seconds(15.0)
    """Face and PIN must follow one another within this"""

    alone: bool = False
    """true: a PIN of six digits or more opens without a face"""

    for_lookalikes: bool = True
    """Somebody who looks like two enrolled people may tell by their PIN which of them they are"""

    keypad: Annotated[str, Field(pattern=r"^/dev/input/\S+$")] | None = None
    """A numeric keypad, such as /dev/input/by-id/usb-...-event-kbd; Enter ends a PIN"""


class IntentConfig(Section):
    """How a visitor shows that they want to come in; what is left as it is asks nothing."""

    dwell: Annotated[Seconds, Field(ge=0, le=30)] = Seconds(0.0)
    """In view for this long"""

    min_face: Annotated[Pixels, Field(ge=0, le=4096)] = Pixels(0.0)
    """So near that the face is this wide"""

    max_turn: Annotated[float, Field(gt=0, le=5)] | None = None
    """Looking at the camera: the head turned aside less than this; 0.3 is strict"""

    bell: Annotated[Seconds, Field(ge=1, le=120)] | None = None
    """After the bell was pressed, for this long"""


class AccessConfig(Section):
    """When a visit is let in."""

    risk: RiskLevel | None = None
    """Sets these two and others together, where the file leaves them open; null: "standard", the defaults"""

    frames_needed: Annotated[int, Field(ge=1, le=100)] = 3
    """k: this many ..."""

    frames_considered: Annotated[int, Field(ge=1, le=100)] = 5
    """m: ... of the last usable frames of a visit must show the same verified person"""

    visit_window: Annotated[Seconds, Field(gt=0, le=60)] = Seconds(5.0)
    """Frames older than this no longer count for a visit"""

    patience: Annotated[Seconds, Field(ge=0, le=60)] = Seconds(1.0)
    """A visitor is refused at the earliest after being looked at for this long"""

    repeat_after: Annotated[Seconds, Field(ge=1, le=600)] = Seconds(10.0)
    """A face that stays in view is answered again at the earliest after this long"""

    max_frame_age: Annotated[Seconds, Field(gt=0, le=10)] = Seconds(1.0)
    """A frame older than this can never lead to a grant"""

    grant_interval: Annotated[Seconds, Field(ge=0, le=60)] = Seconds(1.0)
    """After somebody was let in nobody else is for this long"""

    settle_time: Annotated[Seconds, Field(ge=0, le=30)] = Seconds(1.0)
    """With a door contact: frames taken while the door is open, or less than this after it closed, open nothing"""

    several_people: Literal["nearest", "refuse"] = "nearest"
    """nearest: of several people in view only the one with the largest face is answered; refuse: nobody is let in"""

    intent: IntentConfig = IntentConfig()
    lockout: LockoutConfig = LockoutConfig()
    pin: PinConfig = PinConfig()
    challenge: ChallengeConfig = ChallengeConfig()
    step_up: StepUpConfig = StepUpConfig()

    time_zone: Annotated[str, Field(min_length=1), AfterValidator(_existing_zone)] | None = None
    """Where the schedules apply, such as Europe/Berlin; null: as the machine is set"""

    holidays: Annotated[tuple[Annotated[date, BeforeValidator(_date_from)], ...], BeforeValidator(tuple_from)] = ()

    schedules: dict[Schedule, ScheduleConfig] = Field(default_factory=dict)
    """By name; "always" and "never" exist without being written down"""

    roles: RolesConfig = RolesConfig()

    standing_file: AnyPath = Path("/var/lib/faceplate/standing.json")
    """What must outlast a restart: lockouts, a lock-down, whether face unlock is on"""

    @model_validator(mode="after")
    def _schedules_are_named(self) -> Self:
        if taken := sorted({ALWAYS, NEVER} & set(self.schedules)):
            raise ValueError(f"schedules: the name {taken[0]!r} is taken: it exists without being written down")
        known = {ALWAYS, NEVER, *self.schedules}
        if self.step_up.schedule not in known:
            raise ValueError(
                f"step_up names the schedule {self.step_up.schedule!r}; there are: {', '.join(sorted(known))}"
            )
        for role, meaning in self.roles:
            for name in (meaning.schedule, meaning.pin):
                if name not in known:
                    raise ValueError(f"roles.{role} names the schedule {name!r}; there are: {', '.join(sorted(known))}")
        return self

    @model_validator(mode="after")
    def _a_visit_can_succeed(self) -> Self:
        if self.frames_needed > self.frames_considered:
            raise ValueError(
                f"frames_needed ({self.frames_needed}) must not exceed frames_considered ({self.frames_considered}); "
                "write both, or neither"
            )
        return self
