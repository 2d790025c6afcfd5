"""A face that is followed: how long, when it begins anew, and what is cut once."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from attacks import sources, visitors
from attacks.clip import Clip
from attacks.heads import generic
from faceplate.commands.demo import FOOTAGE
from faceplate.pictures import read_picture
from faceplate.types import Box, Frame, Image, Pixels, Sighting, TrackId
from faceplate.vision.liveness.evidence import Tells
from faceplate.vision.liveness.following import LONGEST, Follower
from faceplate.vision.liveness.liveness import WINDOW
from faceplate.vision.liveness.motion import REST, Motion
from faceplate.vision.liveness.relief import FEWEST_FRAMES
from faceplate.vision.liveness.surroundings import CutOnce, Surroundings, surroundings
from strategies_access import a_sighting

pytestmark = pytest.mark.once

FRAMES = 60
ROOM = np.random.default_rng(0).integers(0, 255, (480, 640, 3)).astype(np.uint8)
"""In which no point of a face is found again"""


@pytest.fixture(scope="module")
def visit() -> Clip:
    still = sources.still_of(read_picture(FOOTAGE / "man-1.jpg"), "man", sources.detector())
    assert still is not None
    return visitors.live_like(still, generic(still), 0, FRAMES)


@pytest.fixture(scope="module")
def seen(visit: Clip) -> list[tuple[Frame, Sighting]]:
    find = sources.detector().find
    found = []
    for frame in visit.frames():
        sighting = a_sighting()
        look = replace(sighting.look, face=find(frame.image)[0])
        found.append((frame, replace(sighting, look=look)))
    return found


def test_a_face_is_followed_from_frame_to_frame_and_measured_from_points_that_are_not_old(seen) -> None:
    follower, lengths = Follower(), []
    for number, (frame, sighting) in enumerate(seen[: LONGEST + 12]):
        assert follower.follow(frame, sighting.look.face) is (number > 0)
        followed = follower.followed()
        assert followed is not None
        lengths.append(len(followed.moved))
    assert lengths == [*range(1, LONGEST + 2), *range(1, 12)]


def test_a_face_that_is_not_found_again_soon_is_looked_for_two_frames_later(seen) -> None:
    """One that was followed for longer at once."""
    for before, waits in ((1, True), (FEWEST_FRAMES, False)):
        follower = Follower()
        for frame, sighting in seen[:before]:
            follower.follow(frame, sighting.look.face)
        frame, sighting = seen[before]
        assert not follower.follow(replace(frame, image=ROOM), sighting.look.face)
        assert (follower.followed() is None) is waits
        shown = seen[before + 1 : before + 5]
        followed = [follower.follow(frame, sighting.look.face) for frame, sighting in shown]
        # One that was followed for long is looked for in the noise, at once, and then two frames later, too.
        assert followed == ([False, False, True, True] if waits else [False, False, False, True])


def told(cue: Motion, shown: list[tuple[Frame, Sighting]]) -> list[Tells]:
    return [cue.observe(sighting, frame).tells for frame, sighting in shown]


def test_a_head_that_was_seen_is_measured_again_after_two_seconds(seen) -> None:
    confirmed = [at for at, tells in enumerate(told(Motion(), seen)) if tells is Tells.CONFIRMS]
    assert len(confirmed) > 1
    apart = [seen[b][0].time - seen[a][0].time for a, b in pairwise(confirmed)]
    assert min(apart) >= REST + 0.2 - 1e-6, "three frames in a row must say so, again"
    assert max(apart) < WINDOW, "before what it confirmed is forgotten"


def test_what_comes_in_its_place_is_measured_at_once(seen) -> None:
    """A head was seen; then, on the same track, a face that cannot be followed from there."""
    cue = Motion()
    confirmed = told(cue, seen).index(Tells.CONFIRMS)
    cue = Motion()
    told(cue, seen[: confirmed + 1])
    frame, sighting = seen[confirmed + 2]  # the one between is left out
    assert cue._tracks.of(TrackId(1), frame.time).rests(frame.time)
    cue.observe(sighting, replace(frame, image=ROOM))
    assert not cue._tracks.of(TrackId(1), frame.time).rests(frame.time)


def test_what_two_cues_look_at_is_cut_once(seen, monkeypatch) -> None:
    cut: list[Image] = []

    def counted(image: Image, box: Box) -> Surroundings:
        cut.append(image)
        return surroundings(image, box)

    monkeypatch.setattr("faceplate.vision.liveness.surroundings.surroundings", counted)
    once, (frame, sighting) = CutOnce(), seen[0]
    box = sighting.look.face.box
    first = once(frame.image, box)
    assert once(frame.image, box) is first
    assert len(cut) == 1
    once(frame.image, replace(box, x=Pixels(box.x + 1)))
    once(frame.image.copy(), box)
    assert len(cut) == 3
