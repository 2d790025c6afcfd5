"""The camera that plays recordings: times, order, pace, and everything a broken file can be."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from clips import cut, noise, write_gif, write_video
from faceplate.camera.clock import ReplayClock
from faceplate.camera.recording import Stills
from faceplate.camera.replay import ReplayCamera
from faceplate.errors import CameraError
from faceplate.pictures import read_picture
from faceplate.types import Frame, Seconds

RED = (0, 0, 255)
"""BGR"""


def picture(shade: int = 0, size: tuple[int, int] = (96, 128)) -> np.ndarray:
    """A red picture with a grey corner. BGR uint8 (H, W, 3)."""
    image = np.full((*size, 3), RED, np.uint8)
    image[: size[0] // 2, : size[1] // 2] = shade
    return image


def film(path: Path, frames: int, rate: float = 10.0, code: str = "mp4v") -> Path:
    return write_video(path, map(noise, range(frames)), rate, code)


def write_pictures(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(folder / name), picture(number * 20))
    return folder


def play(source: Path, stills: Stills | None = None) -> list[Frame]:
    return list(ReplayCamera(source, paced=False, stills=stills or Stills()).frames())


def test_a_video_plays_at_its_own_times(tmp_path):
    frames = play(film(tmp_path / "clip.mp4", 12, rate=10.0))
    assert [frame.index for frame in frames] == list(range(12))
    assert [frame.time for frame in frames] == pytest.approx([number / 10 for number in range(12)], abs=0.002)


def test_a_gif_plays_with_its_own_delays(tmp_path):
    frames = play(write_gif(tmp_path / "clip.gif", [100, 250, 100, 400]))
    assert [frame.time for frame in frames] == pytest.approx([0.0, 0.1, 0.35, 0.45], abs=0.011)


def test_pictures_are_rgb(tmp_path):
    write_pictures(tmp_path, "one.png")
    (frame,) = play(tmp_path / "one.png")
    assert frame.image[-1, -1].tolist() == [255, 0, 0]


def test_a_gif_is_rgb(tmp_path):
    frames = play(write_gif(tmp_path / "clip.gif", [100, 100]))
    assert frames[0].image[-1, -1].tolist() == [255, 0, 0]
    assert frames[1].image[-1, -1].tolist() == [0, 0, 255]


def test_a_folder_is_sorted_as_people_count(tmp_path):
    folder = write_pictures(tmp_path / "stills", "f10.png", "f2.jpg", "F1.bmp", "b/1.webp")
    (folder / "notes.txt").write_text("not a picture")
    (folder / "._f2.jpg").write_text("what a Mac leaves behind")
    camera = ReplayCamera(folder, paced=False)
    assert [camera.name_of(frame.index) for frame in camera.frames()] == ["b/1.webp", "F1.bmp", "f2.jpg", "f10.png"]


def test_each_picture_can_be_held_and_followed_by_empty_time(tmp_path):
    folder = write_pictures(tmp_path / "stills", "a.png", "b.png")
    camera = ReplayCamera(folder, paced=False, stills=Stills(frame_rate=10, frames=3, gap=Seconds(6.0)))
    frames = list(camera.frames())
    assert [frame.time for frame in frames] == pytest.approx([0, 0.1, 0.2, 6.3, 6.4, 6.5])
    assert [camera.name_of(frame.index) for frame in frames] == ["a.png"] * 3 + ["b.png"] * 3
    assert np.array_equal(frames[0].image, frames[2].image)
    assert not np.array_equal(frames[2].image, frames[3].image)


def test_one_picture_can_be_held(tmp_path):
    write_pictures(tmp_path, "one.png")
    camera = ReplayCamera(tmp_path / "one.png", paced=False, stills=Stills(frames=5))
    assert [camera.name_of(frame.index) for frame in camera.frames()] == ["one.png"] * 5


def test_a_video_names_its_file(tmp_path):
    camera = ReplayCamera(film(tmp_path / "clip.mp4", 2), paced=False)
    assert {camera.name_of(frame.index) for frame in camera.frames()} == {"clip.mp4"}


@pytest.mark.parametrize("stills", [{"frames": 0}, {"frame_rate": 0.0}, {"frame_rate": float("nan")}, {"gap": -1.0}])
def test_stills_refuse_what_is_no_film(stills):
    with pytest.raises(ValueError, match="expected frame_rate"):
        Stills(**stills)


def test_the_clock_shows_the_time_of_the_newest_frame(tmp_path):
    camera = ReplayCamera(film(tmp_path / "clip.mp4", 5), paced=False)
    assert camera.clock() == 0.0
    assert all(camera.clock() == frame.time for frame in camera.frames())


def test_a_replay_clock_never_goes_back():
    clock = ReplayClock(Seconds(5.0))
    clock.advance(Seconds(5.0))
    clock.advance(Seconds(6.0))
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance(Seconds(5.9))
    assert clock() == 6.0


class Hall:
    """The time in which a paced recording is watched; waiting is what makes it pass."""

    def __init__(self) -> None:
        self.now = 500.0
        self.waits: list[float] = []

    def __call__(self) -> Seconds:
        return Seconds(self.now)

    def wait(self, time: Seconds) -> bool:
        self.waits.append(time)
        self.now += time
        return False


def test_paced_frames_come_in_real_time(tmp_path):
    hall = Hall()
    camera = ReplayCamera(film(tmp_path / "clip.mp4", 4), paced=True, now=hall, wait=hall.wait)
    seen = [(hall.now, frame.time, camera.clock()) for frame in camera.frames()]
    assert seen == [pytest.approx((500 + number / 10,) * 3, abs=0.002) for number in range(4)]


def test_a_paced_recording_waits_for_a_slow_receiver_and_no_frame_is_stale(tmp_path):
    hall = Hall()
    camera = ReplayCamera(film(tmp_path / "clip.mp4", 4), paced=True, now=hall, wait=hall.wait)
    times = []
    for frame in camera.frames():
        assert frame.time == pytest.approx(hall.now)
        times.append(frame.time)
        hall.now += 3.0
    assert times == pytest.approx([500, 503, 506, 509], abs=0.002)
    assert hall.waits == []


def test_closing_interrupts_the_wait_for_the_next_frame(tmp_path):
    hall = Hall()
    cameras: list[ReplayCamera] = []

    def closed_meanwhile(_: Seconds) -> bool:
        cameras[0].close()
        return True

    cameras.append(ReplayCamera(film(tmp_path / "c.mp4", 4), paced=True, now=hall, wait=closed_meanwhile))
    assert [frame.index for frame in cameras[0].frames()] == [0]


def test_a_damaged_video_says_so_after_its_good_frames(tmp_path):
    frames = ReplayCamera(cut(film(tmp_path / "clip.avi", 40, code="MJPG")), paced=False).frames()
    assert [next(frames).index for _ in range(15)] == list(range(15))
    with pytest.raises(CameraError, match=r"clip\.avi breaks off: .* of 4\.0 s"):
        list(frames)


def test_a_damaged_gif_says_so(tmp_path):
    path = cut(write_gif(tmp_path / "clip.gif", [100] * 8), 0.7)
    with pytest.raises(CameraError, match=r"clip\.gif"):
        play(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [("zero.mp4", b""), ("text.mp4", b"this is no video\n" * 50), ("zero.gif", b""), ("noise", bytes(range(256)) * 9)],
)
def test_what_is_no_video_is_refused_at_once(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CameraError, match=f"{name} .{len(content)} bytes. is no video"):
        ReplayCamera(tmp_path / name, paced=False)


def test_an_mp4_that_was_not_copied_whole_is_refused_at_once(tmp_path):
    with pytest.raises(CameraError, match="is no video that can be played"):
        ReplayCamera(cut(film(tmp_path / "clip.mp4", 30)), paced=False)


def test_a_missing_path_is_refused(tmp_path):
    with pytest.raises(CameraError, match="there is no"):
        ReplayCamera(tmp_path / "nothing.mp4", paced=False)


def test_a_folder_without_pictures_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(CameraError, match="no pictures"):
        ReplayCamera(tmp_path, paced=False)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_a_broken_picture_in_a_folder_is_named(tmp_path, suffix, share):
    cv2.imwrite(str(tmp_path / "1.png"), picture())
    cv2.imwrite(str(tmp_path / f"2{suffix}"), noise(2))
    cut(tmp_path / f"2{suffix}", share)
    frames = ReplayCamera(tmp_path, paced=False).frames()
    assert next(frames).index == 0
    with pytest.raises(CameraError, match=f"2{suffix}"):
        next(frames)


def test_grey_deep_and_transparent_pictures_become_rgb(tmp_path):
    shapes = {"grey.png": (8, 8), "deep.png": (8, 8, 3), "clear.png": (8, 8, 4)}
    for name, shape in shapes.items():
        cv2.imwrite(str(tmp_path / name), np.full(shape, 100, np.uint16 if name == "deep.png" else np.uint8))
        image = read_picture(tmp_path / name)
        assert image.shape == (8, 8, 3)
        assert image.dtype == np.uint8


def test_broken_files_leave_no_noise_on_standard_error(tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    cv2.imwrite(str(tmp_path / "cut.jpg"), noise(1))
    cut(tmp_path / "cut.jpg")
    program = f"""
from pathlib import Path
from faceplate.camera.replay import ReplayCamera
from faceplate.errors import CameraError
for name in ("text.mp4", "cut.jpg"):
    try:
        list(ReplayCamera(Path({str(tmp_path)!r}) / name, paced=False).frames())
    except CameraError:
        print("refused")
"""
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert run.stdout.split() == ["refused", "refused"]
    assert run.stderr == ""


@pytest.mark.research_data
@pytest.mark.skipif("FACEPLATE_DATA" not in os.environ, reason="FACEPLATE_DATA does not name the research pictures")
@pytest.mark.parametrize(
    ("name", "count", "length"),
    [
        ("clips_dev/hamilton/short_hamilton_clip.mp4", 275, 9.1425),
        ("clips_dev/intel/head-pose-face-detection-male.gif", 62, 5.08),
    ],
)
def test_real_clips_play_from_end_to_end(name, count, length):
    frames = play(Path(os.environ["FACEPLATE_DATA"]) / name)
    assert len(frames) == count
    assert frames[-1].time == pytest.approx(length, abs=0.01)
    assert all(earlier.time < later.time for earlier, later in pairwise(frames))
