"""The bridge against a broker in memory that loses connections and answers as it is told."""

import json
import logging
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.bridge.board import Board
from faceplate.bridge.bridge import Bridge
from faceplate.bridge.broker.link import LinkDownError, LinkRefusedError, Received
from faceplate.bridge.broker.outage import Outage
from faceplate.bridge.daemon import DaemonAwayError, DaemonRefusedError
from faceplate.bridge.intake.clerk import Clerk
from faceplate.bridge.intake.gate import Gate
from faceplate.bridge.messages import Message, Topics
from faceplate.bridge.outbox import Cursor, CursorFile, Outbox
from faceplate.bridge.reporter import LOADS_WITHIN, Kind, Reporter
from faceplate.errors import StoreError
from faceplate.events import JournalRow
from faceplate.types import Seconds

TOPICS = Topics("faceplate/front-door")
HOME = "homeassistant/status"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class KilledError(BaseException):
    """SIGKILL: nothing of ours runs after it."""


class MemoryJournal:
    def __init__(self, name="first"):
        self.name = name
        self.rows: list[JournalRow] = []
        self.fault: str | None = None

    def append(self, event_type="door_locked", payload='{"cause":"command","person":null}'):
        seq = len(self.rows) + 1
        self.rows.append(JournalRow(seq, f"{self.name} {seq}", "", event_type, payload, "", ""))

    def read_after(self, seq, limit):
        if self.fault:
            raise StoreError(self.fault)
        return self.rows[seq : seq + limit]

    def last_row(self, *event_types):
        return next((row for row in reversed(self.rows) if row.event_type in event_types), None)

    def last_door_row(self):
        return self.last_row("door_locked", "door_unlocked")


class MemoryStore:
    """A disk: what was saved is there after a kill."""

    def __init__(self):
        self.cursor = Cursor()
        self.full = False

    def load(self):
        return self.cursor

    def save(self, cursor):
        if self.full:
            raise StoreError("the disk is full")
        self.cursor = cursor


class Hands:
    """A clock that somebody turns."""

    def __init__(self):
        self.time = Seconds(1000.0)

    def __call__(self):
        return self.time


@dataclass
class MemoryBroker:
    """Strict: nothing is taken without a connection. `fates` says what becomes of each message."""

    fates: list[str] = field(default_factory=list)
    received: list[Message] = field(default_factory=list)
    connected: bool = False
    when_idle: list = field(default_factory=list)
    """What happens each time the bridge has nothing to do; then it is told to stop"""
    stop: threading.Event = field(default_factory=threading.Event)
    clock: Hands = field(default_factory=Hands)
    never_refused: bool = True
    subscribed: list[str] = field(default_factory=list)
    coming: list[Received] = field(default_factory=list)
    """What is received next"""

    def open(self):
        assert not self.connected
        self.connected = True

    def publish(self, message):
        assert self.connected
        fate = self.fates.pop(0) if self.fates else "acknowledged"
        if fate != "lost":
            self.received.append(message)
        if fate == "killed":
            self.connected = False
            raise KilledError
        if fate != "acknowledged":
            self.connected = False
            raise (LinkRefusedError if fate == "refused" else LinkDownError)(fate)

    def subscribe(self, topic):
        assert self.connected
        self.subscribed.append(topic)
        return True

    def offer(self, message):
        if self.fates and self.fates[0] == "refused":
            self.fates.pop(0)
            self.never_refused = False
            return False
        self.publish(message)
        return True

    def received_messages(self):
        came, self.coming = tuple(self.coming), []
        return came

    def missed(self):
        return 0

    def wait(self, time):
        assert self.connected
        assert time > 0
        self.clock.time += time
        if self.when_idle:
            self.when_idle.pop(0)()
        else:
            self.stop.set()

    def close(self):
        assert self.connected
        self.connected = False

    def events(self):
        return [json.loads(message.payload) for message in self.received if "/event/" in message.topic]

    def states(self):
        return [message.payload for message in self.received if message.topic.endswith("/lock/state")]


def at_once():
    return Outage(Seconds(0.0), Seconds(0.0))


class MemoryDaemon:
    """Answers as it is told to, or is away."""

    def __init__(self, journal):
        self.journal = journal
        self.now: dict[str, object] | None = None
        """Its status; None: it is away"""
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.refusal: DaemonRefusedError | None = None
        self.results: dict[str, dict[str, object]] = {}

    def status(self):
        if self.now is None:
            raise DaemonAwayError("it does not run")
        return self.now

    def order(self, command, arguments):
        if self.now is None:
            raise DaemonAwayError("it does not run")
        self.asked.append((command, dict(arguments)))
        if self.refusal is not None:
            raise self.refusal
        return self.results.get(command, {})

    def rows_after(self, seq, limit):
        return self.journal.read_after(seq, limit)

    def last_row(self, *event_types):
        return self.journal.last_row(*event_types)


class Link:
    """A broker's connection under the names the bridge uses."""

    def __init__(self, broker):
        self._broker = broker
        self.received = broker.received_messages

    def __getattr__(self, name):
        return getattr(self._broker, name)


class NothingSeen:
    def doubt(self, _request):
        return ""

    def add(self, request):
        pass


def wall_clock():
    return NOW


def deliver(broker, journal, store, daemon=None, **kind):
    """Run bridges, a new one after each kill, until the broker has nothing more in store."""
    daemon, clock = daemon or MemoryDaemon(journal), broker.clock
    while not broker.stop.is_set():
        link = Link(broker)
        reporter = Reporter(daemon, TOPICS, Board(link), Kind(**kind), clock, wall_clock)
        clerk = Clerk(Gate(NothingSeen()), daemon, TOPICS, clock, wall_clock)
        outbox = Outbox(daemon.rows_after, store)
        try:
            Bridge(link, TOPICS, outbox, reporter, clerk, at_once(), clock, broker.stop, HOME).run()
        except KilledError:
            continue


FATES = st.lists(st.sampled_from(["acknowledged", "lost", "unacknowledged", "refused", "killed"]), max_size=60)
TYPES = st.lists(st.sampled_from(["access_granted", "access_denied", "door_locked", "door_unlocked"]), max_size=20)


@given(FATES, TYPES, st.lists(TYPES, max_size=3))
def test_through_every_outage_and_kill_all_rows_arrive_in_order(fates, at_start, later):
    journal, store, broker = MemoryJournal(), MemoryStore(), MemoryBroker(fates)
    for event_type in at_start:
        journal.append(event_type)
    for burst in later:
        broker.when_idle.append(lambda burst=burst: [journal.append(event_type) for event_type in burst])
    deliver(broker, journal, store)
    newest = 0
    for event in broker.events():
        assert event["seq"] <= newest + 1, "a row overtook another"
        newest = max(newest, event["seq"])
    assert newest == len(journal.rows)
    assert store.cursor == (Cursor(newest, f"first {newest}") if newest else Cursor())
    last = journal.last_door_row()
    if last and broker.never_refused:
        assert broker.states()[-1] == last.event_type.removeprefix("door_").upper()


@given(FATES)
def test_the_cursor_never_runs_ahead_of_the_broker(fates):
    class CheckedStore(MemoryStore):
        def save(self, cursor):
            super().save(cursor)
            assert cursor.seq in [event["seq"] for event in broker.events()]

    journal, broker = MemoryJournal(), MemoryBroker(fates)
    for _ in range(10):
        journal.append()
    deliver(broker, journal, CheckedStore())
    assert len({event["seq"] for event in broker.events()}) == 10


def test_a_connection_begins_with_online_and_the_state_and_ends_with_stopped():
    journal, broker = MemoryJournal(), MemoryBroker()
    journal.append("door_unlocked")
    deliver(broker, journal, MemoryStore())
    first, second, third, *_, last = broker.received
    assert first == Message("faceplate/front-door/availability", "online", retain=True)
    assert second == Message("faceplate/front-door/daemon", "offline", retain=True)
    assert third == Message("faceplate/front-door/lock/state", "UNLOCKED", retain=True)
    assert last == Message("faceplate/front-door/availability", "stopped", retain=True)
    assert not broker.connected


def test_after_an_outage_old_states_are_not_published_again():
    journal, broker = MemoryJournal(), MemoryBroker()
    for event_type in ("door_unlocked", "door_locked", "door_unlocked", "door_locked", "access_denied"):
        journal.append(event_type)
    deliver(broker, journal, MemoryStore())
    assert broker.states() == ["LOCKED"]
    assert len(broker.events()) == 5


def test_a_new_connection_publishes_the_state_though_no_row_is_new():
    journal, store = MemoryJournal(), MemoryStore()
    journal.append("door_locked")
    deliver(MemoryBroker(), journal, store)
    again = MemoryBroker()
    deliver(again, journal, store)
    assert (again.states(), again.events()) == (["LOCKED"], [])


def test_another_journal_does_not_inherit_the_cursor():
    old, new, store = MemoryJournal(), MemoryJournal("second"), MemoryStore()
    for _ in range(5):
        old.append()
        new.append()
    deliver(MemoryBroker(), old, store)
    broker = MemoryBroker()
    deliver(broker, new, store)
    assert [event["id"] for event in broker.events()] == [f"second {seq}" for seq in range(1, 6)]


def test_a_journal_replaced_while_the_bridge_runs_is_noticed():
    journal, broker = MemoryJournal(), MemoryBroker()
    journal.append()
    journal.append()

    def replace_it():
        journal.name = "second"
        journal.rows.clear()
        journal.append()

    broker.when_idle.append(replace_it)
    deliver(broker, journal, MemoryStore())
    assert [event["id"] for event in broker.events()] == ["first 1", "first 2", "second 1"]


def test_a_journal_that_cannot_be_read_is_waited_for_and_said_once(caplog):
    journal, broker = MemoryJournal(), MemoryBroker()
    journal.append()
    journal.fault = "there is no journal"
    broker.when_idle += [lambda: None] * 3 + [lambda: setattr(journal, "fault", None)]
    deliver(broker, journal, MemoryStore())
    assert len(broker.events()) == 1
    assert caplog.text.count("there is no journal") == 1


def test_a_cursor_that_cannot_be_kept_neither_stops_nor_repeats_anything(caplog):
    journal, broker, store = MemoryJournal(), MemoryBroker(), MemoryStore()
    for _ in range(3):
        journal.append()
    store.full = True
    broker.when_idle += [lambda: None] * 5
    deliver(broker, journal, store)
    assert [event["seq"] for event in broker.events()] == [1, 2, 3]
    assert caplog.text.count("the disk is full") == 1


@pytest.mark.parametrize("payload", ["", "no JSON", "[]", "null", '"x"'])
def test_a_damaged_row_goes_out_without_details_and_holds_nothing_up(payload, caplog):
    journal, broker = MemoryJournal(), MemoryBroker()
    journal.append(payload=payload)
    journal.append()
    deliver(broker, journal, MemoryStore())
    assert [event["seq"] for event in broker.events()] == [1, 2]
    assert "row 1 of the journal is damaged" in caplog.text


DISCOVERED = Message("homeassistant/device/front-door/config", "{}", retain=True)


@pytest.mark.parametrize(("bounds", "after"), [({"detection_threshold": [0.8, 1.0]}, 0.0), ({}, LOADS_WITHIN)])
def test_the_door_appears_once_its_models_are_loaded_or_take_too_long(bounds, after):
    journal, broker = MemoryJournal(), MemoryBroker()
    daemon = MemoryDaemon(journal)
    daemon.now = {"bounds": bounds}
    appeared = []

    def look():
        if DISCOVERED in broker.received and not appeared:
            appeared.append(broker.clock.time)

    broker.when_idle += [look] * 200
    began = broker.clock.time
    deliver(broker, journal, MemoryStore(), daemon, discovery=lambda _: DISCOVERED)
    assert appeared[0] - began == pytest.approx(after, abs=2.0)
    assert broker.received.count(DISCOVERED) == 1


def test_the_first_failure_is_loud_and_the_next_are_not(caplog):
    caplog.set_level(logging.DEBUG)
    clock = Hands()
    outage = Outage(clock=clock)
    errors = [LinkDownError(), LinkDownError(), LinkRefusedError(), LinkDownError(), LinkRefusedError()]
    for error in errors:
        outage.failed(error)
    clock.time += 300
    outage.over()
    outage.failed(LinkDownError())
    levels = [record.levelname for record in caplog.records]
    assert levels == ["WARNING", "DEBUG", "ERROR", "DEBUG", "DEBUG", "WARNING"]


@pytest.mark.parametrize(
    ("between", "expected"),
    [(lambda _, high: high, [1, 2, 4, 8, 16, 32, 60, 60]), (lambda low, _: low, [1, 1, 2, 4, 8, 16, 30, 30])],
)
def test_waits_double_up_to_a_minute_and_begin_anew(between, expected):
    clock = Hands()
    outage = Outage(between=between, clock=clock)
    assert [outage.failed(LinkDownError()) for _ in expected] == expected
    clock.time += 300
    outage.over()
    assert outage.failed(LinkDownError()) == 1


@pytest.mark.parametrize("lives", [0.0, 1.0, 2.9])
def test_connections_that_die_soon_are_waited_for_longer_and_longer_and_said_once(lives, caplog):
    clock = Hands()
    outage = Outage(between=lambda _, high: high, clock=clock)
    waits = []
    for _ in range(8):
        waits.append(outage.failed(LinkDownError("thrown out")))
        clock.time += waits[-1]
        outage.over()  # connected
        clock.time += lives
        outage.over()
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert caplog.text.count("thrown out") == 1


def test_a_connection_that_lasted_is_proof_that_all_is_well(caplog):
    clock = Hands()
    outage = Outage(between=lambda _, high: high, clock=clock)
    for _ in range(3):
        clock.time += outage.failed(LinkDownError("restarted"))
        outage.over()
        clock.time += 4.0
        outage.over()
    assert outage.failed(LinkDownError("restarted")) == 1
    assert caplog.text.count("restarted") == 4


def test_a_cursor_comes_back_from_its_file(tmp_path):
    path = tmp_path / "state" / "bridge.cursor"
    assert CursorFile(path).load() == Cursor()
    CursorFile(path).save(Cursor(5, "abc"))
    CursorFile(path).save(Cursor(6, "abd"))
    assert CursorFile(path).load() == Cursor(6, "abd")
    assert [file.name for file in path.parent.iterdir()] == ["bridge.cursor"]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"seq": "x", "id": "y"}', "\xff"])
def test_a_damaged_cursor_sends_all_again(tmp_path, content, caplog):
    path = tmp_path / "bridge.cursor"
    path.write_text(content, encoding="latin-1")
    assert CursorFile(path).load() == Cursor()
    assert "is damaged" in caplog.text


def test_a_cursor_that_cannot_be_read_or_written_is_an_error(tmp_path):
    path = tmp_path / "bridge.cursor"
    path.mkdir()
    with pytest.raises(StoreError, match="cannot read the cursor"):
        CursorFile(path).load()
    with pytest.raises(StoreError, match="cannot write the cursor"):
        CursorFile(path).save(Cursor(1, "abc"))


def test_a_cursor_beyond_the_journals_end_starts_again(caplog):
    journal, store, broker = MemoryJournal(), MemoryStore(), MemoryBroker()
    journal.append()
    store.cursor = Cursor(7, "first 7")
    deliver(broker, journal, store)
    assert [event["seq"] for event in broker.events()] == [1]
    assert "another journal?" in caplog.text


def test_pending_rows_are_at_most_as_many_as_asked_for():
    journal = MemoryJournal()
    for _ in range(9):
        journal.append()
    outbox = Outbox(journal.read_after, MemoryStore())
    assert [row.seq for row in outbox.pending(3)] == [1, 2, 3]
    outbox.delivered(journal.rows[2])
    assert [row.seq for row in outbox.pending(3)] == [4, 5, 6]
    journal.rows[2] = replace(journal.rows[2], id="other")
    assert [row.seq for row in outbox.pending(3)] == [1, 2, 3]
