"""Two cameras: the first one's frames, with what the second saw then; and what becomes of it when the second fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from clips import write_video
from faceplate import equipment
from faceplate.camera.live import LiveCamera
from faceplate.camera.paired import APART, PairedCamera, ReplaySource, opened_later
from faceplate.camera.replay import ReplayCamera
from faceplate.config import CameraConfig, SecondCameraConfig
from faceplate.errors import CameraError
from faceplate.types import Frame, Image, Seconds
from waiting import until

DARK, BRIGHT = 30, 220


def film(path: Path, shade: int, frames: int = 40) -> Path:
    return write_video(path, [np.full((96, 128, 3), shade, np.uint8)] * frames, rate=20)


def replayed(first: Path, second: Path) -> CameraConfig:
    beside = SecondCameraConfig(driver="replay", source=str(second), kind="view")
    return CameraConfig(driver="replay", source=str(first), second=beside)


def shade(image: Image | None) -> int | None:
    return None if image is None else round(float(image.mean()) / 10) * 10


class Clock:
    now = 100.0

    def __call__(self) -> Seconds:
        return Seconds(self.now)


class Switched:
    """A source that gives one picture, and then those it is told to; it can be opened while it is plugged in."""

    name = "switched"

    def __init__(self, *, plugged: bool = True) -> None:
        self.plugged = plugged
        self.closed = 0
        self.unread = 1

    def open(self) -> None:
        if not self.plugged:
            raise CameraError("it is not plugged in")

    def read(self) -> Image:
        until(lambda: self.unread or not self.plugged)
        if not self.plugged:
            raise CameraError("it was pulled out")
        self.unread -= 1
        return np.full((48, 64, 3), BRIGHT, np.uint8)

    def close(self) -> None:
        self.closed += 1


class Scripted:
    """A first camera that gives frames of these times."""

    def __init__(self, *times: float) -> None:
        self.times = times
        self.closed = 0

    def frames(self) -> Iterator[Frame]:
        for index, time in enumerate(self.times):
            yield Frame(index, Seconds(time), np.zeros((2, 2, 3), np.uint8))

    def close(self) -> None:
        self.closed += 1


def live(source: Switched, clock: Clock, waits: list[float] | None = None) -> LiveCamera:
    """Without waiting before it is opened again, but noting it."""
    told = [] if waits is None else waits

    def wait(delay: Seconds) -> bool:
        told.append(delay)
        return False

    return LiveCamera(opened_later(source), stall_timeout=Seconds(5.0), clock=clock, wait=wait)


def test_frames_carry_what_the_second_camera_saw(tmp_path):
    config = replayed(film(tmp_path / "first.mp4", DARK), film(tmp_path / "second.mp4", BRIGHT))
    with closing(equipment.door_camera(config, lambda: None)) as camera:
        frames = list(islice(camera.frames(), 10))
    assert {shade(frame.image) for frame in frames} == {DARK}
    assert shade(frames[-1].second) == BRIGHT
    assert [frame.index for frame in frames] == list(range(10))


def test_one_camera_gives_no_second_picture(tmp_path):
    config = CameraConfig(driver="replay", source=str(film(tmp_path / "first.mp4", DARK, frames=3)))
    with closing(equipment.door_camera(config, lambda: None)) as camera:
        assert [frame.second for frame in camera.frames()] == [None] * 3


def test_a_second_camera_that_is_not_there_does_not_stop_the_first(tmp_path, caplog):
    config = replayed(film(tmp_path / "first.mp4", DARK, frames=5), tmp_path / "nowhere.mp4")
    with caplog.at_level(logging.INFO), closing(equipment.door_camera(config, lambda: None)) as camera:
        assert [frame.second for frame in camera.frames()] == [None] * 5
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "nowhere.mp4 (the second one) failed: there is no" in warning.message


def test_a_first_camera_that_is_not_there_is_an_error_as_ever(tmp_path):
    config = replayed(tmp_path / "nowhere.mp4", film(tmp_path / "second.mp4", BRIGHT))
    with pytest.raises(CameraError, match=r"there is no .*nowhere\.mp4"):
        equipment.door_camera(config, lambda: None)


def test_a_picture_of_another_time_is_not_given():
    clock, source = Clock(), Switched()
    with closing(live(source, clock)) as second:
        until(second.newest)
        times = [clock.now - 2 * APART, clock.now - 0.9 * APART, clock.now + 0.9 * APART, clock.now + 1.1 * APART]
        frames = list(PairedCamera(Scripted(*times), second).frames())
        source.plugged = False
    assert [shade(frame.second) for frame in frames] == [None, BRIGHT, BRIGHT, None]


def test_the_loss_of_the_second_is_told_once_and_so_is_its_return(caplog):
    clock, source, waits = Clock(), Switched(plugged=False), list[float]()
    with caplog.at_level(logging.INFO), closing(live(source, clock, waits)) as second:
        until(lambda: len(waits) > 3)
        assert next(iter(PairedCamera(Scripted(clock.now), second).frames())).second is None
        source.plugged = True
        until(second.newest)
        assert shade(next(iter(PairedCamera(Scripted(clock.now), second).frames())).second) == BRIGHT
        told = [record.message.partition(":")[0] for record in caplog.records]
        source.plugged = False
        until(lambda: second.newest() is None)
    assert told == ["camera switched (the second one) failed", "camera switched (the second one) is back"]


def test_closing_closes_both():
    source, first = Switched(), Scripted(100.0)
    camera = PairedCamera(first, live(source, Clock()))
    source.plugged = False
    camera.close()
    assert first.closed == 1
    until(lambda: source.closed)


def test_a_second_camera_that_no_driver_is_there_for_is_an_error_and_the_first_is_let_go(tmp_path, monkeypatch):
    closed: list[ReplayCamera] = []

    def close(self: ReplayCamera) -> None:
        closed.append(self)

    monkeypatch.setattr(ReplayCamera, "close", close)
    beside = SecondCameraConfig(driver="picamera2", source="front", kind="infrared")
    config = CameraConfig(driver="replay", source=str(film(tmp_path / "first.mp4", DARK)), second=beside)
    with pytest.raises(CameraError, match="picamera2"):
        equipment.door_camera(config, lambda: None)
    assert len(closed) == 1


def test_a_recording_that_is_over_begins_anew(tmp_path):
    source = ReplaySource(film(tmp_path / "short.mp4", BRIGHT, frames=2))
    source.open()
    assert [shade(source.read()), shade(source.read())] == [BRIGHT, BRIGHT]
    with pytest.raises(CameraError, match="the recording is over"):
        source.read()
    source.close()
    source.open()
    assert shade(source.read()) == BRIGHT
    source.close()
