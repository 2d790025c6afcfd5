"""What a dashboard is told of the loop."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.thermal import cpu_temperature
from faceplate.types import Decision, Frame, Outcome, Reason, Seconds
from faceplate.vitals import ABSENT_AFTER, COUNTED, OFFLINE_AFTER, TIMED, Pulse, Vitals
from strategies_access import unknown

PICTURE = np.zeros((4, 4, 3), np.uint8)


class Loop:
    """A loop whose time the test says."""

    def __init__(self):
        self.now = 100.0
        self.vitals = Vitals(lambda: Seconds(self.now))
        self.frames = 0

    def frame(self, every=0.1, took=0.05, faces=0):
        self.now += every
        frame = Frame(self.frames, Seconds(self.now - took), PICTURE)
        decision = Decision(frame.index, frame.time, Outcome.NOTHING, Reason.NOBODY)
        self.vitals.show(frame, [unknown(number) for number in range(faces)], decision)
        self.frames += 1


@pytest.fixture
def loop():
    return Loop()


def test_before_the_first_frame_nothing_is_known(loop):
    assert loop.vitals.pulse() == Pulse(0.0, None, None, camera_online=False, present=False)
    assert loop.vitals.pulse().facts() == {
        "camera": "offline",
        "presence": False,
        "fps": 0.0,
        "decision_ms_p50": None,
        "decision_ms_p95": None,
    }


@pytest.mark.parametrize("frames", [5, 500])
def test_frames_a_second_are_right_from_the_start(loop, frames):
    for _ in range(frames):
        loop.frame(every=0.1)
    assert loop.vitals.pulse().fps == pytest.approx(10, rel=0.02)


def test_frames_of_long_ago_do_not_count(loop):
    for _ in range(300):
        loop.frame(every=1 / 30)
    for _ in range(25):
        loop.frame(every=0.5)
    assert loop.vitals.pulse().fps == pytest.approx(2)


def test_a_camera_that_gives_no_more_frames_is_offline_after_a_while(loop):
    for _ in range(50):
        loop.frame()
    loop.now += OFFLINE_AFTER
    assert loop.vitals.pulse().camera_online
    assert loop.vitals.pulse().fps == pytest.approx(5, rel=0.1)
    loop.now += 0.01
    assert not loop.vitals.pulse().camera_online
    loop.now += COUNTED
    assert loop.vitals.pulse().fps == 0


def test_somebody_is_present_for_a_moment_after_the_last_face(loop):
    loop.frame(faces=0)
    assert not loop.vitals.pulse().present
    loop.frame(faces=2)
    loop.now += ABSENT_AFTER
    assert loop.vitals.pulse().present
    loop.frame(every=0.01, faces=0)
    assert not loop.vitals.pulse().present


def test_how_long_answers_take(loop):
    for took in range(1, 101):
        loop.frame(took=took / 1000, faces=1)
    assert loop.vitals.pulse().facts()["decision_ms_p50"] == 50.0
    assert loop.vitals.pulse().facts()["decision_ms_p95"] == 95.0
    for _ in range(TIMED):
        loop.frame(took=0.007, faces=2)
    assert loop.vitals.pulse().facts()["decision_ms_p95"] == 7.0


def test_a_frame_without_a_face_is_no_answer_however_quick_it_was(loop):
    loop.frame(took=0.0001)
    assert loop.vitals.pulse().p50 is None
    loop.frame(took=0.08, faces=1)
    for _ in range(TIMED):
        loop.frame(took=0.0001)
    assert loop.vitals.pulse().facts()["decision_ms_p50"] == 80.0
    assert loop.vitals.pulse().fps == pytest.approx(10, rel=0.02)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=50))
def test_half_the_answers_and_nearly_all_came_in_time(waits):
    loop = Loop()
    for wait in waits:
        loop.frame(took=wait, faces=1)
    pulse = loop.vitals.pulse()
    assert pulse.p50 is not None
    assert pulse.p95 is not None
    for limit, share in ((pulse.p50, 0.5), (pulse.p95, 0.95)):
        told = [loop.now, *waits]  # the clock's arithmetic rounds by as much as its value does
        assert sum(wait <= limit + 8 * math.ulp(max(told)) for wait in waits) >= share * len(waits)
    assert pulse.p50 <= pulse.p95


def test_it_is_asked_while_frames_come(loop):
    def ask() -> None:
        for _ in range(500):
            assert loop.vitals.pulse().fps >= 0

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(2000):
        loop.frame()
    for thread in threads:
        thread.join(20)
    assert loop.vitals.pulse().fps == pytest.approx(10, rel=0.02)


def zone(folder, number, kind, temp):
    (folder / f"thermal_zone{number}").mkdir()
    (folder / f"thermal_zone{number}" / "type").write_text(kind + "\n")
    (folder / f"thermal_zone{number}" / "temp").write_text(temp)


@pytest.mark.parametrize(
    ("zones", "degrees"),
    [
        ([], None),
        ([("cpu-thermal", "48312\n")], 48.3),
        ([("GPU-therm", "90000\n"), ("CPU-therm", "51000\n")], 51.0),
        ([("acpitz", "27800\n"), ("x86_pkg_temp", "61000\n")], 61.0),
        ([("cpu0-thermal", "40000\n"), ("cpu1-thermal", "44000\n"), ("soc-thermal", "70000\n")], 44.0),
        ([("soc_thermal", "-2500\n")], -2.5),
        ([("cpu-thermal", "-274000\n"), ("soc-thermal", "39000\n")], 39.0),
        ([("cpu-thermal", "hot\n")], None),
        ([("iwlwifi_1", "45000\n")], None),
    ],
)
def test_how_hot_the_processor_is(tmp_path, zones, degrees):
    for number, (kind, temp) in enumerate(zones):
        zone(tmp_path, number, kind, temp)
    assert cpu_temperature(tmp_path) == degrees


def test_where_no_kernel_tells_there_is_no_temperature(tmp_path):
    assert cpu_temperature(tmp_path / "nothing") is None
    (tmp_path / "thermal_zone0").mkdir()
    assert cpu_temperature(tmp_path) is None


def test_this_machine_tells_a_temperature_or_none():
    degrees = cpu_temperature()
    assert degrees is None or -40 <= degrees <= 150
