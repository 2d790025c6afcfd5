"""How the door appears in Home Assistant by itself: one retained message with all its entities. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from faceplate.bridge.home_assistant.controls import controls
from faceplate.bridge.home_assistant.entities import Entity, Home
from faceplate.bridge.home_assistant.views import views
from faceplate.bridge.messages import Message
from faceplate.bridge.payloads import channels
from faceplate.bridge.payloads.channels import CHANNELS
from faceplate.bridge.payloads.states import Bounds, SettingsBounds
from faceplate.config.bridge import Setting


def topic(home: Home) -> str:
    """Where Home Assistant looks for this door."""
    # A whole level is the id, so that one line of a broker's access list can allow each door its own.
    return f"{home.prefix}/device/{home.id}/config"


def birth(home: Home) -> str:
    """Where Home Assistant says that it has started."""
    return f"{home.prefix}/status"


def discovery(home: Home, status: Mapping[str, Any]) -> Message:
    """What makes the door appear.

    Args:
        home: this door.
        status: the daemon's answer; a setting whose bounds it lacks can only be looked at.
    """
    tree = {
        "device": {
            "identifiers": [home.device],
            "name": home.name,
            "manufacturer": "Faceplate",
            "model": "Face verification",
            "sw_version": str(status.get("version", home.installed)),
        },
        "origin": {"name": "Faceplate", "sw_version": home.installed},
        "availability": home.said_by(channels.AVAILABILITY, channels.DAEMON),
        "availability_mode": "all",
        "components": {entity.key: entity.component(home) for entity in entities(home, status)},
    }
    return Message(topic(home), json.dumps(tree, ensure_ascii=False), retain=True, content_type="application/json")


def entities(home: Home, status: Mapping[str, Any]) -> list[Entity]:
    """All there could be; some do not exist at this door."""
    return [*controls(home, _bounds(status)), *views(home)]


def removal(home: Home) -> list[Message]:
    """What takes the door out of Home Assistant, and all that is retained of it off the broker."""
    told = [home.topics.of(channel) for channel in CHANNELS if channel.retain]
    return [Message(name, "", retain=True) for name in (topic(home), *told)]


def _bounds(status: Mapping[str, Any]) -> dict[Setting, Bounds]:
    try:
        bounds = SettingsBounds.model_validate_json(json.dumps(status.get("bounds")))
    except ValidationError:
        return {}
    return {setting: getattr(bounds, setting) for setting in Setting}
