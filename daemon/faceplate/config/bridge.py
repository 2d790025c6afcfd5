"""The section `bridge`: MQTT, and what may be ordered over it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.functional_validators import AfterValidator, BeforeValidator

from faceplate.config.door import LONGEST_RELEASE, SHORTEST_RELEASE
from faceplate.config.section import AnyPath, ExistingFile, Section, Unit, tuple_from


class TlsConfig(Section):
    """How the broker proves who it is, and this device to the broker."""

    enabled: bool = True
    ca_file: ExistingFile | None = None
    """null: the system's certificate authorities"""
    certificate_file: ExistingFile | None = None
    key_file: ExistingFile | None = None
    """Client certificate and its key, where the broker asks for them"""

    @model_validator(mode="after")
    def _certificate_and_key_go_together(self) -> Self:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file go together: give both, or neither")
        return self


class CommandsConfig(Section):
    """What may be ordered over MQTT. The daemon itself refuses all else, whoever the bridge is."""

    lock: bool = True

    unlock: bool = False
    """With the PIN, six digits or more, of somebody who may come in at that time"""

    mode: bool = False
    """locked, blocked, locked_down; a mode that leaves the door open cannot be ordered from afar at all"""

    set: bool = False
    """Thresholds and release time, within `bridge.bounds`"""

    face_unlock: bool = False
    """Switch face unlock off, and on again"""

    pin: bool = False
    """Take the second factor of somebody whose face is at the door"""

    enrolment: bool = False
    """Open the time in which somebody new is enrolled at the door"""

    clear_alarm: bool = False
    """Silence an alarm"""

    restart: bool = False
    """Restart the daemon"""

    journal: bool = True
    """Read rows of the journal again"""


class Setting(StrEnum):
    """What may be adjusted while the door is guarded."""

    DETECTION_THRESHOLD = "detection_threshold"
    VERIFICATION_THRESHOLD = "verification_threshold"
    MARGIN = "margin"
    RELEASE_TIME = "release_time"
    """Seconds"""


def _pair_from(value: object) -> object:
    if value is None or (isinstance(value, list | tuple) and len(value) == 2):  # noqa: PLR2004 - a pair
        return tuple_from(value)
    raise ValueError("expected null, or the lowest and the highest value, such as [0.4, 0.9]")


def _ordered(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] > pair[1]:
        raise ValueError("the lowest value comes first, then the highest")
    return pair


_ReleaseTime = Annotated[float, Field(ge=SHORTEST_RELEASE, le=LONGEST_RELEASE)]
_Units = Annotated[tuple[Unit, Unit], BeforeValidator(_pair_from), AfterValidator(_ordered)]
_ReleaseTimes = Annotated[tuple[_ReleaseTime, _ReleaseTime], BeforeValidator(_pair_from), AfterValidator(_ordered)]


class BoundsConfig(Section):
    """How far settings may be adjusted from afar: [lowest, highest]. null: only to what is stricter than the file's."""

    detection_threshold: _Units | None = None
    verification_threshold: _Units | None = None
    margin: _Units | None = None
    """null: from the file's own value to 1"""

    release_time: _ReleaseTimes | None = None
    """Seconds; null: from 0.5 to the file's own value"""

    def of(self, setting: str) -> tuple[float, float] | None:
        """What the file writes for a setting."""
        pair: tuple[float, float] | None = getattr(self, setting)
        return pair


class HomeAssistantConfig(Section):
    """How the door appears in Home Assistant."""

    discovery: bool = True
    """By itself"""

    prefix: Annotated[str, Field(pattern=r"^[^#+/\s\x00]+(/[^#+/\s\x00]+)*$")] = "homeassistant"
    """Where Home Assistant looks for devices, as its MQTT integration is set up"""


class BridgeConfig(Section):
    """The MQTT side."""

    host: Annotated[str, Field(min_length=1)] = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 8883
    username: Annotated[str, Field(min_length=1)] | None = None
    password_file: ExistingFile | None = None
    """A file readable by its owner only (0600). A systemd credential `mqtt.password` goes before it"""

    tls: TlsConfig = TlsConfig()

    base_topic: Annotated[str, Field(pattern=r"^[^#+/\s\x00]+$")] = "faceplate"
    """Topics are <base_topic>/<device id>/..."""

    home_assistant: HomeAssistantConfig = HomeAssistantConfig()

    commands: CommandsConfig = CommandsConfig()

    bounds: BoundsConfig = BoundsConfig()

    snapshot: Literal["off", "enrolled", "everybody"] = "off"
    """Of whom the picture of the last decision may be asked for; it is kept in memory only"""

    cursor_file: AnyPath = Path("/var/lib/faceplate-bridge/cursor")
    """How far the journal has been delivered"""

    seen_file: AnyPath = Path("/var/lib/faceplate-bridge/seen")
    """Which commands have come already: none is obeyed twice, whatever becomes of the process or its clock"""
