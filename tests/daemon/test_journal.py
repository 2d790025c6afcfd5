import errno
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from faceplate.errors import StoreError
from faceplate.events import DoorEvent, DoorEventType
from faceplate.journal import database
from faceplate.journal.chain import GENESIS, hash_of
from faceplate.journal.journal import Journal
from faceplate.journal.reader import read, read_last, verify
from faceplate.types import (
    Box,
    Decision,
    Face,
    Likeness,
    Look,
    Match,
    Outcome,
    Pixels,
    Reason,
    Score,
    Seconds,
    Sighting,
    TrackId,
)

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
UNLOCKED = DoorEvent(DoorEventType.UNLOCKED, Seconds(1.0), "access_granted", "Zoë")
LOCKED = DoorEvent(DoorEventType.LOCKED, Seconds(6.0), "release_time")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "journal.sqlite3"


def decision(outcome, reason, person="Zoë"):
    face = Face(Box(Pixels(0), Pixels(0), Pixels(80), Pixels(80)), np.zeros((5, 2), np.float32), 0.99)
    look = Look(face, np.zeros((112, 112, 3), np.uint8), (), np.full(4, 0.5, np.float32))
    sighting = Sighting(TrackId(7), look)
    match = Match(sighting, Likeness.VERIFIED, person, Score(np.float32(0.98765432)), 1.0, 1.0)
    return Decision(41, Seconds(3.0), outcome, reason, match)


def written(path, *entries):
    with closing(Journal(path, lambda: NOON)) as journal:
        for entry in entries:
            journal.write(entry)
    return read(path, 0, 100)


def change(path, statement, *values):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def test_a_grant_is_written_with_person_and_score(path):
    [row] = written(path, decision(Outcome.GRANTED, Reason.VERIFIED))
    assert (row.seq, row.ts, row.event_type) == (1, "2026-03-01T12:00:00.123Z", "access_granted")
    assert row.payload == ('{"frame":41,"method":"face","person":"Zoë","reason":"verified","score":0.9877,"track":7}')


@pytest.mark.parametrize("reason", list(Reason))
def test_of_a_stranger_neither_score_nor_likeness_is_written(path, reason):
    [row] = written(path, decision(Outcome.DENIED, reason, person="whom they look like"))
    assert row.event_type == "access_denied"
    assert json.loads(row.payload) == {
        "frame": 41,
        "method": "face",
        "person": None,
        "reason": reason.value,
        "track": 7,
    }


@pytest.mark.parametrize("kind", list(DoorEventType))
def test_every_door_event_is_written(path, kind):
    [row] = written(path, DoorEvent(kind, Seconds(1.0), "some cause", "Ann"))
    assert (row.event_type, row.payload) == (kind.value, '{"cause":"some cause","person":"Ann"}')


def test_an_idle_door_writes_nothing(path):
    assert written(path, *(decision(Outcome.NOTHING, reason) for reason in Reason)) == []


def test_rows_are_numbered_and_chained_across_restarts(path):
    written(path, UNLOCKED, LOCKED)
    rows = written(path, UNLOCKED)
    assert [row.seq for row in rows] == [1, 2, 3]
    assert [row.previous for row in rows] == [GENESIS, rows[0].hash, rows[1].hash]
    assert len({row.id for row in rows}) == 3
    assert verify(path).rows == 3


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
    assert (verify(path).rows, verify(path).bad_row) == (100, None)


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
    assert set(modes) >= {path.name, f"{path.name}-wal", f"{path.name}.lock"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_every_commit_is_made_to_outlast_a_power_cut(path):
    with closing(Journal(path)) as journal:
        assert journal._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert journal._database.execute("PRAGMA synchronous").fetchone() == (2,)


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


def test_a_newer_layout_is_refused(path):
    written(path, LOCKED)
    change(path, "PRAGMA user_version = 2")
    with pytest.raises(StoreError, match="has layout 2, this program knows 1"):
        Journal(path)


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
        there = verify(path).rows
        with pytest.raises(StoreError, match="disk is full"):
            journal.write(LOCKED)
        journal._database.execute(f"PRAGMA max_page_count = {pages + 100}")
        journal.write(LOCKED)
    assert (verify(path).rows, verify(path).bad_row) == (there + 1, None)


def test_a_write_after_the_close_is_an_error(path):
    journal = Journal(path)
    journal.close()
    journal.close()
    with pytest.raises(StoreError, match="closed"):
        journal.write(LOCKED)


def test_what_was_written_survives_a_kill(path):
    program = (
        "import sys; from pathlib import Path\n"
        "from faceplate.journal.journal import Journal\n"
        "from faceplate.types import DoorEvent, DoorEventType, Seconds\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "while True:\n"
        "    journal.write(DoorEvent(DoorEventType.LOCKED, Seconds(0.0), 'test')); print(flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline() for _ in range(20)]
        writer.send_signal(signal.SIGKILL)
        told += writer.stdout.readlines()
    found = verify(path)
    assert found.bad_row is None
    assert found.rows in (len(told), len(told) + 1)
    assert len(written(path, LOCKED)) == min(100, found.rows + 1)


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
