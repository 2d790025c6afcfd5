"""The link over paho-mqtt: MQTT 5, in one thread."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from typing import NoReturn

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from faceplate.bridge.link import LinkDownError, LinkRefusedError
from faceplate.bridge.messages import Message
from faceplate.config import BridgeConfig
from faceplate.types import Seconds

_KEEPALIVE = 30
"""Seconds; a broker declares us dead after one and a half of these"""

_PATIENCE = Seconds(10.0)
"""A broker that is silent for this long, when it owes an answer, has failed"""

# MQTT 5, 2.4: bad user name or password, not authorised, banned
_NOT_WELCOME = (0x86, 0x87, 0x8A)


class PahoLink:
    """Connects to the broker of the configuration.

    Each connection gets a new paho client with a clean start: paho's own queue is in memory only, and would send again
    what the outbox sends again anyway. Nobody but the caller's thread touches it, so a call can wait for its answer.
    """

    def __init__(
        self, config: BridgeConfig, client_id: str, will: Message, password: str | None, tls: ssl.SSLContext | None
    ) -> None:
        """Nothing is connected yet. The broker publishes `will` for us when a connection dies."""
        self._config = config
        self._client_id = client_id
        self._will = will
        self._password = password
        self._tls = tls
        self._client = self._new_client()
        self._welcome: ReasonCode | None = None
        self._goodbye: ReasonCode | None = None
        self._answers: dict[int, ReasonCode] = {}

    def open(self) -> None:
        """Connect anew."""
        self._welcome = self._goodbye = None
        self._answers.clear()
        self._client = self._new_client()
        try:
            self._client.connect(self._config.host, self._config.port, _KEEPALIVE, clean_start=True)
        except ssl.SSLCertVerificationError as error:
            raise LinkRefusedError(
                f"{self._broker} does not prove to be who it should: {error.verify_message}. Check bridge.tls.ca_file, "
                "and that bridge.host is a name in its certificate"
            ) from error
        except OSError as error:
            raise LinkDownError(f"cannot reach {self._broker}: {error}; trying again") from error
        answer = self._answer(lambda: self._welcome)
        if answer.is_failure:
            self._refused(answer)

    def publish(self, message: Message) -> None:
        """Send with QoS 1, and return when the broker has acknowledged."""
        sent = self._client.publish(message.topic, message.payload, qos=1, retain=message.retain)
        answer = self._answer(lambda: self._answers.pop(sent.mid, None))
        if answer.is_failure:
            self._drop()
            raise LinkRefusedError(
                f"{self._broker} does not take {message.topic}: {answer}. Let {self._config.username or 'anybody'} "
                "write there, in the broker's access list"
            )

    def wait(self, time: Seconds) -> None:
        """Keep the connection alive for up to this long."""
        if not self._turn(time):
            self._lost()

    def close(self) -> None:
        """Say goodbye: the broker then forgets the will."""
        self._client.disconnect()
        deadline = time.monotonic() + _PATIENCE
        while self._turn(Seconds(0.1)) and time.monotonic() < deadline:
            pass
        self._drop()

    @property
    def _broker(self) -> str:
        return f"the broker at {self._config.host}:{self._config.port}"

    def _new_client(self) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, self._client_id, protocol=MQTTProtocolVersion.MQTTv5)
        client.will_set(self._will.topic, self._will.payload, qos=1, retain=self._will.retain)
        if self._config.username:
            client.username_pw_set(self._config.username, self._password)
        if self._tls:
            client.tls_set_context(self._tls)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        return client

    def _answer(self, come: Callable[[], ReasonCode | None]) -> ReasonCode:
        """Wait until the answer has `come`."""
        deadline = time.monotonic() + _PATIENCE
        alive = True
        while (answer := come()) is None:
            if not alive:
                self._lost()
            left = deadline - time.monotonic()
            if left <= 0:
                self._drop()
                raise LinkDownError(f"{self._broker} owed an answer for {_PATIENCE:g} s; trying again")
            alive = self._turn(Seconds(left))
        return answer

    def _turn(self, time: Seconds) -> bool:
        """Wait for and handle what comes; false when the connection is gone."""
        code = self._client.loop(time)
        return code == MQTTErrorCode.MQTT_ERR_SUCCESS and self._client.socket() is not None

    def _refused(self, reason: ReasonCode) -> NoReturn:
        self._drop()
        if reason.value in _NOT_WELCOME:
            raise LinkRefusedError(
                f"{self._broker} refuses this device: {reason}. Check bridge.username and bridge.password_file against "
                "the broker's users; after a change here, start the bridge again"
            )
        raise LinkDownError(f"{self._broker} refuses the connection: {reason}; trying again")

    def _lost(self) -> NoReturn:
        self._drop()
        why = f": {self._goodbye}" if self._goodbye is not None else ""
        raise LinkDownError(f"the connection to {self._broker} was lost{why}; trying again")

    def _drop(self) -> None:
        """Close without a goodbye, so that the broker publishes the will."""
        socket = self._client.socket()
        if socket is not None:
            socket.close()

    def _on_connect(
        self, _client: Client, _data: object, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        self._welcome = reason

    def _on_disconnect(
        self,
        _client: Client,
        _data: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._goodbye = reason

    def _on_publish(
        self, _client: Client, _data: object, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        self._answers[mid] = reason
