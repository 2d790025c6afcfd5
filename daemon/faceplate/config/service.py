"""The sections of what the device is, keeps and says: device, journal, control, speech, kiosk, log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.functional_validators import BeforeValidator

from faceplate.config.section import AnyPath, Section, tuple_from


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

    kiosk: Annotated[str, Field(min_length=1)] | None = "faceplate-kiosk"
    """The user whom `faceplate kiosk` runs as: is told what the screen at the door shows, and nothing else"""

    @model_validator(mode="after")
    def _bridge_and_kiosk_are_two(self) -> Self:
        if self.kiosk is not None and self.kiosk in {self.bridge, *self.operators}:
            raise ValueError(
                f"kiosk is {self.kiosk!r}, who is the bridge or an operator, too: expected a user who may nothing else"
            )
        return self


class SpeechConfig(Section):
    """What the door says aloud, by espeak-ng."""

    greeting: bool = False
    """Welcome people by name"""

    hints: bool = False
    """"Come closer", "one at a time" ..."""

    language: Literal["en", "de", "fr", "es"] = "en"


class KioskConfig(Section):
    """The page for a screen at the door; `faceplate kiosk` serves it, if that is started."""

    port: Annotated[int, Field(ge=1024, le=65535)] = 8321
    """On 127.0.0.1"""


class LogConfig(Section):
    """What is said on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
