"""The command line as scripts and people meet it: help, exit codes, and what is printed."""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import cv2
import pytest
import yaml

from faceplate import __version__
from faceplate.__main__ import _COMMANDS, _parser, main
from faceplate.commands.annotate import annotated
from faceplate.commands.common import ExitCode
from faceplate.commands.demo import FOOTAGE
from faceplate.commands.narrator import Narrator
from faceplate.events import Cause, DoorEvent, DoorEventType
from faceplate.journal.journal import Journal
from faceplate.pictures import read_picture
from faceplate.types import Decision, Outcome, Reason, Seconds
from strategies_access import a_frame, unknown, verified

STILLS = [str(file) for file in sorted(FOOTAGE.glob("man-*.jpg"))]
MAN = FOOTAGE / "man-2.jpg"

Faceplate = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command sets logging up for its whole program; here the program goes on."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def config_file(tmp_path: Path, runtime) -> Path:
    tree = {
        "people": {"store": "people", "key_file": "gallery.key"},
        "journal": {"path": "journal.sqlite3", "key_file": "journal.key"},
        "control": {"socket": "control.sock"},
        "vision": {"runtime": runtime, "liveness": "off"},
        "log": {"level": "error"},
    }
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(tree))
    return file


@pytest.fixture
def faceplate(config_file: Path, capfd) -> Faceplate:
    """Run a command; gives exit code, standard output and standard error."""

    def run(*words: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main([*map(str, words), "--config", str(config_file)])
        return code, *capfd.readouterr()

    return run


@pytest.fixture
def enrolled(faceplate: Faceplate) -> Faceplate:
    assert faceplate("people", "add", "Daniel", STILLS[0])[0] == ExitCode.OK
    return faceplate


def told(output: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines()]


def words_of(parser: argparse.ArgumentParser, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and every action of a command."""
    yield before
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from words_of(below, (*before, name))


@pytest.mark.parametrize("words", list(words_of(_parser(_COMMANDS))), ids=" ".join)
def test_every_command_explains_itself(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    assert ended.value.code == ExitCode.OK
    text = capsys.readouterr().out
    assert text.startswith(f"usage: {' '.join(('faceplate', *words))} ")
    assert len(text.splitlines()) > 5


def test_the_help_names_every_command_and_every_exit_code(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    for name in _COMMANDS:
        assert f" {name} " in text
    for code in ExitCode:
        assert f"{code.value} {code.name.lower()}" in text


def test_the_version(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == ExitCode.OK
    assert capsys.readouterr().out == f"faceplate {__version__}\n"


def usage(faceplate: Faceplate, _folder: Path) -> int:
    with pytest.raises(SystemExit) as ended:
        faceplate("people", "praise")
    return int(ended.value.code or 0)


def damaged_journal(faceplate: Faceplate, folder: Path) -> int:
    path = folder / "journal.sqlite3"
    with closing(Journal(path)) as journal:
        journal.write(DoorEvent(DoorEventType.LOCKED, Seconds(0.0), Cause.START))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE journal SET payload = '{}'")
    return faceplate("journal", "verify")[0]


def open_password(faceplate: Faceplate, folder: Path) -> int:
    password = folder / "password"
    password.write_text("secret")
    password.chmod(0o644)
    return faceplate("bridge", "--set", f"bridge.password_file={password}", "--set", "bridge.username=door")[0]


def damaged_bundle(faceplate: Faceplate, folder: Path) -> int:
    (folder / "bundle").mkdir()
    return faceplate("replay", MAN, "--set", f"vision.bundle={folder / 'bundle'}")[0]


def a_landscape(faceplate: Faceplate, folder: Path) -> int:
    cv2.imwrite(str(folder / "grey.png"), cv2.cvtColor(a_frame().image, cv2.COLOR_RGB2BGR))
    return faceplate("people", "add", "Daniel", folder / "grey.png")[0]


def interrupted(_faceplate: Faceplate, folder: Path) -> int:
    """Ctrl-C in the middle of a recording that is played in real time."""
    code, lines = stopped_at_first_line(folder, [str(FOOTAGE / "man-and-woman.mp4")])
    assert [line["event"] for line in lines] == ["door_locked"]
    return code


def stopped_at_first_line(folder: Path, words: Sequence[str]) -> tuple[int, list[dict[str, object]]]:
    command = [sys.executable, "-u", "-m", "faceplate", "replay", *words, "--json", "--realtime"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [*command, "--config", str(folder / "config.yaml")], stdout=subprocess.PIPE, text=True, env=environment
    ) as replay:
        assert replay.stdout is not None
        first = replay.stdout.readline()
        replay.send_signal(signal.SIGINT)
        rest = replay.stdout.read()
    return replay.returncode, told(first + rest)


ENDS: dict[ExitCode, Callable[[Faceplate, Path], int]] = {
    ExitCode.OK: lambda faceplate, _: faceplate("people", "list")[0],
    ExitCode.FAILED: damaged_journal,
    ExitCode.USAGE: usage,
    ExitCode.CONFIG: lambda faceplate, _: faceplate("run", "--set", "door.release_time=-1")[0],
    ExitCode.CAMERA: lambda faceplate, folder: faceplate("replay", folder / "nowhere.mp4")[0],
    ExitCode.MODEL: damaged_bundle,
    ExitCode.PICTURE: lambda faceplate, folder: faceplate("people", "add", "Daniel", folder / "config.yaml")[0],
    ExitCode.REFUSED: a_landscape,
    ExitCode.STORE: lambda faceplate, _: faceplate("journal", "show")[0],
    ExitCode.DOOR: lambda faceplate, _: faceplate(
        "secure", "--set", "door.driver=gpiozero", "--set", "door.chip=/dev/gpiochip99"
    )[0],
    ExitCode.BRIDGE: open_password,
    ExitCode.CONTROL: lambda faceplate, _: faceplate("status")[0],
    ExitCode.INTERRUPTED: interrupted,
}


@pytest.mark.parametrize("code", ExitCode, ids=lambda code: code.name)
def test_every_exit_code_has_its_occasion(faceplate, tmp_path, code):
    assert ENDS[code](faceplate, tmp_path) == code


def test_an_error_is_one_message_and_no_traceback(faceplate):
    code, out, err = faceplate("people", "show", "Nobody")
    assert (code, out) == (ExitCode.REFUSED, "")
    assert err == "faceplate: nobody called 'Nobody' is enrolled; enrolled: nobody\n"


def test_an_unforeseen_error_is_logged_whole(faceplate, monkeypatch, caplog):
    # Nothing foreseen raises an unforeseen error, so one is put in the place of a command.
    def fail(_arguments: argparse.Namespace) -> ExitCode:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("faceplate.commands.people._list", fail)
    assert faceplate("people", "list")[0] == ExitCode.FAILED
    assert "ZeroDivisionError: a bug" in caplog.text


def test_people_are_added_listed_shown_and_removed(faceplate):
    code, out, err = faceplate("people", "add", "Daniel", STILLS[0], STILLS[1], STILLS[0])
    assert (code, out) == (ExitCode.OK, "Daniel: 2 of 3 pictures taken, 2 in all\n")
    assert f"refused: {STILLS[0]}: this is the same picture" in err
    assert "3 or more different pictures" in err
    assert faceplate("people", "add", "daniel", STILLS[2])[1] == "Daniel: 1 of 1 pictures taken, 3 in all\n"

    (listed,) = told(faceplate("people", "list", "--json")[1])
    assert listed.keys() >= {"name", "pictures", "enrolled", "role", "enabled", "valid_until", "pin"}
    assert (listed["name"], listed["pictures"]) == ("Daniel", 3)
    assert faceplate("people", "list")[1].startswith("Daniel  3 pictures  ")
    assert told(faceplate("people", "show", "DANIEL", "--json")[1]) == [listed]

    assert faceplate("people", "remove", "daniel") == (ExitCode.OK, "Daniel is removed\n", "")
    assert faceplate("people", "list") == (ExitCode.OK, "", "")
    assert faceplate("people", "remove", "Daniel")[0] == ExitCode.REFUSED


def test_one_unreadable_picture_enrols_nobody(faceplate, tmp_path):
    (tmp_path / "cut.jpg").write_bytes(MAN.read_bytes()[:1000])
    code, _, err = faceplate("people", "add", "Daniel", STILLS[0], tmp_path / "cut.jpg")
    assert code == ExitCode.PICTURE
    assert "cut.jpg" in err
    assert faceplate("people", "list")[1] == ""


def test_a_single_picture_is_a_visit(enrolled):
    code, out, _ = enrolled("replay", MAN, "--json")
    lines = told(out)
    assert code == ExitCode.OK
    assert [(line["event"], line["person"], line["reason"]) for line in lines] == [
        ("door_locked", None, "start"),
        ("access_granted", "Daniel", "verified"),
        ("door_unlocked", "Daniel", "access_granted"),
        ("door_locked", None, "release_time"),
    ]
    assert all(line.keys() >= {"frame", "time", "event", "person", "reason"} for line in lines)


def test_a_picture_of_a_stranger_is_a_visit_that_is_denied(faceplate):
    _, out, _ = faceplate("replay", MAN, "--json")
    assert [(line["event"], line["reason"]) for line in told(out)] == [
        ("door_locked", "start"),
        ("access_denied", "credential_not_found"),
    ]


def test_with_all_every_frame_is_told(enrolled):
    _, out, _ = enrolled("replay", MAN, "--json", "--all")
    lines = [line for line in told(out) if not str(line["event"]).startswith("door")]
    assert [line["frame"] for line in lines] == list(range(5))
    assert [line["reason"] for line in lines] == ["looking"] * 2 + ["verified"] + ["already_decided"] * 2
    assert {line["likeness"] for line in lines} == {"verified"}


def test_a_folder_is_one_film_or_as_many_visits_as_pictures(enrolled, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    shutil.copy(MAN, folder / "1.jpg")
    shutil.copy(MAN, folder / "2.jpg")
    film = told(enrolled("replay", folder, "--json")[1])
    assert [line["event"] for line in film] == ["door_locked"], "two frames are not enough"
    visits = told(enrolled("replay", folder, "--json", "--visits")[1])
    assert [line["event"] for line in visits].count("access_granted") == 2


def test_in_real_time_a_visit_lasts_as_long_as_a_visit(enrolled):
    before = time.monotonic()
    assert "access_granted" in enrolled("replay", MAN, "--realtime")[1]
    assert time.monotonic() - before >= 1.0


def test_pictures_of_the_decisions_are_kept(enrolled, tmp_path):
    assert enrolled("replay", MAN, "--pictures", tmp_path / "seen")[0] == ExitCode.OK
    (kept,) = (tmp_path / "seen").iterdir()
    assert kept.name == "00002-granted.png"
    assert read_picture(kept).shape[0] > 2 * 270
    (tmp_path / "file").touch()
    assert enrolled("replay", MAN, "--pictures", tmp_path / "file")[0] == ExitCode.PICTURE


def test_a_decision_in_words(enrolled):
    lines = enrolled("replay", MAN)[1].splitlines()
    assert len(lines) == 4
    assert "access_granted   Daniel  verified  score" in lines[1]


def test_a_refused_stranger_is_told_with_whom_they_were_nearest_to_and_never_as_them():
    lines: list[str] = []
    decision = Decision(3, Seconds(12.5), Outcome.DENIED, Reason.CREDENTIAL_NOT_FOUND, unknown(nearest="Ada"))
    Narrator(lambda: Seconds(10.0), as_json=True, tell=lines.append).write(decision)
    (facts,) = map(json.loads, lines)
    assert (facts["time"], facts["person"], facts["nearest"]) == (2.5, None, "Ada")


@pytest.mark.parametrize("match", [verified("Ada"), unknown()])
def test_an_annotated_picture_has_a_banner_below_and_leaves_the_frame_alone(match):
    frame = a_frame()
    image = frame.image.copy()
    decision = Decision(0, Seconds(0.0), Outcome.GRANTED, Reason.VERIFIED, match)
    picture = annotated(frame, [match], decision)
    assert picture.shape[1] == 720
    assert picture.shape[0] > 720
    assert (frame.image == image).all()


def test_whoever_stops_reading_is_no_error(config_file):
    command = [sys.executable, "-u", "-m", "faceplate", "replay", str(MAN), "--all", "--config", str(config_file)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as replay:
        assert replay.stdout is not None
        assert replay.stderr is not None
        replay.stdout.close()
        complaints = replay.stderr.read()
    assert replay.returncode == ExitCode.OK
    assert b"Traceback" not in complaints
