"""The entities in Home Assistant that show something. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final, get_args

from faceplate.bridge.home_assistant.entities import (
    DIAGNOSTIC,
    HIDDEN,
    Entity,
    Home,
    attributes,
    because_of_the_journal,
    told,
)
from faceplate.bridge.payloads import channels
from faceplate.bridge.payloads.channels import Channel
from faceplate.bridge.payloads.events import AccessEventType, DoorWord, Ring, SystemEventType
from faceplate.bridge.payloads.words import DoorState, LivenessWord, OnOffLine, Presence
from faceplate.events import DoorEventType
from faceplate.restart import RestartReason
from faceplate.types import Outcome, Reason

_MEASURED: Final = {"state_class": "measurement"}
_DECIDED: Final = tuple(outcome for outcome in Outcome if outcome is not Outcome.NOTHING)


def views(home: Home) -> list[Entity]:
    """All of them."""
    return [*_events(home), *_binary_sensors(home), *_decisions(home), *_diagnostics(home), *_versions(home)]


def _events(home: Home) -> list[Entity]:
    def event(key: str, name: str, channel: Channel, words: Iterable[str], **more: str) -> Entity:
        options = told(home, channel) | {"event_types": [str(word) for word in words]} | more
        exists = channel is not channels.BELL_EVENT or "bell" in home.inputs
        return Entity(key, "event", name, options | because_of_the_journal(home), exists)

    return [
        event("access", "Access", channels.ACCESS_EVENT, AccessEventType, icon="mdi:account-arrow-right"),
        event("events", "Events", channels.DOOR_EVENT, get_args(DoorWord), icon="mdi:door"),
        event("doorbell", "Doorbell", channels.BELL_EVENT, get_args(Ring), device_class="doorbell"),
        event("system_events", "System events", channels.SYSTEM_EVENT, SystemEventType, icon="mdi:cog", **DIAGNOSTIC),
    ]


def _binary_sensors(home: Home) -> list[Entity]:
    def sensor(key: str, name: str, options: dict[str, Any], *, exists: bool = True) -> Entity:
        return Entity(key, "binary_sensor", name, options, exists)

    def when(channel: Channel, condition: str) -> dict[str, Any]:
        return told(home, channel, f"'ON' if {condition} else 'OFF'")

    def words(channel: Channel, on: StrEnum, off: StrEnum, kind: str) -> dict[str, Any]:
        return told(home, channel) | {"payload_on": on.value, "payload_off": off.value, "device_class": kind}

    # None is what Home Assistant calls unknown.
    door = told(home, channels.DOOR, f"'None' if value == '{DoorState.UNKNOWN}' else value")
    online, offline, problem = OnOffLine.ONLINE, OnOffLine.OFFLINE, {"device_class": "problem"}
    tamper = when(channels.ALARM, f"'{DoorEventType.TAMPER}' in value_json.alarms") | {"device_class": "tamper"}
    return [
        sensor(
            "door",
            "Door",
            words(channels.DOOR, DoorState.OPEN, DoorState.CLOSED, "door") | door,
            exists="contact" in home.inputs,
        ),
        sensor(
            "alarm", "Alarm", when(channels.ALARM, "value_json.active") | problem | attributes(home, channels.ALARM)
        ),
        sensor("tamper", "Tamper", tamper, exists="tamper" in home.inputs),
        sensor("face_lockout", "Face lockout", when(channels.LOCKOUT, "value_json.face.active") | problem),
        sensor("pin_lockout", "PIN lockout", when(channels.LOCKOUT, "value_json.pin.active") | problem),
        sensor("presence", "Presence", words(channels.PRESENCE, Presence.PRESENT, Presence.ABSENT, "occupancy")),
        sensor(
            "enrolment",
            "Enrolment",
            when(channels.ENROLMENT, "value_json.open")
            | {"icon": "mdi:account-plus"}
            | attributes(home, channels.ENROLMENT),
        ),
        sensor("camera", "Camera", words(channels.CAMERA, online, offline, "connectivity") | DIAGNOSTIC),
        sensor(
            "daemon",
            "Daemon",
            words(channels.DAEMON, online, offline, "connectivity") | DIAGNOSTIC | because_of_the_journal(home),
        ),
        sensor("clock", "Clock", when(channels.DIAGNOSTICS, "not value_json.clock_trusted") | problem | DIAGNOSTIC),
    ]


def _decisions(home: Home) -> list[Entity]:
    def sensor(key: str, name: str, icon: str, options: dict[str, Any]) -> Entity:
        return Entity(key, "sensor", name, options | {"icon": icon} | because_of_the_journal(home))

    person = told(home, channels.PERSON, "value_json.person") | attributes(home, channels.PERSON)
    decision = told(home, channels.DECISION, "value_json.outcome") | attributes(home, channels.DECISION)
    reason = told(home, channels.DECISION, "value_json.reason")
    return [
        sensor("last_person", "Last person", "mdi:account-check", person),
        sensor("last_decision", "Last decision", "mdi:shield-account", decision | one_of(_DECIDED)),
        sensor("last_reason", "Last reason", "mdi:comment-question", reason | one_of(Reason)),
        Entity(
            "last_picture",
            "image",
            "Last picture",
            {"image_topic": home.topics.of(channels.SNAPSHOT), "content_type": channels.SNAPSHOT.content_type},
            home.snapshots,
        ),
    ]


def _diagnostics(home: Home) -> list[Entity]:
    def sensor(key: str, name: str, more: dict[str, Any], value: str = "") -> Entity:
        options = told(home, channels.DIAGNOSTICS, f"value_json.{value or key}") | DIAGNOSTIC
        return Entity(key, "sensor", name, options | more)

    liveness = one_of(LivenessWord) | {"icon": "mdi:head-check-outline"}
    milliseconds = {"device_class": "duration", "unit_of_measurement": "ms"} | _MEASURED
    degrees = {"device_class": "temperature", "unit_of_measurement": "°C"} | _MEASURED
    seconds = {"device_class": "duration", "unit_of_measurement": "s"} | _MEASURED
    frames = {"unit_of_measurement": "fps", "icon": "mdi:camera-timer", "suggested_display_precision": 1} | _MEASURED
    return [
        sensor("frame_rate", "Frame rate", frames, "fps"),
        sensor("decision_time", "Decision time", milliseconds | {"suggested_display_precision": 0}, "decision_ms_p50"),
        sensor(
            "decision_time_95th_percentile",
            "Decision time, 95th percentile",
            milliseconds | {"suggested_display_precision": 0} | HIDDEN,
            "decision_ms_p95",
        ),
        sensor("cpu_temperature", "CPU temperature", degrees | {"suggested_display_precision": 0}),
        sensor("people_enrolled", "People enrolled", {"icon": "mdi:account-group"} | _MEASURED, "people"),
        sensor("started", "Started", {"device_class": "timestamp"}),
        sensor("uptime", "Uptime", seconds | {"suggested_display_precision": 0} | HIDDEN),
        sensor("restart_reason", "Restart reason", one_of(RestartReason) | {"icon": "mdi:restart-alert"}),
        Entity("liveness", "sensor", "Liveness", told(home, channels.LIVENESS) | DIAGNOSTIC | liveness),
    ]


def _versions(home: Home) -> list[Entity]:
    def version(key: str, name: str, value: str) -> Entity:
        options = told(home, channels.VERSIONS, f"value_json.{value}") | DIAGNOSTIC | HIDDEN
        return Entity(key, "sensor", name, options | {"icon": "mdi:tag"})

    running = "{'installed_version': value_json.faceplate} | to_json"
    update = told(home, channels.VERSIONS, running) | {
        "latest_version_topic": home.topics.of(channels.VERSIONS),
        "latest_version_template": home.installed,
        "title": "Faceplate",
        "release_summary": "The door runs an older version than is installed there: restart it.",
    }
    there = "value_json.bundle_installed or value_json.bundle"
    in_use = f"{{'installed_version': value_json.bundle, 'latest_version': {there}}}"
    models = told(home, channels.VERSIONS, f"{in_use} | to_json") | {
        "title": "Model bundle",
        "release_summary": "The door uses other models than are installed there: restart it.",
    }
    return [
        version("model_contract", "Model contract", "contract"),
        Entity("models", "update", "Models", models | DIAGNOSTIC),
        Entity("program", "update", "Program", update | DIAGNOSTIC),
    ]


def one_of(words: Iterable[StrEnum]) -> dict[str, Any]:
    """Options of a sensor that shows one of these words."""
    return {"device_class": "enum", "options": [word.value for word in words]}
