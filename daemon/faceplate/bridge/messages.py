"""What goes out over MQTT: topics and messages. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from faceplate.bridge.payloads import channels
from faceplate.bridge.payloads.answers import Answer
from faceplate.bridge.payloads.channels import Channel
from faceplate.bridge.payloads.payload import Payload
from faceplate.bridge.payloads.words import Availability, OnOffLine
from faceplate.bridge.rows import LOCK_STATES, decision_of, event_of, person_of
from faceplate.events import JournalRow

ONLINE: Final = Availability.ONLINE
STOPPED: Final = Availability.STOPPED
OFFLINE: Final = Availability.OFFLINE


@dataclass(frozen=True, slots=True)
class Message:
    """One message to publish, with QoS 1."""

    topic: str

    payload: str | bytes

    retain: bool = False
    """Whether the broker keeps it for whoever subscribes later"""

    content_type: str | None = None
    """MIME type of the payload (MQTT 5; left out where the broker has none, as are the next two)"""

    expiry: int | None = None
    """Seconds after which the broker no longer passes it on"""

    correlation: bytes | None = None
    """What the request that this answers carried"""


@dataclass(frozen=True, slots=True)
class Topics:
    """Everything this door can say. States are retained, events never."""

    base: str
    """`<base_topic>/<device id>`"""

    @property
    def command(self) -> str:
        """Where commands come."""
        return self.of(channels.COMMAND)

    def of(self, channel: Channel) -> str:
        """The whole topic."""
        return f"{self.base}/{channel.topic}"

    def message(
        self, channel: Channel, payload: Payload | StrEnum | bytes, correlation: bytes | None = None
    ) -> Message:
        """What is told on that channel; its kind is the channel's."""
        match payload:
            case Payload():
                content: str | bytes = payload.as_json()
            case StrEnum():
                content = payload.value
            case bytes():
                content = payload
        return Message(self.of(channel), content, channel.retain, channel.content_type, correlation=correlation)

    def availability(self, state: Availability) -> Message:
        """Whether somebody delivers the journal."""
        return self.message(channels.AVAILABILITY, state)

    def daemon(self, state: OnOffLine) -> Message:
        """Whether the daemon answers the control socket."""
        return self.message(channels.DAEMON, state)

    def lock_state(self, row: JournalRow) -> Message:
        """What the lock was commanded to, from a door row; for when no daemon says more."""
        return self.message(channels.LOCK, LOCK_STATES[row.event_type])

    def access_states(self, row: JournalRow) -> list[Message]:
        """The last decision, and the last person let in, from an access row; none from another, or a damaged one."""
        told = ((channels.DECISION, decision_of(row)), (channels.PERSON, person_of(row)))
        return [self.message(channel, state) for channel, state in told if state is not None]

    def snapshot(self, jpeg: bytes) -> Message:
        """What the camera saw."""
        return self.message(channels.SNAPSHOT, jpeg)

    def event(self, row: JournalRow) -> Message:
        """Something that happened, from any row."""
        return self.message(*event_of(row))

    def response(self, answer: Answer, correlation: bytes | None = None) -> Message:
        """What became of a command."""
        return self.message(channels.RESPONSE, answer, correlation)
