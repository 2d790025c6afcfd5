"""The payloads of commands."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AwareDatetime, ConfigDict, Field, SecretStr
from pydantic.functional_validators import AfterValidator, BeforeValidator

from faceplate.bridge.payloads.payload import Payload
from faceplate.config.bridge import Setting

_ISO: Final = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$"


def _iso(value: object) -> object:
    """Pydantic takes other forms for a time, too: a number, also in quotes, and a date alone."""
    if isinstance(value, str) and re.fullmatch(_ISO, value, re.ASCII):
        return value
    raise ValueError("expected ISO 8601 with a time zone, as 2026-03-01T12:00:00.000Z")


SentAt: TypeAlias = Annotated[
    AwareDatetime, BeforeValidator(_iso), Field(strict=False, json_schema_extra={"pattern": _ISO})
]

RequestId: TypeAlias = Annotated[str, Field(min_length=1, max_length=64)]


def _digits(secret: SecretStr) -> SecretStr:
    digits = secret.get_secret_value()
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("a PIN has digits only")
    return secret


_DIGITS: Final = Field(json_schema_extra={"pattern": "^[0-9]+$"})

Pin: TypeAlias = Annotated[SecretStr, Field(min_length=1, max_length=12), AfterValidator(_digits), _DIGITS]
"""Prints itself as stars"""

LongPin: TypeAlias = Annotated[SecretStr, Field(min_length=6, max_length=12), AfterValidator(_digits), _DIGITS]
"""What is enough by itself, from afar, is longer"""


class CommandName(StrEnum):
    """What may be ordered over MQTT, as far as `bridge.commands` allows it."""

    LOCK = "lock"
    UNLOCK = "unlock"
    """Let somebody in who gives their PIN"""
    MODE = "mode"
    SET = "set"
    FACE_UNLOCK = "face_unlock"
    PIN = "pin"
    """Give the second factor, as on the keypad"""
    ENROLMENT = "enrolment"
    CLEAR_ALARM = "clear_alarm"
    RESTART = "restart"
    JOURNAL = "journal"


class ClosedMode(StrEnum):
    """The modes that may be ordered from afar: of DoorMode those that do not open."""

    LOCKED = "locked"
    BLOCKED = "blocked"
    LOCKED_DOWN = "locked_down"


class Request(Payload):
    """What every request has; nothing else may be in it but the arguments of its command."""

    model_config = ConfigDict(extra="forbid")

    id: RequestId
    """Made up by the sender, never used twice; comes back in the answer"""

    ts: SentAt
    """When it was sent: ISO 8601 with a time zone. Older or newer than five seconds: refused"""


class LockRequest(Request):
    """Lock."""

    command: Literal[CommandName.LOCK]
    """What to do"""


class UnlockRequest(Request):
    """Let somebody in who gives their PIN."""

    command: Literal[CommandName.UNLOCK]
    """What to do"""

    pin: LongPin
    """A person's own, of six digits or more"""


class ModeRequest(Request):
    """Put the door in a mode. Modes that open cannot be ordered over MQTT."""

    command: Literal[CommandName.MODE]
    """What to do"""

    mode: ClosedMode
    """Which"""


class SetRequest(Request):
    """Change a setting."""

    command: Literal[CommandName.SET]
    """What to do"""

    setting: Setting
    """Which"""

    value: float
    """Within the bounds that `settings/state` tells; seconds for `release_time`, else 0 to 1"""


class FaceUnlockRequest(Request):
    """Let faces open the door, or not."""

    command: Literal[CommandName.FACE_UNLOCK]
    """What to do"""

    on: bool
    """Whether they do"""


class PinRequest(Request):
    """Give the second factor, as on the keypad."""

    command: Literal[CommandName.PIN]
    """What to do"""

    pin: Pin
    """A person's own, digits"""


class EnrolmentRequest(Request):
    """Let somebody be enrolled at the door for a while."""

    command: Literal[CommandName.ENROLMENT]
    """What to do"""

    seconds: Annotated[int, Field(ge=0, le=300)]
    """For how long; 0 ends it"""

    name: Annotated[str, Field(min_length=1, max_length=200)] = ""
    """Who is to be enrolled; left out: nobody is named"""


class ClearAlarmRequest(Request):
    """Switch the sound of an alarm off."""

    command: Literal[CommandName.CLEAR_ALARM]
    """What to do"""


class RestartRequest(Request):
    """Start the daemon anew."""

    command: Literal[CommandName.RESTART]
    """What to do"""


class JournalRequest(Request):
    """Read rows of the journal."""

    command: Literal[CommandName.JOURNAL]
    """What to do"""

    after: Annotated[int, Field(ge=0)]
    """Rows that follow this number; 0: from the oldest on"""

    limit: Annotated[int, Field(ge=1, le=100)]
    """How many at most"""


AnyRequest: TypeAlias = Annotated[
    LockRequest
    | UnlockRequest
    | ModeRequest
    | SetRequest
    | FaceUnlockRequest
    | PinRequest
    | EnrolmentRequest
    | ClearAlarmRequest
    | RestartRequest
    | JournalRequest,
    Field(discriminator="command"),
]
