from dataclasses import fields, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from faceplate.events import JournalRow
from faceplate.journal.chain import BEGINNING, Mark, Verification, hash_of, parse_mark, sealed, verify_chain
from strategies_journal import chains, marks, row_texts


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


@given(st.data(), marks)
def test_a_chain_may_begin_after_rows_that_were_erased(data, base):
    rows = data.draw(chains(base=base))
    found = verify_chain(rows, base)
    assert (found.rows, found.fault, found.base) == (len(rows), "", base)
    assert found.last == Mark(rows[-1].seq, rows[-1].hash) == Mark(base.seq + len(rows), rows[-1].hash)
    assert verify_chain(rows).bad_row == 1
    assert verify_chain(rows, replace(base, hash=rows[0].hash)).bad_row == base.seq + 1
    assert verify_chain(rows[1:], base).fault.startswith("missing") or len(rows) == 1
    assert verify_chain(rows, replace(base, seq=base.seq + 1)).fault == f"inserted: expected number {base.seq + 2} here"


@given(chains())
def test_rows_cut_off_at_the_end_are_not_found(rows):
    assert fault(rows[:-1]) == (None, "")


@given(row_texts, row_texts, st.integers(), st.integers())
def test_different_rows_have_different_hashes(one, other, seq, other_seq):
    assume((one, seq) != (other, other_seq))
    hashes = {
        hash_of(JournalRow(seq=number, previous="", hash="", **facts))
        for number, facts in ((seq, one), (other_seq, other))
    }
    assert len(hashes) == 2


@pytest.mark.parametrize(
    ("base", "last", "bad_row", "rows"),
    [(0, 0, None, 0), (0, 5, None, 5), (3, 5, None, 2), (3, 5, 6, 2), (3, 5, 5, 1), (3, 5, 4, 0), (3, 5, -7, 0)],
)
def test_the_rows_before_the_bad_one_are_counted(base, last, bad_row, rows):
    assert Verification(Mark(base, ""), Mark(last, ""), bad_row).rows == rows


@given(marks)
def test_a_mark_can_be_noted_and_read_again(mark):
    assert parse_mark(str(mark)) == mark


HASH = "a" * 64


NO_MARKS = ["", "7", f"7:{HASH[1:]}", f"7:{HASH}a", f"7:{HASH.upper()}", f"-7:{HASH}", f"7: {HASH}", f"7:{HASH}\n"]
NO_MARKS += [f"\N{ARABIC-INDIC DIGIT SEVEN}:{HASH}", f"{'1' * 19}:{HASH}"]


@pytest.mark.parametrize("text", NO_MARKS)
def test_what_is_no_mark_is_refused(text):
    with pytest.raises(ValueError, match="expected SEQ:HASH"):
        parse_mark(text)


def test_the_beginning_is_no_row():
    assert str(BEGINNING) == f"0:{'0' * 64}"
