"""Every topic, what is told there, and whether the broker keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from faceplate.bridge.payloads import answers, commands, events, states, words


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic."""

    topic: str
    """Without the base"""

    payload: Any
    """A StrEnum: plain text; a Payload, or some of them: JSON; bytes: a picture"""

    tells: str

    retain: bool = True
    """Whether the broker keeps the newest for whoever subscribes later"""

    content_type: str | None = "application/json"
    """MIME type; None: plain text"""

    received: bool = False
    """Whether it is others who publish there"""


AVAILABILITY: Final = Channel("availability", words.Availability, "Whether the bridge delivers", content_type=None)
DAEMON: Final = Channel(
    "daemon",
    words.OnOffLine,
    "Whether the daemon answers the bridge: if not, states are old",
    content_type=None,
)
LOCK: Final = Channel(
    "lock/state",
    words.LockState,
    "What the lock was commanded to; with a bolt contact also what it does",
    content_type=None,
)
DOOR: Final = Channel(
    "door/state", words.DoorState, "Whether the door stands open; only with a door contact", content_type=None
)
MODE: Final = Channel("mode/state", words.ModeState, "What the door is doing", content_type=None)
PRESENCE: Final = Channel(
    "presence/state",
    words.Presence,
    "Whether there was a face in view within the last few seconds",
    content_type=None,
)
CAMERA: Final = Channel("camera/state", words.OnOffLine, "Whether the camera gives pictures", content_type=None)
FACE_UNLOCK: Final = Channel("face_unlock/state", words.Switch, "Whether a face opens", content_type=None)
LIVENESS: Final = Channel(
    "liveness/state",
    words.LivenessWord,
    "What a face must show to be taken for alive; off: a photograph can open this door",
    content_type=None,
)
ALARM: Final = Channel("alarm/state", states.AlarmState, "What is wrong at the door")
LOCKOUT: Final = Channel("lockout/state", states.LockoutState, "Whether faces and PINs are answered")
PERSON: Final = Channel("person/state", states.PersonState, "Who was let in last")
DECISION: Final = Channel("decision/state", states.DecisionState, "What was decided last")
VERSIONS: Final = Channel("versions/state", states.VersionsState, "What runs at this door")
SETTINGS: Final = Channel("settings/state", states.SettingsState, "Settings that may be changed from afar")
DIAGNOSTICS: Final = Channel("diagnostics/state", states.DiagnosticsState, "How the device does")
ENROLMENT: Final = Channel("enrolment/state", states.EnrolmentState, "An enrolment ordered from afar")
SNAPSHOT: Final = Channel(
    "snapshot", bytes, "What the camera saw; only if the configuration wants it", content_type="image/jpeg"
)
ACCESS_EVENT: Final = Channel("event/access", events.AccessPayload, "Somebody was let in or refused", retain=False)
DOOR_EVENT: Final = Channel("event/door", events.DoorPayload, "Something happened at the door", retain=False)
BELL_EVENT: Final = Channel("event/bell", events.BellPayload, "Somebody rang", retain=False)
SYSTEM_EVENT: Final = Channel(
    "event/system",
    events.SystemPayload,
    "An order, a change of the people enrolled, events that were lost",
    retain=False,
)
COMMAND: Final = Channel("command", commands.AnyRequest, "What is ordered; never retained", retain=False, received=True)
RESPONSE: Final = Channel("response", answers.Answer, "What became of a command", retain=False)

CHANNELS: Final = (
    AVAILABILITY,
    DAEMON,
    LOCK,
    DOOR,
    MODE,
    PRESENCE,
    CAMERA,
    FACE_UNLOCK,
    LIVENESS,
    ALARM,
    LOCKOUT,
    PERSON,
    DECISION,
    VERSIONS,
    SETTINGS,
    DIAGNOSTICS,
    ENROLMENT,
    SNAPSHOT,
    ACCESS_EVENT,
    DOOR_EVENT,
    BELL_EVENT,
    SYSTEM_EVENT,
    COMMAND,
    RESPONSE,
)
"""All of them"""
