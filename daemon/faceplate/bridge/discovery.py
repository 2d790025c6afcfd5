"""What makes the door appear in Home Assistant by itself: one message that describes the device and its entities.

https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from faceplate import __version__
from faceplate.bridge import channels, controls, readings
from faceplate.bridge.command_payloads import CommandName
from faceplate.bridge.entity import Entity
from faceplate.bridge.messages import Message, Topics
from faceplate.config import CommandsConfig, Config
from faceplate.config.bridge import Setting

Status: TypeAlias = Mapping[str, Any]
"""What the daemon answers"""


@dataclass(frozen=True, slots=True)
class Appearance:
    """What the configuration makes of this door in Home Assistant."""

    device: str
    """Its `device.id`"""
    name: str
    topics: Topics
    prefix: str
    """Home Assistant's discovery prefix"""
    permitted: CommandsConfig
    has_contact: bool
    has_bell: bool
    has_tamper: bool
    has_snapshots: bool

    @classmethod
    def of(cls, config: Config, topics: Topics) -> Appearance:
        """As configured."""
        inputs = config.door.inputs
        return cls(
            device=config.device.id,
            name=config.device.name,
            topics=topics,
            prefix=config.bridge.home_assistant.prefix,
            permitted=config.bridge.commands,
            has_contact=inputs.contact is not None,
            has_bell=inputs.bell is not None,
            has_tamper=inputs.tamper is not None,
            has_snapshots=config.bridge.snapshot != "off",
        )

    @property
    def topic(self) -> str:
        """Where the message goes."""
        return f"{self.prefix}/device/{self.device}/config"

    @property
    def home(self) -> str:
        """Where Home Assistant says that it has started."""
        return f"{self.prefix}/status"

    def message(self, status: Status) -> Message:
        """The device and all its entities; of the status only the bounds of the settings count."""
        node = f"faceplate_{self.device}"
        bounds = status.get("bounds", {})
        tree = {
            "device": {
                "identifiers": [node],
                "name": self.name,
                "manufacturer": "Faceplate",
                "model": "Face door lock",
                "sw_version": __version__,
            },
            "origin": {"name": "faceplate", "sw_version": __version__},
            "availability": [self._available(channels.AVAILABILITY), self._available(channels.DAEMON)],
            "availability_mode": "all",
            "qos": 1,
            "components": {entity.key: entity.component(self.topics, node) for entity in self.entities(bounds)},
        }
        return Message(self.topic, json.dumps(tree, ensure_ascii=False), retain=True, content_type="application/json")

    def removal(self) -> list[Message]:
        """What takes the device out of Home Assistant, and every retained state off the broker."""
        kept = [channel for channel in channels.CHANNELS if channel.retain]
        return [Message(topic, "", retain=True) for topic in (self.topic, *map(self.topics.of, kept))]

    def entities(self, bounds: Mapping[str, Sequence[float]]) -> Iterator[Entity]:
        """All of them; `bounds` of the settings that are known."""
        yield controls.lock(self.topics.command, unlocks=self.permitted.unlock)
        yield from readings.always_there()
        yield from self._wired()
        yield from self._adjustable(bounds)
        for command in controls.BUTTONS:
            if getattr(self.permitted, command):
                yield controls.button(command, self.topics.command)

    def _wired(self) -> Iterator[Entity]:
        """What only some doors have."""
        for entity, there in (
            (readings.DOOR, self.has_contact),
            (readings.BELL, self.has_bell),
            (readings.TAMPER, self.has_tamper),
            (readings.SNAPSHOT, self.has_snapshots),
        ):
            if there:
                yield entity

    def _adjustable(self, bounds: Mapping[str, Sequence[float]]) -> Iterator[Entity]:
        """What can be ordered where that is let in, and is told where it is not."""
        topic = self.topics.command
        yield controls.mode(topic) if self.permitted.mode else readings.MODE
        yield controls.face_unlock(topic) if self.permitted.face_unlock else readings.FACE_UNLOCK
        for setting in Setting:
            if setting in bounds:
                settable = getattr(self.permitted, CommandName.SET)
                yield controls.number(setting, topic, bounds[setting]) if settable else controls.reading(setting)

    def _available(self, channel: channels.Channel) -> dict[str, str]:
        # Home Assistant heeds the two words only; "stopped" is none of them.
        template = "{{ 'online' if value == 'online' else 'offline' }}"
        return {"topic": self.topics.of(channel), "value_template": template}
