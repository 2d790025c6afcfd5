"""The link over paho-mqtt: MQTT 5, or 3.1.1 where the broker has none."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass, field
from typing import Final, NoReturn

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from faceplate.bridge.broker.inbox import Inbox
from faceplate.bridge.broker.link import LinkDownError, LinkRefusedError, Received
from faceplate.bridge.broker.packets import as_published, our_limits, properties_of, size_of
from faceplate.bridge.broker.paho_connection import LONGEST_PACKET, Connection
from faceplate.bridge.messages import Message
from faceplate.config import BridgeConfig
from faceplate.types import Seconds

_PATIENCE: Final = Seconds(10.0)

_PROOF: Final = 2
"""Signs that a broker has no MQTT 5. Its word is as good as two; silence, or a closed connection, may have had another
cause, but not twice running while it takes 3.1.1 in the next moment"""

# MQTT 5, 2.4
_UNSUPPORTED_VERSION: Final = 0x84
_TAKEN_OVER: Final = 0x8E
_NOT_WELCOME: Final = (0x86, 0x87, 0x8A)
"""Bad user name or password, not authorised, banned"""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are to the broker."""

    client_id: str

    password: str | None = field(default=None, repr=False)

    tls: ssl.SSLContext | None = None
    """What the broker must prove, and our own certificate; None: plain text"""


@dataclass(frozen=True, slots=True)
class Timing:
    """When a broker counts as dead."""

    keepalive: int = 15
    """Seconds. A connection on which nothing comes for twice this long is; it gives us up after 1.5 times this"""

    patience: Seconds = _PATIENCE
    """A broker that is silent for this long when it owes an answer"""


class PahoLink:
    """Connects to the broker of the configuration.

    Each connection gets a new paho client with a clean start: paho's own queue is in memory only, and would send again
    what the outbox sends again anyway; and a command that a broker kept for us while we were away is never wanted.
    """

    def __init__(self, config: BridgeConfig, identity: Identity, will: Message, timing: Timing = Timing()) -> None:
        """Nothing is connected yet. The broker publishes `will` for us when a connection dies."""
        self._config = config
        self._identity = identity
        self._will = will
        self._timing = timing
        self._version = MQTTProtocolVersion.MQTTv5
        self._signs = 0
        """That the broker has no MQTT 5"""
        self._inbox = Inbox()
        self._connection = self._new_connection()
        self._complained: set[str] = set()
        """Topics whose refusal was said"""

    def open(self) -> None:
        """Connect anew."""
        self._inbox.forget()
        if self._signs < _PROOF:
            self._version = MQTTProtocolVersion.MQTTv5
        welcome = self._connected()
        if self._is_new and (welcome is None or welcome.value == _UNSUPPORTED_VERSION):
            welcome = self._connected_without_mqtt_5(_PROOF if welcome else 1)
        if welcome is None:
            self._lost()
        if welcome.is_failure:
            self._refused(welcome)
        if self._is_new:
            self._signs = 0

    def subscribe(self, topic: str) -> bool:
        """Have what is sent there sent to us, with QoS 1; false, and said once, if the broker does not allow it."""
        client = self._connection.client
        _, number = client.subscribe((topic, as_published())) if self._is_new else client.subscribe(topic, 1)
        if number is None:
            self._lost()
        answer = self._answer_to(number)
        why = (
            f"{answer}. Nothing sent there is heard; allow it in the broker's access list" if answer.is_failure else ""
        )
        return self._heed(topic, f"does not let {self._user} read {topic}", why)

    def publish(self, message: Message) -> None:
        """Send with QoS 1, and return when the broker has acknowledged."""
        refusal = self._refusal_of(message)
        if refusal:
            self._connection.drop()
            raise LinkRefusedError(f"{self._broker} does not take {message.topic}: {refusal}")

    def offer(self, message: Message) -> bool:
        """Send with QoS 1 and await the acknowledgement; false, and said once, if the broker does not take it."""
        return self._heed(message.topic, f"does not take {message.topic}", self._refusal_of(message))

    def received(self) -> tuple[Received, ...]:
        """What has come since the last call."""
        return self._inbox.take()

    def missed(self) -> int:
        """How many messages since the last call found no place."""
        return self._inbox.missed()

    def wait(self, time: Seconds) -> None:
        """Wait until something comes, take in what comes along with it, and keep the connection alive."""
        if not self._connection.gather(time):
            self._lost()

    def close(self) -> None:
        """Say goodbye: the broker then forgets the will."""
        self._connection.end()

    @property
    def _broker(self) -> str:
        return f"the broker at {self._config.host}:{self._config.port}"

    @property
    def _user(self) -> str:
        return self._config.username or "anybody"

    @property
    def _is_new(self) -> bool:
        """Whether MQTT 5 is spoken."""
        return self._version is MQTTProtocolVersion.MQTTv5

    def _new_connection(self) -> Connection:
        # Left to itself, paho would go on to try MQTT 3.1, too.
        client = Client(
            CallbackAPIVersion.VERSION2, self._identity.client_id, protocol=self._version, reconnect_on_failure=False
        )
        client.will_set(self._will.topic, self._will.payload, qos=1, retain=self._will.retain)
        if self._config.username:
            client.username_pw_set(self._config.username, self._identity.password)
        if self._identity.tls:
            client.tls_set_context(self._identity.tls)
        return Connection(client, self._broker, self._timing.patience, self._inbox)

    def _connected(self) -> ReasonCode | None:
        """Connect, and give the broker's answer; None if there was none."""
        self._connection = self._new_connection()
        where = (self._config.host, self._config.port, self._timing.keepalive)
        try:
            if self._is_new:
                self._connection.client.connect(*where, clean_start=True, properties=our_limits(LONGEST_PACKET))
            else:
                self._connection.client.connect(*where)  # a clean session is 3.1.1's default
        except ssl.SSLCertVerificationError as error:
            raise LinkRefusedError(
                f"{self._broker} does not prove to be who it should: {error.verify_message}. Check bridge.tls.ca_file, "
                "and that bridge.host is a name in its certificate"
            ) from error
        except OSError as error:
            raise LinkDownError(f"cannot reach {self._broker}: {error}; trying again") from error
        return self._connection.welcome()

    def _connected_without_mqtt_5(self, signs: int) -> ReasonCode | None:
        """Connect with 3.1.1; with signs enough that is done at once the next time."""
        self._connection.drop()
        self._version = MQTTProtocolVersion.MQTTv311
        welcome = self._connected()
        if welcome is not None and not welcome.is_failure:
            if not self._signs:
                _log.warning("%s speaks no MQTT 5: going on with 3.1.1, where no message expires", self._broker)
            self._signs += signs
        return welcome

    def _refusal_of(self, message: Message) -> str:
        """Send, and give the reason if the broker does not take it; empty if it does."""
        longest = self._connection.longest
        if longest is not None and (size := size_of(message)) > longest:
            return (
                f"it takes at most {longest} bytes, and this is {size}. Let it take more (mosquitto: max_packet_size)"
            )
        properties = properties_of(message) if self._is_new else None
        sent = self._connection.client.publish(message.topic, message.payload, 1, message.retain, properties)
        answer = self._answer_to(sent.mid)
        return f"{answer}. Let {self._user} write there, in the broker's access list" if answer.is_failure else ""

    def _heed(self, topic: str, complaint: str, why: str) -> bool:
        """Say once that the broker refuses something about a topic, and `why`; nothing if it does not."""
        if not why:
            self._complained.discard(topic)
            return True
        level = logging.DEBUG if topic in self._complained else logging.ERROR
        _log.log(level, "%s %s: %s", self._broker, complaint, why)
        self._complained.add(topic)
        return False

    def _answer_to(self, number: int) -> ReasonCode:
        answer = self._connection.answer_to(number)
        return answer if answer is not None else self._lost()

    def _refused(self, reason: ReasonCode) -> NoReturn:
        self._connection.drop()
        if reason.value in _NOT_WELCOME:
            raise LinkRefusedError(
                f"{self._broker} refuses this device: {reason}. Check bridge.username and bridge.password_file against "
                "the broker's users; after a change here, start the bridge again"
            )
        raise LinkDownError(f"{self._broker} refuses the connection: {reason}; trying again")

    def _lost(self) -> NoReturn:
        self._connection.drop()
        if self._connection.fault:
            raise LinkDownError(f"{self._broker} {self._connection.fault}; trying again")
        goodbye = self._connection.goodbye
        if goodbye is not None and goodbye.value == _TAKEN_OVER:
            raise LinkRefusedError(
                f"{self._broker} let another client in under our name, {self._identity.client_id}. Does a second "
                "bridge run, or has another door the same device.id? Trying again"
            )
        why = f": {goodbye}" if goodbye is not None else ""
        raise LinkDownError(f"the connection to {self._broker} was lost{why}; trying again")
