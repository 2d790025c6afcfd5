"""The entities in Home Assistant by which orders are given; where that is not permitted they only show. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from faceplate.bridge.home_assistant.entities import CONFIG, DIAGNOSTIC, HIDDEN, TOLD, Entity, Home, told
from faceplate.bridge.home_assistant.views import one_of
from faceplate.bridge.payloads import channels
from faceplate.bridge.payloads.commands import CommandName
from faceplate.bridge.payloads.states import Bounds
from faceplate.bridge.payloads.words import ModeState, Switch
from faceplate.config.bridge import Setting

ENROLMENT_TIME: Final = 120
"""Seconds for which the button lets somebody be enrolled"""

EXPIRES: Final = 5
"""Seconds after which a broker no longer passes an order on; the bridge refuses one that is older all the same"""

NEWER_KEYS: Final = frozenset({"message_expiry_interval"})
"""What Home Assistant takes from 2026.11 on, and an older one passes over"""

_REQUEST: Final = (
    "{'id': 'ha-' ~ utcnow().strftime('%Y%m%d%H%M%S%f') ~ '-' ~ (range(100000) | random), 'ts': utcnow().isoformat(), "
)
"""An id like no other, and the time in UTC, as every request has them; to be gone on with"""

_CODE: Final = "^([0-9]{6,12})?$"
"""A PIN that is enough by itself; or none, for Home Assistant asks for the code when the door is locked, too"""


def controls(home: Home, bounds: Mapping[Setting, Bounds]) -> list[Entity]:
    """All of them.

    Args:
        home: this door.
        bounds: what each setting may be set to; a setting that is missing is only shown.
    """
    return [_lock(home), *_mode(home), *_face_unlock(home), *_settings(home, bounds), *_buttons(home)]


def _orders(home: Home, template: str) -> dict[str, Any]:
    return {"command_topic": home.topics.command, "command_template": template, "retain": False}


def _request(command: CommandName, *arguments: str) -> str:
    return _REQUEST + ", ".join([f"'command': '{command}'", *arguments]) + "}"


def _lock(home: Home) -> Entity:
    request = f"{_REQUEST}'command': value}}"
    template = f"{{% set order = {request} %}}{{{{ (dict(order, pin=code | string) if code else order) | to_json }}}}"
    if not _may(home, CommandName.UNLOCK):
        template = _as_json(request)
    # The states are told in Home Assistant's own words.
    options = (
        told(home, channels.LOCK)
        | _orders(home, template)
        | {"optimistic": False, "payload_lock": CommandName.LOCK.value, "payload_unlock": CommandName.UNLOCK.value}
        | {"message_expiry_interval": EXPIRES}
    )
    return Entity("lock", "lock", None, options | ({"code_format": _CODE} if _may(home, CommandName.UNLOCK) else {}))


def _mode(home: Home) -> list[Entity]:
    permitted = _may(home, CommandName.MODE)
    mode = told(home, channels.MODE) | {"icon": "mdi:door-closed-lock"}
    order = _orders(home, _as_json(_request(CommandName.MODE, "'mode': value")))
    # Home Assistant complains of a state that is not among the options; those that open the daemon refuses.
    options = {"options": [mode.value for mode in ModeState], "optimistic": False}
    return [
        Entity("mode", "select", "Mode", mode | options | order, permitted),
        Entity(f"mode{TOLD}", "sensor", "Mode", mode | one_of(ModeState), not permitted),
    ]


def _face_unlock(home: Home) -> list[Entity]:
    permitted = _may(home, CommandName.FACE_UNLOCK)
    state = told(home, channels.FACE_UNLOCK) | {"icon": "mdi:face-recognition"}
    on, off = {"payload_on": Switch.ON.value}, {"payload_off": Switch.OFF.value}
    order = _orders(home, _as_json(_request(CommandName.FACE_UNLOCK, f"'on': value == '{Switch.ON}'")))
    return [
        Entity("face_unlock", "switch", "Face unlock", state | on | off | order | {"optimistic": False}, permitted),
        Entity(f"face_unlock{TOLD}", "binary_sensor", "Face unlock", state | on | off, not permitted),
    ]


_NAMES: Final = {
    Setting.DETECTION_THRESHOLD: ("Detection threshold", "mdi:tune"),
    Setting.VERIFICATION_THRESHOLD: ("Verification threshold", "mdi:tune"),
    Setting.MARGIN: ("Margin", "mdi:tune"),
    Setting.RELEASE_TIME: ("Release time", "mdi:timer-lock-open"),
}


def _settings(home: Home, bounds: Mapping[Setting, Bounds]) -> list[Entity]:
    entities = []
    for setting, (name, icon) in _NAMES.items():
        seconds = setting is Setting.RELEASE_TIME
        state = told(home, channels.SETTINGS, f"value_json.{setting}") | {"icon": icon}
        if seconds:
            state |= {"device_class": "duration", "unit_of_measurement": "s"}
        permitted = _may(home, CommandName.SET) and setting in bounds
        low, high = bounds.get(setting, (0.0, 1.0))
        order = _orders(home, _as_json(_request(CommandName.SET, f"'setting': '{setting}'", "'value': value")))
        number = {"min": low, "max": high, "step": 0.1 if seconds else 0.001, "mode": "box", "optimistic": False}
        entities += [
            Entity(setting.value, "number", name, state | number | order | CONFIG, permitted),
            Entity(f"{setting}{TOLD}", "sensor", name, state | DIAGNOSTIC | HIDDEN, not permitted),
        ]
    return entities


def _buttons(home: Home) -> list[Entity]:
    def button(key: str, name: str, command: CommandName, more: dict[str, Any], *arguments: str) -> Entity:
        order = _orders(home, _as_json(_request(command, *arguments)))
        return Entity(key, "button", name, order | more, _may(home, command))

    plus, seconds = {"icon": "mdi:account-plus"}, f"'seconds': {ENROLMENT_TIME}"
    return [
        button("clear_alarm", "Clear alarm", CommandName.CLEAR_ALARM, {"icon": "mdi:bell-off"}),
        button("restart", "Restart", CommandName.RESTART, {"device_class": "restart"} | CONFIG),
        button("start_enrolment", "Start enrolment", CommandName.ENROLMENT, plus | CONFIG, seconds),
    ]


def _may(home: Home, command: CommandName) -> bool:
    return command in home.permitted


def _as_json(expression: str) -> str:
    return f"{{{{ {expression} | to_json }}}}"
