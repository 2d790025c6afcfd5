"""What MQTT 5 lets us say besides topic and payload."""

from __future__ import annotations

from typing import Final

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from faceplate.bridge.messages import Message

_IN_FLIGHT: Final = 20
"""Messages the broker may send before we have acknowledged the first"""

_HEADER: Final = 32
"""Bytes of a PUBLISH packet besides the topic, the payload and the contents of its properties, at most"""


def our_limits(longest: int) -> Properties:
    """What the broker may send, with packets of up to `longest` bytes."""
    limits = _properties(PacketTypes.CONNECT)
    limits.ReceiveMaximum = _IN_FLIGHT
    limits.MaximumPacketSize = longest
    return limits


def as_published() -> SubscribeOptions:
    """Have the retain bit left as its sender set it: else it is cleared on what comes while we listen."""
    return SubscribeOptions(qos=1, noLocal=True, retainAsPublished=True)


def properties_of(message: Message) -> Properties:
    """A message's properties, as far as it has some."""
    properties = _properties(PacketTypes.PUBLISH)
    if message.content_type is not None:
        properties.ContentType = message.content_type
    if message.expiry is not None:
        properties.MessageExpiryInterval = message.expiry
    if message.correlation is not None:
        properties.CorrelationData = message.correlation
    return properties


def size_of(message: Message) -> int:
    """Bytes of a message's packet, or a few more."""
    payload = message.payload.encode() if isinstance(message.payload, str) else message.payload
    texts = len(message.topic.encode()) + len((message.content_type or "").encode())
    return _HEADER + texts + len(message.correlation or b"") + len(payload)


def _properties(kind: int) -> Properties:
    return Properties(kind)  # type: ignore[no-untyped-call]
