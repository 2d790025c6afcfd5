"""A head that was turned shows its depth in two views; paper that was turned or bent shows none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attacks import prints, sources, visitors
from attacks.clip import RATE
from attacks.heads import Still, generic
from attacks.paths import Lean
from attacks.stage import Stage, clock
from faceplate.commands.demo import FOOTAGE
from faceplate.model.head_pose import relief_pose
from faceplate.pictures import read_picture
from faceplate.types import Face, Flaw, Frame, Image, Look, Seconds, Sighting, TrackId
from faceplate.vision.detector import FaceDetector
from faceplate.vision.liveness.evidence import Tells
from faceplate.vision.liveness.following import WIDE, View
from faceplate.vision.liveness.liveness import WINDOW
from faceplate.vision.liveness.relief import Depth
from faceplate.vision.liveness.turn import EVERY, FEWEST, GAP, LEAP, LONG_AGO, LOOKS, REST, STRAIGHT, TURNED, Turn, told
from mqtt_house import film
from strategies_access import a_face

pytestmark = pytest.mark.once

A_HEAD = Depth(np.array([0.6, 0.1]), 0.5, np.array([0.8, 0.1]), 0.75)
BENT = Depth(np.array([0.02, 0.1]), 0.1, np.array([0.3, 0.0]), 0.5)
HELD, GOES = 6, 4
"""Frames that somebody looks one way, and until they look another"""


@pytest.fixture(scope="module")
def find() -> FaceDetector:
    return sources.detector()


@pytest.fixture(scope="module")
def man(find) -> Still:
    still = sources.still_of(read_picture(FOOTAGE / "man-1.jpg"), "man", find)
    assert still is not None
    return still


@pytest.fixture(scope="module")
def woman() -> list[Image]:
    """Frames of her clip; she looks straight on the eighteenth."""
    frames = [np.ascontiguousarray(frame[:, :, ::-1]) for frame in film(FOOTAGE / "woman.mp4")]
    about = np.float32([[1.4, 0, -96], [0, 1.4, -54]])  # as nearer by
    return [np.asarray(cv2.warpAffine(frame, about, (480, 270)), np.uint8) for frame in frames]


def sighting(face: Face, track: int = 1) -> Sighting:
    return Sighting(TrackId(track), Look(face, np.zeros((112, 112, 3), np.uint8), (), None))


def said(find: FaceDetector, images: Iterable[Image], cue: Turn | None = None) -> list[Tells]:
    """What the cue says of the largest face of each picture, ten of them a second."""
    cue, tells = cue or Turn(), []
    for index, image in enumerate(images):
        faces = find.find(image)
        if faces:
            tells.append(cue.observe(sighting(faces[0]), Frame(index, Seconds(index / RATE), image)).tells)
    return tells


def turning(stage: Stage, yaw: float) -> Iterable[Image]:
    """Straight, to one side, straight, and to the other."""
    there = np.linspace(0, 1, GOES, endpoint=False)
    path = np.concatenate([np.zeros(HELD), there, np.ones(HELD), there[::-1], np.zeros(HELD), -there, -np.ones(HELD)])
    return (stage.take(frame, Lean(yaw=float(yaw * each))) for frame, each in enumerate(path))


# what looks add up to


def test_a_head_confirms_from_the_fewest_looks_on():
    assert told([A_HEAD] * (FEWEST - 1)).tells is Tells.NOTHING
    for looks in range(FEWEST, LOOKS + 1):
        assert told([A_HEAD] * looks).tells is Tells.CONFIRMS
    assert told([BENT] * LOOKS).tells is Tells.NOTHING


@pytest.mark.parametrize(
    "one",
    [
        {"head": np.array([0.25, 0.0])},
        {"head": np.array([0.0, 0.8])},
        {"shape": 0.45},
        {"nose": np.array([0.1, 0.0])},
        {"nose": np.array([0.0, 0.6])},
        {"likeness": 0.1},
    ],
)
def test_each_of_its_measures_is_asked_for(one):
    assert told([replace(A_HEAD, **one)] * LOOKS).tells is Tells.NOTHING


@pytest.mark.parametrize("what", ["head", "nose"])
@pytest.mark.parametrize("which", range(LOOKS))
def test_one_look_to_the_other_side_is_one_too_many(what, which):
    looks = [A_HEAD] * LOOKS
    looks[which] = replace(A_HEAD, **{what: np.array([-0.01, 0.0])})
    assert told(looks).tells is Tells.NOTHING


@pytest.mark.parametrize("what", ["head", "nose"])
@pytest.mark.parametrize(
    ("times", "tells"), [(0.4, Tells.CONFIRMS), (2.5, Tells.CONFIRMS), (0.3, Tells.NOTHING), (3.5, Tells.NOTHING)]
)
def test_so_is_one_that_shows_far_more_or_less_than_the_others(what, times, tells):
    looks = [A_HEAD] * LOOKS
    looks[1] = replace(A_HEAD, **{what: times * getattr(A_HEAD, what)})
    assert told(looks).tells is tells


numbers = st.floats(-3, 3)
looks = st.builds(
    lambda nose, likeness, head, shape: Depth(np.array([nose, 0.0]), likeness, np.array([head, 0.0]), shape),
    *[numbers] * 4,
)


@given(st.lists(looks, max_size=LOOKS))
def test_whatever_the_looks_it_never_denies_or_doubts(seen):
    assert told(seen).tells in {Tells.CONFIRMS, Tells.NOTHING}


# pictures


def test_a_real_head_that_turns_is_confirmed_on_both_sides(find, woman):
    """Frames of a woman who turns her head, in their order, each for as long as somebody would hold it."""
    for way in ([18, 18, 17, 16, 15, 14, 14, 14, 14], [18, 18, 19, 20, 21, 21, 21, 21]):
        assert Tells.CONFIRMS in said(find, [woman[index] for index in way])


def test_a_flat_picture_of_it_is_not_however_it_is_held(find, woman):
    corners = np.float32([[0, 0], [480, 0], [480, 270], [0, 270]])
    for side in (-1, 1):
        held = []
        for lean in [0.0, 0.0, 0.3, 0.6, 1.0, 1.0, 1.0, 1.0, 0.5, 0.0]:
            shrunk, skew = 58 * lean, 27 * lean * side
            moved = corners + np.float32([[shrunk, skew], [-shrunk, -skew], [-shrunk, skew], [shrunk, -skew]])
            homography = cv2.getPerspectiveTransform(corners, moved)
            held.append(np.asarray(cv2.warpPerspective(woman[18], homography, (480, 270)), np.uint8))
        assert set(said(find, held)) == {Tells.NOTHING}


def test_simulated_heads_are_confirmed_and_paper_is_not(find, man):
    times = clock(60)
    heads = [turning(visitors.coming(man, generic(man), seed, times, stays=True), 24) for seed in range(3)]
    assert sum(Tells.CONFIRMS in said(find, each) for each in heads) >= 2
    made: list[Callable[[int], Stage]] = [
        lambda seed: prints.worn(man, man, generic(man), seed, times),
        lambda seed: prints.on_paper(man, prints.BENT, seed, times),
        lambda seed: prints.on_paper(man, prints.SHAKEN, seed, times),
    ]
    for make in made:
        assert set(said(find, turning(make(0), 24))) <= {Tells.NOTHING}


# what is looked at


def test_a_view_that_was_looked_for_once_is_found_the_same_again(find, woman):
    straight, turned = woman[17], woman[18]
    [face], [other] = find.find(straight), find.find(turned)
    view = View(straight, face, WIDE)
    once, other_way, again = (view.on(*there) for there in ((turned, other), (straight, face), (turned, other)))
    assert once is not None
    assert again is not None
    assert other_way is not None
    assert np.array_equal(once.off, again.off)
    assert np.array_equal(once.first, again.first)
    assert np.abs(other_way.off).max() < 0.01 < np.abs(once.off).max()


class Turned:
    """Faces of one blank picture, as so far turned as wanted."""

    def __init__(self, cue: Turn) -> None:
        self.cue, self.time = cue, 0.0
        self.flaws: tuple[Flaw, ...] = ()
        self.image = np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)

    def show(self, yaw: float, wait: float = 0.1) -> Tells:
        self.time += wait
        face = a_face(200, 100, 200, 240)
        landmarks = face.landmarks.copy()
        landmarks[2, 0] += 0.5 * np.tan(np.radians(yaw)) * (landmarks[1, 0] - landmarks[0, 0])
        face = replace(face, landmarks=landmarks)
        pose = relief_pose(landmarks)
        assert pose is not None
        assert pose.yaw == pytest.approx(yaw, abs=0.1)
        seen = sighting(face)
        seen = replace(seen, look=replace(seen.look, flaws=self.flaws))
        return self.cue.observe(seen, Frame(0, Seconds(self.time), self.image)).tells


@pytest.fixture
def looked(monkeypatch) -> list[tuple[float, float]]:
    """The yaws of both views of every look; each look is of a head."""
    pairs: list[tuple[float, float]] = []

    class Looked:
        def __init__(self, image, face, care):
            del image, care
            self.face = face

        def on(self, image, face, cut):
            del image, cut
            poses = [relief_pose(each.landmarks) for each in (self.face, face)]
            pairs.append(tuple(round(pose.yaw) for pose in poses))
            return object()

    def depth(views):
        del views
        turn = np.radians(pairs[-1][1] - pairs[-1][0])
        return Depth(A_HEAD.nose * turn, A_HEAD.likeness, A_HEAD.head * turn, A_HEAD.shape)

    monkeypatch.setattr("faceplate.vision.liveness.turn.View", Looked)
    monkeypatch.setattr("faceplate.vision.liveness.turn.depth", depth)
    return pairs


def test_the_straightest_view_is_the_one_that_turned_ones_are_set_against(looked):
    it = Turned(Turn())
    tells = [it.show(yaw) for yaw in (9, 4, -2, -9, -16, -6, 1, 12, 20, 30)]
    assert looked == [(-2, -16), (1, 20), (1, 30)]
    assert tells == [Tells.NOTHING] * 9 + [Tells.CONFIRMS]


def test_what_was_confirmed_is_not_looked_at_again_for_a_while(looked):
    """Nor is it forgotten meanwhile: it holds for the check's own window."""
    assert REST < WINDOW
    it = Turned(Turn())
    tells = [it.show(yaw) for yaw in (0, 10, 20, 20, 20, *[20] * 19)]
    assert (tells.count(Tells.CONFIRMS), len(looked)) == (1, 3)
    it.show(0, wait=0.2)
    assert [it.show(yaw) for yaw in (10, 20, 20, 20)][-1] is Tells.CONFIRMS


def test_two_views_with_none_between_them_may_be_two_photographs(looked):
    it = Turned(Turn())
    assert {it.show(yaw) for yaw in (0, 0, *[LEAP + 5] * 5)} == {Tells.NOTHING}
    it = Turned(Turn())
    assert {it.show(0), it.show(10), *(it.show(20, wait=wait) for wait in (GAP + 0.1, 0.1, 0.1))} == {Tells.NOTHING}
    assert not looked


def test_nor_is_there_anything_left_of_before(looked):
    it = Turned(Turn())
    tells = [it.show(yaw) for yaw in (0, 10, 20, 20, 20 - LEAP - 5, 10, 20, 20)]
    assert len(looked) == 4
    assert tells[-1] is Tells.NOTHING
    assert it.show(20) is Tells.CONFIRMS


def test_too_small_a_turn_and_too_large_a_one_are_left_out(looked):
    it = Turned(Turn())
    for yaw in (0, TURNED[0] - 1, 0, -TURNED[0] + 1):
        it.show(yaw)
    assert not looked
    for yaw in (-13, -26, TURNED[1] * -1 + 1, -TURNED[1] - 1, -TURNED[1] - 9):
        it.show(yaw)
    assert all(abs(there) < TURNED[1] for _, there in looked)


def test_nobody_looks_straight_who_is_turned_that_far(looked):
    it = Turned(Turn())
    for yaw in (STRAIGHT + 2, STRAIGHT + 14, STRAIGHT + 22):
        it.show(yaw)
    assert not looked


def test_old_views_and_old_looks_count_no_more(looked):
    it = Turned(Turn())
    for yaw in (0, 13, 15):
        assert it.show(yaw) is Tells.NOTHING
    for _ in range(int(LONG_AGO / 0.1)):
        it.show(11)
    assert [it.show(yaw) for yaw in (5, 18, 20)] == [Tells.NOTHING] * 3, "four looks, but the first two are gone"
    assert looked == [(0, 13), (0, 15), (5, 18), (5, 20)]


def test_a_fast_camera_gives_no_more_looks(looked):
    it = Turned(Turn())
    it.show(0)
    it.show(10)
    for _ in range(9):
        it.show(20, wait=1.01 * EVERY / 4)
    assert len(looked) == 2


def test_a_face_that_cannot_be_judged_is_no_view(looked):
    """It may be another's, in between."""
    it = Turned(Turn())
    it.flaws = (Flaw.TOO_DARK,)
    assert {it.show(yaw) for yaw in (0, 10, 20, 20, 20, 20)} == {Tells.NOTHING}
    it.flaws = ()
    assert it.show(20) is Tells.NOTHING
    assert not looked


def test_a_face_whose_landmarks_are_nonsense_says_nothing():
    face = replace(a_face(200, 100, 200, 240), landmarks=np.zeros((5, 2), np.float32))
    frame = Frame(0, Seconds(0.0), np.zeros((480, 640, 3), np.uint8))
    assert Turn().observe(sighting(face), frame).tells is Tells.NOTHING


def test_a_face_that_cannot_be_found_again_says_nothing():
    it = Turned(Turn())
    it.image = np.zeros_like(it.image)
    assert {it.show(yaw) for yaw in (0, 10, 20, 25, 30)} == {Tells.NOTHING}


def test_each_track_has_its_own_memory(looked):
    cue = Turn()
    it = Turned(cue)
    for yaw in (0, 10, 20):
        it.show(yaw)
    face = a_face(200, 100, 200, 240)
    cue.observe(sighting(face, track=2), Frame(0, Seconds(it.time), it.image))
    assert looked == [(0, 20)]
