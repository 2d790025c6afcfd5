"""What config.yaml may say: one frozen Config, a section for each part.

Defaults live here and nowhere else. Unknown keys are refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator
from pydantic.functional_validators import AfterValidator, BeforeValidator

from faceplate.types import Pixels, Score, Seconds


def _path_from(value: object, info: ValidationInfo) -> object:
    """Relative paths are relative to the configuration file, `~` is the home folder."""
    if not isinstance(value, str):
        return value
    if not value or "\0" in value:
        raise ValueError("a path is neither empty nor holds null characters")
    base = (info.context or {}).get("base", Path())
    try:
        return base / Path(value).expanduser()
    except RuntimeError:
        raise ValueError("there is no such user, or the user has no home folder") from None


def _existing_file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"there is no such file: {path}")
    return path


def _existing_folder(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError(f"there is no such folder: {path}")
    return path


AnyPath = Annotated[Path, BeforeValidator(_path_from)]
ExistingFile = Annotated[AnyPath, AfterValidator(_existing_file)]
ExistingFolder = Annotated[AnyPath, AfterValidator(_existing_folder)]
Unit = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """What every section has in common: frozen, strict about types, no unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class DeviceConfig(Section):
    """Which door this is."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,47}$")] = "front-door"
    """Used in MQTT topics: small letters, digits, `-` and `_`"""

    name: Annotated[str, Field(min_length=1, max_length=80)] = "Front door"
    """As people call it"""


class CameraConfig(Section):
    """Where frames come from."""

    driver: Literal["opencv", "picamera2", "replay"] = "opencv"

    source: Annotated[Annotated[int, Field(ge=0)] | Annotated[str, Field(min_length=1)], Field(repr=False)] = 0
    """opencv: camera number, device path or rtsp:// address; picamera2: camera number; replay: a recording.
    Never shown: an address may hold a password."""

    width: Annotated[int, Field(ge=160, le=4096)] = 640
    height: Annotated[int, Field(ge=120, le=4096)] = 480

    frame_rate: Annotated[float, Field(ge=1, le=120)] = 15.0
    """Frames a second asked of the camera"""

    stall_timeout: Annotated[Seconds, Field(ge=0.5, le=60)] = Seconds(5.0)
    """A stream that gives no frame for this long has failed and is opened again"""


class QualityConfig(Section):
    """What a face must be like to be recognised at all."""

    min_size: Annotated[Pixels, Field(ge=16, le=1000)] = Pixels(40.0)
    """Width of the face"""

    min_sharpness: Annotated[float, Field(ge=0)] = 15.0
    """Variance of the Laplacian of the aligned 112 x 112 grey crop"""

    min_brightness: Annotated[float, Field(ge=0, le=255)] = 35.0
    max_brightness: Annotated[float, Field(ge=0, le=255)] = 230.0
    """Mean luma of the aligned crop, 0..255"""

    max_turn: Annotated[float, Field(gt=0, le=5)] = 1.0
    """How far the head may be turned aside: 0 looks straight at the camera, 1 is nearly a profile"""

    @model_validator(mode="after")
    def _some_brightness_is_left(self) -> Self:
        if self.min_brightness >= self.max_brightness:
            raise ValueError(
                f"min_brightness ({self.min_brightness:g}) must be below max_brightness ({self.max_brightness:g})"
            )
        return self


class VisionConfig(Section):
    """Finding faces and turning them into embeddings."""

    bundle: Literal["default"] | ExistingFolder = "default"
    """Folder of a model bundle; "default" is the one in the package"""

    runtime: Literal["litert", "tflite-runtime"] = "litert"
    """Which TFLite runtime runs the network"""

    threads: Annotated[int, Field(ge=1, le=16)] = 2
    """Threads the network may use"""

    face_threshold: Unit = 0.8
    """Detector confidence above which there is a face at all"""

    min_face: Annotated[Pixels, Field(ge=16, le=1000)] = Pixels(60.0)
    """Width of the smallest face of interest; frames are scaled so that it is about 40 pixels"""

    quality: QualityConfig = QualityConfig()

    liveness: Literal["off"] = "off"
    """No liveness check exists yet: a photograph can open this door"""


class PeopleConfig(Section):
    """Who is enrolled, and how like them a face must be."""

    store: AnyPath = Path("/var/lib/faceplate/people")
    """Folder of the sealed gallery"""

    key_file: AnyPath = Path("/etc/faceplate/gallery.key")
    """Key of the gallery; a systemd credential called `gallery.key` goes before it"""

    false_accept_rate: Annotated[float, Field(gt=0, le=0.01)] = 5e-6
    """Chance that one stranger passes for one enrolled person; gives `detection_threshold` where that is null"""

    detection_threshold: Annotated[Score, Field(ge=0, le=1)] | None = None
    """An anchor matches when its score is above this; null: from the bundle's calibration table"""

    verification_threshold: Unit = 0.3
    """A person is verified when the share of their anchors that match is above this"""

    margin: Unit = 0.1
    """The best person must lead the runner-up by this much"""


class AccessConfig(Section):
    """When a visit is let in."""

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

    @model_validator(mode="after")
    def _a_visit_can_succeed(self) -> Self:
        if self.frames_needed > self.frames_considered:
            raise ValueError(
                f"frames_needed ({self.frames_needed}) must not exceed frames_considered ({self.frames_considered})"
            )
        return self


class DoorConfig(Section):
    """The lock."""

    driver: Literal["gpiozero", "simulated", "none"] = "simulated"
    """gpiozero: a real pin; simulated: no hardware; none: a kiosk without a lock"""

    chip: Annotated[str, Field(pattern=r"^/dev/gpiochip\d+$")] = "/dev/gpiochip0"
    line: Annotated[int, Field(ge=0, le=511)] = 17
    """The GPIO line the lock's relay hangs on: chip, and line number on it"""

    active_high: bool = True
    """true: the relay closes when the pin is high"""

    wiring: Literal["fail_secure", "fail_safe"] = "fail_secure"
    """fail_secure: power opens (strike); fail_safe: power holds shut (maglock)"""

    release_time: Annotated[Seconds, Field(ge=0.5, le=60)] = Seconds(5.0)
    """How long the door stays unlocked after a grant (ONVIF ReleaseTime)"""


class JournalConfig(Section):
    """The record of every decision and door event."""

    path: AnyPath = Path("/var/lib/faceplate/journal.sqlite3")


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
    """A file readable by its owner only (0600)"""

    tls: TlsConfig = TlsConfig()

    base_topic: Annotated[str, Field(pattern=r"^[^#+/\s\x00]+$")] = "faceplate"
    """Topics are <base_topic>/<device id>/..."""

    cursor_file: AnyPath = Path("/var/lib/faceplate/bridge.cursor")
    """How far the journal has been delivered"""


class LogConfig(Section):
    """What is said on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(Section):
    """The whole of config.yaml."""

    device: DeviceConfig = DeviceConfig()
    camera: CameraConfig = CameraConfig()
    vision: VisionConfig = VisionConfig()
    people: PeopleConfig = PeopleConfig()
    access: AccessConfig = AccessConfig()
    door: DoorConfig = DoorConfig()
    journal: JournalConfig = JournalConfig()
    bridge: BridgeConfig = BridgeConfig()
    log: LogConfig = LogConfig()
