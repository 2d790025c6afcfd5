"""The one camera that runs by itself: newest frame, stalls, back-off, closing. Nothing here sleeps."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from faceplate.camera import live
from faceplate.camera.live import FIRST_DELAY, LONGEST_DELAY, LiveCamera, NewestFrame, Outage, reopening_delays
from faceplate.errors import CameraError
from faceplate.types import Frame, Image, Seconds

STALL = Seconds(5.0)
LONG = 20.0
"""Seconds after which a test that waits has failed"""


class FakeClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> Seconds:
        return Seconds(self.now)


class ScriptedSource:
    """Gives what the test hands it, one `read` each; refuses what a real driver refuses."""

    name = "scripted"

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._script: list[float | Exception] = []
        self._hung_up = False
        self.refusals: list[CameraError] = []
        self.is_open = False
        self.openings = 0
        self.waiting_reads = 0

    def gives(self, *steps: float | Exception) -> None:
        """Each step is a frame after so many seconds, or the error that `read` raises."""
        with self._changed:
            self._script += steps
            self._changed.notify_all()

    def hang_up(self) -> None:
        with self._changed:
            self._hung_up = True
            self._changed.notify_all()

    def wait_until_dry(self) -> None:
        """Wait until everything was read and the reader has come back for more."""
        with self._changed:
            assert self._changed.wait_for(lambda: not self._script and self.waiting_reads == 1, timeout=LONG)

    def open(self) -> None:
        assert not self.is_open, "opened twice"
        self.openings += 1
        if self.refusals:
            raise self.refusals.pop(0)
        self.is_open = True

    def read(self) -> Image:
        assert self.is_open, "read while closed"
        with self._changed:
            self.waiting_reads += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._script or self._hung_up)
            self.waiting_reads -= 1
            step = self._script.pop(0) if self._script else CameraError("hung up")
        if isinstance(step, Exception):
            raise step
        self._clock.now += step
        return np.zeros((2, 2, 3), np.uint8)

    def close(self) -> None:
        self.is_open = False


class Waits:
    """Stands for the waiting before an attempt: takes no time, keeps the delays."""

    def __init__(self) -> None:
        self.delays: list[float] = []
        self.closed_meanwhile = False

    def __call__(self, delay: Seconds) -> bool:
        self.delays.append(delay)
        return self.closed_meanwhile


@contextmanager
def running(source: ScriptedSource, clock: FakeClock, waits: Waits) -> Iterator[LiveCamera]:
    camera = LiveCamera(source, stall_timeout=STALL, clock=clock, wait=waits)
    try:
        yield camera
    finally:
        waits.closed_meanwhile = True
        source.hang_up()
        camera.close()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def source(clock):
    return ScriptedSource(clock)


@pytest.fixture
def waits():
    return Waits()


@pytest.fixture
def camera(source, clock, waits):
    with running(source, clock, waits) as camera:
        yield camera


def test_a_frame_carries_the_time_of_its_capture(camera, source):
    source.gives(0.25)
    frame = next(camera.frames())
    assert (frame.index, frame.time) == (0, 1000.25)


def test_a_slow_receiver_gets_the_newest_frame_and_no_queue(camera, source):
    source.gives(0.1, 0.1, 0.1)
    source.wait_until_dry()
    frames = camera.frames()
    assert next(frames).index == 2
    source.gives(0.1)
    assert next(frames).index == 3


def test_a_second_iterator_does_not_repeat_a_frame(camera, source):
    source.gives(0.1)
    assert next(camera.frames()).index == 0
    source.gives(0.1)
    assert next(camera.frames()).index == 1


def test_a_lost_source_is_opened_until_it_comes_back(camera, source, waits, caplog):
    caplog.set_level(logging.DEBUG, live.__name__)
    source.gives(0.1)
    frames = camera.frames()
    next(frames)
    source.refusals = [CameraError("refused")] * 3
    source.gives(CameraError("lost"), 0.1)
    frame = next(frames)
    source.wait_until_dry()
    assert frame.index == 1
    assert source.openings == 1 + 3 + 1
    assert len(waits.delays) == 4
    assert [record.levelno for record in caplog.records] == [logging.WARNING, *[logging.DEBUG] * 3, logging.INFO]
    assert "lost" in caplog.records[0].message


@pytest.mark.usefixtures("camera")
def test_the_next_outage_starts_with_a_warning_and_the_shortest_delay(source, waits, caplog):
    caplog.set_level(logging.DEBUG, live.__name__)
    source.gives(CameraError("first"), 0.1, CameraError("second"), 0.1)
    source.wait_until_dry()
    levels = [record.levelno for record in caplog.records]
    assert levels == [logging.WARNING, logging.INFO, logging.WARNING, logging.INFO]
    assert waits.delays == [FIRST_DELAY, FIRST_DELAY]


def test_what_was_seen_before_a_loss_is_dropped(source, clock):
    lost, go_on = threading.Event(), threading.Event()

    class WaitsForTheTest(Waits):
        def __call__(self, delay: Seconds) -> bool:
            lost.set()
            assert go_on.wait(LONG)
            return super().__call__(delay)

    with running(source, clock, WaitsForTheTest()) as camera:
        source.gives(0.1, CameraError("lost"))
        assert lost.wait(LONG)
        assert camera._newest._frame is None
        go_on.set()


def test_a_picture_that_comes_after_too_long_a_silence_is_not_believed(camera, source, waits):
    source.gives(0.1, STALL + 0.1, 0.1)
    source.wait_until_dry()
    assert source.openings == 2
    assert len(waits.delays) == 1
    frame = next(camera.frames())
    assert (frame.index, frame.time) == (1, pytest.approx(1000 + 0.1 + STALL + 0.1 + 0.1))


def test_a_source_that_does_not_open_the_first_time_is_an_error_at_once(source, clock, waits):
    source.refusals = [CameraError("there is no camera /dev/video9")]
    threads = threading.active_count()
    with pytest.raises(CameraError, match="/dev/video9"):
        LiveCamera(source, stall_timeout=STALL, clock=clock, wait=waits)
    assert threading.active_count() == threads


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # it is the point of the test
def test_an_unforeseen_error_is_not_waited_for_for_ever(camera, source):
    source.gives(ZeroDivisionError("a bug in a driver"))
    with pytest.raises(CameraError, match="unforeseen"):
        next(camera.frames())
    assert not source.is_open


def test_closing_ends_an_iterator_that_waits(camera, source):
    source.wait_until_dry()
    received: list[Frame] = []
    receiver = threading.Thread(target=lambda: received.extend(camera.frames()))
    receiver.start()
    source.hang_up()
    camera.close()
    receiver.join(LONG)
    assert not receiver.is_alive()
    assert received == []
    assert not source.is_open


def test_after_closing_there_are_no_frames_not_even_the_last(camera, source):
    source.gives(0.1)
    source.wait_until_dry()
    source.hang_up()
    camera.close()
    camera.close()
    assert list(camera.frames()) == []


def test_closing_does_not_wait_for_a_driver_that_hangs(camera, source, monkeypatch, caplog):
    monkeypatch.setattr(live, "CLOSE_TIMEOUT", 0.05)  # a patch, so that the test need not wait the real time
    source.wait_until_dry()
    camera.close()
    assert list(camera.frames()) == []
    assert "did not come back" in caplog.text


def test_closing_during_an_outage_makes_no_further_attempt(source, clock, waits):
    waits.closed_meanwhile = True
    with running(source, clock, waits) as camera:
        source.gives(CameraError("lost"))
        camera._thread.join(LONG)
        assert not camera._thread.is_alive()
    assert source.openings == 1


@pytest.fixture
def looks_often(monkeypatch):
    monkeypatch.setattr(live, "LOOK_EVERY", 0.01)  # a patch, so that the test need not wait the real time


@contextmanager
def telling_of_waits(source: ScriptedSource, clock: FakeClock, waits: Waits) -> Iterator[threading.Event]:
    """Somebody waits for frames; gives what is set each time the camera says it goes on trying."""
    tells = threading.Event()
    camera = LiveCamera(source, stall_timeout=STALL, clock=clock, wait=waits, waiting=tells.set)
    receiver = threading.Thread(target=lambda: list(camera.frames()))
    receiver.start()
    try:
        yield tells
    finally:
        waits.closed_meanwhile = True
        source.hang_up()
        camera.close()
        receiver.join(LONG)


@pytest.mark.usefixtures("looks_often")
def test_whoever_waits_for_a_frame_is_told_that_the_capture_goes_on_trying(source, clock, waits):
    with telling_of_waits(source, clock, waits) as tells:
        assert tells.wait(LONG)


@pytest.mark.usefixtures("looks_often")
def test_a_driver_that_hangs_is_not_taken_for_one_that_tries(source, clock, waits):
    with telling_of_waits(source, clock, waits) as tells:
        source.wait_until_dry()
        clock.now += STALL + live.LONGEST_CALL + 0.1
        tells.clear()
        tells.wait(0.05)  # one look may have been under way
        tells.clear()
        assert not tells.wait(0.2), "twenty looks, and none of them took it to be alive"


@pytest.mark.usefixtures("looks_often")
def test_between_two_attempts_it_tries_however_long_that_takes(source, clock):
    resting, go_on = threading.Event(), threading.Event()

    class Rests(Waits):
        def __call__(self, delay: Seconds) -> bool:
            resting.set()
            assert go_on.wait(LONG)
            return super().__call__(delay)

    with telling_of_waits(source, clock, Rests()) as tells:
        try:
            source.gives(CameraError("lost"))
            assert resting.wait(LONG)
            clock.now += 10 * (STALL + live.LONGEST_CALL)
            tells.clear()
            assert tells.wait(LONG)
        finally:
            go_on.set()


def test_the_delays_double_between_half_a_second_and_half_a_minute():
    for _ in range(200):
        delays = list(itertools.islice(reopening_delays(), 12))
        assert delays[0] == FIRST_DELAY
        for number, delay in enumerate(delays):
            most = min(LONGEST_DELAY, FIRST_DELAY * 2**number)
            assert max(FIRST_DELAY, most / 2) <= delay <= most


def test_two_doors_do_not_ask_in_step():
    first, second = (list(itertools.islice(reopening_delays(), 12)) for _ in range(2))
    assert first != second


def test_an_outage_that_never_was_says_nothing(caplog):
    caplog.set_level(logging.DEBUG, live.__name__)
    Outage("quiet").over()
    assert caplog.records == []


def test_the_newest_frame_is_gone_once_cleared_or_ended():
    newest = NewestFrame()
    newest.put(Frame(0, Seconds(1.0), np.zeros((2, 2, 3), np.uint8)))
    newest.end()
    assert newest.after(-1) is None
