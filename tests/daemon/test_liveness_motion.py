"""A picture moves as a sheet does, a head does not; a face that stands still shows neither."""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from attacks import prints, sources, streams, visitors
from attacks.clip import Clip, clip
from attacks.heads import Still, generic
from attacks.judging import Watched, by_cues
from faceplate.commands.demo import FOOTAGE
from faceplate.pictures import read_picture
from faceplate.vision.liveness import motion
from faceplate.vision.liveness.evidence import Tells
from faceplate.vision.liveness.following import Followed
from faceplate.vision.liveness.motion import EVERY, Motion, told
from faceplate.vision.liveness.relief import FEWEST_FRAMES, Relief, Shown, relief
from faceplate.vision.liveness.screen import Screen
from faceplate.vision.liveness.stream import Stream
from heads import HEAD
from strategies_access import a_frame, a_sighting

FRAMES = 15
FACE = 150.0
"""Millimetres that the width of a face is taken to be"""

turns = st.floats(5.0, 20.0)


@pytest.fixture(scope="module")
def man() -> Still:
    still = sources.still_of(read_picture(FOOTAGE / "man-1.jpg"), "man", sources.detector())
    assert still is not None
    return still


def watched(clip: Clip) -> Watched:
    return by_cues(lambda: (Motion(), Stream(), Screen()), sources.detector)(clip)


def worn_by(man: Still, seed: int) -> Clip:
    return prints.mask(man, man, generic(man), seed)


def scattered() -> NDArray[np.float64]:
    """Points of a face, in millimetres from between the eyes, x and y."""
    rng = np.random.default_rng(3)
    return rng.uniform([-65, -45], [65, 85], (60, 2))


def head_depth(at: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = at.T / 62.0
    round_head = 1.1 * np.sqrt(np.maximum(1 - (x / 1.25) ** 2 - ((y - 0.35) / 1.9) ** 2, 0))
    return np.asarray(-62 * (round_head + 0.35 * np.exp(-((x / 0.22) ** 2) - ((y - 0.6) / 0.28) ** 2)))


def round_cylinder(along: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """Depth of a sheet bent to it, its middle nearest to the camera."""
    return radius * (1 - np.cos(along / radius))


def filmed(
    at: NDArray[np.float64], depth: NDArray[np.float64], turn: float, noise: float = 0.03, *, worn: bool = False
) -> Followed:
    """What the follower gives of such a thing that turns by +- `turn` degrees and sways by a tenth of its width.

    What is around it is on the same sheet, or, where it is `worn`, the room.
    """
    rng = np.random.default_rng(4)
    around = np.array([(x, y) for x in (-140.0, -120, 120, 140) for y in (-80.0, -40, 0, 40)])
    points, z = np.vstack([at, around]), np.append(depth, np.full(len(around), float(depth.mean())))
    seen = []
    for yaw in np.radians(turn) * np.sin(np.linspace(-1.5, 1.5, FRAMES)):
        x = points[:, 0] * np.cos(yaw) + z * np.sin(yaw) + 100 * np.sin(yaw)
        far = 600 + z * np.cos(yaw) - points[:, 0] * np.sin(yaw)
        seen.append(np.column_stack([x, points[:, 1]]) * (600 / far)[:, None])
    places = np.array(seen) / FACE
    if worn:
        places[:, len(at) :] = places[0, len(at) :]
    places[1:] += rng.normal(0, noise / 96, places[1:].shape)
    moved = places - places[0]
    off = [_back(places[0], each, len(at)) - places[0] for each in places]
    return Followed(
        first=places[0].astype(np.float32),
        moved=moved.astype(np.float32),
        off=np.array(off, np.float32),
        in_face=np.arange(len(points)) < len(at),
        landmarks=((HEAD[:, :2] - [0, -35]) / FACE).astype(np.float32),
    )


def _back(first: NDArray[np.float64], there: NDArray[np.float64], face: int) -> NDArray[np.float64]:
    """As the follower does: through the face's plane back to where the points were chosen."""
    plane, _ = cv2.findHomography(there[:face], first[:face])
    return np.asarray(cv2.perspectiveTransform(there[None], plane)[0], np.float64)


def measured(followed: Followed) -> Relief:
    found = relief(followed)
    assert found is not None
    return found


@given(st.floats(9.0, 20.0))
def test_a_sheet_that_turns_is_flat(turn):
    at = scattered()
    found = measured(filmed(at, np.zeros(len(at)), turn))
    assert found.rest < 0.001
    assert told(found).tells is Tells.DENIES


@given(turns)
def test_a_head_that_turns_is_not(turn):
    at = scattered()
    found = measured(filmed(at, head_depth(at), turn))
    assert told(found).tells is not Tells.DENIES
    assert found.rest > 0.01 * found.moved


@given(turns, st.floats(90, 200), st.booleans())
def test_a_bent_sheet_is_no_head(turn, radius, upright):
    at = scattered()
    along = at[:, 0] if upright else at[:, 1] - 20
    found = measured(filmed(at, round_cylinder(along, radius), turn))
    assert max(found.nose.turned, found.face.turned) < 0.01
    assert told(found).tells is not Tells.CONFIRMS


@given(turns, st.floats(90, 200), st.booleans())
def test_nor_is_one_that_is_worn_before_a_room_that_stays(turn, radius, upright):
    at = scattered()
    along = at[:, 0] if upright else at[:, 1] - 20
    found = measured(filmed(at, round_cylinder(along, radius), turn, worn=True))
    assert found.around is not None
    assert found.around > 0.2 * found.moved
    assert told(found).tells is not Tells.CONFIRMS


@given(st.floats(16.0, 20.0), st.booleans())
def test_nor_is_one_that_is_folded_along_the_nose(turn, worn):
    at = scattered()
    found = measured(filmed(at, 0.8 * np.abs(at[:, 0]), turn, worn=worn))
    assert found.rest > 0.011 * found.moved  # it is round enough
    assert found.depth > 0.025  # and a parabola does not explain it
    assert told(found).tells is not Tells.CONFIRMS


@given(st.floats(10.0, 20.0))
def test_nor_is_one_that_is_folded_across_the_nose(turn):
    at = scattered()
    found = measured(filmed(at, 0.8 * np.abs(at[:, 1] - 35), turn))
    assert told(found).cue != "relief"


@given(st.floats(5.0, 12.0), st.booleans())
def test_a_nose_is_seen_to_turn_as_far_as_the_head_does(turn, worn):
    at = scattered()
    found = measured(filmed(at, head_depth(at), turn, worn=worn))
    assert 0.6 < found.nose.turned / np.radians(turn * 0.7) < 1.4  # root mean square of a sine
    assert min(found.nose.likeness, found.face.likeness) > 0.5
    assert told(found).tells is Tells.CONFIRMS


HEAD_SHOWN = {
    "moved": 0.2,
    "foreshortened": 0.02,
    "rest": 0.004,
    "depth": 0.04,
    "head": 0.04,
    "nose": Shown(turned=0.03, jitter=0.01, likeness=0.5),
    "face": Shown(turned=0.03, jitter=0.01, likeness=0.5),
    "around": 0.06,
}


def shown(**other: float | Shown | None) -> Relief:
    """What measures as a head does, but for something."""
    made = Relief.__new__(Relief)
    vars(made).update(HEAD_SHOWN | other)
    return made


@pytest.mark.parametrize("part", ["nose", "face"])
@pytest.mark.parametrize("seen", [Shown(0.03, 0.01, 0.3), Shown(0.015, 0.005, 0.5), Shown(0.03, 0.025, 0.5)])
def test_neither_a_nose_without_eyes_beside_it_nor_such_eyes_without_a_nose_are_a_head(part, seen):
    assert told(shown()).cue == "relief"
    assert told(shown(**{part: seen})).tells is Tells.NOTHING


@pytest.mark.parametrize("part", ["nose", "face"])
def test_what_turned_far_less_than_it_was_foreshortened_is_a_sheet(part):
    """As bent paper is that is turned by twenty degrees."""
    far = Shown(0.06, 0.01, 0.5)
    turned = {"foreshortened": 0.06, "head": 0.08, "nose": far, "face": far}
    assert told(shown(**turned)).cue == "relief"
    assert told(shown(**(turned | {part: Shown(0.03, 0.01, 0.5)}))).tells is Tells.NOTHING


def test_a_nose_that_turns_without_the_rest_of_its_head_is_where_worn_paper_ends():
    assert told(shown(head=0.011)).cue == "relief"
    assert told(shown(head=0.0105)).tells is Tells.NOTHING


def test_what_is_nearly_flat_must_be_seen_to_turn_as_far_as_it_is_foreshortened():
    assert told(shown(rest=0.002, head=0.015)).tells is Tells.NOTHING
    assert told(shown(rest=0.003, head=0.015)).cue == "relief"
    assert told(shown(rest=0.002, head=0.025)).cue == "relief"


def test_what_moves_with_all_that_is_around_it_is_no_head():
    assert told(shown(around=0.01)).tells is Tells.NOTHING
    assert told(shown(around=None)).cue == "relief"


def test_a_head_that_turns_fast_is_one_where_the_room_stays():
    fast = Shown(turned=0.03, jitter=0.018, likeness=0.5)
    assert told(shown(nose=fast)).cue == "parallax"
    assert told(shown(nose=fast, around=0.04)).tells is Tells.NOTHING
    assert told(shown(nose=fast, around=None)).tells is Tells.NOTHING


def test_only_three_frames_in_a_row_confirm(monkeypatch):
    measured_next = iter([shown(), shown(), None, shown(), shown(), shown(), shown(), None])
    monkeypatch.setattr(motion, "relief", lambda _: next(measured_next))
    cue, image = Motion(), np.random.default_rng(0).integers(0, 255, (240, 320, 3)).astype(np.uint8)
    said = [cue.observe(a_sighting(), a_frame(number, 0.1 * number, image)) for number in range(8)]
    assert [each.cue for each in said] == ["motion"] * 5 + ["relief"] + ["motion"] * 2, "and then it rests"


def test_noise_alone_says_nothing():
    at = scattered()
    found = measured(filmed(at, head_depth(at), 0.0, noise=0.5))
    assert found.nose.turned < 1.4 * found.nose.jitter
    assert told(found).tells is Tells.NOTHING


def test_what_is_too_short_or_has_too_few_points_is_not_measured():
    at = scattered()
    whole = filmed(at, head_depth(at), 10.0)
    short = Followed(whole.first, whole.moved[:7], whole.off[:7], whole.in_face, whole.landmarks)
    sparse = Followed(whole.first, whole.moved, whole.off, np.arange(len(whole.first)) < 10, whole.landmarks)
    assert FEWEST_FRAMES == 8
    assert relief(short) is None
    assert relief(sparse) is None


def test_many_shaken_prints_are_denied_even_blurred_ones_and_none_is_alive(man):
    found = [watched(prints.shaken_print(man, seed)) for seed in range(5)]
    assert sum("flat" in each.denied for each in found) >= 2  # OpenCV 4.11 follows points a little otherwise
    assert [each.live_after for each in found] == [None] * 5


def test_bent_prints_and_masks_are_not_alive(man):
    made = [make(seed) for seed in range(2) for make in (partial(prints.bent_print, man), partial(worn_by, man))]
    assert [watched(each).live_after for each in made] == [None] * 4


def test_a_print_that_stands_is_not_alive(man):
    found = watched(prints.still_print(man, 1))
    assert found.faces == visitors.FRAMES
    assert found.live_after is None


def test_a_panned_and_zoomed_still_is_denied(man):
    live = visitors.live_like(man, generic(man), 5)
    assert "flat" in watched(streams.injected(live, 5)).denied


def test_simulated_visitors_are_confirmed_within_two_seconds_and_never_denied(man):
    found = [watched(visitors.live_like(man, generic(man), seed)) for seed in range(6)]
    assert not frozenset().union(*(each.denied for each in found))
    assert sum(each.live_after is not None for each in found) >= 2  # the average head of `generic` has shallow eyes


def test_nothing_denies_people_as_they_were_filmed():
    for each in sources.footage():
        found = watched(each)
        assert found.faces > len(each.images) * 0.8
        assert not found.denied, each.subject


@pytest.mark.research_data
def test_nothing_denies_the_research_recordings(research_data: Path):
    for each in sources.presentations(sources.recordings(research_data), step=9):
        assert not watched(each).denied, each.subject


def test_a_fast_camera_says_no_more_than_a_slow_one(man):
    live = visitors.live_like(man, generic(man), 2)
    doubled = list(itertools.chain.from_iterable((image, image) for image in live.images))
    fast = clip(live.species, "man", doubled, [number * 0.05 for number in range(len(doubled))])
    assert EVERY > 0.05
    both = [by_cues(lambda: (Motion(),), sources.detector)(each) for each in (live, fast)]
    assert both[0].confirmed == both[1].confirmed
    assert both[0].denied == both[1].denied


def test_attacks_are_the_same_by_the_same_seed(man):
    once, again, other = (prints.shaken_print(man, seed, frames=2).images for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(once, again, strict=True))
    assert (once[0] != other[0]).any()
