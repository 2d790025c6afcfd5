"""The entities that order something. Each order is our JSON, with an id of its own and the time, made by a template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from faceplate.bridge import channels
from faceplate.bridge.command_payloads import CommandName
from faceplate.bridge.entity import Category, Entity
from faceplate.bridge.state_words import LockState, ModeState, Switch
from faceplate.config.bridge import Setting

_CONFIG: Final = Category.CONFIG

_EXPIRES: Final = 5
"""Seconds after which a broker no longer passes an order on; the bridge refuses older ones all the same"""

ENROLMENT_SECONDS: Final = 120

_CODE: Final = r"^(\d{6,12})?$"
"""Locking takes no code, unlocking is refused without one: by the daemon, which alone knows whose it is"""


def order(command: str, arguments: str = "") -> str:
    """The template of an order; `arguments` is Jinja that makes the rest of the object, from its comma on."""
    return (
        '{"id": "{{ now().timestamp() }}-{{ range(1000000000) | random }}", "ts": "{{ utcnow().isoformat() }}", '
        f'"command": {command}{arguments}}}'
    )


def _ordered(command: CommandName, arguments: str = "") -> str:
    return order(f'"{command}"', arguments)


def lock(topic: str, *, unlocks: bool) -> Entity:
    """The lock itself.

    Args:
        topic: where orders go.
        unlocks: whether a PIN unlocks it from afar.
    """
    pin = "{% if value == 'UNLOCK' and code is defined and code %}, \"pin\": {{ code | string | tojson }}{% endif %}"
    keys: dict[str, Any] = {
        "command_topic": topic,
        "command_template": order('"{{ value | lower }}"', pin),
        "payload_lock": "LOCK",
        "payload_unlock": "UNLOCK",
        **{f"state_{state.lower()}": state.value for state in LockState},
        "code_format": _CODE if unlocks else None,
        "optimistic": False,
        "retain": False,
        "message_expiry_interval": _EXPIRES,
    }
    return Entity("lock", "lock", None, channels.LOCK, keys=keys)


def mode(topic: str) -> Entity:
    """The door's mode. Those that leave it open are told, and cannot be ordered."""
    keys = _command(topic, _ordered(CommandName.MODE, ', "mode": "{{ value }}"')) | {"options": [*ModeState]}
    return Entity("mode", "select", "Mode", channels.MODE, icon="mdi:door-closed-lock", keys=keys)


def face_unlock(topic: str) -> Entity:
    """The kill switch."""
    on = f", \"on\": {{{{ 'true' if value == '{Switch.ON}' else 'false' }}}}"
    keys = _command(topic, _ordered(CommandName.FACE_UNLOCK, on)) | {
        "payload_on": Switch.ON.value,
        "payload_off": Switch.OFF.value,
    }
    icon = "mdi:face-recognition"
    return Entity("face_unlock", "switch", "Face unlock", channels.FACE_UNLOCK, icon=icon, category=_CONFIG, keys=keys)


_NAMES: Final[Mapping[Setting, str]] = {
    Setting.DETECTION_THRESHOLD: "Detection threshold",
    Setting.VERIFICATION_THRESHOLD: "Verification threshold",
    Setting.MARGIN: "Margin",
    Setting.RELEASE_TIME: "Release time",
}


def number(setting: Setting, topic: str, bounds: Sequence[float]) -> Entity:
    """A setting that can be changed within its bounds."""
    lowest, highest = bounds
    value = f', "setting": "{setting}", "value": {{{{ value }}}}'
    keys = _command(topic, _ordered(CommandName.SET, value)) | _of(setting) | {"min": lowest, "max": highest}
    keys |= {"step": 0.5 if setting is Setting.RELEASE_TIME else 0.001, "mode": "box"}
    return _setting(setting, "number", _CONFIG, keys)


def reading(setting: Setting) -> Entity:
    """A setting that cannot be changed."""
    return _setting(setting, "sensor", Category.DIAGNOSTIC, _of(setting))


def _setting(setting: Setting, platform: str, category: Category, keys: dict[str, Any]) -> Entity:
    lasts = setting is Setting.RELEASE_TIME
    return Entity(
        setting.value,
        platform,
        _NAMES[setting],
        channels.SETTINGS,
        f"{{{{ value_json.{setting} }}}}",
        device_class="duration" if lasts else None,
        icon=None if lasts else "mdi:tune-variant",
        category=category,
        enabled=platform == "number",
        keys=keys,
    )


def _of(setting: Setting) -> dict[str, Any]:
    return {"unit_of_measurement": "s"} if setting is Setting.RELEASE_TIME else {}


def _command(topic: str, template: str) -> dict[str, Any]:
    return {"command_topic": topic, "command_template": template, "retain": False}


BUTTONS: Final[Mapping[CommandName, Entity]] = {
    CommandName.CLEAR_ALARM: Entity("clear_alarm", "button", "Silence alarm", icon="mdi:bell-off"),
    CommandName.RESTART: Entity("restart", "button", "Restart", device_class="restart", category=_CONFIG),
    CommandName.ENROLMENT: Entity("enrolment", "button", "Start enrolment", icon="mdi:account-plus", category=_CONFIG),
}

_ARGUMENTS: Final[Mapping[CommandName, str]] = {CommandName.ENROLMENT: f', "seconds": {ENROLMENT_SECONDS}'}


def button(command: CommandName, topic: str) -> Entity:
    """What is ordered by pressing it."""
    keys = _command(topic, _ordered(command, _ARGUMENTS.get(command, "")))
    return replace(BUTTONS[command], keys=keys)
