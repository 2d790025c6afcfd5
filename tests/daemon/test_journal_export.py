"""What leaves the journal: that it can be verified, and harms neither spreadsheet nor terminal."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.errors import StoreError
from faceplate.events import JournalRow
from faceplate.journal.chain import BEGINNING, Mark, sealed
from faceplate.journal.entries import canonical
from faceplate.journal.export import COLUMNS, as_json_line, as_table, printable, row_of, verify_lines
from strategies_journal import chains, marks

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
payloads = st.dictionaries(st.text(max_size=5), json_values, max_size=4).map(canonical) | st.text(max_size=20)


def row(payload="{}", **fields):
    return replace(JournalRow(1, "i", "t", "door_locked", payload, BEGINNING.hash, ""), **fields)


def cells(*rows):
    return list(csv.DictReader(io.StringIO("".join(as_table(rows)), newline="")))


@given(chains(min_size=0))
def test_an_exported_chain_is_sound(rows):
    found = verify_lines(map(as_json_line, rows))
    assert (found.rows, found.fault) == (len(rows), "")


@given(st.data(), marks)
def test_a_part_of_a_chain_is_sound_and_says_what_it_follows(data, base):
    rows = data.draw(chains(base=base))
    found = verify_lines(map(as_json_line, rows))
    assert (found.base, found.last, found.fault) == (base, Mark(rows[-1].seq, rows[-1].hash), "")


@given(chains(min_size=2), st.data())
def test_a_line_that_is_gone_or_changed_is_found(rows, data):
    lines = [as_json_line(row) for row in rows]
    at = data.draw(st.integers(1, len(rows) - 1))
    changed = as_json_line(replace(rows[at], payload='{"a":2}' if rows[at].payload != '{"a":2}' else "{}"))
    assert verify_lines([*lines[:at], changed, *lines[at + 1 :]]).bad_row == at + 1
    if at < len(rows) - 1:
        assert verify_lines([*lines[:at], *lines[at + 1 :]]).bad_row == at + 1


def test_the_first_row_of_all_follows_the_beginning():
    assert verify_lines([as_json_line(sealed(row(previous="f" * 64)))]).bad_row == 1


@given(payloads)
def test_every_payload_comes_back_as_the_text_it_was(payload):
    line = as_json_line(row(payload))
    assert line.isascii()
    assert "\n" not in line
    assert row_of(line) == row(payload)


@pytest.mark.parametrize("payload", ['{"a":1}', '{"name":"Zo\xeb"}', r'{"name":"caf\udce9"}', "{}"])
def test_what_we_write_is_exported_as_an_object(payload):
    assert json.loads(as_json_line(row(payload)))["payload"] == json.loads(payload)


@pytest.mark.parametrize(
    "payload", ["", "{", '"text"', "[]", "1", '{"b":1,"a":2}', '{"a": 1}', "NaN", '{"a":NaN}', "[" * 9999]
)
def test_what_we_did_not_write_is_exported_as_the_text_it_is(payload):
    assert json.loads(as_json_line(row(payload)))["payload"] == payload


def test_the_documented_payload_can_be_made_by_hand():
    text = (Path(__file__).parents[2] / "docs" / "journal.md").read_text(encoding="utf-8")
    program = text.split("```python\n")[2].split("```")[0]
    for payload in ('{"name":"Zo\xeb"}', r'{"name":"caf\udce9"}', '{"a":[1,2.5,null]}'):
        names = {"row": json.loads(as_json_line(row(payload)))}
        exec(compile(program, "docs/journal.md", "exec"), names)  # noqa: S102 - our own page, which must be true
        assert names["row"]["payload"] == payload


GOOD = json.loads(as_json_line(row()))


@pytest.mark.parametrize(
    "line",
    ["", "x", "[]", "1", "null", "[" * 9999]
    + [json.dumps(GOOD | {"seq": "1"}), json.dumps(GOOD | {"payload": None}), json.dumps(GOOD | {"more": 1})]
    + [json.dumps({key: value for key, value in GOOD.items() if key != name}) for name in GOOD]
    + [json.dumps(GOOD | {name: 1}) for name in GOOD if name != "seq"],
)
def test_what_is_no_row_is_refused(line):
    with pytest.raises(StoreError, match="expected a row as `faceplate journal export` writes it"):
        row_of(line)


def test_a_table_has_the_common_columns():
    payload = canonical(
        {"person": "Zoë", "reason": "verified", "method": "face", "score": 0.9, "seq": 7, "ts": "never"}
    )
    assert cells(row(payload, event_type="access_granted")) == [
        {
            "seq": "1",
            "ts": "t",
            "event_type": "access_granted",
            "person": "Zoë",
            "reason": "verified",
            "cause": "",
            "method": "face",
            "payload": payload,
        }
    ]
    assert cells() == []
    assert next(as_table([])) == ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "  @"])
def test_no_cell_is_a_formula(start):
    name = f"{start}cmd|'/c calc'!A0"
    [found] = cells(row(canonical({"person": name}), event_type=name))
    assert found["person"] == found["event_type"] == f"'{name}"


@pytest.mark.parametrize(("start", "escaped"), [("\t", r"\t"), ("\r", r"\r")])
def test_no_cell_begins_with_what_a_spreadsheet_skips(start, escaped):
    [found] = cells(row(canonical({"person": f"{start}=1"})))
    assert found["person"] == f"'{escaped}=1"


@pytest.mark.parametrize("name", ["Zoë", "a=b", "1-2", "x@y", "'", '"', "a,b", 'say "hello", twice'])
def test_an_ordinary_cell_stays_as_it_is(name):
    [found] = cells(row(canonical({"person": name})))
    assert found["person"] == name


@given(st.text(), payloads)
def test_no_cell_speaks_to_a_terminal_and_no_row_breaks(name, payload):
    rows = [row(canonical({"person": name}), id=name, ts=name, event_type=name), row(payload)]
    text = "".join(as_table(rows))
    assert all(letter.isprintable() for letter in text.replace("\r\n", ""))
    assert len(cells(*rows)) == 2
    assert all(not value.startswith(tuple("=+-@\t\r")) for found in cells(*rows) for value in found.values())


@given(st.text())
def test_what_is_printable_has_no_escapes_and_ordinary_text_stays(text):
    assert printable(text).isprintable()
    assert (printable(text) == text) == text.isprintable()


@pytest.mark.parametrize("letters", ["\x1b[2J", "\x9b2J", "\x07", "\n", "\u202e"])
def test_terminal_escapes_are_shown_and_not_obeyed(letters):
    assert printable(f"a{letters}b") == "a" + letters.encode("unicode_escape").decode() + "b"
