"""The recorder on a disk that fails, hangs and comes back, as it is told."""

import logging
import threading
from contextlib import closing, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.errors import StoreError
from faceplate.events import Cause, CommandEvent, DoorEvent, DoorEventType
from faceplate.journal.entries import EventsLost
from faceplate.journal.journal import Journal
from faceplate.journal.reader import read
from faceplate.journal.recorder import LATE, ROOM, Recorder
from faceplate.types import Outcome, Reason, Seconds
from strategies_journal import GRANTED, LOCKED, decision

DEADLINE = 10.0
"""Seconds after which a thread that should have done something is taken to hang"""

COMMAND = CommandEvent("unlock", "anna", "{}")


def event(number):
    return DoorEvent(DoorEventType.BELL, Seconds(number), Cause.CONTACT, detail=str(number))


class Disk:
    """A journal that is strict, and fails, or hangs, when it is told to."""

    def __init__(self):
        self.rows = []
        self.delays = []
        self.broken = False
        self.shut_out = False
        """Whether the journal cannot even be opened"""
        self.opened = 0
        self.is_open = False
        self.hanging = threading.Event()
        self.runs = threading.Event()
        self.runs.set()
        self.changed = threading.Condition()

    def open(self):
        if self.shut_out:
            raise StoreError("no such folder")
        assert not self.is_open, "the journal is opened twice"
        self.is_open = True
        self.opened += 1
        return self

    def write(self, entry, delayed):
        assert self.is_open
        if not self.runs.is_set():
            self.hanging.set()
            assert self.runs.wait(DEADLINE)
        if self.broken:
            raise StoreError("the disk is full")
        with self.changed:
            self.rows.append(entry)
            self.delays.append(delayed)
            self.changed.notify_all()

    def close(self):
        assert self.is_open
        self.is_open = False

    def wait_for(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.rows) >= count, DEADLINE), self.rows


class Setting:
    """A recorder, its disk, its clock, and what it reported."""

    def __init__(self, room=ROOM):
        self.disk = Disk()
        self.now = Seconds(100.0)
        self.reported = []
        self.waits = []
        self.waiting = threading.Event()
        self.go_on = threading.Semaphore(0)
        self.recorder = Recorder(self.disk.open, lambda: self.now, self.reported.append, room=room, wait=self._wait)

    def _wait(self, stop, seconds):
        self.waits.append(seconds)
        self.waiting.set()
        assert self.go_on.acquire(timeout=DEADLINE)
        return stop.is_set()

    def next_attempt(self):
        """Let the thread try again, and wait until it has failed once more."""
        self.waiting.clear()
        self.go_on.release()
        assert self.waiting.wait(DEADLINE)

    def stop(self):
        self.go_on.release()
        self.recorder.close()


@pytest.fixture
def setting():
    return Setting()


@pytest.fixture
def running():
    setting = Setting()
    setting.recorder.start()
    yield setting
    setting.stop()


def test_nothing_is_opened_before_it_is_needed(setting):
    assert setting.disk.opened == 0
    setting.recorder.open_now()
    setting.recorder.open_now()
    setting.recorder.write(GRANTED)
    assert (setting.disk.opened, setting.disk.rows) == (1, [GRANTED])


def test_whoever_read_the_journal_is_told_that_it_may_have_changed(setting):
    recorder = setting.recorder
    known = [recorder.changes()]

    def changed() -> bool:
        known.append(recorder.changes())
        return known[-1] not in known[:-1]

    recorder.open_now()
    assert changed()
    for entry in (GRANTED, COMMAND, LOCKED):
        recorder.write(entry)
        assert changed()
    setting.disk.broken = True
    with pytest.raises(StoreError):
        recorder.write(GRANTED)
    assert changed(), "it is opened anew, and may be another one then"
    setting.disk.broken = False
    recorder.write(GRANTED)
    assert changed()
    recorder.write(decision(Outcome.NOTHING, Reason.NOBODY))
    recorder.open_now()
    assert not changed()


@pytest.mark.parametrize("entry", [GRANTED, COMMAND, LOCKED, decision(Outcome.DENIED, Reason.CREDENTIAL_NOT_FOUND)])
def test_what_is_written_is_on_disk_before_write_returns(setting, entry):
    setting.recorder.write(entry)
    assert (setting.disk.rows, setting.disk.delays) == ([entry], [0.0])


@pytest.mark.parametrize("reason", list(Reason))
def test_a_door_nobody_stands_at_does_not_depend_on_the_disk(setting, reason):
    setting.disk.shut_out = True
    setting.recorder.write(decision(Outcome.NOTHING, reason))
    assert setting.reported == []


def test_what_was_noted_goes_before_what_is_written(setting):
    for number in range(3):
        setting.recorder.note(event(number))
    assert setting.disk.rows == []
    setting.recorder.write(GRANTED)
    assert setting.disk.rows == [event(0), event(1), event(2), GRANTED]


def test_what_is_noted_is_written_soon(running):
    for number in range(20):
        running.recorder.note(event(number))
    running.disk.wait_for(20)
    assert running.disk.rows == [event(number) for number in range(20)]
    assert running.waits == []


@pytest.mark.parametrize(("late", "told"), [(0.0, 0.0), (LATE, 0.0), (LATE + 0.5, 1.5), (3600.0, 3600.0)])
def test_what_is_written_late_says_so(setting, late, told):
    setting.recorder.note(event(1))
    setting.now += late
    setting.recorder.write(COMMAND)
    assert setting.disk.delays == [told, 0.0]


def test_a_write_that_fails_is_an_error_and_nothing_noted_is_lost(setting):
    setting.recorder.note(event(1))
    setting.recorder.note(event(2))
    setting.disk.broken = True
    with pytest.raises(StoreError, match="the disk is full"):
        setting.recorder.write(GRANTED)
    assert setting.disk.rows == []
    setting.disk.broken = False
    setting.recorder.write(COMMAND)
    assert setting.disk.rows == [event(1), event(2), COMMAND]


def test_a_journal_that_cannot_be_opened_is_an_error_and_may_be_opened_later(setting):
    setting.disk.shut_out = True
    with pytest.raises(StoreError, match="no such folder"):
        setting.recorder.open_now()
    with pytest.raises(StoreError, match="no such folder"):
        setting.recorder.write(GRANTED)
    assert setting.reported == [True]
    setting.disk.shut_out = False
    setting.recorder.open_now()
    assert setting.reported == [True], "not before a row is written"
    setting.recorder.write(GRANTED)
    assert setting.reported == [True, False]


def test_a_failure_closes_the_journal_so_that_another_is_found_in_its_place(setting):
    setting.recorder.write(COMMAND)
    setting.disk.broken = True
    for _ in range(3):
        with pytest.raises(StoreError):
            setting.recorder.write(COMMAND)
        assert not setting.disk.is_open
    assert setting.disk.opened == 3


def test_a_fault_is_said_and_reported_once_and_its_end_too(setting, caplog):
    caplog.set_level(logging.DEBUG)
    for _ in range(2):
        setting.disk.broken = True
        for _ in range(3):
            with pytest.raises(StoreError):
                setting.recorder.write(COMMAND)
        setting.disk.broken = False
        setting.recorder.write(COMMAND)
        setting.recorder.write(COMMAND)
    assert [record.levelname for record in caplog.records] == ["ERROR", "DEBUG", "DEBUG", "INFO"] * 2
    assert setting.reported == [True, False] * 2
    assert caplog.messages[0] == "the disk is full"
    assert caplog.messages[3] == "the journal can be written again"


def test_what_is_noted_while_the_disk_fails_is_written_when_it_is_back(running):
    running.disk.broken = True
    for number in range(5):
        running.recorder.note(event(number))
    assert running.waiting.wait(DEADLINE)
    for _ in range(9):
        running.next_attempt()
    assert running.disk.rows == []
    assert running.reported == [True]
    running.now += 60.0
    running.disk.broken = False
    running.go_on.release()
    running.disk.wait_for(5)
    assert running.disk.rows == [event(number) for number in range(5)]
    assert running.disk.delays == [60.0] * 5


def test_attempts_become_rarer_and_start_anew_after_a_success(running):
    running.disk.broken = True
    running.recorder.note(event(1))
    assert running.waiting.wait(DEADLINE)
    for _ in range(11):
        running.next_attempt()
    assert running.waits[0] == 0.5
    assert all(0.5 <= wait <= 30.0 for wait in running.waits)
    assert all(later <= 2.0 * 2**place * 0.5 for place, later in enumerate(running.waits))
    assert max(running.waits) > 10.0
    running.disk.broken = False
    running.waiting.clear()
    running.go_on.release()
    running.disk.wait_for(1)
    running.disk.broken = True
    running.recorder.note(event(2))
    assert running.waiting.wait(DEADLINE)
    assert running.waits[-1] == 0.5


def test_a_hanging_disk_holds_up_nobody_who_notes(running):
    running.disk.runs.clear()
    running.recorder.note(event(0))
    assert running.disk.hanging.wait(DEADLINE)
    for number in range(1, 100):
        running.recorder.note(event(number))  # were this to wait, nobody would ever let the disk run again
    running.disk.runs.set()
    running.disk.wait_for(100)
    assert running.disk.rows == [event(number) for number in range(100)]


def test_a_report_may_note_something(setting):
    setting.recorder = Recorder(
        setting.disk.open, lambda: setting.now, lambda broken: setting.recorder.note(event(int(broken)))
    )
    setting.disk.broken = True
    with pytest.raises(StoreError):
        setting.recorder.write(GRANTED)
    setting.disk.broken = False
    setting.recorder.write(GRANTED)
    setting.recorder.write(COMMAND)
    assert setting.disk.rows == [event(1), event(0), GRANTED, COMMAND]


def test_when_too_much_is_noted_the_newest_are_counted_where_they_belong(caplog):
    setting = Setting(room=3)
    for number in range(8):
        setting.recorder.note(event(number))
    setting.recorder.write(COMMAND)
    setting.recorder.note(event(8))
    setting.recorder.write(COMMAND)
    kept = [event(number) for number in range(3)]
    assert setting.disk.rows == [*kept, EventsLost(5), COMMAND, event(8), COMMAND]
    assert caplog.text.count("only counted") == 1


def test_exactly_as_many_are_kept_as_there_is_room_for():
    setting = Setting(room=3)
    for number in range(3):
        setting.recorder.note(event(number))
    setting.recorder.write(COMMAND)
    assert setting.disk.rows == [event(0), event(1), event(2), COMMAND]


def test_there_is_room_for_ten_thousand():
    assert ROOM == 10_000


@given(st.lists(st.sampled_from(["note", "write", "break", "mend", "lock out", "let in"]), max_size=60))
def test_whatever_happens_the_order_is_kept_and_nothing_is_lost(happenings):
    setting = Setting(room=5)
    told = []
    for number, happening in enumerate(happenings):
        match happening:
            case "note":
                setting.recorder.note(event(number))
                told.append(event(number))
            case "write":
                with suppress(StoreError):
                    setting.recorder.write(event(number))
                    told.append(event(number))
            case "break" | "mend":
                setting.disk.broken = happening == "break"
            case _:
                setting.disk.shut_out = happening == "lock out"
    setting.disk.broken = setting.disk.shut_out = False
    setting.recorder.close()
    rows = [row for row in setting.disk.rows if row in told]
    assert rows == sorted(rows, key=lambda row: row.time)
    lost = sum(row.count for row in setting.disk.rows if isinstance(row, EventsLost))
    assert len(rows) + lost == len(told)
    assert all(True if row in rows else isinstance(row, EventsLost) for row in setting.disk.rows)


def test_the_end_writes_what_is_noted_and_lets_the_journal_go(setting):
    setting.recorder.note(event(1))
    setting.recorder.close()
    assert setting.disk.rows == [event(1)]
    assert not setting.disk.is_open
    setting.recorder.close()


def test_the_end_of_a_running_recorder_writes_what_is_noted(running):
    for number in range(50):
        running.recorder.note(event(number))
    running.recorder.close()
    assert running.disk.rows == [event(number) for number in range(50)]
    assert not running.disk.is_open


def test_the_end_does_not_wait_out_a_pause_between_attempts():
    stopped = threading.Event()

    def wait(stop, seconds):
        assert seconds > 0
        assert stop.wait(DEADLINE)
        stopped.set()

    disk = Disk()
    disk.broken = True
    recorder = Recorder(disk.open, lambda: Seconds(0.0), lambda _: None, wait=wait)
    recorder.start()
    recorder.note(event(1))
    recorder.close(Seconds(DEADLINE))
    assert stopped.is_set()


def test_what_the_end_cannot_write_is_counted_aloud(setting, caplog):
    setting.disk.broken = True
    for number in range(7):
        setting.recorder.note(event(number))
    setting.recorder.close()
    assert "7 door events are not in it" in caplog.text


def test_the_end_does_not_wait_for_a_hanging_disk(caplog):
    setting = Setting()
    setting.recorder.start()
    setting.disk.runs.clear()
    setting.recorder.note(event(0))
    assert setting.disk.hanging.wait(DEADLINE)
    setting.recorder.note(event(1))
    setting.recorder.close(Seconds(0.01))
    assert "the disk hangs: 1 door events are not in the journal" in caplog.text
    setting.disk.runs.set()
    setting.disk.wait_for(1)


def test_after_the_end_nothing_is_written_and_noting_still_does_no_harm(setting):
    setting.recorder.close()
    setting.recorder.note(event(1))
    with pytest.raises(StoreError, match="the journal is closed"):
        setting.recorder.write(GRANTED)
    assert setting.disk.rows == []


def test_many_threads_at_once_lose_nothing_and_keep_their_own_order(running):
    start = threading.Barrier(4)

    def work(name):
        start.wait()
        for number in range(50):
            entry = DoorEvent(DoorEventType.BELL, Seconds(number), Cause.CONTACT, person=name)
            if name == "writer":
                running.recorder.write(entry)
            else:
                running.recorder.note(entry)

    names = ["writer", "a", "b", "c"]
    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    running.disk.wait_for(200)
    for name in names:
        assert [row.time for row in running.disk.rows if row.person == name] == list(range(50))


def test_with_a_real_journal(tmp_path):
    path = tmp_path / "journal.sqlite3"
    now = [0.0]
    with closing(Recorder(lambda: Journal(path), lambda: Seconds(now[0]), lambda _: None)) as recorder:
        recorder.note(event(1))
        now[0] = 2.5
        recorder.write(GRANTED)
        recorder.start()
        recorder.note(event(2))
    rows = read(path, 0, 10)
    assert [row.event_type for row in rows] == ["bell", "access_granted", "bell"]
    assert '"delayed":2.5' in rows[0].payload
    assert "delayed" not in rows[1].payload
