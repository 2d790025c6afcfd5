"""Chapters: every entity is there, and has the state that it should."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from home_assistant_house import CONFIG_TOPIC, LOCK, House

from faceplate.bridge.home_assistant.controls import NEWER_KEYS
from mqtt_house import EVERYTHING

LISTS = Path(__file__).parents[1] / "data" / "home_assistant.json"

QUIET = {
    LOCK: "locked",
    "binary_sensor.front_door_door": "off",
    "binary_sensor.front_door_alarm": "off",
    "binary_sensor.front_door_tamper": "off",
    "binary_sensor.front_door_face_lockout": "off",
    "binary_sensor.front_door_pin_lockout": "off",
    "binary_sensor.front_door_presence": "off",
    "binary_sensor.front_door_enrolment": "off",
    "binary_sensor.front_door_camera": "on",
    "binary_sensor.front_door_daemon": "on",
    "binary_sensor.front_door_clock": "off",
    "select.front_door_mode": "locked",
    "switch.front_door_face_unlock": "on",
    "number.front_door_verification_threshold": "0.3",
    "number.front_door_margin": "0.1",
    "number.front_door_release_time": "2.0",
    "sensor.front_door_people_enrolled": "1",
    "sensor.front_door_restart_reason": "first_start",
    "sensor.front_door_model_contract": "2",
    "update.front_door_models": "off",
    "update.front_door_program": "off",
}
"""The states of a door at which nothing has happened yet"""


def message(house: House) -> dict[str, Any]:
    """The newest discovery message at the broker."""
    payloads = [seen.payload for seen in house.seen.seen if seen.topic == CONFIG_TOPIC]
    tree: dict[str, Any] = json.loads(payloads[-1])
    return tree


def components(house: House) -> dict[str, Any]:
    """The entities that exist, by their id."""
    every = message(house)["components"].values()
    return {component["default_entity_id"]: component for component in every if len(component) > 1}


def entities(house: House) -> None:
    say = house.transcript
    say.chapter("Every entity is there as it was told")
    house.permit(**EVERYTHING)
    house.start("daemon", "bridge", "Home Assistant")
    house.seen.wait_for("camera/state", "online")
    house.wait_until(lambda: house.ours().get(LOCK, [""])[0] == "locked")
    say.saw(f"Home Assistant {house.home('version')}, MQTT 5")
    lists = house.home("lists")
    kept = json.loads(LISTS.read_text(encoding="utf-8"))
    if kept["version"] == lists["version"]:
        say.check("tests/data/home_assistant.json is what this Home Assistant takes", lists == kept)
    else:
        say.saw(f"tests/data/home_assistant.json is of version {kept['version']}, and should be made anew")
    unknown = [
        f"{name}: {key}"
        for name, component in components(house).items()
        for key in component.keys() - {"platform"} - NEWER_KEYS
        if key not in lists["platforms"][component["platform"]]
    ]
    say.check("no key that its schemas or abbreviations do not know", not unknown, otherwise=unknown)
    registered = house.home("registered")
    say.check("all entities of the message, and no others", registered.keys() == components(house).keys())
    for name, component in components(house).items():
        entry = registered[name]
        told = {
            "unique_id": component["unique_id"],
            "category": component.get("entity_category"),
            "class": component.get("device_class"),
            "unit": component.get("unit_of_measurement"),
            "name": component["name"],
            "disabled": None if component.get("enabled_by_default", True) else "integration",
        }
        say.check(f"{name}: {summary(entry)}", entry == told, otherwise=(entry, told))
    [device] = [device for device in house.home("devices") if device["manufacturer"] == "Faceplate"]
    say.check(f"one device: {device}", device["name"] == "Front door")


def summary(entry: dict[str, Any]) -> str:
    words = (entry["name"] or "the device itself", entry["class"], entry["unit"], entry["category"])
    return ", ".join(filter(None, (*words, "off by default" if entry["disabled"] else "")))


def states(house: House) -> None:
    say = house.transcript
    say.chapter("Every entity has the state that it should")
    house.home("enable")
    house.home("reload")
    house.wait_until(lambda: house.ours().get("sensor.front_door_model_contract", [""])[0] == "2")
    house.wait_as_at_the_device()
    shown = house.ours()
    for name, state in QUIET.items():
        say.check(f"{name}: {shown[name][0]}", shown[name][0] == state)
    status = house.truth()
    numbers = dict(status["settings"])
    for name, value in numbers.items():
        number, bounds = shown[f"number.front_door_{name}"], status["bounds"][name]
        seen = (float(number[0]), number[1]["min"], number[1]["max"])
        # Home Assistant writes 15 digits.
        right = all(math.isclose(one, other, rel_tol=1e-14) for one, other in zip(seen, (value, *bounds), strict=True))
        say.check(f"number.front_door_{name}: {number[0]} of {bounds}", right)
    say.check("the update says which version runs", shown["update.front_door_program"][1]["installed_version"])
    house.check_complaints()
