"""What every camera promises, shown on every adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from clips import write_gif, write_video
from faceplate.camera.camera import Camera
from faceplate.camera.live import LiveCamera
from faceplate.camera.opencv import OpenCvCamera
from faceplate.camera.picamera2 import Picamera2Source
from faceplate.camera.recording import Stills
from faceplate.camera.replay import ReplayCamera
from faceplate.config import CameraConfig
from fake_picamera2 import FakeModule
from mjpeg_server import MjpegServer, numbered_picture

FRAMES = 8
Making = Callable[[Path], Iterator[Camera]]


def replay_video(folder: Path) -> Iterator[Camera]:
    yield ReplayCamera(write_video(folder / "clip.mp4", map(numbered_picture, range(FRAMES)), rate=100), paced=False)


def replay_paced(folder: Path) -> Iterator[Camera]:
    yield ReplayCamera(write_video(folder / "clip.mp4", map(numbered_picture, range(FRAMES)), rate=100), paced=True)


def replay_gif(folder: Path) -> Iterator[Camera]:
    yield ReplayCamera(write_gif(folder / "clip.gif", [80] * FRAMES), paced=False)


def replay_folder(folder: Path) -> Iterator[Camera]:
    for number in range(FRAMES):
        cv2.imwrite(str(folder / f"{number}.png"), numbered_picture(number))
    yield ReplayCamera(folder, paced=False)


def replay_picture(folder: Path) -> Iterator[Camera]:
    cv2.imwrite(str(folder / "one.png"), numbered_picture(1))
    yield ReplayCamera(folder / "one.png", paced=False, stills=Stills(frames=FRAMES))


def opencv_stream(_: Path) -> Iterator[Camera]:
    with MjpegServer() as server:
        yield OpenCvCamera(CameraConfig(source=server.address))


def picamera2_stand_in(_: Path) -> Iterator[Camera]:
    config = CameraConfig(driver="picamera2", source=0)
    yield LiveCamera(Picamera2Source(config, FakeModule()), stall_timeout=config.stall_timeout)


@pytest.fixture(
    params=[
        replay_video,
        replay_paced,
        replay_gif,
        replay_folder,
        replay_picture,
        opencv_stream,
        picamera2_stand_in,
    ],
    ids=lambda making: making.__name__,
)
def camera(request, tmp_path):
    making: Making = request.param
    for camera in making(tmp_path):
        with closing(camera):
            yield camera


def test_frames_are_rgb_pictures_in_memory_order(camera):
    for frame in islice(camera.frames(), 3):
        assert frame.image.dtype == np.uint8
        assert frame.image.ndim == 3
        assert frame.image.shape[2] == 3
        assert frame.image.flags.c_contiguous


def test_red_is_first_and_blue_is_last(camera):
    """The pictures are blue below; the gif shows red first, then blue."""
    *_, frame = islice(camera.frames(), 2)
    red, _, blue = frame.image[-1, -1].tolist()
    assert red < 30
    assert blue > 225


def test_index_and_time_always_rise(camera):
    frames = list(islice(camera.frames(), 5))
    assert all(earlier.index < later.index for earlier, later in pairwise(frames))
    assert all(earlier.time < later.time for earlier, later in pairwise(frames))


def test_a_new_iterator_goes_on_where_the_last_one_stopped(camera):
    first = next(camera.frames())
    second = next(camera.frames())
    assert first.index < second.index
    assert first.time < second.time


def test_closing_ends_the_iterator(camera):
    frames = camera.frames()
    next(frames)
    camera.close()
    assert list(frames) == []


def test_after_closing_there_are_no_frames(camera):
    camera.close()
    assert list(camera.frames()) == []


def test_closing_twice_is_no_fault(camera):
    camera.close()
    camera.close()
