import json
import sqlite3
from contextlib import closing

import pytest

from faceplate.__main__ import main
from faceplate.commands.common import ExitCode
from faceplate.events import DoorEvent, DoorEventType
from faceplate.journal.journal import Journal
from faceplate.types import Seconds


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.sqlite3"


@pytest.fixture
def faceplate(tmp_path, path, capsys):
    config = tmp_path / "config.yaml"
    config.write_text(f"journal: {{path: {path}}}\n", encoding="utf-8")

    def run(*words):
        code = main([*words, "--config", str(config)])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def ten_rows(path):
    with closing(Journal(path)) as journal:
        for number in range(10):
            journal.write(DoorEvent(DoorEventType.LOCKED, Seconds(0.0), f"cause {number}"))


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
    assert out.split()[2:] == ["door_locked", '{"cause":"cause', '9","person":null}']


@pytest.mark.usefixtures("ten_rows")
def test_show_sends_no_control_characters_to_the_terminal(faceplate, path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE journal SET payload = char(27) || '[2J'")
    _, out, _ = faceplate("journal", "show")
    assert "\x1b" not in out
    assert "\\x1b[2J" in out


@pytest.mark.usefixtures("ten_rows")
def test_verify_is_content_with_an_honest_journal(faceplate, path):
    assert faceplate("journal", "verify") == (ExitCode.OK, f"{path}: 10 rows, all intact\n", "")


@pytest.mark.usefixtures("ten_rows")
def test_verify_names_the_first_bad_row(faceplate, path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE journal SET ts = 'never' WHERE seq IN (4, 6)")
    code, _, error = faceplate("journal", "verify")
    assert code == ExitCode.FAILED
    assert "row 4 is changed" in error


def test_a_missing_journal_is_a_store_error(faceplate):
    code, _, error = faceplate("journal", "verify")
    assert code == ExitCode.STORE
    assert "there is no journal" in error


@pytest.mark.parametrize("words", [["--last", "-1"], ["--after", "x"], ["--last", "1", "--after", "1"]])
def test_senseless_options_are_refused(faceplate, words):
    with pytest.raises(SystemExit) as stop:
        faceplate("journal", "show", *words)
    assert stop.value.code == ExitCode.USAGE
