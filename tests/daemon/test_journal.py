import errno
import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from faceplate.errors import SealError, StoreError
from faceplate.journal import database
from faceplate.journal.chain import GENESIS, Mark, hash_of
from faceplate.journal.head import Head
from faceplate.journal.journal import Journal
from faceplate.journal.reader import is_signed, read, read_all, read_last, verify
from faceplate.journal.signing import CREDENTIAL, load_signer
from faceplate.types import Outcome, Reason, Seconds
from strategies_journal import GRANTED, LOCKED, NOON, UNLOCKED, decision, written


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "journal.sqlite3"


def checked(path):
    """What came of checking the journal, with its key."""
    return verify(path, load_signer(path.with_name("journal.key")))[0]


def change(path, statement, *values):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def test_a_grant_is_written_with_person_and_score(path):
    [row] = written(path, GRANTED)
    assert (row.seq, row.ts, row.event_type) == (1, "2026-03-01T12:00:00.123Z", "access_granted")
    assert row.payload == ('{"frame":41,"method":"face","person":"Zoë","reason":"verified","score":0.9877,"track":7}')


@pytest.mark.parametrize(("delayed", "told"), [(0.0, None), (0.04, 0.0), (1.0, 1.0), (3.14159, 3.1), (86400.0, 86400)])
def test_a_row_that_comes_late_says_how_late(path, delayed, told):
    with closing(Journal(path)) as journal:
        journal.write(LOCKED, Seconds(delayed))
    [row] = read(path, 0, 10)
    assert json.loads(row.payload).get("delayed") == told


def test_an_idle_door_writes_nothing(path):
    assert written(path, *(decision(Outcome.NOTHING, reason) for reason in Reason)) == []


def test_rows_are_numbered_and_chained_across_restarts(path):
    written(path, UNLOCKED, LOCKED)
    rows = written(path, UNLOCKED)
    assert [row.seq for row in rows] == [1, 2, 3]
    assert [row.previous for row in rows] == [GENESIS, rows[0].hash, rows[1].hash]
    assert len({row.id for row in rows}) == 3
    assert (checked(path).rows, checked(path).fault) == (3, "")


def test_two_threads_write_one_chain(path):
    start = threading.Barrier(2)

    def work():
        start.wait()
        for _ in range(50):
            journal.write(LOCKED)

    with closing(Journal(path)) as journal:
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert (checked(path).rows, checked(path).fault) == (100, "")


def test_the_reader_works_beside_the_writer(path):
    with closing(Journal(path)) as journal:
        assert read(path, 0, 10) == []
        for _ in range(5):
            journal.write(LOCKED)
        assert [row.seq for row in read(path, 2, 2)] == [3, 4]
        journal.write(UNLOCKED)
        assert [row.seq for row in read_last(path, 2)] == [5, 6]
        assert [row.seq for row in read_last(path, 1, ["door_locked"])] == [5]


def test_the_reader_cannot_write(path):
    written(path, LOCKED)
    with (
        closing(database.open_for_reading(path)) as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        connection.execute("DELETE FROM journal")


def test_files_and_folder_are_for_their_owner_only(path):
    with closing(Journal(path)) as journal:
        journal.write(LOCKED)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes) >= {path.name, f"{path.name}-wal", f"{path.name}.lock", "journal.key"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_every_commit_is_made_to_outlast_a_power_cut(path):
    with closing(Journal(path)) as journal:
        assert journal._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert journal._database.execute("PRAGMA synchronous").fetchone() == (2,)
        assert journal._database.execute("PRAGMA secure_delete").fetchone() == (1,)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"nowhere.*No such file or directory.*folder"):
        Journal(tmp_path / "nowhere" / "at" / "journal.sqlite3")


def test_a_second_writer_is_refused_and_the_first_goes_on(path):
    with closing(Journal(path)) as journal:
        with pytest.raises(StoreError, match="another program writes to the journal"):
            Journal(path)
        journal.write(LOCKED)
    assert len(written(path, LOCKED)) == 2


def test_a_second_writing_process_is_refused(path):
    program = f"from faceplate.journal.journal import Journal; Journal(__import__('pathlib').Path({str(path)!r}))"
    with closing(Journal(path)):
        other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "another program writes to the journal" in other.stderr


def test_a_file_that_is_no_database_is_refused_and_left_alone(path):
    path.parent.mkdir()
    path.write_bytes(b"my diary\n" * 1000)
    with pytest.raises(StoreError, match="not a database"):
        Journal(path)
    assert path.read_bytes() == b"my diary\n" * 1000
    with pytest.raises(StoreError, match="not a database"):
        read(path, 0, 1)


def test_somebody_elses_database_is_refused(path):
    path.parent.mkdir()
    change(path, "CREATE TABLE journal (seq)")
    with pytest.raises(StoreError, match="is not a Faceplate journal"):
        Journal(path)
    with pytest.raises(StoreError, match="is not a Faceplate journal"):
        read(path, 0, 1)


@pytest.mark.parametrize("layout", [0, 3, -1])
def test_another_layout_is_refused(path, layout):
    written(path, LOCKED)
    change(path, f"PRAGMA user_version = {layout}")
    with pytest.raises(StoreError, match=f"has layout {layout}, this program knows 2"):
        Journal(path)
    with pytest.raises(StoreError, match=f"has layout {layout}, this program knows 2"):
        read(path, 0, 1)


def test_an_empty_file_is_begun_by_the_writer_and_refused_by_the_reader(path):
    path.parent.mkdir()
    path.touch()
    with pytest.raises(StoreError, match="is an empty file, not a Faceplate journal"):
        read(path, 0, 1)
    assert len(written(path, LOCKED)) == 1


def test_a_truncated_database_is_refused(path):
    written(path, *[LOCKED] * 100)
    os.truncate(path, 5000)
    with pytest.raises(StoreError, match="malformed"):
        Journal(path)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE journal SET payload = '{}' WHERE seq = 3", "number 3, is changed"),
        ("UPDATE journal SET ts = x'ff' WHERE seq = 3", "number 3, is changed"),
        ("DELETE FROM journal WHERE seq = 2", "number 3, is missing"),
        ("UPDATE journal SET hash = previous WHERE seq = 2", "number 3, is not the successor"),
    ],
)
def test_nothing_is_chained_to_a_bad_last_row(path, statement, fault):
    written(path, LOCKED, UNLOCKED, LOCKED)
    change(path, statement)
    with pytest.raises(StoreError, match=fault):
        Journal(path)


def test_a_refused_journal_is_let_go_of(path):
    written(path, LOCKED)
    change(path, "UPDATE journal SET ts = 'never'")
    with pytest.raises(StoreError):
        Journal(path)
    path.unlink()
    assert len(written(path, LOCKED)) == 1


def test_a_full_disk_is_said_writes_nothing_by_half_and_passes(path):
    with closing(Journal(path)) as journal:
        journal.write(UNLOCKED)
        [pages] = journal._database.execute("PRAGMA page_count").fetchone()
        journal._database.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match="disk is full"):  # noqa: PT012 - nobody knows which one fails
            for _ in range(1000):
                journal.write(LOCKED)
        there = checked(path).rows
        with pytest.raises(StoreError, match="disk is full"):
            journal.write(LOCKED)
        journal._database.execute(f"PRAGMA max_page_count = {pages + 100}")
        journal.write(LOCKED)
    assert (checked(path).rows, checked(path).fault) == (there + 1, "")


def test_a_write_after_the_close_is_an_error(path):
    journal = Journal(path)
    journal.close()
    journal.close()
    with pytest.raises(StoreError, match="closed"):
        journal.write(LOCKED)


def test_the_documented_hash_can_be_made_by_hand(path):
    [row] = written(path, UNLOCKED)
    assert row.hash == hash_of(row)
    text = (Path(__file__).parents[2] / "docs" / "journal.md").read_text(encoding="utf-8")
    program = text.split("```python\n")[1].split("```")[0]
    names = {"row": {name: getattr(row, name) for name in row.__slots__}}
    exec(compile(program, "docs/journal.md", "exec"), names)  # noqa: S102 - our own page, which must be true
    assert names["digest"] == row.hash


def test_a_missing_journal_is_named(path):
    with pytest.raises(StoreError, match="there is no journal at"):
        read(path, 0, 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_forbidden_folder_is_said(path):
    written(path, LOCKED)
    path.parent.chmod(0)
    try:
        with pytest.raises(StoreError, match=os.strerror(errno.EACCES)):
            read(path, 0, 1)
    finally:
        path.parent.chmod(0o700)


DAYS = [NOON.replace(day=day, month=month) for month, day in [(1, 1), (1, 2), (1, 5), (1, 3), (1, 6)]]
"""Wall-clock times of five rows; before the fourth the clock was set back"""


@pytest.mark.parametrize(
    ("after", "since", "until", "expected"),
    [
        (0, None, None, [1, 2, 3, 4, 5]),
        (2, None, None, [3, 4, 5]),
        (5, None, None, []),
        (0, DAYS[1], None, [2, 3, 4, 5]),
        (0, DAYS[3], None, [3, 4, 5]),
        (0, None, DAYS[2], [1, 2, 3, 4]),
        (0, None, DAYS[3], [1, 2]),
        (0, DAYS[1], DAYS[4], [2, 3, 4]),
        (3, DAYS[1], DAYS[4], [4]),
        (0, NOON, None, []),
        (0, None, DAYS[0], []),
    ],
)
def test_rows_are_given_from_time_to_time_without_gaps(path, after, since, until, expected):
    times = iter([*DAYS[:1], *DAYS])  # the first is asked for when the journal is opened
    written(path, *[LOCKED] * 5, wall_clock=lambda: next(times))
    assert [row.seq for row in read_all(path, after, since, until)] == expected


def test_a_new_journal_is_signed_and_makes_its_key(path):
    with closing(Journal(path)):
        key = path.with_name("journal.key")
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert (checked(path).rows, checked(path).fault) == (0, "")
        assert is_signed(path)


def test_a_key_that_is_there_is_kept(path):
    written(path, LOCKED)
    key = path.with_name("journal.key").read_bytes()
    path.unlink()
    written(path, LOCKED)
    assert path.with_name("journal.key").read_bytes() == key
    assert checked(path).fault == ""


def test_a_systemd_credential_goes_before_the_key_file(path, tmp_path, monkeypatch):
    (tmp_path / CREDENTIAL).write_bytes(bytes(32))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    written(path, LOCKED)
    assert not path.with_name("journal.key").exists()
    assert checked(path).fault == ""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(StoreError, match=r"is signed, and its key .* is missing"):
        Journal(path)


def test_a_signed_journal_is_not_opened_without_its_key(path):
    written(path, LOCKED)
    path.with_name("journal.key").unlink()
    with pytest.raises(StoreError, match=r"its key .*journal\.key is missing\. Put back the key; if it is lost, keep"):
        Journal(path)
    assert not path.with_name("journal.key").exists()
    path.rename(path.with_name("evidence"))
    assert len(written(path, LOCKED)) == 1


def test_a_signed_journal_is_not_opened_with_another_key(path):
    written(path, LOCKED)
    path.with_name("journal.key").write_bytes(bytes(32))
    with pytest.raises(StoreError, match="is not signed with its key: it was changed, or it is another"):
        Journal(path)
    assert checked(path).fault.startswith("its end is not signed with this key")


def test_an_unsafe_key_is_refused(path):
    written(path, LOCKED)
    path.with_name("journal.key").chmod(0o640)
    with pytest.raises(SealError, match=r"the journal key .* can be read by others"):
        Journal(path)


def test_nothing_is_added_to_an_end_that_was_changed_meanwhile(path):
    with closing(Journal(path)) as journal:
        journal.write(LOCKED)
        change(path, "UPDATE head SET last_hash = base_hash")
        with pytest.raises(StoreError, match="is not signed with its key"):
            journal.write(LOCKED)
        change(path, "DELETE FROM head")
        with pytest.raises(StoreError, match="is not signed with its key"):
            journal.write(LOCKED)
    assert len(read(path, 0, 10)) == 1


OLD_TABLE = """CREATE TABLE journal (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, ts TEXT NOT NULL,
    event_type TEXT NOT NULL, payload TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL)"""


def make_old(path, rows=()):
    """A journal as the first release wrote it."""
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(
            f"PRAGMA application_id = {database.APPLICATION_ID}; PRAGMA user_version = 1; PRAGMA journal_mode = WAL"
        )
        connection.execute(OLD_TABLE)
        for row in rows:
            database.append(connection, row)


def three_rows(path):
    return written(path.with_name("newer.sqlite3"), LOCKED, UNLOCKED, LOCKED, key_file=path.with_name("other.key"))


def test_an_unsigned_journal_is_read_as_it_is(path):
    rows = three_rows(path)
    make_old(path, rows)
    assert read(path, 0, 10) == rows
    assert not is_signed(path)
    found, head = verify(path, None)
    assert (found.rows, found.fault, head) == (3, "", None)


def test_an_unsigned_journal_is_not_believed_where_there_is_a_key(path):
    rows = three_rows(path)
    make_old(path, rows)
    found, _ = verify(path, load_signer(path.with_name("other.key")))
    assert (found.bad_row, found.rows) == (None, 3)
    assert found.fault.startswith("its end is not signed, though there is a key")


def test_an_unsigned_journal_is_signed_when_it_is_opened_and_no_row_changes(path, caplog):
    rows = three_rows(path)
    make_old(path, rows)
    with closing(Journal(path)):
        assert "is signed from now on; rows up to 3 were not" in caplog.text
        assert read(path, 0, 10) == rows
        _, head = verify(path, load_signer(path.with_name("journal.key")))
        assert head == Head(last=Mark(3, rows[2].hash), unsigned_until=3)
    assert len(written(path, LOCKED)) == 4
    assert (checked(path).rows, checked(path).fault) == (4, "")
    caplog.clear()
    written(path, LOCKED)
    assert caplog.text == ""


def test_an_empty_unsigned_journal_is_signed_too(path):
    make_old(path)
    assert len(written(path, LOCKED)) == 1
    _, head = verify(path, load_signer(path.with_name("journal.key")))
    assert head is not None
    assert head.unsigned_until == 0


def test_an_unsigned_journal_with_a_bad_end_is_left_alone(path):
    make_old(path, three_rows(path))
    change(path, "UPDATE journal SET payload = '{}' WHERE seq = 3")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="number 3, is changed"):
        Journal(path)
    assert path.read_bytes() == before
    assert not is_signed(path)
