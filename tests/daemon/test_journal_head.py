"""The signed head: what of the journal's ends can be changed without being found, by property and in the file."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from faceplate.errors import StoreError
from faceplate.events import JournalRow
from faceplate.journal import database
from faceplate.journal.chain import GENESIS, Mark, sealed, verify_chain
from faceplate.journal.head import Head, Signer, against_head
from faceplate.journal.journal import Journal
from faceplate.journal.reader import holds, read, verify
from faceplate.journal.retention import Retention
from faceplate.journal.signing import load_signer
from strategies_journal import LOCKED, chains, marks, written

SIGNER = Signer(bytes(range(32)))
heads = st.builds(Head, marks, marks, st.integers(0, 100))


@given(heads)
def test_a_signature_fits_its_head_under_its_key(head):
    assert SIGNER.fits(head, SIGNER.sign(head))
    assert not Signer(bytes(32)).fits(head, SIGNER.sign(head))


@given(heads, heads, st.sampled_from(["base", "last", "unsigned_until"]))
def test_no_part_of_a_head_can_be_changed(head, other, part):
    assume(getattr(head, part) != getattr(other, part))
    changed = replace(head, **{part: getattr(other, part)})
    assert not SIGNER.fits(changed, SIGNER.sign(head))


@given(st.text())
def test_a_signature_cannot_be_guessed(text):
    assert not SIGNER.fits(Head(), text)


@given(chains())
def test_a_chain_that_ends_where_it_was_signed_is_sound(rows):
    found = verify_chain(rows)
    assert against_head(found, Head(last=found.last), None) == found


@given(chains(), st.data())
def test_every_other_end_is_found(rows, data):
    whole = verify_chain(rows)
    cut = verify_chain(rows[: data.draw(st.integers(0, len(rows) - 1))])
    found = against_head(cut, Head(last=whole.last), None)
    assert (found.bad_row, found.rows) == (cut.last.seq + 1, cut.rows)
    assert found.fault == f"missing: the journal was signed up to row {len(rows)}"
    found = against_head(whole, Head(last=replace(whole.last, hash="x")), None)
    assert (found.bad_row, found.rows) == (len(rows), len(rows) - 1)
    assert found.fault.startswith("replaced")
    found = against_head(whole, Head(last=whole.last), len(rows) + 3)
    assert (found.bad_row, found.rows) == (len(rows) + 3, len(rows))
    assert found.fault == f"inserted: the journal was signed up to row {len(rows)}"


# In the file, by somebody who may write it and knows how, and does not have the key.


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.sqlite3"


def filled(path, *, pruned):
    """Ten rows; of them number 4 to 10 are left if it was pruned."""
    written(path, *[LOCKED] * 10)
    if pruned:
        written(path, keep=Retention(rows=7))
    return read(path, 0, 100)


def change(path, statement, *values):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def put(path, row):
    change(
        path, "INSERT OR REPLACE INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)", *(getattr(row, n) for n in row.__slots__)
    )


def checked(path):
    return verify(path, load_signer(path.with_name("journal.key")))[0]


both = pytest.mark.parametrize("pruned", [False, True])


@both
def test_an_honest_journal_is_sound(path, pruned):
    rows = filled(path, pruned=pruned)
    assert [row.seq for row in rows] == list(range(4 if pruned else 1, 11))
    assert (checked(path).rows, checked(path).fault) == (len(rows), "")
    assert checked(path).last == Mark(10, rows[-1].hash)


@both
@pytest.mark.parametrize("field", ["id", "ts", "event_type", "payload", "previous", "hash"])
@pytest.mark.parametrize("at", [0, 2, -1])
def test_any_change_of_any_row_is_found(path, pruned, field, at):
    row = filled(path, pruned=pruned)[at]
    put(path, replace(row, **{field: "x"}))
    assert checked(path).bad_row == row.seq


@both
@pytest.mark.parametrize("at", [0, 2, -1])
def test_any_row_with_a_fitting_hash_in_its_place_is_found(path, pruned, at):
    rows = filled(path, pruned=pruned)
    row = rows[at]
    put(path, sealed(replace(row, payload="{}")))
    assert checked(path).bad_row == (row.seq if at == -1 else row.seq + 1)


@both
@pytest.mark.parametrize("at", [0, 2, -1])
def test_any_row_that_is_gone_is_found(path, pruned, at):
    row = filled(path, pruned=pruned)[at]
    change(path, "DELETE FROM journal WHERE seq = ?", row.seq)
    assert (checked(path).bad_row, checked(path).fault.split(":")[0]) == (row.seq, "missing")


@both
def test_rows_that_are_all_gone_are_found(path, pruned):
    first = filled(path, pruned=pruned)[0]
    change(path, "DELETE FROM journal")
    assert (checked(path).bad_row, checked(path).rows) == (first.seq, 0)


@both
@pytest.mark.parametrize("seq", [-1, 0, 3, 11, 15])
def test_a_row_that_was_added_is_found(path, pruned, seq):
    rows = filled(path, pruned=pruned)
    if seq == 3 and not pruned:
        return  # there is one already
    previous = rows[-1].hash if seq > 10 else GENESIS
    put(path, sealed(JournalRow(seq, "i", "t", "door_locked", "{}", previous, "")))
    assert (checked(path).bad_row, checked(path).fault.split(":")[0]) == (seq, "inserted")


@both
def test_a_chain_computed_anew_is_found(path, pruned):
    previous = GENESIS
    for row in filled(path, pruned=pruned):
        forged = sealed(
            replace(row, payload='{"forged":true}', previous=row.previous if previous == GENESIS else previous)
        )
        put(path, forged)
        previous = forged.hash
    assert (checked(path).bad_row, checked(path).fault.split(":")[0]) == (10, "replaced")
    # And with the head made to fit, as far as that goes without the key:
    change(path, "UPDATE head SET last_hash = ?", previous)
    assert (checked(path).bad_row, checked(path).fault.split(":")[0]) == (None, "its end is not signed with this key")
    assert verify(path, None)[0].fault == "", "without the key nobody can tell"
    with pytest.raises(StoreError, match="is not signed with its key"):
        Journal(path)


@both
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE head SET mac = 'x'",
        "UPDATE head SET mac = x'ff'",
        "UPDATE head SET unsigned_until = 1",
        "UPDATE head SET base_seq = base_seq + 1",
        "UPDATE head SET base_seq = '7x'",
        "UPDATE head SET base_hash = 'x'",
        "UPDATE head SET last_seq = 9",
        "UPDATE head SET last_seq = 11",
        "UPDATE head SET last_hash = base_hash",
        "DELETE FROM head",
    ],
)
def test_a_changed_head_is_found_and_nothing_chained_to_it(path, pruned, statement):
    filled(path, pruned=pruned)
    change(path, statement)
    assert checked(path).fault
    with pytest.raises(StoreError, match=r"keep the file, move it away"):
        Journal(path)


def test_rows_erased_at_the_beginning_with_a_new_base_are_found(path):
    rows = filled(path, pruned=False)
    change(path, "DELETE FROM journal WHERE seq <= 3")
    change(path, "UPDATE head SET base_seq = 3, base_hash = ?", rows[2].hash)
    assert verify(path, None)[0].fault == ""
    assert checked(path).fault.startswith("its end is not signed with this key")


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("DELETE FROM journal WHERE seq = 10", r"number 9, is not the one that was signed, number 10"),
        ("DELETE FROM journal WHERE seq > 0", r"number 0, is not the one that was signed, number 10"),
        ("DELETE FROM journal WHERE seq < 10", r"number 10, is missing"),
    ],
)
def test_nothing_is_chained_to_an_end_that_was_cut(path, statement, fault):
    filled(path, pruned=False)
    change(path, statement)
    with pytest.raises(StoreError, match=fault):
        Journal(path)


def test_nothing_is_chained_to_a_row_that_was_added(path):
    last = filled(path, pruned=False)[-1]
    put(path, sealed(replace(last, seq=11, previous=last.hash)))
    with pytest.raises(StoreError, match="number 11, is not the one that was signed, number 10"):
        Journal(path)


def test_an_old_copy_is_found_by_a_row_noted_elsewhere_only(path):
    old = path.with_name("copy")
    written(path, *[LOCKED] * 3)
    with closing(sqlite3.connect(path)) as connection, closing(sqlite3.connect(old)) as copy:
        connection.backup(copy)
    rows = written(path, *[LOCKED] * 3)
    assert verify(old, load_signer(path.with_name("journal.key")))[0].fault == ""
    assert holds(old, Mark(3, rows[2].hash)) == ""
    assert holds(old, Mark(6, rows[5].hash)).startswith("not there")
    assert holds(path, Mark(6, rows[5].hash)) == ""
    assert holds(path, Mark(6, rows[4].hash)).startswith("another one")


def test_a_mark_below_what_was_erased_cannot_be_judged(path):
    before = filled(path, pruned=False)
    written(path, keep=Retention(rows=7))
    assert holds(path, Mark(2, before[1].hash)).startswith("erased long ago")
    assert holds(path, Mark(3, before[2].hash)) == ""
    assert holds(path, Mark(3, before[1].hash)).startswith("not there")
    assert holds(path, Mark(4, before[3].hash)) == ""


def test_a_mark_is_looked_for_in_an_unsigned_journal_too(path):
    rows = filled(path, pruned=False)
    change(path, "DROP TABLE head")
    change(path, f"PRAGMA user_version = {database.UNSIGNED}")
    assert holds(path, Mark(10, rows[9].hash)) == ""
    assert holds(path, Mark(11, rows[9].hash)).startswith("not there")
