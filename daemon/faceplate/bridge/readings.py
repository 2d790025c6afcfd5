"""The entities that only tell something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, get_args

from faceplate.bridge import channels
from faceplate.bridge.channels import Channel
from faceplate.bridge.entity import Category, Entity
from faceplate.bridge.event_payloads import AccessEventType, DoorWord, SystemEventType
from faceplate.bridge.state_words import DoorState, ModeState, OnOffLine, Presence, Switch
from faceplate.events import DoorEventType
from faceplate.restart import RestartReason
from faceplate.types import Reason

_DIAGNOSTIC: Final = Category.DIAGNOSTIC


def _event(key: str, name: str, channel: Channel, types: Iterable[str], **more: Any) -> Entity:  # noqa: ANN401 - an entity's fields
    """Something that happens."""
    return Entity(key, "event", name, channel, keys={"event_types": [*types]}, **more)


EVENTS: Final = (
    _event("access", "Access", channels.ACCESS_EVENT, AccessEventType, icon="mdi:face-recognition"),
    _event("door_event", "Door event", channels.DOOR_EVENT, get_args(DoorWord), icon="mdi:door"),
    _event("system", "System", channels.SYSTEM_EVENT, SystemEventType, icon="mdi:cog", category=_DIAGNOSTIC),
)

BELL: Final = _event("bell", "Doorbell", channels.BELL_EVENT, ["ring"], device_class="doorbell")


def _binary(key: str, name: str, channel: Channel, on: str, **more: Any) -> Entity:  # noqa: ANN401 - an entity's fields
    """Something that is or is not: `on` is a Jinja condition over what is told."""
    return Entity(key, "binary_sensor", name, channel, f"{{{{ 'ON' if {on} else 'OFF' }}}}", **more)


_BINARY: Final = (
    _binary("alarm", "Alarm", channels.ALARM, "value_json.active", device_class="problem", attributes=True),
    _binary("face_lockout", "Face lockout", channels.LOCKOUT, "value_json.face.active", device_class="problem"),
    _binary(
        "pin_lockout", "PIN lockout", channels.LOCKOUT, "value_json.pin.active", device_class="problem", enabled=False
    ),
    _binary("presence", "Presence", channels.PRESENCE, f"value == '{Presence.PRESENT}'", device_class="occupancy"),
    _binary(
        "camera",
        "Camera",
        channels.CAMERA,
        f"value == '{OnOffLine.ONLINE}'",
        device_class="connectivity",
        category=_DIAGNOSTIC,
    ),
    _binary(
        "clock",
        "Clock",
        channels.DIAGNOSTICS,
        "not value_json.clock_trusted",
        device_class="problem",
        category=_DIAGNOSTIC,
        enabled=False,
    ),
    _binary(
        "enrolment_open",
        "Enrolment",
        channels.ENROLMENT,
        "value_json.open",
        icon="mdi:account-plus",
        category=_DIAGNOSTIC,
        attributes=True,
    ),
)

DOOR: Final = Entity(
    "door",
    "binary_sensor",
    "Door",
    channels.DOOR,
    f"{{{{ 'None' if value == '{DoorState.UNKNOWN}' else value }}}}",
    device_class="door",
    keys={"payload_on": DoorState.OPEN.value, "payload_off": DoorState.CLOSED.value},
)

TAMPER: Final = _binary(
    "tamper", "Tamper", channels.ALARM, f"'{DoorEventType.TAMPER}' in value_json.alarms", device_class="tamper"
)


def _sensor(key: str, name: str, channel: Channel, field: str, **more: Any) -> Entity:  # noqa: ANN401 - an entity's fields
    """Something that is measured or told in a JSON state."""
    return Entity(key, "sensor", name, channel, f"{{{{ value_json.{field} }}}}", **more)


def _measured(key: str, name: str, field: str, unit: str, *, enabled: bool = True, **more: Any) -> Entity:  # noqa: ANN401
    keys = {"unit_of_measurement": unit, "state_class": "measurement"} | more.pop("keys", {})
    return _sensor(key, name, channels.DIAGNOSTICS, field, category=_DIAGNOSTIC, enabled=enabled, keys=keys, **more)


_SENSORS: Final = (
    _sensor("last_person", "Last person", channels.PERSON, "person", icon="mdi:account-check", attributes=True),
    _sensor(
        "last_decision",
        "Last decision",
        channels.DECISION,
        "reason",
        device_class="enum",
        attributes=True,
        keys={"options": [*Reason]},
    ),
    _sensor(
        "restart_reason",
        "Restart reason",
        channels.DIAGNOSTICS,
        "restart_reason",
        device_class="enum",
        category=_DIAGNOSTIC,
        keys={"options": [*RestartReason]},
    ),
    _sensor("started", "Started", channels.DIAGNOSTICS, "started", device_class="timestamp", category=_DIAGNOSTIC),
    _sensor(
        "version", "Version", channels.VERSIONS, "faceplate", category=_DIAGNOSTIC, attributes=True, icon="mdi:tag"
    ),
    _measured("fps", "Frame rate", "fps", "fps", enabled=False, icon="mdi:filmstrip"),
    _measured("decision_p50", "Decision time", "decision_ms_p50", "ms", device_class="duration"),
    _measured(
        "decision_p95",
        "Decision time, 95th percentile",
        "decision_ms_p95",
        "ms",
        enabled=False,
        device_class="duration",
    ),
    _measured("cpu_temperature", "CPU temperature", "cpu_temperature", "°C", device_class="temperature"),
    _measured("people", "People", "people", "people", icon="mdi:account-group"),
)

UPDATE: Final = Entity(
    "bundle",
    "update",
    "Model bundle",
    channels.VERSIONS,
    "{{ value_json.bundle }}",
    category=_DIAGNOSTIC,
    keys={"latest_version_template": "{{ value_json.bundle }}"},
)
"""What runs is the newest that is known: bundles come with the program, and are changed at the device"""

SNAPSHOT: Final = Entity(
    "snapshot", "image", "Last decision", channels.SNAPSHOT, keys={"content_type": channels.SNAPSHOT.content_type}
)

MODE: Final = Entity(
    "mode",
    "sensor",
    "Mode",
    channels.MODE,
    device_class="enum",
    icon="mdi:door-closed-lock",
    keys={"options": [*ModeState]},
)
FACE_UNLOCK: Final = Entity(
    "face_unlock",
    "binary_sensor",
    "Face unlock",
    channels.FACE_UNLOCK,
    icon="mdi:face-recognition",
    category=_DIAGNOSTIC,
    keys={"payload_on": Switch.ON.value, "payload_off": Switch.OFF.value},
)
"""Where they cannot be ordered"""


def always_there() -> Iterator[Entity]:
    """What every door tells."""
    yield from EVENTS
    yield from _BINARY
    yield from _SENSORS
    yield UPDATE
