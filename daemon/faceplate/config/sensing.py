"""The sections of what the device sees with: camera, vision, people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.functional_validators import BeforeValidator

from faceplate.config.section import AnyPath, ExistingFolder, Section, Unit
from faceplate.liveness import LivenessMode, SecondKind
from faceplate.types import Pixels, Score, Seconds


def _off_from(value: object) -> object:
    """YAML takes the word off for false."""
    return "off" if value is False else value


Source = Annotated[Annotated[int, Field(ge=0)] | Annotated[str, Field(min_length=1)], Field(repr=False)]


class CaptureConfig(Section):
    """What every camera has."""

    driver: Literal["opencv", "picamera2", "replay"] = "opencv"

    source: Source = 0
    """opencv: camera number, device path or rtsp:// address; picamera2: camera number; replay: a recording.
    Never shown: an address may hold a password."""

    width: Annotated[int, Field(ge=160, le=4096)] = 640
    height: Annotated[int, Field(ge=120, le=4096)] = 480

    frame_rate: Annotated[float, Field(ge=1, le=120)] = 15.0
    """Frames a second asked of the camera; opencv uses no more of a camera that gives more"""

    stall_timeout: Annotated[Seconds, Field(ge=0.5, le=60)] = Seconds(5.0)
    """A stream that gives no frame for this long has failed and is opened again"""


class SecondCameraConfig(CaptureConfig):
    """A camera beside the one that recognises, which looks for a nose, or for what infra-red light shows."""

    source: Source

    kind: SecondKind
    """view: the same kind of camera, 4 to 15 cm beside the first; infrared: it sees no other light"""


class CameraConfig(CaptureConfig):
    """Where frames come from."""

    second: SecondCameraConfig | None = None
    """Another camera whose pictures help to tell the living from pictures; null: there is none"""

    @property
    def cameras(self) -> tuple[CaptureConfig, ...]:
        """This one, and the second."""
        return (self,) if self.second is None else (self, self.second)

    @model_validator(mode="after")
    def _there_are_two_cameras(self) -> Self:
        if self.second is not None and _device(self) == _device(self.second):
            raise ValueError(
                "second.source is the camera's own source: a second camera is another one, beside the first"
            )
        return self


def _device(config: CaptureConfig) -> tuple[str, str]:
    """The same for all ways to write it."""
    source = str(config.source)
    return config.driver, source.removeprefix("/dev/video") if config.driver == "opencv" else source


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
    """Folder of a model bundle; "default" is the one that was installed, or else the one in the package"""

    bundle_store: AnyPath = Path("/var/lib/faceplate/bundles")
    """Where `faceplate bundle install` keeps bundles, and which of them is in force"""

    runtime: Literal["litert", "tflite-runtime"] = "litert"
    """Which TFLite runtime runs the network"""

    threads: Annotated[int, Field(ge=1, le=16)] = 2
    """Threads the network may use"""

    face_threshold: Unit = 0.8
    """Detector confidence above which there is a face at all"""

    min_face: Annotated[Pixels, Field(ge=16, le=1000)] = Pixels(60.0)
    """Width of the smallest face of interest; frames are scaled so that it is about 40 pixels"""

    quality: QualityConfig = QualityConfig()

    liveness: Annotated[LivenessMode, BeforeValidator(_off_from)] = "motion"
    """What a face must show to be taken for alive: off (nothing, a photograph opens), passive (how it looks), motion
    (how it looks and moves; a challenge when unsure), challenge (always asked to do something)"""

    living_eyes: bool = False
    """Besides, the eyes must blink or glance aside, or be shut as a challenge asks"""

    @model_validator(mode="after")
    def _somebody_looks(self) -> Self:
        if self.living_eyes and self.liveness == "off":
            raise ValueError("living_eyes asks for more than liveness, which is off: nobody would look at any eyes")
        return self


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
