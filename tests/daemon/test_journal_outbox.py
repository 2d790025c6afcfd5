"""The outbox of a journal that erases: nothing is sent again, nothing that is left is skipped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.bridge.outbox import Cursor, Outbox
from faceplate.events import JournalRow


class Shelf:
    """A journal's rows in memory, from a base on, and the cursor beside it."""

    def __init__(self, first, last, name="journal"):
        self.rows = [
            JournalRow(seq, f"{name} {seq}", "", "door_locked", "{}", "", "") for seq in range(first, last + 1)
        ]
        self.cursor = Cursor()

    def read_after(self, seq, limit):
        return [row for row in self.rows if row.seq > seq][:limit]

    def erase(self, until):
        self.rows = [row for row in self.rows if row.seq > until]

    def load(self):
        return self.cursor

    def save(self, cursor):
        self.cursor = cursor

    def outbox(self, seq=None):
        if seq is not None:
            self.cursor = Cursor(seq, f"journal {seq}")
        return Outbox(self.read_after, self)


def pending(outbox, limit=100):
    return [row.seq for row in outbox.pending(limit)]


@pytest.mark.parametrize(
    ("erased", "cursor", "expected", "lost"),
    [
        (0, 5, [6, 7, 8], 0),
        (4, 5, [6, 7, 8], 0),
        (5, 5, [6, 7, 8], 0),
        (6, 5, [7, 8], 1),
        (7, 5, [8], 2),
        (8, 8, [], 0),
        (7, 8, [], 0),
        (3, None, [4, 5, 6, 7, 8], 0),
    ],
)
def test_what_is_left_is_sent_once(caplog, erased, cursor, expected, lost):
    shelf = Shelf(1, 8)
    outbox = shelf.outbox(cursor)
    shelf.erase(erased)
    for _ in range(3):
        assert pending(outbox) == expected
    assert caplog.text.count("erased before they were delivered") == (1 if lost else 0)
    if lost:
        assert f"{lost} rows before number {expected[0]}" in caplog.text
    assert "another journal" not in caplog.text


def test_no_more_is_given_than_asked_for():
    shelf = Shelf(1, 8)
    outbox = shelf.outbox(3)
    shelf.erase(3)
    assert pending(outbox, 2) == [4, 5]
    shelf.erase(5)
    assert pending(outbox, 2) == [6, 7]


def test_with_everything_erased_the_cursor_is_kept(caplog):
    shelf = Shelf(1, 8)
    outbox = shelf.outbox(8)
    shelf.erase(8)
    assert pending(outbox) == []
    shelf.rows = Shelf(9, 10).rows
    assert pending(outbox) == [9, 10]
    assert caplog.text == ""


def test_a_shorter_journal_is_another_one(caplog):
    outbox = Shelf(1, 3, name="second").outbox(8)
    assert pending(outbox) == [1, 2, 3]
    assert "another journal" in caplog.text


def test_a_new_journal_is_another_one_from_its_first_row_on():
    shelf = Shelf(1, 0)
    outbox = shelf.outbox(8)
    assert pending(outbox) == []
    shelf.rows = Shelf(1, 1, name="second").rows
    assert pending(outbox) == [1]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12), st.integers(1, 4)), max_size=20))
def test_through_every_erasure_rows_are_sent_in_order_and_once(steps):
    shelf = Shelf(1, 0)
    sent: list[int] = []
    outbox = shelf.outbox()
    newest = erased = 0
    missed = set()
    for appended, kept, limit in steps:
        shelf.rows += Shelf(newest + 1, newest + appended).rows
        newest += appended
        erased = max(erased, newest - kept)
        missed |= {row.seq for row in shelf.rows if row.seq <= erased} - set(sent)
        shelf.erase(erased)
        for row in outbox.pending(limit):
            sent.append(row.seq)
            outbox.delivered(row)
    sent += pending(outbox, 1000)
    assert sent == sorted(set(sent))
    assert set(sent) | missed == set(range(1, newest + 1))
