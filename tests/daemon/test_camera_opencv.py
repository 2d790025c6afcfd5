"""OpenCV's cameras: real streams from a server on loopback, and everything that can be wrong with a source's name."""

from __future__ import annotations

import logging
import socket
import threading
from contextlib import closing
from itertools import takewhile
from pathlib import Path

import pytest

from faceplate.camera import live
from faceplate.camera.opencv import TOO_SOON, OpenCvCamera, without_secrets
from faceplate.config import CameraConfig
from faceplate.errors import CameraError
from faceplate.types import Seconds
from mjpeg_server import FRAME_TIME, MjpegServer, number_in

HIDDEN = "hunter2"
LATENCY = 15
"""Pictures (of 20 ms) that may be under way between server and receiver on a busy machine"""


@pytest.fixture
def server():
    with MjpegServer() as server:
        yield server


@pytest.fixture
def camera(server):
    config = CameraConfig(source=server.address, stall_timeout=Seconds(0.5))
    with closing(OpenCvCamera(config)) as camera:
        yield camera


class Record(logging.Handler):
    """Keeps what is logged, and lets a test wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        with self._changed:
            self.records.append(record)
            self._changed.notify_all()

    def wait_for(self, text: str) -> None:
        def logged() -> bool:
            return any(text in record.getMessage() for record in self.records)

        with self._changed:
            assert self._changed.wait_for(logged, timeout=20), f"nothing was logged about {text!r}"


@pytest.fixture
def log():
    logger = logging.getLogger(live.__name__)
    record = Record()
    level = logger.level
    logger.addHandler(record)
    logger.setLevel(logging.DEBUG)
    yield record
    logger.setLevel(level)
    logger.removeHandler(record)


def test_a_stream_gives_the_pictures_that_were_sent(camera, server):
    frames = camera.frames()
    first, second = next(frames), next(frames)
    assert 0 < number_in(first.image) < number_in(second.image) <= server.sent
    assert first.image[-1, -1].tolist() == pytest.approx([0, 0, 255], abs=8)


def test_of_a_camera_that_is_faster_than_asked_no_more_pictures_are_used(server):
    config = CameraConfig(source=server.address, frame_rate=5.0)
    with closing(OpenCvCamera(config)) as camera:
        frames = [frame for _, frame in zip(range(8), camera.frames(), strict=False)]
    numbers = [number_in(frame.image) for frame in frames]
    assert numbers[-1] - numbers[0] >= 7 * 0.9 * TOO_SOON / 5.0 / FRAME_TIME * 0.5, "the server may be late, too"
    assert frames[-1].time - frames[0].time >= 7 * 0.9 * TOO_SOON / 5.0


def test_a_slow_receiver_gets_a_fresh_picture(camera, server):
    frames = camera.frames()
    next(frames)
    server.wait_for(sent=100)
    assert number_in(next(frames).image) >= 100 - LATENCY


def test_pictures_that_piled_up_on_the_way_are_not_taken_for_new_ones(server):
    with closing(OpenCvCamera(CameraConfig(source=server.address, stall_timeout=Seconds(20.0)))) as camera:
        frames = camera.frames()
        newest_before = next(frames)
        server.pile_up()
        server.wait_for(sent=server.sent + 60)
        held_back = server.sent
        server.resume()
        late = [number_in(frame.image) for frame in takewhile(lambda f: number_in(f.image) <= held_back, frames)]
    assert all(number <= number_in(newest_before.image) + LATENCY for number in late)


@pytest.mark.parametrize("fault", ["drop", "stall"])
def test_a_stream_that_fails_comes_back_with_new_pictures(camera, server, fault, log):
    frames = camera.frames()
    before = next(frames)
    getattr(server, fault)()
    log.wait_for("failed")
    last = server.sent
    server.resume()
    after = next(frames)
    assert number_in(after.image) > last - LATENCY
    assert number_in(after.image) > number_in(before.image)
    assert (after.index, after.time) > (before.index, before.time)
    log.wait_for("is back")
    assert log.records[0].levelno == logging.WARNING


def test_a_server_that_restarts_is_found_again(camera, server, log):
    frames = camera.frames()
    before = next(frames)
    server.close()
    log.wait_for("gives no video")
    with MjpegServer(port=server.port) as again:
        after = next(frames)
        assert 0 < number_in(after.image) <= again.sent
        assert after.time > before.time
        camera.close()


def test_closing_during_a_stall_is_heard_before_the_time_out(server):
    camera = OpenCvCamera(CameraConfig(source=server.address, stall_timeout=Seconds(60.0)))
    frames = camera.frames()
    next(frames)
    server.stall()
    closer = threading.Thread(target=camera.close)
    closer.start()
    assert all(number_in(frame.image) <= server.sent for frame in frames)  # and the iterator ends
    closer.join(20)
    assert not closer.is_alive()
    server.drop()
    camera._thread.join(20)
    assert not camera._thread.is_alive()


def test_a_stream_that_nobody_serves_is_refused_at_once_and_without_its_password(capfd, caplog):
    caplog.set_level(logging.DEBUG)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(CameraError, match="gives no video") as error:
        OpenCvCamera(CameraConfig(source=f"rtsp://admin:{HIDDEN}@127.0.0.1:{port}/{HIDDEN}?key={HIDDEN}"))
    assert f"rtsp://***@127.0.0.1:{port}/..." in str(error.value)
    output = capfd.readouterr()
    assert HIDDEN not in str(error.value) + output.out + output.err + caplog.text


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://cam.local:8554/stream", "rtsp://cam.local:8554/..."),
        ("rtsp://admin:hunter2@cam.local/live", "rtsp://***@cam.local/..."),
        ("rtsp://hunter2@[fe80::1]:554/live", "rtsp://***@[fe80::1]:554/..."),
        ("http://cam.local/video?user=admin&password=hunter2", "http://cam.local/..."),
        ("rtsp://cam.local/user=admin_password=hunter2.sdp", "rtsp://cam.local/..."),
        ("rtsp://admin:hunter2@hunter2@cam.local/live", "rtsp://***"),
        ("rtsp://admin:hunter2/hunter2@cam.local/live", "rtsp://***"),
    ],
)
def test_only_the_host_of_an_address_is_shown(address, shown):
    assert without_secrets(address) == shown
    assert HIDDEN not in shown


def test_a_camera_that_is_not_there_is_named_with_what_is_there():
    with pytest.raises(CameraError, match=r"there is no camera /dev/video4096; .*(present|connected)"):
        OpenCvCamera(CameraConfig(source=4096))


def test_a_number_may_be_written_as_text():
    with pytest.raises(CameraError, match="/dev/video4096"):
        OpenCvCamera(CameraConfig(source="4096"))


def test_what_is_no_camera_is_refused(tmp_path: Path):
    (tmp_path / "video0").write_bytes(b"a file")
    with pytest.raises(CameraError, match="is no camera"):
        OpenCvCamera(CameraConfig(source=str(tmp_path / "video0")))
