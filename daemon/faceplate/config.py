"""config.yaml -> one frozen Config, a section for each part.

Defaults live here and nowhere else. Unknown keys are refused, and every fault of the file is
reported together, each with its path.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator
from pydantic.functional_validators import AfterValidator, BeforeValidator

from faceplate.errors import ConfigError
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


class _Loader(yaml.SafeLoader):
    """YAML as an owner expects it: 1e-5 is a number, and a key given twice is a fault."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's own signature
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a plain word", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def load_config(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read the file at `path`, with `overrides` such as `door.release_time=3` laid over it.

    Raises:
        ConfigError: the file is missing or is not YAML, or any value is wrong; all faults in one message.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the configuration {path}: {error}. Name one with --config FILE.") from error
    tree = _parse(text, str(path))
    for override in overrides:
        _lay_over(tree, override)
    return config_from(tree, base=path.resolve().parent, where=str(path))


def config_from(tree: Mapping[str, Any], *, base: Path, where: str) -> Config:
    """Check `tree`, as parsed from the file `where`; relative paths are relative to `base`."""
    try:
        return Config.model_validate(tree, context={"base": base})
    except ValidationError as error:
        raise ConfigError(_all_faults(error, where)) from None  # the cause would print secrets


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        tree = _read_yaml(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where} is not valid YAML: {error}") from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{where}: expected sections such as `door:`, found {type(tree).__name__}")
    return tree


def _read_yaml(text: str) -> object:
    """Parse YAML; whatever is wrong with it is a YAMLError that does not quote the text, which may hold a password."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise yaml.YAMLError(f"{error.problem or error.context}{place}") from None
    except yaml.reader.ReaderError as error:
        raise yaml.YAMLError(f"character {error.position + 1}: {error.reason}") from None
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        # PyYAML lets these out of a value such as 2026-13-45, which looks like a date and is none.
        raise yaml.YAMLError(f"a value is not what it looks like, put it in quotes: {error}") from None
    except RecursionError:
        raise yaml.YAMLError("it is nested too deeply") from None


def _lay_over(tree: dict[str, Any], override: str) -> None:
    path, equals, value = override.partition("=")
    *sections, key = path.strip().split(".")
    if not equals or not sections:
        raise ConfigError(f"--set expects SECTION.KEY=VALUE such as door.release_time=3, got {override!r}")
    for name in sections:
        below = tree.setdefault(name, {})
        if not isinstance(below, dict):
            raise ConfigError(f"--set {override}: {name} is not a section")
        tree = below
    tree[key] = _parse_value(value, override)


def _parse_value(value: str, override: str) -> object:
    try:
        return _read_yaml(value)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {override}: {value!r} is not a YAML value: {error}") from None


def _all_faults(error: ValidationError, where: str) -> str:
    faults: dict[str, list[str]] = {}
    for fault in error.errors(include_url=False):
        faults.setdefault(_path_of(fault["loc"]), []).append(_complaint(fault))
    lines = [f"{where} has {len(faults)} fault{'s' if len(faults) > 1 else ''}:"]
    lines += [f"  {path}: {', or '.join(complaints)}" for path, complaints in faults.items()]
    return "\n".join(lines)


def _path_of(location: tuple[int | str, ...]) -> str:
    """Path of a fault in the file, without the names of a union's branches that pydantic adds."""
    names: list[str] = []
    section: type[BaseModel] | None = Config
    for name in map(str, location):
        names.append(name)
        if section is None or name not in section.model_fields:
            break
        annotation = section.model_fields[name].annotation
        section = annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
        if section is None:
            break
    return ".".join(names) or "the file"


def _complaint(fault: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        return "there is no such key; look for a typing mistake"
    if fault["type"] == "model_type":
        return f"expected a section with keys below it, got {_shown(fault['input'])}"
    received = fault["input"]
    return message if isinstance(received, dict | BaseModel) else f"{message}, got {_shown(received)}"


def _shown(value: object) -> str:
    """A value as it may be printed: without user and password of an address."""
    return re.sub(r"://.*@", "://***@", repr(value), flags=re.DOTALL)
