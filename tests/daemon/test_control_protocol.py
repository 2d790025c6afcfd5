"""Frames, requests and answers of the control socket, whole and broken."""

from __future__ import annotations

import json
import socket
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.control.protocol import (
    LONGEST_REQUEST,
    Done,
    Fault,
    ProtocolError,
    Refused,
    Request,
    framed,
    parsed,
    receive,
    request_from,
    tree_of,
)
from faceplate.types import Seconds

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
trees = st.dictionaries(
    texts,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
        lambda below: st.lists(below, max_size=3) | st.dictionaries(texts, below, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


class SteppingClock:
    """Each look at it takes as long as was said."""

    def __init__(self, step: float = 0.0) -> None:
        self.now = 0.0
        self.step = step

    def __call__(self) -> Seconds:
        self.now += self.step
        return Seconds(self.now)


@pytest.fixture
def pair():
    here, there = socket.socketpair()
    with closing(here), closing(there):
        yield here, there


def take(connection, longest=LONGEST_REQUEST, *, idle=5.0, patience=5.0, clock=None):
    return receive(connection, longest, idle=Seconds(idle), patience=Seconds(patience), clock=clock or SteppingClock())


def or_its_reason(read, given):
    """What is read of something, or why it is refused; nothing else may be raised."""
    try:
        return read(given)
    except ProtocolError as error:
        return error.reason


@given(trees)
def test_what_is_framed_comes_out_again(tree):
    frame = framed(tree, LONGEST_REQUEST)
    assert int.from_bytes(frame[:4], "big") == len(frame) - 4
    assert parsed(frame[4:]) == tree


@given(st.binary(max_size=200))
def test_whatever_comes_is_an_object_or_a_protocol_error(content):
    assert isinstance(or_its_reason(parsed, content), dict | Fault)


@given(trees)
def test_any_object_is_a_request_or_a_protocol_error(tree):
    assert isinstance(or_its_reason(request_from, tree), Request | Fault)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff{}",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":"\\ud800"}',
        b'{"\\udfff":1}',
        b"[" * 50_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"a":' + b"9" * 5_000 + b"}",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_what_is_no_json_object_is_malformed(content):
    with pytest.raises(ProtocolError, match="expected a JSON object") as refused:
        parsed(content)
    assert refused.value.reason is Fault.MALFORMED


def test_a_parsing_error_does_not_repeat_what_was_given():
    with pytest.raises(ProtocolError) as refused:
        parsed(b'{"digits": 2580')
    assert "2580" not in str(refused.value)
    assert refused.value.__cause__ is None


GOOD = {"id": "1", "command": "status", "arguments": {}}


def test_a_request_is_read():
    assert request_from(GOOD | {"arguments": {"on": True}}) == Request("1", "status", {"on": True})
    assert request_from({"id": "x" * 64, "command": ""}) == Request("x" * 64, "", {})
    assert "on" not in repr(request_from(GOOD | {"arguments": {"on": True}}))


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"id": "1"},
        {"command": "status"},
        GOOD | {"id": 1},
        GOOD | {"id": ""},
        GOOD | {"id": "x" * 65},
        GOOD | {"command": None},
        GOOD | {"arguments": []},
        GOOD | {"arguments": None},
        GOOD | {"more": 1},
    ],
    ids=str,
)
def test_what_is_no_request_is_malformed(tree):
    with pytest.raises(ProtocolError, match="and nothing else") as refused:
        request_from(tree)
    assert refused.value.reason is Fault.MALFORMED


def test_answers_as_json():
    assert tree_of("7", Done({"mode": "locked"})) == {"id": "7", "ok": True, "result": {"mode": "locked"}}
    assert tree_of("7", Refused(Fault.FORBIDDEN, "no")) == {
        "id": "7",
        "ok": False,
        "error": {"reason": "forbidden", "message": "no"},
    }


def test_a_frame_has_a_longest_length():
    content = json.dumps({"a": "x" * 92}, separators=(",", ":"))
    assert len(content) == 100
    assert len(framed(json.loads(content), 100)) == 104
    with pytest.raises(ProtocolError, match="expected at most 99 bytes, got 100") as refused:
        framed(json.loads(content), 99)
    assert refused.value.reason is Fault.TOO_LARGE


def test_a_frame_that_says_it_is_too_long_is_refused_before_it_comes(pair):
    here, there = pair
    there.sendall((101).to_bytes(4, "big"))
    with pytest.raises(ProtocolError, match="expected at most 100 bytes, got 101") as refused:
        take(here, 100)
    assert refused.value.reason is Fault.TOO_LARGE


def test_frames_follow_one_another_and_then_the_end(pair):
    here, there = pair
    there.sendall(framed({"a": 1}, 100) + framed({"b": 2}, 100) + (0).to_bytes(4, "big"))
    there.shutdown(socket.SHUT_WR)
    assert take(here) == b'{"a":1}'
    assert take(here, len(b'{"b":2}')) == b'{"b":2}'
    assert take(here) == b""
    assert take(here) is None


@pytest.mark.parametrize("length", [1, 3, 4, 5])
def test_a_frame_that_breaks_off_is_malformed(pair, length):
    here, there = pair
    there.sendall(framed({"a": 1}, 100)[:length])
    there.shutdown(socket.SHUT_WR)
    with pytest.raises(ProtocolError, match=r"closed after \d of \d bytes") as refused:
        take(here)
    assert refused.value.reason is Fault.MALFORMED


def test_nothing_at_all_is_waited_for_no_longer_than_idle(pair):
    with pytest.raises(ProtocolError, match=r"nothing came for 0\.01 s") as refused:
        take(pair[0], idle=0.01)
    assert refused.value.reason is Fault.TOO_SLOW


def test_a_whole_frame_has_one_deadline_however_its_bytes_drip(pair):
    here, there = pair
    there.sendall(framed({"a": 1}, 100))
    # Told at the first byte, before the length, and before the content: 1, 2 and 3 s. All are there at once.
    assert take(here, patience=2.5, clock=SteppingClock(1.0)) == b'{"a":1}'
    there.sendall(framed({"a": 1}, 100))
    with pytest.raises(ProtocolError, match="did not come in time") as refused:
        take(here, patience=2.0, clock=SteppingClock(1.0))
    assert refused.value.reason is Fault.TOO_SLOW
