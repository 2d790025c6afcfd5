"""The gate for commands, the record of what has come, and what is told of refusals."""

import hashlib
import json
import resource
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.bridge.broker.inbox import Inbox
from faceplate.bridge.broker.link import Received
from faceplate.bridge.intake import seen
from faceplate.bridge.intake.bucket import Bucket
from faceplate.bridge.intake.gate import BURST, RATE, Gate
from faceplate.bridge.intake.refusals import AGAIN, ANSWER_RATE, ANSWERS, INTERVAL, Note, Refusals
from faceplate.bridge.intake.requests import LONGEST, Refusal, RefusalReason, Request
from faceplate.bridge.intake.seen import KEPT, SeenFile
from faceplate.errors import StoreError
from faceplate.types import Seconds

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
AT = Seconds(1000.0)
PIN = "258013"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bridge.seen"


@pytest.fixture
def gate(path):
    return gate_at(path)


def gate_at(path, started=NOW - timedelta(days=1)):
    """The gate of a process that began then."""
    return Gate(SeenFile(path, started))


def message(tree=None, *, retained=False, correlation=None, **changes):
    """A proper command, but for the changes; what is changed to `...` is left out."""
    full = {"id": "one", "ts": NOW.isoformat(), "command": "unlock", "pin": PIN} | changes
    content = tree if tree is not None else {key: value for key, value in full.items() if value is not ...}
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Received("faceplate/front-door/command", payload, retained, correlation)


def reason_of(verdict):
    return verdict.reason if isinstance(verdict, Refusal) else None


def test_a_proper_command_is_let_through_as_it_came(gate):
    request = gate.judge(message(deep=[1, {"a": None}]), NOW, AT)
    assert request == Request("one", "unlock", {"pin": PIN, "deep": [1, {"a": None}]}, NOW)
    assert PIN not in repr(request)
    assert PIN not in repr(message())


# Each reason


def test_what_is_retained_is_refused(gate):
    verdict = gate.judge(message(retained=True), NOW, AT)
    assert verdict == Refusal(RefusalReason.RETAINED, verdict.message, "one", "unlock")
    assert gate.judge(message(b"garbage", retained=True), NOW, AT).reason is RefusalReason.RETAINED
    assert gate.judge(message(b"x" * 20_000, retained=True), NOW, AT).reason is RefusalReason.RETAINED
    assert isinstance(gate.judge(message(), NOW, AT), Request), "it was not obeyed, so it did not come before"


def test_what_is_too_large_is_refused(gate):
    largest = message(pad="")
    largest = message(pad="x" * (LONGEST - len(largest.payload)))
    assert len(largest.payload) == LONGEST
    larger = Received(largest.topic, largest.payload + b" ")
    verdict = gate.judge(larger, NOW, AT)
    assert verdict == Refusal(RefusalReason.TOO_LARGE, "expected at most 16384 bytes, got 16385")
    with_data = Received(largest.topic, largest.payload, correlation=b"x")
    assert gate.judge(with_data, NOW, AT).reason is RefusalReason.TOO_LARGE
    assert isinstance(gate.judge(largest, NOW, AT), Request)


@pytest.mark.parametrize(
    ("malformed", "told"),
    [
        (message(b""), "a JSON object in UTF-8"),
        (message(b"\xff"), "a JSON object in UTF-8"),
        (message(b"[]"), "a JSON object, got list"),
        (message(b'{"id": "one", "id": "two"}'), "a JSON object in UTF-8"),
        (message(b'{"value": NaN}'), "a JSON object in UTF-8"),
        (message(b'{"pin": "\\ud800"}'), "a JSON object in UTF-8"),
        (message(b"[" * LONGEST), "a JSON object in UTF-8"),
        (message(value=[[[[[[[[1]]]]]]]]), "JSON of at most 8 levels, got more"),
        (message(id=...), "got no id"),
        (message(id=258013), "got id that is a number"),
        (message(id=""), "got id of 0 characters"),
        (message(id="x" * 65), "got id of 65 characters"),
        (message(id=None), "got id that is null"),
        (message(ts=...), "got no ts"),
        (message(ts=1772366400), "got ts that is a number"),
        (message(ts="2026-03-01T12:00:00"), "got ts without a time zone"),
        (message(ts="2026-03-01"), "got ts without a time zone"),
        (message(ts="now"), "got ts that is no ISO 8601"),
        (message(ts=""), "got ts that is no ISO 8601"),
        (message(command=...), "got no command"),
        (message(command=["unlock"]), "got command that is a list"),
        (message(command={}), "got command that is an object"),
        (message(command=True), "got command that is true or false"),
        (message(command="x" * 65), "got command of 65 characters"),
        (message(id=..., ts=..., command=...), "got no id, no ts, no command"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_malformed_is_refused_and_not_repeated(gate, malformed, told):
    verdict = gate.judge(malformed, NOW, AT)
    assert verdict.reason is RefusalReason.MALFORMED
    assert told in verdict.message
    assert verdict.message.startswith("expected ")
    assert PIN not in verdict.message


def test_of_what_is_malformed_the_id_is_told_if_there_is_one(gate):
    verdict = gate.judge(message(ts="now"), NOW, AT)
    assert (verdict.id, verdict.command) == ("one", "unlock")
    verdict = gate.judge(message(id=5, command="x" * 100), NOW, AT)
    assert (verdict.id, verdict.command) == (None, None)


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (5.001, "sent 5.0 s ago"),
        (3600, "sent 3600.0 s ago"),
        (-5.001, "sent 5.0 s ahead of this device's clock"),
        (-86400, "sent 86400.0 s ahead"),
    ],
)
def test_what_is_stale_is_refused(gate, age, told):
    verdict = gate.judge(message(ts=(NOW - timedelta(seconds=age)).isoformat()), NOW, AT)
    assert (verdict.reason, verdict.id) == (RefusalReason.STALE, "one")
    assert told in verdict.message


@pytest.mark.parametrize("age", [-5, 0, 5])
def test_up_to_five_seconds_either_way_are_fresh_in_any_time_zone(gate, age):
    sent = (NOW - timedelta(seconds=age)).astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert isinstance(gate.judge(message(ts=sent.isoformat()), NOW, AT), Request)


@pytest.mark.parametrize("ts", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-03-01T12:00:01Z"])
def test_no_time_is_too_far_away_to_be_judged(gate, ts):
    verdict = gate.judge(message(ts=ts), NOW, AT)
    assert reason_of(verdict) in {None, RefusalReason.STALE}


def test_what_comes_again_is_refused(gate):
    assert isinstance(gate.judge(message(), NOW, AT), Request)
    verdict = gate.judge(message(command="lock"), NOW, AT)
    assert verdict == Refusal(RefusalReason.REPEATED, verdict.message, "one", "lock")


def test_what_comes_too_fast_is_refused_and_may_come_again(gate):
    verdicts = [gate.judge(message(id=str(number)), NOW, AT) for number in range(BURST + 5)]
    assert [reason_of(verdict) for verdict in verdicts] == [None] * BURST + [RefusalReason.TOO_MANY] * 5
    later = Seconds(AT + 1 / RATE)
    assert isinstance(gate.judge(message(id="12"), NOW, later), Request)


def test_what_is_refused_for_another_reason_uses_up_nothing(gate):
    for number in range(1000):
        gate.judge(message(b"garbage"), NOW, AT)
        gate.judge(message(id=f"old {number}", ts="2020-01-01T00:00:00Z"), NOW, AT)
    assert isinstance(gate.judge(message(), NOW, AT), Request)


@contextmanager
def full_disk():
    """No file of this process can be longer than a few bytes: writing fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_cannot_be_recorded_is_refused_and_may_come_again(path):
    gate = gate_at(path)
    with full_disk():
        verdict = gate.judge(message(), NOW, AT)
    assert (verdict.reason, verdict.id) == (RefusalReason.NOT_RECORDED, "one")
    assert "nothing was done: cannot write the record of commands" in verdict.message
    assert list(path.parent.iterdir()) == []
    assert isinstance(gate.judge(message(), NOW, AT), Request)


def test_a_full_disk_forgets_nothing(path):
    gate = gate_at(path)
    gate.judge(message(id="first"), NOW, AT)
    with full_disk():
        assert gate.judge(message(), NOW, AT).reason is RefusalReason.NOT_RECORDED
    for again in (gate, gate_at(path)):
        assert again.judge(message(id="first"), NOW, AT).reason is RefusalReason.REPEATED


def test_the_order_of_the_reasons(gate):
    """Each message has the fault of its reason and of all that follow."""
    gate.judge(message(), NOW, AT)
    for number in range(BURST):
        gate.judge(message(id=str(number)), NOW, AT)
    old = "2020-01-01T00:00:00Z"
    assert gate.judge(message(b"x" * 20_000, retained=True), NOW, AT).reason is RefusalReason.RETAINED
    assert gate.judge(message(b"x" * 20_000), NOW, AT).reason is RefusalReason.TOO_LARGE
    assert gate.judge(message(ts=old, command=5), NOW, AT).reason is RefusalReason.MALFORMED
    assert gate.judge(message(ts=old), NOW, AT).reason is RefusalReason.STALE
    assert gate.judge(message(), NOW, AT).reason is RefusalReason.REPEATED
    assert gate.judge(message(id="new"), NOW, AT).reason is RefusalReason.TOO_MANY


@given(st.binary(max_size=300), st.booleans(), st.none() | st.binary(max_size=10))
def test_whatever_comes_there_is_a_verdict(payload, retained, correlation):
    gate = Gate(MemoryRecord())
    verdict = gate.judge(Received("t", payload, retained, correlation), NOW, AT)
    assert isinstance(verdict, Refusal)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=70)
    | st.just(PIN)
    | st.just(NOW.isoformat()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["id", "ts", "command", "pin", PIN]), JSON))
def test_whatever_object_comes_nothing_of_it_is_told(tree):
    verdict = Gate(MemoryRecord()).judge(message(tree), NOW, AT)
    if isinstance(verdict, Refusal):
        assert PIN not in verdict.message


class MemoryRecord:
    def __init__(self):
        self.ids = []

    def doubt(self, request):
        return "it came before" if request.id in self.ids else ""

    def add(self, request):
        self.ids.append(request.id)


# The record


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(["", "restarted"]), st.integers(-3000, 3000)), max_size=25
    )
)
def test_no_id_passes_twice_through_restarts_and_clocks_that_jump_by_years(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("record") / "bridge.seen"
    gate, passed = gate_at(path), []
    for name, what, days in steps:
        now = NOW + timedelta(days=days)
        if what:
            gate = gate_at(path, started=now)
        verdict = gate.judge(message(id=name, ts=now.isoformat()), now, Seconds(AT + 100.0 * len(passed)))
        if isinstance(verdict, Request):
            passed.append(name)
    assert len(passed) == len(set(passed))


def test_a_replay_after_a_restart_or_with_the_clock_set_back_is_refused(path):
    assert isinstance(gate_at(path).judge(message(), NOW, AT), Request)
    for started in (NOW, NOW - timedelta(days=3650)):
        assert gate_at(path, started).judge(message(), NOW, AT).reason is RefusalReason.REPEATED


def test_the_latest_ids_are_kept_and_no_more(path, monkeypatch):
    assert KEPT >= 4096
    monkeypatch.setattr(seen, "KEPT", 300)
    record = SeenFile(path, NOW)
    for number in range(301):
        if number % 64 == 0:
            record = SeenFile(path, NOW)
        record.add(Request(str(number), "lock", {}, NOW))
    again = SeenFile(path, NOW)
    assert [number for number in range(301) if not again.doubt(Request(str(number), "lock", {}, NOW))] == [0]
    assert path.stat().st_size < 17 * 300


def damaged(content):
    yield "empty", b""
    yield "torn", content[: len(content) // 2]
    yield "one byte less", content[:-1]
    yield "one byte more", content + b"\0"
    yield "one bit flipped", content[:30] + bytes([content[30] ^ 1]) + content[31:]
    yield "zeros", bytes(len(content))


@pytest.mark.parametrize("how", ["empty", "torn", "one byte less", "one byte more", "one bit flipped", "zeros"])
def test_a_damaged_record_is_said_and_then_nothing_older_than_the_process_is_obeyed(path, how, caplog):
    gate_at(path).judge(message(), NOW, AT)
    path.write_bytes(dict(damaged(path.read_bytes()))[how])
    started = NOW + timedelta(seconds=3)
    gate = gate_at(path, started)
    assert f"{path} is damaged" in caplog.text
    verdict = gate.judge(message(), NOW, AT)
    assert verdict.reason is RefusalReason.REPEATED
    assert str(path) in verdict.message
    late = message(id="two", ts=started.isoformat())
    assert isinstance(gate.judge(late, started, AT), Request)
    # And so it stays: the damage is not forgotten once a sound file has been written.
    back_then = gate_at(path, started=NOW - timedelta(days=3650))
    assert back_then.judge(message(), NOW, AT).reason is RefusalReason.REPEATED


def test_where_there_is_no_record_nothing_older_than_the_process_is_obeyed(path, caplog):
    gate = gate_at(path, started=NOW + timedelta(seconds=1))
    assert gate.judge(message(), NOW, AT).reason is RefusalReason.REPEATED
    assert caplog.text == ""


def test_senders_whose_clocks_differ_are_both_heard_after_a_restart(path):
    ahead, behind = NOW + timedelta(seconds=4), NOW - timedelta(seconds=4)
    assert isinstance(gate_at(path).judge(message(ts=ahead.isoformat()), NOW, AT), Request)
    assert isinstance(gate_at(path).judge(message(id="two", ts=behind.isoformat()), NOW, AT), Request)


def test_a_record_of_another_kind_counts_as_damaged(path, caplog):
    for content in (b"something else", b"faceplate seen 1\n", b"faceplate seen 1\n" + bytes(9)):
        path.write_bytes(content + hashlib.sha256(content).digest())
        SeenFile(path, NOW)
    assert caplog.text.count("it is of another kind") == 3


def test_a_record_that_cannot_be_read_is_an_error(path):
    path.mkdir()
    with pytest.raises(StoreError, match="cannot read the record of commands"):
        SeenFile(path, NOW)


def test_the_record_holds_no_id_in_the_clear_and_is_its_owners(path):
    SeenFile(path, NOW).add(Request(PIN, "lock", {}, NOW))
    assert PIN.encode() not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600


# What is told of refusals


def garbage(count, seconds):
    """That many messages of every kind of fault, spread over a time; each with when it comes."""
    kinds = [message(b"garbage"), message(b"x" * 20_000), message(retained=True), message(ts="2020-01-01T00:00:00Z")]
    for number in range(count):
        yield kinds[number % len(kinds)], Seconds(AT + seconds * number / count)


@pytest.mark.parametrize(("count", "seconds"), [(200_000, 600.0), (10_000, 0.0)])
def test_a_flood_is_answered_and_noted_only_so_often_and_counted_in_full(count, seconds):
    gate, refusals = Gate(MemoryRecord()), Refusals()
    answers, notes = 0, []
    for number, (each, at) in enumerate(garbage(count, seconds)):
        verdict = gate.judge(each, NOW, at)
        answers += refusals.refused(verdict, at)
        if number % 100 == 0:
            notes += refusals.due(at)
    assert answers <= ANSWERS + ANSWER_RATE * seconds
    assert len(notes) <= 4 * (1 + seconds / INTERVAL)
    notes += refusals.due(Seconds(AT + seconds + INTERVAL))
    assert sum(note.count for note in notes) == count
    assert {note.reason for note in notes} == {
        RefusalReason.MALFORMED,
        RefusalReason.TOO_LARGE,
        RefusalReason.RETAINED,
        RefusalReason.STALE,
    }


@pytest.mark.parametrize("reason", RefusalReason)
def test_the_first_of_a_reason_is_noted_at_once_and_the_next_after_a_while(reason):
    refusals = Refusals()
    for _ in range(3):
        refusals.refused(Refusal(reason, "", "one", "unlock"), AT)
    assert refusals.due(AT) == (Note(reason, "unlock", 3),)
    refusals.refused(Refusal(reason, "", None, None), AT)
    refusals.refused(Refusal(reason, "", "one", "lock"), AT)
    assert refusals.due(Seconds(AT + INTERVAL - 1)) == ()
    assert refusals.due(Seconds(AT + INTERVAL)) == (Note(reason, "lock", 2),)
    assert refusals.due(Seconds(AT + 10 * INTERVAL)) == ()


def test_a_note_that_could_not_be_delivered_is_not_lost():
    refusals = Refusals()
    refusals.refused(Refusal(RefusalReason.STALE, "", "one", "unlock"), AT)
    [note] = refusals.due(AT)
    refusals.give_back(note, AT)
    refusals.refused(Refusal(RefusalReason.STALE, "", "one", "lock"), AT)
    assert refusals.due(Seconds(AT + AGAIN / 2)) == ()
    assert refusals.due(Seconds(AT + AGAIN)) == (Note(RefusalReason.STALE, "unlock", 2),)


def test_messages_nobody_read_are_noted_as_too_many():
    refusals = Refusals()
    refusals.missed(0)
    assert refusals.due(AT) == ()
    refusals.missed(7)
    assert refusals.due(AT) == (Note(RefusalReason.TOO_MANY, None, 7),)


@given(st.lists(st.floats(0, 10), max_size=60), st.integers(1, 5), st.floats(0.1, 5))
def test_a_bucket_gives_no_more_than_its_burst_and_its_rate(pauses, burst, rate):
    bucket, now, given_at = Bucket(burst, rate), AT, []
    for pause in pauses:
        now = Seconds(now + pause)
        if bucket.take(now):
            given_at.append(now)
    for first, since in enumerate(given_at):
        for last in range(first, len(given_at)):
            assert last - first + 1 <= burst + rate * (given_at[last] - since) + 1e-6


@given(st.integers(1, 5), st.lists(st.integers(0, 8), max_size=10))
def test_an_inbox_keeps_the_oldest_in_order_and_counts_the_rest(capacity, bursts):
    inbox, number = Inbox(capacity), 0
    for burst in bursts:
        come = [Received(str(number + i), b"") for i in range(burst)]
        number += burst
        for each in come:
            inbox.put(each)
        assert len(inbox) <= capacity
        assert inbox.is_full == (burst >= capacity)
        assert (inbox.take(), inbox.missed()) == (tuple(come[:capacity]), max(0, burst - capacity))
    assert inbox.arrived == number


def test_what_an_inbox_forgets_is_missed():
    inbox = Inbox()
    inbox.put(Received("t", b""))
    inbox.miss()
    inbox.forget()
    assert (inbox.take(), inbox.missed(), inbox.missed()) == ((), 2, 0)
