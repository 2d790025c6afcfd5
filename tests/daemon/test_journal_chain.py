from dataclasses import fields, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from faceplate.events import JournalRow
from faceplate.journal.chain import GENESIS, hash_of, sealed, verify_chain

TEXTS = {
    field.name: st.text(max_size=12) for field in fields(JournalRow) if field.name not in {"seq", "previous", "hash"}
}


@st.composite
def chains(draw, min_size=1):
    rows: list[JournalRow] = []
    for facts in draw(st.lists(st.fixed_dictionaries(TEXTS), min_size=min_size, max_size=8)):
        previous = rows[-1].hash if rows else GENESIS
        rows.append(sealed(JournalRow(seq=len(rows) + 1, previous=previous, hash="", **facts)))
    return rows


def fault(rows):
    found = verify_chain(rows)
    assert found.bad_row is None or found.rows < len(rows)
    return found.bad_row, found.fault.split(":")[0]


@given(chains(min_size=0))
def test_an_honest_chain_is_intact(rows):
    assert verify_chain(rows).rows == len(rows)
    assert fault(rows) == (None, "")


@given(chains(), st.data())
def test_a_changed_row_is_found(rows, data):
    at = data.draw(st.integers(0, len(rows) - 1))
    name = data.draw(st.sampled_from([field.name for field in fields(JournalRow) if field.name != "seq"]))
    value = data.draw(st.text(max_size=12))
    assume(value != getattr(rows[at], name))
    rows[at] = replace(rows[at], **{name: value})
    assert fault(rows) == (at + 1, "changed")


@given(chains(min_size=2), st.data())
def test_a_row_that_was_replaced_with_a_fitting_hash_is_found(rows, data):
    at = data.draw(st.integers(0, len(rows) - 2))
    rows[at] = sealed(replace(rows[at], payload=rows[at].payload + "x"))
    assert fault(rows) == (at + 2, "not the successor of the row before")


@given(chains(min_size=2), st.data())
def test_a_removed_row_is_found(rows, data):
    at = data.draw(st.integers(0, len(rows) - 2))
    del rows[at]
    assert fault(rows) == (at + 1, "missing")


@given(chains(min_size=2), st.data())
def test_a_removed_row_is_found_though_the_rest_is_numbered_anew(rows, data):
    at = data.draw(st.integers(0, len(rows) - 2))
    del rows[at]
    rows = [sealed(replace(row, seq=number)) for number, row in enumerate(rows, 1)]
    assert fault(rows) == (at + 1, "not the successor of the row before")


@given(chains(min_size=2), st.data())
def test_swapped_rows_are_found(rows, data):
    one, other = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=2, max_size=2, unique=True))
    first = min(one, other)
    swapped = list(rows)
    swapped[one], swapped[other] = (
        sealed(replace(rows[other], seq=rows[one].seq)),
        sealed(replace(rows[one], seq=rows[other].seq)),
    )
    assert fault(swapped) == (first + 1, "not the successor of the row before")


@given(chains(), st.data())
def test_an_inserted_row_is_found_though_the_rest_is_numbered_anew(rows, data):
    at = data.draw(st.integers(0, len(rows) - 1))
    rows.insert(at, replace(rows[at], payload=rows[at].payload + "x"))
    rows = [sealed(replace(row, seq=number)) for number, row in enumerate(rows, 1)]
    assert fault(rows) == (at + 2, "not the successor of the row before")


@pytest.mark.parametrize("seq", [0, -5])
@given(rows=chains())
def test_a_row_before_the_first_is_found(seq, rows):
    assert fault([replace(rows[0], seq=seq), *rows]) == (seq, "inserted")


@given(chains())
def test_rows_cut_off_at_the_end_are_not_found(rows):
    assert fault(rows[:-1]) == (None, "")


@given(st.fixed_dictionaries(TEXTS), st.fixed_dictionaries(TEXTS), st.integers(), st.integers())
def test_different_rows_have_different_hashes(one, other, seq, other_seq):
    assume((one, seq) != (other, other_seq))
    hashes = {
        hash_of(JournalRow(seq=number, previous="", hash="", **facts))
        for number, facts in ((seq, one), (other_seq, other))
    }
    assert len(hashes) == 2
