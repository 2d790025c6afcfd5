"""A camera never gives the same frame again; whoever plays a recording does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from attacks import sources, streams
from attacks.clip import Clip, clip
from faceplate.types import Frame, Image, Seconds
from faceplate.vision.liveness.evidence import Tells
from faceplate.vision.liveness.stream import FROZEN, LOOPED, STOPPED, Stream
from strategies_access import a_sighting

DENIES, NOTHING = Tells.DENIES, Tells.NOTHING


def noisy(seed: int) -> Image:
    return np.random.default_rng(seed).integers(90, 110, (240, 320, 3), dtype=np.uint8)


def says(images: Sequence[Image], times: Sequence[float] | None = None) -> list[Tells]:
    stream, sighting = Stream(), a_sighting()
    stamps = times or [number / 10 for number in range(len(images))]
    return [
        stream.observe(sighting, Frame(number, Seconds(time), image)).tells
        for number, (time, image) in enumerate(zip(stamps, images, strict=True))
    ]


def test_frames_that_differ_by_noise_say_nothing():
    assert set(says([noisy(seed) for seed in range(40)])) == {NOTHING}


def test_a_frame_given_twice_or_thrice_says_nothing():
    images = [noisy(seed) for seed in range(6) for _ in range(1 + seed % (FROZEN - 1))]
    assert set(says(images)) == {NOTHING}


def test_a_frozen_stream_is_denied_and_one_that_goes_on_is_not():
    found = says([noisy(0)] * FROZEN + [noisy(1)])
    assert found == [NOTHING] * (FROZEN - 1) + [DENIES, NOTHING]


def test_the_same_frames_in_no_time_are_a_burst():
    assert set(says([noisy(0)] * FROZEN, [number / 100 for number in range(FROZEN)])) == {NOTHING}


def test_a_loop_is_denied_at_its_third_frame_again():
    found = says([noisy(seed) for seed in (0, 1, 2, 3, 0, 1, 2, 3)])
    assert found.index(DENIES) == 4 + LOOPED - 1


def test_times_that_stand_still_or_go_back_are_denied():
    images = [noisy(seed) for seed in range(5)]
    assert says(images, [0.0, 0.1, 0.1, 0.2, 0.3]) == [NOTHING] * 5
    assert DENIES in says(images, [0.0, 0.1, 0.1, 0.1, 0.2])
    assert DENIES in says(images, [0.5, 0.4, 0.3, 0.6, 0.7])
    assert STOPPED == 2


def test_two_faces_in_one_frame_are_one_frame():
    stream, sighting = Stream(), a_sighting()
    told = [
        stream.observe(sighting, Frame(number, Seconds(number / 10), noisy(number))).tells
        for number in range(10)
        for _ in range(4)
    ]
    assert set(told) == {NOTHING}


@pytest.mark.parametrize("attack", [streams.frozen, streams.looped, streams.stamped])
def test_every_simulated_attack_on_a_stream_is_denied(attack):
    live = clip("live", "noise", [noisy(seed) for seed in range(20)])
    for seed in range(5):
        made: Clip = attack(live, seed)
        assert made.species.startswith("simulated ")
        assert DENIES in says(made.images, made.times)


def test_a_recorded_answer_is_played_to_other_times():
    live = clip("live", "noise", [noisy(seed) for seed in range(5)])
    late = streams.retimed(live, [Seconds(time) for time in (7.0, 7.1, 7.35, 9.0)])
    assert [next(i for i, a in enumerate(live.images) if a is b) for b in late.images] == [0, 1, 3, 4]


def test_video_files_are_no_loops():
    for each in sources.footage():
        assert set(says(each.images, each.times)) == {NOTHING}
