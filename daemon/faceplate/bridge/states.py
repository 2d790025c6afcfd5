"""What the daemon's status is told as: each state that it has the facts for. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar, get_args

from faceplate.bridge.messages import Message, Topics
from faceplate.bridge.payloads import channels
from faceplate.bridge.payloads.channels import Channel
from faceplate.bridge.payloads.payload import Payload
from faceplate.bridge.payloads.states import (
    AlarmState,
    AlarmWord,
    DiagnosticsState,
    EnrolmentState,
    LockoutState,
    SettingsState,
    VersionsState,
)
from faceplate.bridge.payloads.words import DoorState, LivenessWord, LockState, ModeState, OnOffLine, Presence, Switch
from faceplate.events import DoorEventType, DoorMode

Status: TypeAlias = Mapping[str, Any]
"""What the daemon answers to `status`: docs/control.md"""

STEADY: Final = timedelta(seconds=2)
"""Seconds left are told with a delay that varies: a deadline that moves by less than this has not moved"""

_LONGEST: Final = 366 * 86400
"""Seconds; nothing that ends lasts longer"""


def states(
    status: Status, topics: Topics, now: datetime, before: Mapping[str, Message], *, has_contact: bool
) -> list[Message]:
    """Every state but the diagnostics. One whose facts are missing, or not understood, is left out.

    Args:
        status: the daemon's answer.
        topics: of this door.
        now: the clock on the wall when the answer came; aware.
        before: what was published last, by topic; a deadline that is the same gives the same message again.
        has_contact: whether the configuration has a door contact.
    """
    builders = [*_BUILDERS, *([(channels.DOOR, _door)] if has_contact else [])]
    for channel, build in _WITH_DEADLINE:
        told = _tree_of(before.get(topics.of(channel)))
        builders.append((channel, partial(build, now=now, before=told)))
    made = ((channel, _made(build, status)) for channel, build in builders)
    return [topics.message(channel, state) for channel, state in made if state is not None]


def diagnostics(status: Status, topics: Topics) -> Message | None:
    """How the device does, or None if the status lacks a part of it. It differs each time: publish it seldom."""
    state = _made(partial(_validated, DiagnosticsState), status)
    return None if state is None else topics.message(channels.DIAGNOSTICS, state)


_State: TypeAlias = Payload | StrEnum
_P = TypeVar("_P", bound=Payload)


def _made(build: Callable[[Status], _State], status: Status) -> _State | None:
    try:
        return build(status)
    except (KeyError, ValueError):
        return None


def _lock(status: Status) -> LockState:
    if DoorEventType.JAMMED.value in _list(status["alarms"]):
        return LockState.JAMMED
    match status["lock"], status.get("bolt"):
        case "locked", "withdrawn":
            return LockState.LOCKING
        case "unlocked", "thrown":
            return LockState.UNLOCKING
        case "locked", _:
            return LockState.LOCKED
        case "unlocked", _:
            return LockState.UNLOCKED
    raise ValueError("the lock is neither locked nor unlocked")


def _door(status: Status) -> DoorState:
    if status["open"] is None:
        return DoorState.UNKNOWN
    return DoorState.OPEN if _flag(status["open"]) else DoorState.CLOSED


def _mode(status: Status) -> ModeState:
    return ModeState.of(DoorMode(status["mode"]))


def _presence(status: Status) -> Presence:
    return Presence.PRESENT if _flag(status["presence"]) else Presence.ABSENT


def _camera(status: Status) -> OnOffLine:
    return OnOffLine(status["camera"])


def _face_unlock(status: Status) -> Switch:
    return Switch.ON if _flag(status["face_unlock"]) else Switch.OFF


def _liveness(status: Status) -> LivenessWord:
    return LivenessWord(status["liveness"])


def _alarm(status: Status) -> AlarmState:
    # A newer daemon may know alarms that we have no word for: active they are all the same.
    words, faults = _list(status["alarms"]), _list(status["faults"])
    known = [word for word in get_args(AlarmWord) if word in words]
    return _validated(
        AlarmState,
        {"active": bool(words or faults), "alarms": known, "faults": faults, "silenced": status["silenced"]},
    )


def _versions(status: Status) -> VersionsState:
    return _validated(VersionsState, {**status, "faceplate": status["version"]})


def _settings(status: Status) -> SettingsState:
    return _validated(SettingsState, {**_table(status["settings"]), "bounds": status["bounds"]})


def _lockout(status: Status, now: datetime, before: Mapping[str, Any]) -> LockoutState:
    def of(seconds: object, before: object) -> dict[str, Any]:
        left = _number(seconds)
        until = _until(left, now, _until_of(before)) if left > 0 else None
        return {"active": left > 0, "until": until}

    face, pin = of(status["lockout"], before.get("face")), of(status["pin_lockout"], before.get("pin"))
    return _validated(LockoutState, {"face": face, "pin": pin})


def _enrolment(status: Status, now: datetime, before: Mapping[str, Any]) -> EnrolmentState:
    facts = _table(status["enrolment"])
    until = _until(_number(facts["seconds"]), now, _until_of(before)) if _flag(facts["open"]) else None
    return _validated(EnrolmentState, {**facts, "until": until})


_BUILDERS: Final[tuple[tuple[Channel, Callable[[Status], _State]], ...]] = (
    (channels.LOCK, _lock),
    (channels.MODE, _mode),
    (channels.PRESENCE, _presence),
    (channels.CAMERA, _camera),
    (channels.FACE_UNLOCK, _face_unlock),
    (channels.LIVENESS, _liveness),
    (channels.ALARM, _alarm),
    (channels.VERSIONS, _versions),
    (channels.SETTINGS, _settings),
)

_WITH_DEADLINE: Final[tuple[tuple[Channel, Callable[..., _State]], ...]] = (
    (channels.LOCKOUT, _lockout),
    (channels.ENROLMENT, _enrolment),
)


def _until(left: float, now: datetime, before: datetime | None) -> str:
    """The moment `left` seconds from now, to the next whole second; as told before if it has not moved."""
    end = now.astimezone(UTC) + timedelta(seconds=min(left, _LONGEST))
    if before is not None and abs(end - before) <= STEADY:
        end = before
    return ((end + timedelta(microseconds=999_999)).replace(microsecond=0)).isoformat().replace("+00:00", "Z")


def _until_of(before: object) -> datetime | None:
    match before:
        case {"until": str(text)}:
            return datetime.fromisoformat(text)
    return None


def _tree_of(message: Message | None) -> Mapping[str, Any]:
    """What a message of ours said; nothing if there was none."""
    tree: Mapping[str, Any] = json.loads(message.payload) if message else {}
    return tree


def _validated(kind: type[_P], facts: Mapping[str, Any]) -> _P:
    """Those of the facts that make the payload, checked as JSON; the others belong elsewhere, or to a newer daemon."""
    return kind.model_validate_json(json.dumps({name: facts[name] for name in kind.model_fields}))


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("expected true or false")


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    raise ValueError("expected a finite number")


def _list(value: object) -> list[Any]:
    if isinstance(value, list):
        return value
    raise ValueError("expected a list")


def _table(value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise ValueError("expected an object")
