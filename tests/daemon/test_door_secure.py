"""`faceplate secure`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

import pytest
from gpiod.line import Value

from faceplate.commands import secure
from faceplate.commands.common import ExitCode, config_options
from faceplate.config import DoorConfig
from faceplate.door.drivers import gpiozero_lock
from faceplate.door.drivers import secure as quick
from faceplate.door.drivers.gpiod_factory import GpiodFactory
from faceplate.door.drivers.lock_lines import LockLines
from faceplate.door.drivers.secure import write_lines
from faceplate.errors import DoorError
from fake_gpiod import FakeBoard
from gpio_board import board_in, environment


@pytest.fixture
def run(tmp_path):
    """Run `faceplate secure` with these values laid over an empty configuration."""
    file = tmp_path / "config.yaml"
    file.write_text("", encoding="utf-8")
    parser = argparse.ArgumentParser()
    secure.register(parser.add_subparsers(), config_options())

    def run(*overrides):
        options = [word for override in overrides for word in ("--set", override)]
        arguments = parser.parse_args(["secure", "--config", str(file), *options])
        return arguments.run(arguments)

    return run


def command(environment, *overrides):
    """The same by the command line, in a process of its own that has the fake chip."""
    options = [word for override in ("door.driver=gpiozero", *overrides) for word in ("--set", override)]
    words = [sys.executable, "-m", "faceplate", "secure", "--config", os.devnull, *options]
    return subprocess.run(words, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize(
    ("driver", "said"), [("simulated", "locked (driver: simulated)"), ("none", "there is no lock")]
)
def test_it_says_what_it_did(run, capsys, driver, said):
    assert run(f"door.driver={driver}") is ExitCode.OK
    assert said in capsys.readouterr().out


def test_a_lock_that_cannot_be_reached_is_an_error_and_not_a_simulation(run, capsys):
    with pytest.raises(DoorError, match="no /dev/gpiochip511"):
        run("door.driver=gpiozero", "door.chip=/dev/gpiochip511")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("wiring", "locked"), [("fail_secure", 0), ("fail_safe", 1)])
def test_a_line_that_was_left_open_is_locked_and_let_go_of(tmp_path, wiring, locked):
    around = environment(tmp_path)
    board = board_in(tmp_path)
    board.set_level(17, 1 - locked)
    done = command(around, f"door.wiring={wiring}")
    assert (done.returncode, done.stdout, done.stderr) == (ExitCode.OK, "locked (driver: gpiozero)\n", "")
    assert board.level(17) == locked
    assert board.state_of(17) == {}


def test_a_coil_that_was_left_fed_rests_and_the_lock_gets_its_pulse(tmp_path):
    around = environment(tmp_path)
    board = board_in(tmp_path)
    board.set_level(17, 1)
    done = command(around, "door.lock=motor", "door.lock_line=18", "door.pulse=0.05")
    assert done.returncode == ExitCode.OK, done.stderr
    drives = [row for row in board.log() if row["what"] == "drive"]
    assert [(row["line"], row["level"]) for row in drives[:2]] == [(17, 0), (18, 0)], "both rest first of all"
    (begin,) = [row["time"] for row in drives if (row["line"], row["level"]) == (18, 1)]
    end = next(row["time"] for row in drives if row["line"] == 18 and row["time"] > begin)
    assert end - begin >= 0.05
    assert [row for row in drives if (row["line"], row["level"]) == (17, 1)] == []
    assert (board.level(17), board.level(18)) == (0, 0)


def test_while_somebody_holds_the_line_it_is_refused_and_the_line_left_alone(tmp_path):
    around = environment(tmp_path)
    board = board_in(tmp_path)
    held = board.take(17, "faceplate")
    held.drive(1)
    done = command(around)
    held.release()
    assert done.returncode == ExitCode.DOOR
    assert "line 17 of /dev/gpiochip0 is in use by 'faceplate'" in done.stderr
    assert board.level(17) == 1


def test_it_loads_no_more_than_it_takes():
    """The door may stand open until it is done."""
    code = """
import sys
from faceplate.commands import secure
from faceplate.door.drivers import gpiozero_lock
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"cv2", "cryptography", "sqlite3", "ai_edge_litert"}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def secured(file, around):
    """What systemd runs first, in a process of its own that has the fake chip."""
    words = [sys.executable, "-P", "-m", "faceplate.door.drivers.secure", *([str(file)] if file else [])]
    return subprocess.run(words, capture_output=True, text=True, check=False, env=around)


@pytest.mark.parametrize(("wiring", "locked"), [("fail_secure", 0), ("fail_safe", 1)])
def test_the_lock_that_was_written_down_is_locked(tmp_path, wiring, locked):
    around = environment(tmp_path)
    board = board_in(tmp_path)
    board.set_level(21, 1 - locked)
    write_lines(tmp_path / "lock.json", LockLines.of(DoorConfig(line=21, wiring=wiring)))
    done = secured(tmp_path / "lock.json", around)
    assert (done.returncode, done.stderr) == (0, "")
    assert board.level(21) == locked


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{}", b'{"chip": 1}', pytest.param(b"\xff", id="not UTF-8")])
def test_what_was_not_written_by_the_daemon_is_left_to_the_second_try(tmp_path, content):
    file = tmp_path / "lock.json"
    if content is not None:
        file.write_bytes(content)
    done = secured(file, environment(tmp_path))
    assert done.returncode == 1
    assert "`faceplate secure` tries by the configuration" in done.stderr


@pytest.mark.parametrize("words", [["secure"], ["secure", "FILE"], ["secure", "FILE", "FILE2"]])
def test_only_its_first_word_counts(tmp_path, monkeypatch, capsys, words):
    """The same in this process, on a fake board."""
    board = FakeBoard()
    board.lines[21].driven.append(Value.ACTIVE)
    # What the processes above are given by their environment.
    monkeypatch.setattr(gpiozero_lock, "GpiodFactory", lambda chip: GpiodFactory(chip, board.open_chip))
    write_lines(tmp_path / "FILE", LockLines.of(DoorConfig(line=21)))
    monkeypatch.setattr(sys, "argv", [str(tmp_path / word) for word in words])
    there = len(words) > 1
    assert quick.main() == (0 if there else 1)
    assert set(board.lines[21].driven[1:]) == ({Value.INACTIVE} if there else set())
    assert board.lines[21].released_at is (Value.INACTIVE if there else None)
    error = "IndexError('list index out of range')"
    said = f"the lock was not secured: {error}; `faceplate secure` tries by the configuration\n"
    assert capsys.readouterr() == ("", "" if there else said)


def test_without_a_file_it_says_what_it_did_not_do(tmp_path):
    assert secured(None, environment(tmp_path)).returncode == 1


def test_the_quick_way_loads_no_more_than_it_must(tmp_path):
    watch = "import sys, faceplate.door.drivers.secure, faceplate.door.drivers.gpiozero_lock; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", watch], capture_output=True, text=True, check=True, env=environment(tmp_path)
    )
    assert not {"pydantic", "yaml", "numpy", "cv2"} & {name.partition(".")[0] for name in done.stdout.split()}
