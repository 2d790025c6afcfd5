"""The sections of what the device tells and obeys: device, journal, control, speech, bridge, log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.functional_validators import BeforeValidator

from faceplate.config.section import AnyPath, ExistingFile, Section, tuple_from


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

    cursor_file: AnyPath = Path("/var/lib/faceplate/bridge.cursor")
    """How far the journal has been delivered"""

    seen_file: AnyPath = Path("/var/lib/faceplate/bridge.seen")
    """Which commands have come already: none is obeyed twice, whatever becomes of the process or its clock"""


class LogConfig(Section):
    """What is said on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
