"""What config.yaml may say: one frozen Config, a section for each part.

Defaults live here and nowhere else. Unknown keys are refused.
"""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from faceplate.config.access import AccessConfig
from faceplate.config.bridge import BoundsConfig, BridgeConfig, CommandsConfig, HomeAssistantConfig, TlsConfig
from faceplate.config.door import DoorConfig
from faceplate.config.risk import filled
from faceplate.config.section import Section
from faceplate.config.sensing import (
    CameraConfig,
    CaptureConfig,
    PeopleConfig,
    QualityConfig,
    SecondCameraConfig,
    VisionConfig,
)
from faceplate.config.service import (
    ControlConfig,
    DeviceConfig,
    JournalConfig,
    KioskConfig,
    LogConfig,
    SpeechConfig,
)

__all__ = [
    "AccessConfig",
    "BoundsConfig",
    "BridgeConfig",
    "CameraConfig",
    "CaptureConfig",
    "CommandsConfig",
    "Config",
    "ControlConfig",
    "DeviceConfig",
    "DoorConfig",
    "HomeAssistantConfig",
    "JournalConfig",
    "KioskConfig",
    "LogConfig",
    "PeopleConfig",
    "QualityConfig",
    "SecondCameraConfig",
    "Section",
    "SpeechConfig",
    "TlsConfig",
    "VisionConfig",
]


class Config(Section):
    """The whole of config.yaml."""

    device: DeviceConfig = DeviceConfig()
    camera: CameraConfig = CameraConfig()
    vision: VisionConfig = VisionConfig()
    people: PeopleConfig = PeopleConfig()
    access: AccessConfig = AccessConfig()
    door: DoorConfig = DoorConfig()
    journal: JournalConfig = JournalConfig()
    control: ControlConfig = ControlConfig()
    speech: SpeechConfig = SpeechConfig()
    kiosk: KioskConfig = KioskConfig()
    bridge: BridgeConfig = BridgeConfig()
    log: LogConfig = LogConfig()

    @model_validator(mode="before")
    @classmethod
    def _what_is_left_open_is_as_the_risk_says(cls, tree: object) -> object:
        return filled(tree)

    @model_validator(mode="after")
    def _what_may_be_adjusted_begins_within_its_bounds(self) -> Self:
        filed = {
            "people.detection_threshold": self.people.detection_threshold,
            "people.verification_threshold": self.people.verification_threshold,
            "people.margin": self.people.margin,
            "door.release_time": self.door.release_time,
        }
        for path, value in filed.items():
            setting = path.partition(".")[2]
            pair = self.bridge.bounds.of(setting)
            if pair is not None and value is not None and not pair[0] <= value <= pair[1]:
                raise ValueError(
                    f"{path} is {value:g}, and bridge.bounds.{setting} allows {pair[0]:g} to {pair[1]:g}: it must lie "
                    "within its own bounds"
                )
        return self
