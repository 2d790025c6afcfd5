"""Faces followed from frame to frame: when in doubt it is somebody new."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.types import Box, Face, Pixels, Seconds, TrackId
from faceplate.vision.tracker import LOST_AFTER, MIN_OVERLAP, Tracker, overlap
from strategies_access import a_face

INTERVAL = 0.125

boxes = st.builds(
    Box,
    *[st.integers(-50, 700).map(lambda n: Pixels(float(n)))] * 2,
    *[st.integers(1, 300).map(lambda n: Pixels(float(n)))] * 2,
)
faces = boxes.map(lambda box: a_face(box.x, box.y, box.width, box.height))


def follow(frames: list[list[Face]], interval: float = INTERVAL) -> list[list[TrackId]]:
    tracker = Tracker()
    return [tracker.follow(seen, Seconds(number * interval)) for number, seen in enumerate(frames)]


@given(boxes, boxes)
def test_overlap_is_symmetric_and_a_share(a: Box, b: Box):
    assert overlap(a, b) == overlap(b, a)
    assert 0.0 <= overlap(a, b) <= 1.0
    assert overlap(a, a) == 1.0


def test_overlap_is_intersection_over_union():
    left, right = a_face(0, 0, 10, 10).box, a_face(5, 0, 10, 10).box
    assert overlap(left, right) == pytest.approx(50 / 150)
    assert overlap(left, a_face(10, 0, 10, 10).box) == 0.0
    assert overlap(left, a_face(2, 2, 5, 5).box) == pytest.approx(25 / 100)


@given(st.lists(st.lists(faces, max_size=4), max_size=12), st.sampled_from([INTERVAL, 0.5, 1.0]))
def test_a_track_is_one_face_that_moved_little_and_never_comes_back(frames: list[list[Face]], interval: float):
    tracks = follow(frames, interval)
    last: dict[TrackId, tuple[int, Box]] = {}
    newest = 0
    for number, (ids, seen) in enumerate(zip(tracks, frames, strict=True)):
        assert len(set(ids)) == len(ids) == len(seen)
        for track, face in zip(ids, seen, strict=True):
            if track in last:
                before, box = last[track]
                assert (number - before) * interval <= LOST_AFTER
                assert overlap(box, face.box) >= MIN_OVERLAP
            else:
                assert track > newest, "an id that was not in use is a new one"
            last[track] = (number, face.box)
        newest = max([newest, *ids])


@given(st.lists(faces, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_the_faces_does_not_matter(seen: list[Face], random):
    apart = [face for n, face in enumerate(seen) if all(overlap(face.box, o.box) < MIN_OVERLAP for o in seen[:n])]
    shuffled = random.sample(apart, len(apart))
    first, then = follow([apart, shuffled])
    by_face = {id(face): track for face, track in zip(apart, first, strict=True)}
    assert then == [by_face[id(face)] for face in shuffled]


@given(
    st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20), st.integers(0, 20)), min_size=1, max_size=20),
    st.integers(0, 1),
)
def test_two_faces_side_by_side_keep_their_tracks(walk: list[tuple[int, int, int]], by_turns: int):
    """They walk together, nearly touching, and are found in either order."""
    frames, x, y = [], 0.0, 0.0
    for aside, down, gap in walk:
        x, y = x + aside, y + down
        frames.append([a_face(x, y), a_face(x + 100 + gap, y)])
    tracks = follow([pair[::-1] if by_turns and n % 2 else pair for n, pair in enumerate(frames)])
    assert [pair[::-1] if by_turns and n % 2 else pair for n, pair in enumerate(tracks)] == [[1, 2]] * len(frames)


@given(st.integers(5, 30), st.integers(60, 200))
def test_two_faces_that_cross_behind_one_another_keep_their_tracks(step: int, far_width: int):
    """One is half as large as the other, as somebody further away is."""
    frames = [[a_face(x, 0, 200, 240), a_face(400 - x, 60, far_width / 2, far_width / 2)] for x in range(0, 400, step)]
    tracks = follow(frames)
    near = {ids[0] for ids in tracks}
    assert near == {1}
    assert all(ids[1] != 1 for ids in tracks)


def test_while_one_hides_the_other_the_one_in_front_keeps_its_track():
    together = [a_face(0), a_face(60)]
    hidden = [a_face(20)]
    first, second, third = follow([together, hidden, together])
    assert second == [first[0]]
    assert third[0] != third[1]


def test_a_jump_starts_a_new_track():
    """Faces are 100 wide; half of that is a step, two thirds are a jump."""
    assert follow([[a_face(0)], [a_face(50)], [a_face(117)], [a_face(167)]]) == [[1], [1], [2], [2]]


@pytest.mark.parametrize(("frames_away", "track"), [(4, 1), (5, 2)])
def test_a_face_that_was_lost_is_somebody_new(frames_away, track):
    """At eight frames a second: five missed frames are 0.75 s since it was last seen."""
    frames: list[list[Face]] = [[a_face()], *[[]] * frames_away, [a_face()]]
    assert follow(frames)[-1] == [track]


def test_a_clock_that_goes_back_starts_everybody_anew():
    tracker = Tracker()
    assert tracker.follow([a_face()], Seconds(10.0)) == [1]
    assert tracker.follow([a_face()], Seconds(9.0)) == [2]


def test_the_face_that_takes_over_the_place_of_another_within_a_moment_is_one_for_the_tracker():
    """Its limit, which is why access asks for several frames of the same person: see the tests of a visit."""
    man, woman = a_face(0), a_face(30)
    assert follow([[man], [woman]]) == [[1], [1]]


def test_ids_are_never_used_twice():
    frames = [[a_face(1000.0 * number)] for number in range(300)]
    ids = [track for (track,) in follow(frames)]
    assert all(after > before for before, after in pairwise(ids))
