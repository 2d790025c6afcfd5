"""The other side of the broker: it sees all that is published there, and gives orders."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

_PATIENCE = 30.0
"""Seconds until something that should have come counts as missing"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One message as it came."""

    topic: str
    payload: bytes
    retained: bool

    def tree(self) -> Any:
        return json.loads(self.payload)


class Dashboard:
    """Subscribed to everything from the start of the block on."""

    def __init__(self, port: int, base: str = "faceplate/front-door") -> None:
        self.base = base
        self.seen: list[Seen] = []
        self._news = threading.Condition()
        self._client = Client(CallbackAPIVersion.VERSION2, f"dashboard{id(self)}", protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 1)
        self._subscribed = 0
        self._port = port

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        self.wait_until(lambda: self._subscribed)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def wait_until(self, holds: Callable[[], object]) -> None:
        """Wait until what was seen so far is as it should be."""
        with self._news:
            done = self._news.wait_for(lambda: bool(holds()), _PATIENCE)
        assert done, "this was seen:\n" + "\n".join(f"{message.topic} {message.payload!r}" for message in self.seen)

    def state(self, name: str) -> str | None:
        """The newest payload of a state; None: there was none."""
        topic = f"{self.base}/{name}"
        return next((m.payload.decode() for m in reversed(self.seen) if m.topic == topic), None)

    def tree(self, name: str) -> Any:
        payload = self.state(name)
        return json.loads(payload) if payload else None

    def wait_for(self, name: str, payload: str) -> None:
        """Wait until a state is this."""
        self.wait_until(lambda: self.state(name) == payload)

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        start = f"{self.base}/event/{kind}"
        return [m.tree() for m in list(self.seen) if m.topic.startswith(start)]

    def wait_for_event(self, event_type: str, **facts: object) -> dict[str, Any]:
        """Wait for an event of which this is true."""
        wanted = {"event_type": event_type} | facts

        def found() -> list[dict[str, Any]]:
            return [event for event in self.events() if wanted.items() <= event.items()]

        self.wait_until(found)
        return found()[-1]

    def answers(self, name: str) -> list[dict[str, Any]]:
        """All answers to the order with that id."""
        trees = [m.tree() for m in list(self.seen) if m.topic == f"{self.base}/response"]
        return [tree for tree in trees if tree.get("id") == name]

    def order(self, command: str, **arguments: object) -> dict[str, Any]:
        """Give an order, and give its answer."""
        name = self.send(command, **arguments)
        self.wait_until(lambda: self.answers(name))
        return self.answers(name)[0]

    def send(self, command: str, **arguments: object) -> str:
        """Give an order; gives its id."""
        order = {"id": uuid.uuid4().hex, "ts": stamp(), "command": command} | arguments
        self.publish("command", json.dumps(order))
        return str(order["id"])

    def publish(self, name: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Publish something below the door's base topic, acknowledged."""
        self.announce(f"{self.base}/{name}", payload, retain=retain)

    def announce(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Publish something anywhere, acknowledged."""
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(_PATIENCE)

    def _on_connect(
        self, client: Client, _data: object, _flags: ConnectFlags, _reason: ReasonCode, _more: Properties | None
    ) -> None:
        client.subscribe("#", options=SubscribeOptions(qos=1, retainAsPublished=True))

    def _on_subscribe(
        self, _client: Client, _data: object, _mid: int, reasons: list[ReasonCode], _more: Properties | None
    ) -> None:
        assert not any(reason.is_failure for reason in reasons), reasons
        with self._news:
            self._subscribed += 1
            self._news.notify_all()

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        with self._news:
            self.seen.append(Seen(message.topic, message.payload, message.retain))
            self._news.notify_all()


def stamp(seconds_ago: float = 0.0) -> str:
    """The time, as an order carries it."""
    then = datetime.fromtimestamp(datetime.now(UTC).timestamp() - seconds_ago, UTC)
    return then.isoformat(timespec="milliseconds").replace("+00:00", "Z")
