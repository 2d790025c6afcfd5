"""The AsyncAPI document: every topic, who publishes there, and how one connects (AsyncAPI 3.0, seen from the door)."""

from __future__ import annotations

from typing import Any, Final

import yaml

from faceplate import __version__
from faceplate.bridge.payloads import channels
from faceplate.bridge.payloads.channels import CHANNELS, Channel
from faceplate.bridge.payloads.words import Availability

BASE: Final = "{base_topic}/{device_id}"

_BINDING: Final = "0.2.0"
"""Version of AsyncAPI's MQTT bindings"""

_FORMAT: Final = "application/schema+json;version=2020-12"


def schema_file(channel: Channel) -> str:
    """Name of the file with the payload's JSON Schema."""
    return f"{channel.topic.replace('/', '-')}.schema.json"


def text() -> str:
    """The whole document as YAML."""
    return yaml.dump(document(), Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=120)


class _PlainDumper(yaml.SafeDumper):
    """Writes what comes twice out twice."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - as PyYAML calls it
        return True


def document() -> dict[str, Any]:
    """The whole document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Faceplate",
            "version": __version__,
            "description": "What a door tells over MQTT 5, and what it may be ordered. States are retained, events and "
            "answers never. Events come in order, at least once, and may come late: look at `ts`, and leave out an "
            "`id` that came before.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": {_name(channel): _channel(channel) for channel in CHANNELS},
        "operations": {_operation_name(channel): _operation(channel) for channel in CHANNELS},
        "components": {
            "messages": {_name(channel): _message(channel) for channel in CHANNELS},
            "parameters": {
                "base_topic": {"description": "`bridge.base_topic` of the configuration", "default": "faceplate"},
                "device_id": {"description": "`device.id` of the configuration", "default": "front-door"},
            },
            "securitySchemes": {
                "password": {
                    "type": "userPassword",
                    "description": "`bridge.username`, and the password in `bridge.password_file`",
                },
                "certificate": {
                    "type": "X509",
                    "description": "`bridge.tls.certificate_file`, where the broker asks for one",
                },
            },
        },
    }


def _servers() -> dict[str, Any]:
    security = [_ref("components", "securitySchemes", name) for name in ("password", "certificate")]
    will = {"topic": f"{BASE}/{channels.AVAILABILITY.topic}", "qos": 1, "message": Availability.OFFLINE.value}
    bindings = {
        "mqtt": {
            "clientId": "{base_topic}-{device_id}",
            "cleanSession": True,
            "lastWill": will | {"retain": channels.AVAILABILITY.retain},
            "keepAlive": 30,
            "bindingVersion": _BINDING,
        }
    }
    return {
        "tls": {
            "host": "{host}:{port}",
            "protocol": "secure-mqtt",
            "protocolVersion": "5.0",
            "description": "A broker that proves who it is by TLS. Anywhere but on the same machine use this.",
            "variables": {
                "host": {"description": "`bridge.host`; a name in its certificate", "default": "localhost"},
                "port": {"description": "`bridge.port`", "default": "8883"},
            },
            "security": security,
            "bindings": bindings,
        },
        "plain": {
            "host": "localhost:{port}",
            "protocol": "mqtt",
            "protocolVersion": "5.0",
            "description": "A broker on the same machine, with `bridge.tls.enabled: false`.",
            "variables": {"port": {"description": "`bridge.port`", "default": "1883"}},
            "security": security[:1],
            "bindings": bindings,
        },
    }


def _channel(channel: Channel) -> dict[str, Any]:
    return {
        "address": f"{BASE}/{channel.topic}",
        "description": f"{channel.tells}.",
        "messages": {_name(channel): _ref("components", "messages", _name(channel))},
        "parameters": {name: _ref("components", "parameters", name) for name in ("base_topic", "device_id")},
    }


def _message(channel: Channel) -> dict[str, Any]:
    message: dict[str, Any] = {
        "name": _name(channel),
        "summary": f"{channel.tells}.",
        "contentType": channel.content_type or "text/plain",
    }
    if channel.payload is bytes:
        return message | {"payload": {"type": "string", "format": "binary"}}
    if channel.topic in {channels.COMMAND.topic, channels.RESPONSE.topic}:
        message["correlationId"] = {"description": "The request's id", "location": "$message.payload#/id"}
    return message | {"payload": {"schemaFormat": _FORMAT, "schema": {"$ref": f"./{schema_file(channel)}"}}}


def _operation(channel: Channel) -> dict[str, Any]:
    def of(channel: Channel) -> dict[str, Any]:
        place = ("channels", _name(channel))
        return {"channel": _ref(*place), "messages": [_ref(*place, "messages", _name(channel))]}

    mqtt = {"qos": 1, "retain": channel.retain, "bindingVersion": _BINDING}
    operation = {"action": "receive" if channel.received else "send", **of(channel), "bindings": {"mqtt": mqtt}}
    return operation | ({"reply": of(channels.RESPONSE)} if channel.received else {})


def _name(channel: Channel) -> str:
    """As names are written in AsyncAPI: `lock/state` is `lockState`."""
    first, *rest = channel.topic.replace("_", "/").split("/")
    return first + "".join(word.capitalize() for word in rest)


def _operation_name(channel: Channel) -> str:
    name = _name(channel)
    return f"{'obey' if channel.received else 'tell'}{name[0].upper()}{name[1:]}"


def _ref(*path: str) -> dict[str, str]:
    return {"$ref": f"#/{'/'.join(path)}"}
