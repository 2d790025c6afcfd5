"""What may be ordered over MQTT, and the answers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from faceplate.bridge.answer_payloads import Done, RefusalReason, Refused
from faceplate.bridge.command_payloads import ClosedMode, CommandName, LockRequest, UnlockRequest, request_from
from faceplate.bridge.messages import Topics
from faceplate.control.protocol import Fault
from faceplate.events import DoorMode
from strategies_bridge import ARGUMENTS, requests

TOPICS = Topics("faceplate/front-door")
SENT = {"id": "1", "ts": "2026-03-01T12:00:00Z"}


def asked(**request):
    return request_from(json.dumps(SENT | request).encode())


def test_every_command_has_its_arguments():
    assert {name.value for name in CommandName} == set(ARGUMENTS)


@pytest.mark.parametrize("command", CommandName)
@given(data=st.data())
def test_a_request_is_read_and_its_arguments_are_what_was_sent(command, data):
    tree = data.draw(requests(command.value))
    request = request_from(json.dumps(tree).encode())
    assert (request.id, request.command) == (tree["id"], command)
    assert request.ts.isoformat() == tree["ts"].replace("Z", "+00:00").replace(".123+", ".123000+")
    assert json.loads(json.dumps(request.arguments())) == {
        key: value for key, value in tree.items() if key not in {"id", "ts", "command"}
    }


@pytest.mark.parametrize("command", CommandName)
@given(data=st.data())
def test_a_request_with_a_key_more_or_less_is_none(command, data):
    tree = data.draw(requests(command.value))
    for key in tree.keys() - {"name"}:
        with pytest.raises(ValueError, match=r"Field required|expected one of"):
            request_from(json.dumps({name: value for name, value in tree.items() if name != key}).encode())
    with pytest.raises(ValueError, match="expected nothing else in it"):
        request_from(json.dumps(tree | {"correlation": "1"}).encode())


WRONG = [
    ({"command": "open"}, "command: expected one of lock, unlock"),
    ({"command": "lock", "id": ""}, "id: .*at least 1 character"),
    ({"command": "lock", "id": "x" * 65}, "id: .*at most 64 characters"),
    ({"command": "lock", "id": 1}, "id: .*valid string"),
    *(
        ({"command": "lock", "ts": ts}, "ts: expected ISO 8601 with a time zone")
        for ts in ("2026-03-01T12:00:00", "2026-03-01", "1772366400", 1772366400, None, "now", "٢026-03-01T12:00:00Z")
    ),
    ({"command": "lock", "ts": "2026-13-01T12:00:00Z"}, "ts: .*valid datetime"),
    ({"command": "unlock", "pin": "12345"}, "pin: .*at least 6"),
    ({"command": "unlock", "pin": "1234567890123"}, "pin: .*at most 12"),
    ({"command": "unlock", "pin": "12345x"}, "pin: a PIN has digits only"),
    ({"command": "unlock", "pin": "١٢٣٤٥٦"}, "pin: a PIN has digits only"),
    ({"command": "unlock", "pin": 123456}, "pin: .*valid string"),
    ({"command": "pin", "pin": ""}, "pin: .*at least 1"),
    *(({"command": "mode", "mode": mode}, "mode: .*'locked', 'blocked' or 'locked_down'") for mode in ("open", None)),
    ({"command": "set", "setting": "face_threshold", "value": 1}, "setting: .*'margin'"),
    ({"command": "set", "setting": "margin", "value": "0.5"}, "value: .*valid number"),
    ({"command": "set", "setting": "margin", "value": True}, "value: .*valid number"),
    ({"command": "set", "setting": "margin", "value": float("nan")}, "value: .*finite number"),
    ({"command": "face_unlock", "on": "on"}, "on: .*valid boolean"),
    ({"command": "enrolment", "seconds": 301}, "seconds: .*less than or equal to 300"),
    ({"command": "enrolment", "seconds": -1}, "seconds: .*greater than or equal to 0"),
    ({"command": "enrolment", "seconds": 1.5}, "seconds: .*valid integer"),
    ({"command": "enrolment", "seconds": 1, "name": ""}, "name: .*at least 1"),
    ({"command": "enrolment", "seconds": 1, "name": None}, "name: .*valid string"),
    ({"command": "journal", "after": -1, "limit": 1}, "after: .*greater than or equal to 0"),
    ({"command": "journal", "after": 0, "limit": 101}, "limit: .*less than or equal to 100"),
    ({"command": "journal", "after": 0, "limit": 0}, "limit: .*greater than or equal to 1"),
]


@pytest.mark.parametrize(("request_", "why"), WRONG, ids=lambda value: str(value)[:60])
def test_a_wrong_request_is_told_what_was_expected(request_, why):
    with pytest.raises(ValueError, match=why):
        asked(**request_)


@pytest.mark.parametrize("mode", [DoorMode.UNLOCKED, DoorMode.LOCKED_OPEN, DoorMode.ACCESSED])
def test_no_mode_that_opens_can_be_ordered(mode):
    with pytest.raises(ValueError, match="mode"):
        asked(command="mode", mode=mode.value)
    assert mode.value not in set(ClosedMode)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[]", b"null", b'"lock"', b"1", b"[" * 9000])
def test_what_is_no_object_is_no_request(text):
    with pytest.raises(ValueError, match=r"expected JSON|should be an object|expected one of"):
        request_from(text)


SECRET = "271828182"  # noqa: S105 - looked for


@pytest.mark.parametrize(
    "request_",
    [
        {"command": "unlock", "pin": f"{SECRET}x"},
        {"command": "unlock", "pin": int(SECRET)},
        {"command": "unlock", "pin": SECRET * 2},
        {"command": "unlock", "pins": SECRET},
        {"command": "unlock", "pin": "123456", SECRET: 1},
        {"command": SECRET},
        {"command": "lock", "ts": SECRET},
        {"command": "lock", "id": SECRET * 9},
        {"command": "mode", "mode": SECRET},
        {"command": "set", "setting": SECRET, "value": SECRET},
        {"command": ["unlock", SECRET]},
    ],
    ids=str,
)
def test_a_refusal_never_quotes_what_was_sent(request_):
    with pytest.raises(ValueError, match=r"expected|should|digits only") as refusal:
        asked(**request_)
    assert SECRET not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None


def test_a_payloads_own_error_does_not_quote_either():
    with pytest.raises(ValidationError) as refusal:
        LockRequest.model_validate_json(json.dumps(SENT | {"command": "lock", "id": [SECRET]}))
    assert SECRET not in str(refusal.value)


def test_a_pin_prints_itself_as_stars():
    request = asked(command="unlock", pin=SECRET)
    assert isinstance(request, UnlockRequest)
    assert request.pin == SecretStr(SECRET)
    assert SECRET not in f"{request} {request!r} {request.model_dump_json()}"


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
