"""Prints what Home Assistant takes in discovery messages, as `tests/data/home_assistant.json` has it.

Run by Home Assistant's own Python, in which it is installed:

    python home_assistant_lists.py > tests/data/home_assistant.json
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.components.button import ButtonDeviceClass
from homeassistant.components.event import EventDeviceClass
from homeassistant.components.mqtt import abbreviations, schemas
from homeassistant.components.number import NumberDeviceClass
from homeassistant.components.sensor import DEVICE_CLASS_UNITS, SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory, __version__

PLATFORMS = ("binary_sensor", "button", "event", "image", "lock", "number", "select", "sensor", "switch", "update")
CLASSES = {
    "binary_sensor": BinarySensorDeviceClass,
    "button": ButtonDeviceClass,
    "event": EventDeviceClass,
    "number": NumberDeviceClass,
    "sensor": SensorDeviceClass,
}


def keys(schema: Any) -> set[str]:
    """Every key that a schema knows, in whatever it is wrapped."""
    if hasattr(schema, "validators"):
        return set().union(*(keys(part) for part in schema.validators))
    tree = getattr(schema, "schema", None)
    return {str(key) for key in tree} if isinstance(tree, dict) else set()


def lists() -> dict[str, Any]:
    found = {
        platform: sorted(keys(importlib.import_module(f"homeassistant.components.mqtt.{platform}").DISCOVERY_SCHEMA))
        for platform in PLATFORMS
    }
    return {
        "version": __version__,
        "abbreviations": sorted(abbreviations.ABBREVIATIONS),
        "message": sorted(keys(schemas.DEVICE_DISCOVERY_SCHEMA)),
        "device": sorted(keys(schemas.MQTT_ENTITY_DEVICE_INFO_SCHEMA)),
        "origin": sorted(keys(schemas.MQTT_ORIGIN_INFO_SCHEMA)),
        "platforms": found,
        "device_classes": {platform: sorted(kind.value for kind in classes) for platform, classes in CLASSES.items()},
        "units": {kind.value: sorted(str(unit) for unit in units) for kind, units in DEVICE_CLASS_UNITS.items()},
        "state_classes": sorted(kind.value for kind in SensorStateClass),
        "entity_categories": sorted(category.value for category in EntityCategory),
    }


if __name__ == "__main__":
    json.dump(lists(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
