"""One entity of Home Assistant, as MQTT discovery describes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from faceplate.bridge.channels import Channel
from faceplate.bridge.messages import Topics


class Category(StrEnum):
    """What an entity is that is neither watched nor used every day."""

    CONFIG = "config"
    DIAGNOSTIC = "diagnostic"


@dataclass(frozen=True, slots=True)
class Entity:
    """What all platforms have in common, and the keys of one."""

    key: str
    """Names it within the device, for ever"""

    platform: str
    """Home Assistant's, such as `sensor`"""

    name: str | None
    """As people read it; None: the device's own name, for its main entity"""

    channel: Channel | None = None
    """Where its state is told; None: it has none"""

    template: str | None = None
    """Jinja that makes its state of what is told there"""

    attributes: bool = False
    """Whether all that is told there becomes its attributes"""

    device_class: str | None = None
    category: Category | None = None

    icon: str | None = None
    """Only where the device class has none that fits"""

    enabled: bool = True
    """False: rarely wanted, and hidden until somebody enables it"""

    keys: dict[str, Any] = field(default_factory=dict)
    """Those of its platform alone"""

    def component(self, topics: Topics, device: str) -> dict[str, Any]:
        """The entity as the discovery message holds it; `device` names the device among all others."""
        told = topics.of(self.channel) if self.channel else None
        topic_key = "image_topic" if self.platform == "image" else "state_topic"
        keys = {
            "platform": self.platform,
            "unique_id": f"{device}_{self.key}",
            "default_entity_id": f"{self.platform}.{device.replace('-', '_')}_{self.key}",
            topic_key: told,
            "value_template": self.template,
            "json_attributes_topic": told if self.attributes else None,
            "device_class": self.device_class,
            "entity_category": self.category.value if self.category else None,
            "icon": self.icon,
            "enabled_by_default": None if self.enabled else False,
            **self.keys,
        }
        return {"name": self.name} | {key: value for key, value in keys.items() if value is not None}
