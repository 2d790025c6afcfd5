"""What may be ordered over MQTT, and the answers."""

from __future__ import annotations

import json
from functools import cache
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from faceplate.bridge.intake.requests import Refusal, request_from
from faceplate.bridge.messages import Topics
from faceplate.bridge.payloads.answers import Done, RefusalReason, Refused
from faceplate.bridge.payloads.commands import AnyRequest, ClosedMode, CommandName, LockRequest
from faceplate.config import CommandsConfig
from faceplate.control.protocol import Fault
from faceplate.events import DoorMode
from faceplate.orders.remote_commands import remote_commands
from strategies_bridge import ARGUMENTS, requests

TOPICS = Topics("faceplate/front-door")
SENT = {"id": "1", "ts": "2026-03-01T12:00:00Z"}


REQUESTS = TypeAdapter(AnyRequest)
"""As it is published"""


def asked(**request):
    return REQUESTS.validate_json(json.dumps(SENT | request))


def is_published(tree):
    try:
        REQUESTS.validate_json(json.dumps(tree))
    except ValidationError:
        return False
    return True


@cache
def served():
    """What the daemon serves, where the configuration lets everything in."""
    door = SimpleNamespace(lock=None, unlock_from_afar=None, secure=None, face=None, silence=None)
    permitted = CommandsConfig(**dict.fromkeys(CommandsConfig.model_fields, True))
    return remote_commands(permitted, door, SimpleNamespace(), lambda _: {})


def is_taken(tree):
    """Whether gate and daemon take it, but for what depends on time and on the door."""
    request = request_from(json.dumps(tree).encode())
    if isinstance(request, Refusal) or request.command not in set(CommandName):
        return False
    try:
        served()[f"remote.{request.command}"].arguments.model_validate_json(json.dumps(request.arguments))
    except ValidationError:
        return False
    return True


def test_every_command_has_its_arguments_its_order_and_its_key_in_the_configuration():
    names = {name.value for name in CommandName}
    assert names == set(ARGUMENTS) == set(CommandsConfig.model_fields)
    assert {f"remote.{name}" for name in names} == set(served()) - {"remote.note_refused", "snapshot"}


@pytest.mark.parametrize("command", CommandName)
@given(data=st.data())
def test_what_is_published_is_taken(command, data):
    tree = data.draw(requests(command.value))
    assert is_published(tree)
    assert is_taken(tree)


@pytest.mark.parametrize("command", CommandName)
@given(data=st.data())
def test_a_key_more_or_less_is_neither(command, data):
    tree = data.draw(requests(command.value))
    trees = [{name: value for name, value in tree.items() if name != key} for key in tree.keys() - {"name"}]
    for wrong in [*trees, tree | {"correlation": "1"}]:
        assert not is_published(wrong)
        assert not is_taken(wrong)


WRONG = [
    {"command": "open"},
    {"command": "note_refused", "reason": "stale"},
    {"command": "lock", "id": ""},
    {"command": "lock", "id": "x" * 65},
    {"command": "lock", "id": 1},
    *({"command": "lock", "ts": ts} for ts in ("2026-03-01T12:00:00", "2026-03-01", 1772366400, None, "now")),
    {"command": "lock", "ts": "2026-13-01T12:00:00Z"},
    {"command": "unlock", "pin": "12345"},
    {"command": "unlock", "pin": "1234567890123"},
    {"command": "unlock", "pin": "12345x"},
    {"command": "unlock", "pin": "١٢٣٤٥٦"},
    {"command": "unlock", "pin": 123456},
    *({"command": "mode", "mode": mode} for mode in ("open", "unlocked", "locked_open", "accessed", None)),
    {"command": "set", "setting": "face_threshold", "value": 1},
    {"command": "set", "setting": "margin", "value": "0.5"},
    {"command": "set", "setting": "margin", "value": True},
    {"command": "face_unlock", "on": "on"},
    {"command": "enrolment", "seconds": 301},
    {"command": "enrolment", "seconds": -1},
    {"command": "enrolment", "seconds": 1.5},
    {"command": "enrolment", "seconds": 1, "name": ""},
    {"command": "journal", "after": -1, "limit": 1},
    {"command": "journal", "after": 0, "limit": 101},
    {"command": "journal", "after": 0, "limit": 0},
]


@pytest.mark.parametrize("request_", WRONG, ids=str)
def test_what_is_wrong_is_neither_published_nor_taken(request_):
    assert not is_published(SENT | request_)
    assert not is_taken(SENT | request_)


def test_no_mode_that_opens_can_be_ordered():
    opens = {DoorMode.UNLOCKED, DoorMode.LOCKED_OPEN, DoorMode.ACCESSED}
    assert {mode.value for mode in ClosedMode} == {mode.value for mode in DoorMode} - {mode.value for mode in opens}


def test_an_answer_carries_the_id_and_what_came_with_the_request():
    request = asked(command="lock")
    assert isinstance(request, LockRequest)
    message = TOPICS.response(Done(id=request.id, command=request.command, ok=True, result={"mode": "locked"}), b"\x07")
    assert (message.topic, message.retain, message.correlation) == ("faceplate/front-door/response", False, b"\x07")
    assert json.loads(message.payload) == {"id": "1", "command": "lock", "ok": True, "result": {"mode": "locked"}}


@pytest.mark.parametrize("reason", RefusalReason)
def test_every_refusal_can_be_told_also_of_what_had_no_id(reason):
    message = TOPICS.response(Refused(id=None, command=None, ok=False, reason=reason, message="why"))
    expected = {"id": None, "command": None, "ok": False, "reason": reason.value, "message": "why"}
    assert json.loads(message.payload) == expected


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_of_the_daemon_has_its_word(fault):
    assert RefusalReason.of(fault.value).value == fault.value


def test_a_word_of_a_newer_daemon_is_a_failure():
    assert RefusalReason.of("moonstruck") is RefusalReason.FAILED
