"""The sections of what the device tells and obeys: device, journal, control, speech, bridge, log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.functional_validators import AfterValidator, BeforeValidator

from faceplate.config.section import AnyPath, ExistingFile, Section, Unit, tuple_from


class DeviceConfig(Section):
    """Which door this is."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,47}$")] = "front-door"
    """Used in MQTT topics: small letters, digits, `-` and `_`"""

    name: Annotated[str, Field(min_length=1, max_length=80)] = "Front door"
    """As people call it"""


class JournalConfig(Section):
    """The record of every decision and door event."""

    path: AnyPath = Path("/var/lib/faceplate/journal.sqlite3")

    key_file: AnyPath = Path("/var/lib/faceplate/journal.key")
    """What its end is signed with; made at the first start. A systemd credential `journal.key` goes before it"""

    keep_days: Annotated[int, Field(ge=1, le=3650)] = 365
    """Older rows are erased"""

    keep_rows: Annotated[int, Field(ge=1000, le=10_000_000)] = 1_000_000
    """Of more rows than this the oldest are erased"""


class ControlConfig(Section):
    """The socket on this machine by which the command line and the bridge speak to the daemon."""

    socket: AnyPath = Path("/run/faceplate/control.sock")

    operators: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(tuple_from)] = ()
    """Users who may give every order, besides root and the daemon's own; the socket's group may ask for the status"""

    bridge: Annotated[str, Field(min_length=1)] | None = "faceplate-bridge"
    """The user whom `faceplate bridge` runs as: may read the journal and order what `bridge.commands` lets in"""


class SpeechConfig(Section):
    """What the door says aloud, by espeak-ng."""

    greeting: bool = False
    """Welcome people by name"""

    hints: bool = False
    """"Come closer", "one at a time" ..."""

    language: Literal["en", "de", "fr", "es"] = "en"


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


SHORTEST_RELEASE = 0.5
LONGEST_RELEASE = 60.0
"""What `door.release_time` may be"""


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


class BridgeConfig(Section):
    """The MQTT side."""

    host: Annotated[str, Field(min_length=1)] = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 8883
    username: Annotated[str, Field(min_length=1)] | None = None
    password_file: ExistingFile | None = None
    """A file readable by its owner only (0600)"""

    tls: TlsConfig = TlsConfig()

    base_topic: Annotated[str, Field(pattern=r"^[^#+/\s\x00]+$")] = "faceplate"
    """Topics are <base_topic>/<device id>/..."""

    commands: CommandsConfig = CommandsConfig()

    bounds: BoundsConfig = BoundsConfig()

    snapshot: Literal["off", "enrolled", "everybody"] = "off"
    """Of whom the picture of the last decision may be asked for; it is kept in memory only"""

    cursor_file: AnyPath = Path("/var/lib/faceplate-bridge/cursor")
    """How far the journal has been delivered"""


class LogConfig(Section):
    """What is said on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
