"""What is erased, when, and what the rest is then worth."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.config import JournalConfig
from faceplate.journal import database
from faceplate.journal import journal as journal_module
from faceplate.journal.chain import BEGINNING, Mark
from faceplate.journal.head import Head
from faceplate.journal.journal import PRUNED_AT_ONCE, PRUNED_AT_OPEN, PRUNED_EVERY, Journal
from faceplate.journal.reader import read, verify
from faceplate.journal.retention import Retention, due
from faceplate.journal.signing import load_signer
from strategies_journal import LOCKED, NOON, UNLOCKED, written

DAY = timedelta(days=1)
MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.sqlite3"


class WallClock:
    """Shows what it is told to."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


def checked(path):
    return verify(path, load_signer(path.with_name("journal.key")))[0]


def numbers(path):
    return [row.seq for row in read(path, 0, 100_000)]


def table_of(ages):
    """A bare table whose rows have these ages in days."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE journal (seq INTEGER PRIMARY KEY, ts TEXT)")
    rows = [(seq, database.stamp(NOON - age * DAY)) for seq, age in enumerate(ages, 1)]
    connection.executemany("INSERT INTO journal VALUES (?, ?)", rows)
    return connection, Head(last=Mark(len(ages), "x"))


@pytest.mark.parametrize(
    ("ages", "keep", "most", "expected"),
    [
        ([], Retention(10, 5), 100, 0),
        ([1, 1, 1, 1, 1], Retention(10, 5), 100, 0),
        ([1, 1, 1, 1, 1, 1], Retention(10, 5), 100, 1),
        ([1] * 9, Retention(10, 5), 100, 4),
        ([1] * 9, Retention(10, 5), 3, 3),
        ([11, 11, 1], Retention(10, 5), 100, 2),
        ([11, 11, 1], Retention(10, 5), 1, 1),
        ([11, 11, 11], Retention(10, 5), 100, 3),
        ([10, 1], Retention(10, 5), 100, 0),
        ([1, 11, 11], Retention(10, 5), 100, 0),
        ([11, 1, 11], Retention(10, 5), 100, 1),
        ([11] * 3 + [1] * 6, Retention(10, 5), 100, 4),
        ([11] * 5 + [1] * 3, Retention(10, 5), 100, 5),
        ([-400, 11], Retention(10, 5), 100, 0),
    ],
)
def test_what_is_too_old_or_too_much_is_due_from_the_beginning_on(ages, keep, most, expected):
    connection, head = table_of(ages)
    with closing(connection):
        assert due(connection, head, keep, NOON, most) == expected


@given(st.lists(st.integers(0, 20), max_size=20), st.integers(1, 20), st.integers(1, 20), st.integers(1, 20))
def test_never_too_much_is_due_and_never_too_little_in_the_end(ages, days, rows, most):
    connection, head = table_of(ages)
    with closing(connection):
        until = due(connection, head, Retention(days, rows), NOON, most)
        assert 0 <= until <= min(most, len(ages))
        kept = ages[until:]
        if until < most:
            assert len(kept) <= rows
            assert not kept or kept[0] <= days
        assert all(age > days or len(ages) - seq >= rows for seq, age in enumerate(ages[:until], 1))


def test_a_row_is_kept_to_the_end_of_its_time(path):
    clock = WallClock()
    written(path, LOCKED, wall_clock=clock)
    for age, left in [(365 * DAY, [1]), (365 * DAY + MOMENT, [])]:
        clock.now = NOON + age
        written(path, wall_clock=clock)
        assert numbers(path) == left


def test_the_numbers_go_on_when_all_is_erased(path):
    clock = WallClock()
    last = written(path, *[LOCKED] * 3, wall_clock=clock)[-1]
    clock.now = NOON + 400 * DAY
    assert written(path, wall_clock=clock) == []
    _, head = verify(path, None)
    assert head == Head(Mark(3, last.hash), Mark(3, last.hash))
    assert (checked(path).rows, checked(path).fault) == (0, "")
    [row] = written(path, LOCKED, wall_clock=clock)
    assert (row.seq, row.previous) == (4, last.hash)
    assert (checked(path).rows, checked(path).fault) == (1, "")


def test_old_rows_are_erased_while_the_daemon_runs_and_not_more_at_once_than_it_can(path):
    clock = WallClock()
    with closing(Journal(path, wall_clock=clock, keep=Retention(rows=10**6))) as journal:
        for _ in range(PRUNED_AT_ONCE + PRUNED_EVERY):
            journal.write(LOCKED)
    clock.now = NOON + 364 * DAY
    with closing(Journal(path, wall_clock=clock)) as journal:
        clock.now = NOON + 366 * DAY
        for _ in range(PRUNED_EVERY - 1):
            journal.write(UNLOCKED)
        assert numbers(path)[0] == 1
        journal.write(UNLOCKED)
        assert numbers(path)[0] == PRUNED_AT_ONCE + 1
        for _ in range(PRUNED_EVERY):
            journal.write(UNLOCKED)
        assert [row.event_type for row in read(path, 0, 1)] == ["door_unlocked"]
        assert (checked(path).rows, checked(path).fault) == (2 * PRUNED_EVERY, "")


def test_more_come_to_be_erased_than_come_in():
    assert PRUNED_AT_ONCE > PRUNED_EVERY


def test_at_the_start_all_is_erased_up_to_a_bound(path, monkeypatch):
    # The real bound is 20,000 rows; writing these takes a minute.
    monkeypatch.setattr(journal_module, "PRUNED_AT_OPEN", 12)
    monkeypatch.setattr(journal_module, "PRUNED_AT_ONCE", 4)
    written(path, *[LOCKED] * 30)
    written(path, keep=Retention(rows=20))
    assert numbers(path) == list(range(11, 31))
    written(path, keep=Retention(rows=1))
    assert numbers(path) == list(range(23, 31))
    assert PRUNED_AT_OPEN >= 10_000


def test_an_idle_door_writes_nothing(path):
    clock = WallClock()
    with closing(Journal(path, wall_clock=clock)) as journal:
        journal.write(LOCKED)
        before = [(file.name, file.stat().st_mtime_ns) for file in sorted(path.parent.iterdir())]
        clock.now = NOON + 1000 * DAY
        read(path, 0, 10)
        assert [(f.name, f.stat().st_mtime_ns) for f in sorted(path.parent.iterdir()) if "shm" not in f.name] == [
            entry for entry in before if "shm" not in entry[0]
        ]
        assert numbers(path) == [1]


def test_what_was_erased_is_not_in_the_files_any_more(path):
    with closing(Journal(path)) as journal:
        for _ in range(50):
            journal.write(UNLOCKED)
    assert b"Zo\xc3\xab" in path.read_bytes()
    with closing(Journal(path, keep=Retention(rows=10))) as journal:
        for _ in range(11):
            journal.write(LOCKED)
    written(path, keep=Retention(rows=10))
    assert "Zoë".encode() not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_the_write_ahead_log_is_emptied_of_what_was_erased_at_the_start(path):
    with closing(Journal(path)) as journal:
        for _ in range(50):
            journal.write(UNLOCKED)
    with closing(Journal(path, keep=Retention(rows=10))):
        assert path.with_name(f"{path.name}-wal").stat().st_size == 0


def test_nothing_is_erased_where_a_row_does_not_fit_as_that_is_evidence(path, caplog):
    written(path, *[LOCKED] * 20)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE journal SET payload = '{}' WHERE seq = 5")
    written(path, keep=Retention(rows=10))
    assert len(numbers(path)) == 20
    assert "could not be erased: row 5 is changed" in caplog.text
    assert checked(path).bad_row == 5
    written(path, keep=Retention(rows=16))
    assert numbers(path)[0] == 5, "what lies before it can go"


@pytest.mark.parametrize("seq", [1, 5, 10])
def test_nothing_is_erased_where_a_row_is_missing(path, caplog, seq):
    written(path, *[LOCKED] * 20)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM journal WHERE seq = ?", (seq,))
    written(path, keep=Retention(rows=10))
    assert len(numbers(path)) == 19
    assert f"could not be erased: row {seq} is missing" in caplog.text
    assert checked(path).bad_row == seq


def test_rows_removed_after_an_erasure_are_found(path):
    written(path, *[LOCKED] * 20)
    written(path, keep=Retention(rows=10))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM journal WHERE seq <= 12")
    assert (checked(path).bad_row, checked(path).fault) == (11, "missing: the next row there is, is number 13")


def test_a_failure_to_erase_is_said_and_the_row_is_written_all_the_same(path, caplog):
    clock = WallClock()
    with closing(Journal(path, wall_clock=clock)) as journal:
        change_forbidden = "CREATE TRIGGER no BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'not today'); END"
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(change_forbidden)
        for _ in range(PRUNED_EVERY - 1):
            journal.write(LOCKED)
        clock.now = NOON + 400 * DAY
        journal.write(LOCKED)
        assert "could not be erased: not today" in caplog.text
        journal.write(LOCKED)
    assert (checked(path).rows, checked(path).fault) == (PRUNED_EVERY + 1, "")


def test_the_defaults_are_the_configurations():
    assert Retention() == Retention(JournalConfig().keep_days, JournalConfig().keep_rows)
    assert Head() == Head(BEGINNING, BEGINNING, 0)
