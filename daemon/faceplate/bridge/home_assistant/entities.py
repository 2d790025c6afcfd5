"""What an entity in Home Assistant is made of. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from faceplate import __version__
from faceplate.bridge.messages import Topics
from faceplate.bridge.payloads import channels
from faceplate.bridge.payloads.channels import Channel
from faceplate.bridge.payloads.commands import CommandName
from faceplate.bridge.payloads.words import Availability, OnOffLine
from faceplate.config import Config

CONFIG: Final = {"entity_category": "config"}
DIAGNOSTIC: Final = {"entity_category": "diagnostic"}
HIDDEN: Final = {"enabled_by_default": False}
"""Whoever needs it switches it on"""

TOLD: Final = "_told"
"""End of the key of what only shows, where something else of the same name could also give orders"""

_QOS: Final = 1


@dataclass(frozen=True, slots=True)
class Home:
    """This door, as Home Assistant is told of it."""

    id: str
    """Of the device: small letters, digits, `-` and `_`"""

    name: str

    topics: Topics

    prefix: str
    """Where Home Assistant looks for devices"""

    permitted: frozenset[CommandName] = frozenset()

    inputs: frozenset[str] = frozenset()
    """Which of the door's inputs there are"""

    snapshots: bool = False
    """Whether pictures are let out"""

    installed: str = __version__
    """Version of the program on the device; an older daemon may still run"""

    @classmethod
    def of(cls, config: Config, topics: Topics) -> Self:
        """The door of the configuration."""
        return cls(
            id=config.device.id,
            name=config.device.name,
            topics=topics,
            prefix=config.bridge.home_assistant.prefix,
            permitted=frozenset(name for name in CommandName if getattr(config.bridge.commands, name)),
            inputs=frozenset(name for name, wired in config.door.inputs if wired is not None),
            snapshots=config.bridge.snapshot != "off",
        )

    @property
    def device(self) -> str:
        """Name of the device among those of others."""
        return f"faceplate_{self.id}"

    def said_by(self, *parts: Channel) -> list[dict[str, str]]:
        """An entity is available while all of these say `online`. Other words must be told as `offline`: Home Assistant
        passes over what it does not know, and would leave the entity available when the bridge says `stopped`.
        """  # noqa: D205 - one thought
        online, offline = OnOffLine.ONLINE, OnOffLine.OFFLINE
        words = f"{{{{ '{online}' if value == '{Availability.ONLINE}' else '{offline}' }}}}"
        return [{"topic": self.topics.of(part), "value_template": words} for part in parts]


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity, or, if it does not exist, what makes Home Assistant forget it."""

    key: str
    """Which of the door's it is; never changed, for people's automations hang on it. Its name, in small letters"""

    platform: str

    name: str | None
    """As people read it after the door's own; None: it is what the device mainly is"""

    options: Mapping[str, Any] = field(default_factory=dict)
    """What its platform wants to know"""

    exists: bool = True

    def component(self, home: Home) -> dict[str, Any]:
        """As discovery tells it."""
        if not self.exists:
            return {"platform": self.platform}
        entity_id = f"{self.platform}.{home.id.replace('-', '_')}"
        if self.name is not None:
            entity_id += f"_{self.key.removesuffix(TOLD)}"
        return {
            "platform": self.platform,
            "unique_id": f"{home.device}_{self.key}",
            "default_entity_id": entity_id,
            "name": self.name,
            "qos": _QOS,
            **self.options,
        }


def told(home: Home, channel: Channel, template: str = "") -> dict[str, Any]:
    """Options of an entity that shows what is told there: all of it, or what the template makes of it."""
    return {"state_topic": home.topics.of(channel)} | ({"value_template": f"{{{{ {template} }}}}"} if template else {})


def attributes(home: Home, channel: Channel) -> dict[str, Any]:
    """Options of an entity that shows all keys of that JSON as attributes."""
    return {"json_attributes_topic": home.topics.of(channel)}


def because_of_the_journal(home: Home) -> dict[str, Any]:
    """Options of an entity that the journal tells: it is true whether the daemon answers or not."""
    return {"availability": home.said_by(channels.AVAILABILITY)}
