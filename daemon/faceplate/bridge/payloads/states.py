"""The payloads of states that are told as JSON."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from faceplate.bridge.payloads.payload import Payload, Seq, Share, Timestamp
from faceplate.events import DoorEventType
from faceplate.restart import RestartReason
from faceplate.types import Method, Outcome, Reason

AlarmWord: TypeAlias = Literal[
    DoorEventType.FORCED_OPEN,
    DoorEventType.OPEN_TOO_LONG_WARNING,
    DoorEventType.OPEN_TOO_LONG,
    DoorEventType.TAMPER,
    DoorEventType.JAMMED,
]
"""What is an alarm while it lasts; a fault is told in words of its own"""

Bounds: TypeAlias = tuple[float, float]
"""Lowest and highest"""


class AlarmState(Payload):
    """What is wrong at the door."""

    active: bool
    """Whether anything is: an alarm is raised, or something does not work"""

    alarms: tuple[AlarmWord, ...]
    """Those that are raised"""

    faults: tuple[str, ...]
    """What does not work, in words"""

    silenced: bool
    """Whether somebody switched its sound off"""


class Lockout(Payload):
    """Whether attempts are answered."""

    active: bool
    """Whether they are not, because too many failed"""

    until: Timestamp | None
    """When they will be: ISO 8601, UTC; null: they are"""


class LockoutState(Payload):
    """Whether faces and PINs are answered."""

    face: Lockout
    """Of faces"""

    pin: Lockout
    """Of PINs"""


class PersonState(Payload):
    """Who was let in last."""

    person: str
    """Name of the enrolled person"""

    method: Method
    """How they identified themselves"""

    reason: Reason
    """Why they were let in"""

    ts: Timestamp
    """When: ISO 8601, UTC"""

    seq: Seq
    """Number of the row in the journal"""


class DecisionState(Payload):
    """What was decided last."""

    outcome: Literal[Outcome.GRANTED, Outcome.DENIED, Outcome.WARNED]
    """What came of it"""

    reason: Reason
    """Why"""

    person: str | None
    """Name of the enrolled person; null: nobody known"""

    method: Method
    """How they identified themselves"""

    ts: Timestamp
    """When: ISO 8601, UTC"""

    seq: Seq
    """Number of the row in the journal"""


class VersionsState(Payload):
    """What runs at this door."""

    faceplate: str
    """Version of the daemon"""

    bundle: str
    """Name and fingerprint of the models in use"""

    bundle_installed: str | None
    """Those in force now, which may be others since the start; null: there are none"""

    contract: int
    """Version of the contract between models and daemon"""


class SettingsBounds(Payload):
    """What each setting may be set to from afar."""

    detection_threshold: Bounds
    """Lowest and highest, 0 to 1"""

    verification_threshold: Bounds
    """Lowest and highest, 0 to 1"""

    margin: Bounds
    """Lowest and highest, 0 to 1"""

    release_time: Bounds
    """Lowest and highest, seconds"""


class SettingsState(Payload):
    """The settings that may be changed from afar, as they are."""

    detection_threshold: Share
    """Likeness above which a picture of a person matches, 0 to 1"""

    verification_threshold: Share
    """Share of a person's pictures that must match, 0 to 1"""

    margin: Share
    """Likeness by which the nearest person must lead the next, 0 to 1"""

    release_time: Annotated[float, Field(gt=0)]
    """Seconds for which the door is unlocked for somebody"""

    bounds: SettingsBounds
    """What they may be set to"""


Measure: TypeAlias = Annotated[float, Field(ge=0)]


class DiagnosticsState(Payload):
    """How the device does; told at most once a minute."""

    fps: Measure | None
    """Camera pictures judged in a second; null: none so far"""

    decision_ms_p50: Measure | None
    """Median time from a picture to its decision, milliseconds; null: none so far"""

    decision_ms_p95: Measure | None
    """95 of 100 decisions took less, milliseconds; null: none so far"""

    cpu_temperature: float | None
    """Degrees Celsius; null: this machine does not tell"""

    uptime: Measure
    """Seconds since the daemon started"""

    started: Timestamp
    """When the daemon started: ISO 8601, UTC"""

    restart_reason: RestartReason
    """Why it started"""

    people: Annotated[int, Field(ge=0)] | None
    """How many are enrolled; null: that cannot be told"""

    clock_trusted: bool
    """False: the clock went back, and rules that depend on the date cannot be kept"""


class EnrolmentState(Payload):
    """An enrolment ordered from afar."""

    open: bool
    """Whether somebody may be enrolled now"""

    until: Timestamp | None
    """When that ends: ISO 8601, UTC; null: it is not open"""

    name: str | None
    """Who is to be enrolled; null: nobody was named"""

    pictures: Annotated[int, Field(ge=0)]
    """How many were taken"""

    wanted: Annotated[int, Field(ge=0)]
    """How many it takes"""

    result: str
    """What came of the last one, in words; empty: there was none"""
