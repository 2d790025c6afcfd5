"""Takes the door off the broker, and so out of Home Assistant."""

from __future__ import annotations

from typing import Final

from faceplate.bridge.broker.link import Link
from faceplate.bridge.home_assistant.discovery import removal
from faceplate.bridge.home_assistant.entities import Home
from faceplate.bridge.messages import ONLINE
from faceplate.bridge.payloads import channels
from faceplate.errors import BridgeError
from faceplate.types import Seconds

_RETAINED_WITHIN: Final = Seconds(2.0)
"""What is retained comes at once"""


def remove(link: Link, home: Home) -> None:
    """Empty every topic of this door that is retained.

    Raises:
        LinkDownError: there is no broker.
        BridgeError: the bridge runs, and would publish all again.
    """
    link.open()
    availability = home.topics.of(channels.AVAILABILITY)
    if link.subscribe(availability):
        link.wait(_RETAINED_WITHIN)
    if any(message.payload == ONLINE.encode() for message in link.received()):
        link.close()
        raise BridgeError(
            f"{availability} says that the bridge is running, and it would publish all again: stop it first "
            "(systemctl stop faceplate-bridge)"
        )
    for message in removal(home):
        link.publish(message)
    link.close()
