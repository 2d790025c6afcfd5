from __future__ import annotations

import io
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.errors import CameraError
from faceplate.model.bundle import DEFAULT_BUNDLE
from faceplate.pictures import read_picture
from faceplate.types import Box, Frame, Image, Pixels, Seconds
from faceplate_trainer.__main__ import main
from faceplate_trainer.data.capture import Album, capture, square_around
from faceplate_trainer.data.controls import PipeControls
from faceplate_trainer.data.labelled import DatasetError

FOOTAGE = DEFAULT_BUNDLE.parent.parent / "footage"
PATIENCE = 60.0
"""Seconds a started program may take; machines that run tests are busy"""


def saved(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def capture_with(keys: str, out: Path, clip: Path, monkeypatch) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(keys))
    return main(["capture", str(out), "--clip", str(clip)])


def test_keys_from_a_pipe_are_taken_one_for_each_frame(tmp_path, monkeypatch, capsys) -> None:
    assert capture_with("a.p\npqa", tmp_path, FOOTAGE / "woman.mp4", monkeypatch) == 0
    assert saved(tmp_path) == ["anchor/0001.jpg", "positive/0001.jpg", "positive/0002.jpg"]
    picture = read_picture(tmp_path / "anchor/0001.jpg")
    frame = cv2.cvtColor(cv2.VideoCapture(str(FOOTAGE / "woman.mp4")).read()[1], cv2.COLOR_BGR2RGB)
    assert picture.shape == (250, 250, 3)
    assert cv2.matchTemplate(frame, picture, cv2.TM_CCOEFF_NORMED).max() > 0.995  # cut out, not scaled
    assert "1 anchor, 2 positive" in capsys.readouterr().out


def test_numbers_go_on_where_they_ended(tmp_path, monkeypatch) -> None:
    for keys in ("aa", "a"):
        assert capture_with(keys, tmp_path, FOOTAGE / "woman.mp4", monkeypatch) == 0
    assert saved(tmp_path) == ["anchor/0001.jpg", "anchor/0002.jpg", "anchor/0003.jpg"]


def test_a_picture_of_two_people_is_nobodys(tmp_path, monkeypatch, capsys) -> None:
    assert capture_with("a", tmp_path, FOOTAGE / "man-and-woman.mp4", monkeypatch) == 0
    assert saved(tmp_path) == []
    assert "not saved: expected one face, found 2" in capsys.readouterr().out


def test_a_picture_without_a_face_is_refused(tmp_path, capsys) -> None:
    wall = Frame(0, Seconds(0.0), np.zeros((480, 640, 3), np.uint8))
    capture([wall], lambda _: [], PipeControls(io.StringIO("p")), Album(tmp_path), live=False)
    assert saved(tmp_path) == []
    assert "not saved: expected one face, found none" in capsys.readouterr().out


def test_the_clip_ends_before_the_keys(tmp_path, monkeypatch) -> None:
    assert capture_with("ap" * 9, tmp_path, FOOTAGE / "man-1.jpg", monkeypatch) == 0
    assert saved(tmp_path) == ["anchor/0001.jpg"]


def test_a_clip_that_is_not_there_is_said(tmp_path, monkeypatch, capsys) -> None:
    assert capture_with("a", tmp_path / "out", tmp_path / "gone.mp4", monkeypatch) == 1
    assert "there is no" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_said(tmp_path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DatasetError, match="cannot make folders"):
        Album(tmp_path / "file")


@pytest.mark.skipif("GUI:                           NONE" not in cv2.getBuildInformation(), reason="windows can open")
def test_without_windows_the_way_to_one_is_said(tmp_path, capsys) -> None:
    assert main(["capture", str(tmp_path), "--clip", str(FOOTAGE / "woman.mp4"), "--window"]) == 1
    assert "pip install opencv-python" in capsys.readouterr().err


@given(
    height=st.integers(60, 500),
    width=st.integers(60, 500),
    x=st.floats(-50, 500),
    y=st.floats(-50, 500),
    size=st.floats(20, 300),
)
def test_the_square_is_large_enough_and_in_the_frame(height, width, x, y, size) -> None:
    image: Image = np.zeros((height, width, 3), np.uint8)
    image[:, :, 0] = np.arange(height)[:, None] % 251
    square = square_around(Box(Pixels(x), Pixels(y), Pixels(size), Pixels(size)), image)
    side = min(height, width, max(250, round(2.2 * size)))
    assert square.shape == (side, side, 3)


def test_the_face_is_in_the_middle_of_its_square() -> None:
    image: Image = np.zeros((600, 800, 3), np.uint8)
    image[300, 400] = 255
    square = square_around(Box(Pixels(340), Pixels(240), Pixels(120), Pixels(120)), image)
    assert square.shape == (264, 264, 3)
    assert square[132, 132, 0] == 255


class Terminal:
    """`faceplate-train capture` in a terminal of its own."""

    def __init__(self, out: Path, clip: Path) -> None:
        self._ours, self.theirs = pty.openpty()
        self.before = termios.tcgetattr(self.theirs)
        self.shown = ""
        words = ["capture", str(out), "--clip", str(clip)]
        self.program = subprocess.Popen(
            [sys.executable, "-m", "faceplate_trainer", *words],
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
        )

    def wait_for(self, text: str) -> None:
        end = time.monotonic() + PATIENCE
        while text not in self.shown:
            assert select.select([self._ours], [], [], max(0, end - time.monotonic()))[0], self.shown
            self.shown += os.read(self._ours, 4096).decode(errors="replace")

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def close(self) -> None:
        self.program.kill()
        self.program.wait()
        os.close(self._ours)
        os.close(self.theirs)


@pytest.fixture
def terminal(tmp_path):
    clip = tmp_path / "clip"
    clip.mkdir()
    for number in range(900):  # a minute
        (clip / f"{number}.jpg").symlink_to(FOOTAGE / "man-1.jpg")
    started = Terminal(tmp_path / "out", clip)
    yield started
    started.close()


def test_keys_in_a_terminal_work_at_once_and_it_is_as_it_was_afterwards(terminal, tmp_path) -> None:
    terminal.wait_for("anchor 0  positive 0  faces 1")
    assert termios.tcgetattr(terminal.theirs) != terminal.before
    terminal.press("a")
    terminal.wait_for("anchor 1  positive 0")
    terminal.press("q")
    terminal.wait_for("1 anchor, 0 positive")
    assert terminal.program.wait(PATIENCE) == 0
    assert termios.tcgetattr(terminal.theirs) == terminal.before
    assert saved(tmp_path / "out") == ["anchor/0001.jpg"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_leaves_the_terminal_as_it_was(terminal, number, code) -> None:
    terminal.wait_for("faces 1")
    terminal.program.send_signal(number)
    assert terminal.program.wait(PATIENCE) == code
    assert termios.tcgetattr(terminal.theirs) == terminal.before


def test_a_camera_that_is_lost_ends_in_an_error(tmp_path) -> None:
    def frames():
        yield Frame(0, Seconds(0.0), np.zeros((480, 640, 3), np.uint8))
        raise CameraError("the plug was pulled")

    with pytest.raises(CameraError, match="plug"):
        capture(frames(), lambda _: [], PipeControls(io.StringIO("aaa")), Album(tmp_path), live=False)
