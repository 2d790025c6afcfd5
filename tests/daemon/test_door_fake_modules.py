"""The stand-in for `gpiod` that real processes are given: it is called as the real one, and its lines outlive them."""

from __future__ import annotations

import dataclasses
import errno
import inspect
import os
import signal
import subprocess
import sys

import gpiod
import gpiod.line
import pytest

from gpio_board import CHIP, board_in, environment, fake_gpiod

FAKE = fake_gpiod()
ENUMS = ["Value", "Direction", "Bias", "Drive", "Edge", "Clock"]


@pytest.mark.parametrize(("fake", "real"), [(FAKE.Chip, gpiod.Chip), (FAKE.LineRequest, gpiod.LineRequest)])
def test_it_has_the_signatures_of_the_real_one(fake, real):
    def shape(function):
        return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]

    names = [name for name in vars(fake) if not name.startswith("_")]
    assert names
    for name in names:
        assert shape(getattr(fake, name)) == shape(getattr(real, name)), name


@pytest.mark.parametrize("name", ENUMS)
def test_its_words_are_those_of_the_real_one(name):
    fake, real = (getattr(package.line, name) for package in (FAKE, gpiod))
    assert [member.name for member in fake] == [member.name for member in real]


def test_its_values_have_fields_of_the_real_ones():
    fields = [field.name for field in dataclasses.fields(FAKE.LineSettings)]
    assert fields == [field.name for field in dataclasses.fields(gpiod.LineSettings)]
    for name in ("LineInfo", "ChipInfo"):
        assert {field.name for field in dataclasses.fields(getattr(FAKE, name))} <= set(dir(getattr(gpiod, name))) | {
            field.name for field in dataclasses.fields(getattr(gpiod, name))
        }
    assert not FAKE.line.Value.INACTIVE
    assert FAKE.line.Value.ACTIVE


@pytest.fixture
def board(tmp_path):
    environment(tmp_path)
    return board_in(tmp_path)


@pytest.fixture
def chip(tmp_path, monkeypatch):
    environment(tmp_path)
    monkeypatch.setenv("FAKE_GPIO_DIR", str(tmp_path))
    return FAKE.Chip(f"/dev/{CHIP}")


def output(level):
    return FAKE.LineSettings(direction=FAKE.line.Direction.OUTPUT, output_value=FAKE.line.Value(level))


def test_a_line_is_held_by_one_at_a_time_and_keeps_its_level(board, chip):
    request = chip.request_lines({17: output(1)}, consumer="first")
    assert chip.get_line_info(17).consumer == "first"
    with pytest.raises(OSError, match=os.strerror(errno.EBUSY)):
        chip.request_lines({17: output(0)}, consumer="second")
    assert board.level(17) == 1
    request.release()
    assert not chip.get_line_info(17).used
    assert board.level(17) == 1
    chip.request_lines({17: output(0)}, consumer="second").release()
    assert [(row["what"], row["level"]) for row in board.log()] == [
        ("take", 0),
        ("drive", 1),
        ("release", 1),
        ("take", 1),
        ("drive", 0),
        ("release", 0),
    ]


def test_it_is_strict(chip):
    request = chip.request_lines({22: FAKE.LineSettings(direction=FAKE.line.Direction.INPUT)})
    with pytest.raises(PermissionError):
        request.set_value(22, FAKE.line.Value.ACTIVE)
    with pytest.raises(ValueError, match="was not requested"):
        request.get_value(23)
    request.release()
    request.release()
    with pytest.raises(FAKE.RequestReleasedError):
        request.get_value(22)
    with pytest.raises(ValueError, match="line offset of out range"):
        chip.request_lines({54: output(0)})
    chip.close()
    with pytest.raises(FAKE.ChipClosedError):
        chip.get_info()
    with pytest.raises(FileNotFoundError):
        FAKE.Chip("/dev/gpiochip9")


def test_an_input_has_the_level_on_the_wire(board, chip):
    request = chip.request_lines({22: FAKE.LineSettings(direction=FAKE.line.Direction.INPUT)})
    for level in (1, 0):
        board.set_level(22, level)
        assert request.get_value(22).value == level
    request.release()


HOLD = """
import sys, gpiod
from gpiod.line import Direction, Value
settings = gpiod.LineSettings(direction=Direction.OUTPUT, output_value=Value.ACTIVE)
request = gpiod.Chip("/dev/gpiochip0").request_lines({17: settings}, consumer="child")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(("killed", "told"), [(False, "release by exit"), (True, "was left behind")])
def test_a_line_is_free_and_as_it_was_when_its_process_has_ended(tmp_path, board, killed, told):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(tmp_path)
    ) as child:
        assert child.stdout.readline() == b"held\n"
        assert board.state_of(17)["consumer"] == "child"
        if killed:
            child.send_signal(signal.SIGKILL)
        child.communicate()
    assert board.state_of(17) == {}
    assert board.level(17) == 1
    board.take(17, "next").release()
    assert told in [row["what"] for row in board.log()]
