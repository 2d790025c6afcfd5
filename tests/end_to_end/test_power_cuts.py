"""The power fails at every moment of a journal's and a gallery's life, and nothing that was acknowledged is lost.

See `power_cuts` for how. What a cut leaves is opened by the real code.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from faceplate.journal import database
from faceplate.journal.journal import Journal
from faceplate.journal.reader import is_signed, read, verify
from faceplate.journal.retention import Retention
from faceplate.journal.signing import load_signer
from faceplate.people.gallery import Gallery
from power_cuts import can_trace, chance, contents, kept, lost, record, torn
from strategies_journal import LOCKED, UNLOCKED, written

pytestmark = pytest.mark.skipif(not can_trace(), reason="there is no strace on this machine, or it may not trace")

KEPT_ROWS = 4

JOURNAL = """
import os, sys
from contextlib import closing
from pathlib import Path
from faceplate.journal import journal as module
from faceplate.journal.journal import Journal
from faceplate.journal.retention import Retention
from strategies_journal import GRANTED, LOCKED

module.PRUNED_EVERY = 3
path = Path(sys.argv[1]) / "journal.sqlite3"
count = int(sys.argv[2])
for life in range(2):
    with closing(Journal(path, keep=Retention(rows=4))) as journal:
        os.write(1, b"open")
        for number in range(5):
            journal.write(GRANTED if number % 2 else LOCKED)
            count += 1
            os.write(1, b"%d" % count)
            if number == 2:
                # As after some hundred rows: the log goes into the database, and begins anew with the next row.
                journal._database.execute("PRAGMA wal_checkpoint(PASSIVE)")
"""

GALLERY = """
import os, sys
from pathlib import Path
import numpy as np
from dataclasses import replace
from faceplate.people.gallery import Gallery
from strategies import person

folder = Path(sys.argv[1])
gallery = Gallery(folder, folder / "gallery.key")
ann, bob = (person(name, [np.eye(8, dtype=np.float32)[0]]) for name in ("ann", "bob"))
with gallery.changing():
    for someone in (ann, bob):
        gallery.save(someone)
        os.write(1, f"+{someone.name} {someone.bundle}".encode())
with gallery.changing():
    os.write(1, f"?{ann.name}".encode())
    gallery.save(replace(ann, bundle="new"))
    os.write(1, f"+{ann.name} new".encode())
    os.write(1, f"?{bob.name}".encode())
    gallery.remove(bob)
    os.write(1, f"-{bob.name}".encode())
"""


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))


def cuts(before, operations):
    """Every content the folder may be left with, with what had been said until then."""
    seen = set()
    for end in range(len(operations) + 1):
        done = operations[:end]
        said = tuple(operation.name for operation in done if operation.kind == "said")
        fates = [(kept, 1.0), (lost, 0.0), (lost, 1.0), (kept, 0.0), (torn, 1.0)]
        fates += [(chance(100 * end + seed), seed / 11) for seed in range(12)]
        for fate, names_kept in fates:
            left = contents(before, done, fate, names_kept)
            if (key := (said, *sorted(left.items()))) not in seen:
                seen.add(key)
                yield left, said


def laid_out(folder, left):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in left.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)
    return folder


def as_it_is(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def check_journal(folder, at_start, said):
    """The journal opens, verifies, takes rows, and has every row it acknowledged, but for those it is to erase."""
    path = folder / "journal.sqlite3"
    acknowledged = max([at_start, *(int(word) for word in said if word.isdigit())])
    with closing(Journal(path, keep=Retention(rows=1000))) as journal:
        found, head = verify(path, load_signer(folder / "journal.key"))
        assert found.fault == ""
        assert head is not None
        assert found.last.seq in {acknowledged, acknowledged + 1}
        assert found.base.seq <= max(0, found.last.seq - KEPT_ROWS)
        assert [row.seq for row in read(path, 0, 1000)] == list(range(found.base.seq + 1, found.last.seq + 1))
        journal.write(UNLOCKED)
    assert verify(path, load_signer(folder / "journal.key"))[0].fault == ""


def test_a_journal_outlasts_a_power_cut_at_any_moment(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    operations = record(JOURNAL, folder, tmp_path / "trace", "0")
    assert [operation.name for operation in operations if operation.kind == "said"].count("10") == 1
    assert {"write", "sync", "sync folder", "create", "rename", "unlink"} <= {one.kind for one in operations}
    checked = 0
    for left, said in cuts({}, operations):
        checked += 1
        check_journal(laid_out(tmp_path / "after", left), 0, said)
    assert checked > 500


def test_an_upgrade_outlasts_a_power_cut_at_any_moment(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    path = folder / "journal.sqlite3"
    rows = written(path, *[LOCKED] * 3)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE head")
        connection.execute(f"PRAGMA user_version = {database.UNSIGNED}")
    (folder / "journal.key").unlink()
    before = as_it_is(folder)
    operations = record(JOURNAL, folder, tmp_path / "trace", "3")
    opened = 1 + [operation.name for operation in operations].index("open")
    upgraded = set()
    for left, said in cuts(before, operations[:opened]):
        after = laid_out(tmp_path / "after", left)
        upgraded.add(is_signed(after / "journal.sqlite3"))
        check_journal(after, 3, said)
        assert read(after / "journal.sqlite3", 0, 3) == rows
    assert upgraded == {False, True}


def test_the_gallery_outlasts_a_power_cut_at_any_moment(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    operations = record(GALLERY, folder, tmp_path / "trace")
    assert [operation.name for operation in operations if operation.kind == "said"][-1] == "-bob"
    checked = 0
    for left, said in cuts({}, operations):
        checked += 1
        after = laid_out(tmp_path / "after", left)
        gallery = Gallery(after, after / "gallery.key")
        with gallery.changing():
            people = {person.name: person.bundle for person in gallery.people()}
        sure: dict[str, str | None] = {}
        for word in said:
            name, _, bundle = word[1:].partition(" ")
            sure[name] = bundle if word[0] == "+" else None
            if word[0] == "?":
                del sure[name]
        assert {name: people.get(name) for name in sure} == sure
        assert set(people) <= {"ann", "bob"}
        assert set(people.values()) <= {"a bundle", "new"}
    assert checked > 20


def test_the_simulation_finds_what_is_not_synchronised(tmp_path):
    """Were rows not synchronised before they are acknowledged, this would show it."""
    folder = tmp_path / "state"
    folder.mkdir()
    careless = JOURNAL.replace('os.write(1, b"open")', 'journal._database.execute("PRAGMA synchronous = OFF")')
    operations = record(careless, folder, tmp_path / "trace", "0")
    lost_rows = 0
    second_life = [operation.name for operation in operations].index("6")
    for left, said in cuts({}, operations[:second_life]):
        try:
            check_journal(laid_out(tmp_path / "after", left), 0, said)
        except (AssertionError, OSError):
            lost_rows += 1
    assert lost_rows > 10
