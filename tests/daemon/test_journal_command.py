import csv
import json
import os
import sqlite3
import stat
from contextlib import closing

import pytest

from faceplate.__main__ import main
from faceplate.commands.common import ExitCode
from faceplate.events import Cause, CommandEvent, DoorEvent, DoorEventType, PeopleEvent
from faceplate.journal.chain import Mark
from faceplate.journal.export import verify_lines
from faceplate.journal.journal import Journal
from faceplate.journal.reader import read
from faceplate.journal.retention import Retention
from faceplate.types import Seconds
from strategies_journal import GRANTED, LOCKED, NOON, written


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.sqlite3"


@pytest.fixture
def faceplate(tmp_path, path, capsys):
    config = tmp_path / "config.yaml"
    config.write_text(
        f"journal: {{path: {path}, key_file: {tmp_path}/journal.key}}\nbridge: {{cursor_file: {tmp_path}/cursor}}\n",
        encoding="utf-8",
    )

    def run(*words):
        code = main([*words, "--config", str(config)])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def ten_rows(path):
    return written(path, *[LOCKED] * 10)


def change(path, statement, *values):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


@pytest.mark.usefixtures("ten_rows")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], range(1, 11)),
        (["--last", "3"], [8, 9, 10]),
        (["--last", "0"], []),
        (["--after", "8"], [9, 10]),
        (["--after", "10"], []),
    ],
)
def test_show_prints_the_rows_asked_for(faceplate, words, expected):
    code, out, _ = faceplate("journal", "show", "--json", *words)
    assert code == ExitCode.OK
    assert [json.loads(line)["seq"] for line in out.splitlines()] == list(expected)


@pytest.mark.usefixtures("ten_rows")
def test_show_prints_lines_for_people(faceplate):
    _, out, _ = faceplate("journal", "show", "--last", "1")
    assert out.split()[0] == "10"
    assert out.split()[2:] == ["door_locked", '{"cause":"release_time","person":null}']


@pytest.mark.usefixtures("ten_rows")
def test_show_sends_no_control_characters_to_the_terminal(faceplate, path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE journal SET payload = char(27) || '[2J'")
    _, out, _ = faceplate("journal", "show")
    assert "\x1b" not in out
    assert "\\x1b[2J" in out


@pytest.mark.parametrize("kind", list(DoorEventType))
def test_show_knows_every_door_event(faceplate, path, kind):
    written(path, DoorEvent(kind, Seconds(0.0), Cause.CONTACT))
    _, out, _ = faceplate("journal", "show")
    assert out.split()[:3] == ["1", "2026-03-01T12:00:00.123Z", kind.value]


def test_show_knows_everything_else(faceplate, path):
    written(path, GRANTED, CommandEvent("lock", "anna", "{}"), PeopleEvent(added=("Zoë",)))
    _, out, _ = faceplate("journal", "show")
    assert [line.split()[2] for line in out.splitlines()] == ["access_granted", "command", "people_changed"]
    assert "Zoë" in out


def test_verify_is_content_with_an_honest_journal(faceplate, path, ten_rows):
    said = f"{path}: 10 rows, all intact, and its end is signed\nlast row: 10:{ten_rows[-1].hash}\n"
    assert faceplate("journal", "verify") == (ExitCode.OK, said, "")


@pytest.mark.usefixtures("ten_rows")
def test_verify_works_beside_the_daemon(faceplate, path):
    with closing(Journal(path)) as journal:
        journal.write(LOCKED)
        code, out, _ = faceplate("journal", "verify")
    assert (code, out.split(",")[0]) == (ExitCode.OK, f"{path}: 11 rows")


@pytest.mark.usefixtures("ten_rows")
def test_verify_counts_what_is_left_after_an_erasure(faceplate, path):
    written(path, keep=Retention(rows=4))
    code, out, _ = faceplate("journal", "verify")
    assert (code, out.split(",")[0]) == (ExitCode.OK, f"{path}: 4 rows")


@pytest.mark.usefixtures("ten_rows")
def test_verify_names_the_first_bad_row(faceplate, path):
    change(path, "UPDATE journal SET ts = 'never' WHERE seq IN (4, 6)")
    code, _, error = faceplate("journal", "verify")
    assert code == ExitCode.FAILED
    assert "row 4 is changed: its content does not fit its own hash; the 3 before it are intact" in error


@pytest.mark.usefixtures("ten_rows")
def test_verify_finds_a_head_that_was_not_signed(faceplate, path):
    change(path, "UPDATE head SET mac = ''")
    code, _, error = faceplate("journal", "verify")
    assert code == ExitCode.FAILED
    assert "10 rows form a chain, but its end is not signed with this key" in error


def test_without_the_key_only_the_chain_can_be_checked(faceplate, path, tmp_path, ten_rows):
    (tmp_path / "journal.key").unlink()
    code, _, error = faceplate("journal", "verify")
    assert code == ExitCode.STORE
    assert "there is no journal key" in error
    assert "--unsigned" in error
    code, out, _ = faceplate("journal", "verify", "--unsigned")
    assert code == ExitCode.OK
    assert out.splitlines() == [
        f"{path}: 10 rows, all intact; its signature was not checked",
        f"last row: 10:{ten_rows[-1].hash}",
    ]
    change(path, "DELETE FROM journal WHERE seq = 3")
    assert faceplate("journal", "verify", "--unsigned")[0] == ExitCode.FAILED


def test_an_older_journal_is_verified_and_called_unsigned(faceplate, path, tmp_path, ten_rows):
    change(path, "DROP TABLE head")
    change(path, "PRAGMA user_version = 1")
    code, _, error = faceplate("journal", "verify")
    assert (code, "not signed, though there is a key" in error) == (ExitCode.FAILED, True)
    assert faceplate("journal", "verify", "--unsigned")[0] == ExitCode.OK
    key = (tmp_path / "journal.key").rename(tmp_path / "elsewhere")
    code, out, _ = faceplate("journal", "verify")
    assert code == ExitCode.OK
    assert out.startswith(f"{path}: 10 rows, all intact; its end is not signed: an earlier Faceplate wrote it\n")
    assert len(faceplate("journal", "show")[1].splitlines()) == len(ten_rows)
    key.rename(tmp_path / "journal.key")
    written(path)
    assert "rows up to 10 were there before any was signed" in faceplate("journal", "verify")[1]


def test_a_row_noted_elsewhere_is_expected(faceplate, ten_rows):
    good, bad = Mark(7, ten_rows[6].hash), Mark(7, ten_rows[5].hash)
    assert faceplate("journal", "verify", "--expect", str(good))[0] == ExitCode.OK
    code, _, error = faceplate("journal", "verify", "--expect", str(bad))
    assert (code, "the row of --expect, number 7, is another one" in error) == (ExitCode.FAILED, True)
    code, _, error = faceplate("journal", "verify", "--expect", str(Mark(11, ten_rows[5].hash)))
    assert (code, "number 11, is not there" in error) == (ExitCode.FAILED, True)


def test_what_is_no_mark_is_refused(faceplate):
    with pytest.raises(SystemExit) as stop:
        faceplate("journal", "verify", "--expect", "7")
    assert stop.value.code == ExitCode.USAGE


def test_the_row_delivered_last_is_expected(faceplate, path, tmp_path, ten_rows):
    def delivered(seq, row_id):
        (tmp_path / "cursor").write_text(json.dumps({"seq": seq, "id": row_id}), encoding="utf-8")
        return faceplate("journal", "verify")

    assert delivered(10, ten_rows[9].id)[0] == ExitCode.OK
    assert delivered(0, "")[0] == ExitCode.OK
    for seq, row_id in [(10, ten_rows[8].id), (11, ten_rows[9].id), (1, "x")]:
        code, _, error = delivered(seq, row_id)
        assert code == ExitCode.FAILED
        assert f"row {seq}, which the bridge has delivered, is not there" in error
    written(path, keep=Retention(rows=4))
    assert delivered(6, ten_rows[5].id)[0] == ExitCode.OK, "erased since"
    assert delivered(7, "x")[0] == ExitCode.FAILED


def exported(faceplate, *words):
    code, out, error = faceplate("journal", "export", *words)
    assert (code, error) == (ExitCode.OK, "")
    return out


def test_an_export_has_every_field_and_its_payload_as_an_object(faceplate, path):
    [row] = written(path, GRANTED)
    [line] = exported(faceplate).splitlines()
    assert line.isascii()
    tree = json.loads(line)
    assert tree.pop("payload") == json.loads(row.payload)
    assert tree == {name: getattr(row, name) for name in row.__slots__ if name != "payload"}


@pytest.mark.usefixtures("ten_rows")
@pytest.mark.parametrize(
    ("words", "count"),
    [
        ([], 10),
        (["--after", "7"], 3),
        (["--since", "2026-03-01"], 10),
        (["--since", "2026-03-02"], 0),
        (["--until", "2026-03-01"], 10),
        (["--until", "2026-02-28"], 0),
        (["--until", "2026-03-01T12:00"], 0),
        (["--until", "2026-03-01T12:01"], 10),
        (["--since", "2026-03-01T13:00+01:00"], 10),
        (["--since", "2026-03-01T13:00"], 0),
        (["--since", "2026-03-01", "--until", "2026-03-01", "--after", "9"], 1),
    ],
)
def test_an_export_has_the_rows_asked_for(faceplate, words, count):
    lines = exported(faceplate, *words).splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(11 - count, 11))
    assert len(exported(faceplate, "--format", "csv", *words).splitlines()) == count + 1


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "2026-3-1", ""])
def test_what_is_no_date_is_refused(faceplate, text, capsys):
    with pytest.raises(SystemExit) as stop:
        faceplate("journal", "export", "--since", text)
    assert stop.value.code == ExitCode.USAGE
    assert "expected a date as 2026-03-01" in capsys.readouterr().err


def test_an_export_can_be_verified_by_anybody(faceplate, tmp_path, ten_rows):
    file = tmp_path / "export.jsonl"
    exported(faceplate, "--output", str(file))
    code, out, _ = faceplate("journal", "verify", "--file", str(file))
    assert code == ExitCode.OK
    assert out.startswith(f"{file}: 10 rows, all intact; the first row follows 0:{'0' * 64}, and nothing is signed\n")
    assert out.endswith(f"last row: 10:{ten_rows[-1].hash}\n")
    text = file.read_text(encoding="utf-8").replace("release_time", "exit_button", 1)
    file.write_text(text, encoding="utf-8")
    code, _, error = faceplate("journal", "verify", "--file", str(file))
    assert (code, "row 1 is changed" in error) == (ExitCode.FAILED, True)


@pytest.mark.parametrize("content", [b"not json\n", b"[]\n", b'{"seq": 1}\n', b"\xff\n"])
def test_a_file_that_is_no_export_is_refused(faceplate, tmp_path, content):
    file = tmp_path / "export.jsonl"
    file.write_bytes(content)
    assert faceplate("journal", "verify", "--file", str(file))[0] == ExitCode.STORE


def test_a_missing_export_is_a_store_error(faceplate, tmp_path):
    code, _, error = faceplate("journal", "verify", "--file", str(tmp_path / "nothing"))
    assert (code, "No such file" in error) == (ExitCode.STORE, True)


def test_an_exported_file_is_for_its_owner_only_and_replaces_the_old(faceplate, tmp_path, ten_rows):
    file = tmp_path / "export.csv"
    file.write_text("old", encoding="utf-8")
    file.chmod(0o644)
    exported(faceplate, "--format", "csv", "--output", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["seq"] for row in rows] == [str(row.seq) for row in ten_rows]
    assert list(rows[0]) == ["seq", "ts", "event_type", "person", "reason", "cause", "method", "payload"]
    assert (rows[0]["cause"], rows[0]["person"], rows[0]["payload"]) == ("release_time", "", ten_rows[0].payload)


def test_an_export_that_fails_leaves_the_old_file_and_nothing_else(faceplate, path, tmp_path):
    file = tmp_path / "export.csv"
    file.write_text("old", encoding="utf-8")
    path.write_bytes(b"my diary\n" * 1000)
    code, _, error = faceplate("journal", "export", "--output", str(file))
    assert (code, "cannot read the journal" in error) == (ExitCode.STORE, True)
    assert file.read_text(encoding="utf-8") == "old"
    assert not list(tmp_path.glob(".*.tmp"))


@pytest.mark.usefixtures("ten_rows")
def test_a_place_that_cannot_be_written_is_said(faceplate, tmp_path):
    code, _, error = faceplate("journal", "export", "--output", str(tmp_path / "nowhere" / "export"))
    assert (code, "cannot write" in error, os.strerror(2) in error) == (ExitCode.STORE, True, True)


def test_an_export_while_the_daemon_writes_and_erases_is_one_moment_of_the_journal(faceplate, path):
    with closing(Journal(path, keep=Retention(rows=100), wall_clock=lambda: NOON)) as journal:
        for _ in range(300):
            journal.write(LOCKED)
        lines = exported(faceplate).splitlines()
    found = verify_lines(lines)
    assert (found.rows, found.fault) == (len(lines), "")
    assert read(path, 0, 1)[0].seq == found.base.seq + 1 > 1


def test_a_missing_journal_is_a_store_error(faceplate):
    code, _, error = faceplate("journal", "verify")
    assert code == ExitCode.STORE
    assert "there is no journal" in error


@pytest.mark.parametrize("words", [["--last", "-1"], ["--after", "x"], ["--last", "1", "--after", "1"]])
def test_senseless_options_are_refused(faceplate, words):
    with pytest.raises(SystemExit) as stop:
        faceplate("journal", "show", *words)
    assert stop.value.code == ExitCode.USAGE
