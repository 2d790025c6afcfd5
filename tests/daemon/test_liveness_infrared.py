"""A face that the infra-red camera sees, too, is no screen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from attacks import screens, sources, visitors
from attacks.clip import LIVE, Clip, clip
from attacks.heads import generic
from attacks.judging import Watched, by_cues
from attacks.viewpoints import Viewpoint, beside
from faceplate.commands.demo import FOOTAGE
from faceplate.config import Config
from faceplate.liveness import Liveness
from faceplate.pictures import read_picture
from faceplate.recognition import Recognition
from faceplate.types import Face, Frame, Seconds
from faceplate.vision.liveness.beside import EVERY, LONG_AGO
from faceplate.vision.liveness.cues import added_by_second
from faceplate.vision.liveness.evidence import Tells
from faceplate.vision.liveness.infrared import ASIDE, Infrared
from strategies_access import a_face, a_sighting

pytestmark = pytest.mark.once

LOOK = EVERY * 1.01
PICTURE = np.zeros((480, 640, 3), np.uint8)
HALF = np.zeros((240, 320, 3), np.uint8)
HERE = a_face()
"""100 x 120, as the sighting's"""


def says(*seen: list[Face] | None, second: np.ndarray = PICTURE, every: float = LOOK) -> list[Tells]:
    """What is said look by look, if the second camera sees these faces; None: it gives no picture."""
    shown = iter([faces for faces in seen if faces is not None])
    cue = Infrared(lambda _: next(shown))
    frames = [
        Frame(number, Seconds(number * every), PICTURE, None if faces is None else second)
        for number, faces in enumerate(seen)
    ]
    return [cue.observe(a_sighting(), frame).tells for frame in frames]


N, C, D = Tells.NOTHING, Tells.CONFIRMS, Tells.DOUBTS


def test_a_face_that_is_there_twice_is_confirmed():
    assert says([HERE], [HERE], [HERE]) == [N, C, C]


def test_a_face_that_is_not_there_for_some_looks_is_doubted_until_it_is():
    assert says([], [], [], [], [HERE], [HERE]) == [N, N, D, D, N, C]


def test_a_detector_may_miss_it_now_and_then():
    assert says([HERE], [HERE], [], [HERE], [HERE]) == [N, C, N, N, C]


def test_what_was_seen_long_before_counts_no_more():
    assert LONG_AGO < 8 * LOOK
    assert says([HERE], *[None] * 8, [HERE], [HERE])[-2:] == [N, C]
    assert says([], [], *[None] * 8, [], [], [])[-3:] == [N, N, D]


def test_without_a_picture_nothing_is_said_and_nothing_is_forgotten():
    assert says(None, [HERE], None, [HERE]) == [N, N, N, C]
    assert says([], [], None, None, []) == [N, N, N, N, D]


@pytest.mark.parametrize(
    ("other", "is_it"),
    [
        (a_face(x=0.9 * ASIDE * 100), True),
        (a_face(x=1.1 * ASIDE * 100), False),
        (a_face(y=-1.1 * ASIDE * 100), False),
        (a_face(width=150, height=180), True),
        (a_face(x=25, y=30, width=50, height=60), False),
        (a_face(x=-50, y=-60, width=200, height=240), False),
    ],
)
def test_it_must_be_about_as_large_and_about_there(other, is_it):
    assert (C in says([other], [other], [other])) == is_it


def test_another_face_beside_it_does_not_matter():
    assert says([a_face(x=400), HERE], [a_face(x=400), HERE]) == [N, C]


def test_the_two_pictures_need_not_be_of_one_size():
    half = a_face(width=50, height=60)
    assert says([half], [half], second=HALF) == [N, C]
    assert says([HERE], [HERE], second=HALF) == [N, N]


def test_it_looks_no_more_often_than_it_must():
    assert says([HERE], [HERE], every=LOOK / 3) == [N, N]


def watched(made: Clip) -> Watched:
    find = sources.detector()
    return by_cues(lambda: [added_by_second("infrared", find.find).cue], sources.detector, [frozenset({"infrared"})])(
        made
    )


def test_a_visitor_is_seen_in_infra_red_and_what_a_screen_shows_is_not():
    still = sources.still_of(read_picture(FOOTAGE / "man-1.jpg"), "man", sources.detector())
    assert still is not None
    first = Viewpoint(rate=3.2)
    second = replace(beside(1, (30.0, 50.0), rate=3.2), infrared=True)
    live, seen = (visitors.live_like(still, generic(still), 1, 3, view=view) for view in (first, second))
    assert watched(replace(live, seconds=seen.images)).live_after == 2
    screen, dark = (screens.monitor_replay(live, 1, view) for view in (first, second))
    found = watched(replace(screen, seconds=dark.images))
    assert found.faces == 3
    assert found.live_after is None


def a_woman(second: bool) -> Clip:  # noqa: FBT001 - whether a second camera sees her, too
    images = sources.footage()[0].images[:12]
    made = clip(LIVE, "woman", images, [number * 0.2 for number in range(12)])
    return replace(made, seconds=images) if second else made


@pytest.mark.parametrize("second", [True, False])
def test_a_second_camera_that_sees_nothing_leaves_it_open_whether_somebody_is_alive(config: Config, second):
    """As the daemon has it: everything but the second camera says that she is."""
    vision = config.vision.model_copy(update={"liveness": "passive", "threads": 1})
    eyes = Recognition(vision, config.people, second="infrared").eyes()
    seen = [sighting.liveness for frame in a_woman(second).frames() for sighting in eyes.see(frame)]
    alone = Recognition(vision, config.people).eyes()
    assert [one.liveness for frame in a_woman(second=False).frames() for one in alone.see(frame)][-1] is Liveness.LIVE
    assert seen[-1] is (Liveness.LIVE if second else Liveness.UNSURE)
