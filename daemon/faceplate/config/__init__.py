"""What config.yaml may say: one frozen Config, a section for each part.

Defaults live here and nowhere else. Unknown keys are refused.
"""

from __future__ import annotations

from faceplate.config.access import AccessConfig
from faceplate.config.door import DoorConfig
from faceplate.config.section import Section
from faceplate.config.sensing import CameraConfig, PeopleConfig, QualityConfig, VisionConfig
from faceplate.config.service import (
    BridgeConfig,
    CommandsConfig,
    ControlConfig,
    DeviceConfig,
    JournalConfig,
    LogConfig,
    SpeechConfig,
    TlsConfig,
)

__all__ = [
    "AccessConfig",
    "BridgeConfig",
    "CameraConfig",
    "CommandsConfig",
    "Config",
    "ControlConfig",
    "DeviceConfig",
    "DoorConfig",
    "JournalConfig",
    "LogConfig",
    "PeopleConfig",
    "QualityConfig",
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
    bridge: BridgeConfig = BridgeConfig()
    log: LogConfig = LogConfig()
