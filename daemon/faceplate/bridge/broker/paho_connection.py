"""One connection over paho-mqtt, from CONNECT to its end, in one thread."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from typing import Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import MQTTException, Properties  # type: ignore[attr-defined]  # 2.2 moved it
from paho.mqtt.reasoncodes import ReasonCode

from faceplate.bridge.broker.inbox import Inbox
from faceplate.bridge.broker.link import LinkRefusedError, Received
from faceplate.types import Seconds

LONGEST_PACKET: Final = 64 * 1024
"""Bytes the broker may send at once: enough for what is too long to be read, so that its sender hears of it"""

_GARBLED: Final = (ValueError, LookupError, TypeError, AssertionError, struct.error, MQTTException)
"""What paho has been seen to raise, or might, over packets that are none: it trusts the broker more than we do"""


class Connection:
    """Waits for the broker's answers, and puts what it sends into an inbox meanwhile.

    Nobody but the caller's thread touches the client, so a call can wait for its answer.
    """

    def __init__(self, client: Client, broker: str, patience: Seconds, inbox: Inbox) -> None:
        """Listen to a client that has not yet connected."""
        self.client = client
        self._broker = broker
        self._patience = patience
        self._inbox = inbox
        self._welcome: ReasonCode | None = None
        self._answers: dict[int, ReasonCode] = {}
        self.goodbye: ReasonCode | None = None
        """What the broker, or paho, said at the end"""
        self.fault = ""
        """What the broker did wrong, if that ended the connection"""
        self.longest: int | None = None
        """Bytes of a packet that the broker takes; None: of any"""
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message

    def welcome(self) -> ReasonCode | None:
        """Wait for the answer to CONNECT; None if the connection ended without one, or none came in time."""
        return self._come(lambda: self._welcome)

    def answer_to(self, number: int) -> ReasonCode | None:
        """Wait for the answer to the packet of that number; None if none came."""
        return self._come(lambda: self._answers.pop(number, None))

    def gather(self, time: Seconds) -> bool:
        """Wait until something comes, and take in what comes along with it; false when the connection is gone."""
        deadline = _now() + time
        alive = True
        while alive and not self._inbox and (left := deadline - _now()) > 0:
            alive = self.turn(Seconds(left))
        before = None
        while alive and not self._inbox.is_full and self._inbox.arrived != before:
            before = self._inbox.arrived
            alive = self.turn(Seconds(0.0))
        return alive

    def turn(self, time: Seconds) -> bool:
        """Wait for and handle one packet; false when the connection is gone."""
        try:
            code = self.client.loop(time)
        except _GARBLED as error:
            self.fault = f"sent what is no MQTT ({type(error).__name__})"
            self.drop()
            return False
        # 3.1.1 cannot tell a broker how much we take, and paho would gather 256 MB. It shows the length nowhere else.
        length = self.client._in_packet["remaining_length"]  # noqa: SLF001
        if length > LONGEST_PACKET:
            self.drop()
            raise LinkRefusedError(
                f"{self._broker} began to send {length} bytes at once, expected at most {LONGEST_PACKET}. See who "
                "writes to this device's topics, and limit what the broker takes (mosquitto: message_size_limit)"
            )
        return code == MQTTErrorCode.MQTT_ERR_SUCCESS and self.client.socket() is not None

    def end(self) -> None:
        """Say goodbye: the broker then forgets the will."""
        self.client.disconnect()
        deadline = _now() + self._patience
        while self.turn(Seconds(0.1)) and _now() < deadline:
            pass
        self.drop()

    def drop(self) -> None:
        """Close without a goodbye, so that the broker publishes the will."""
        socket = self.client.socket()
        if socket is not None:
            socket.close()

    def _come(self, come: Callable[[], ReasonCode | None]) -> ReasonCode | None:
        deadline = _now() + self._patience
        alive = True
        while (answer := come()) is None and alive:
            left = deadline - _now()
            if left <= 0:
                self.fault = f"owed an answer for {self._patience:g} s"
                return None
            alive = self.turn(Seconds(left))
        return answer

    def _on_connect(
        self, _client: Client, _data: object, _flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self._welcome = reason
        self.longest = getattr(properties, "MaximumPacketSize", None)

    def _on_disconnect(
        self,
        _client: Client,
        _data: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self.goodbye = reason

    def _on_publish(
        self, _client: Client, _data: object, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        self._answers[mid] = reason

    def _on_subscribe(
        self, _client: Client, _data: object, mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        self._answers[mid] = reasons[0]

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            self._inbox.miss()
            return
        correlation = getattr(message.properties, "CorrelationData", None)
        # A 3.1.1 broker's longer ones may have come in one go; what is left of them is still too long to be obeyed.
        payload = bytes(message.payload[:LONGEST_PACKET])
        self._inbox.put(Received(topic, payload, bool(message.retain), correlation))


def _now() -> float:
    return time.monotonic()
