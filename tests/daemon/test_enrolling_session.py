"""The daemon's part in an enrolment: one at a time, gone when its command is, and never in the loop's way."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from faceplate.control.protocol import LONGEST_ANSWER, Done, framed, parsed, tree_of
from faceplate.enrolling.session import LEASE, LONGEST, EnrolmentSession
from faceplate.enrolling.view import LONGEST_SIDE, MOST_BYTES, view_from
from faceplate.errors import ControlError, OrderRefusedError
from faceplate.types import Cue, Decision, Flaw, Frame, Outcome, Reason, Score, Seconds
from strategies_access import ambiguous, unknown, unusable, verified

LOOKING = Decision(1, Seconds(1.0), Outcome.NOTHING, Reason.LOOKING)


class Door:
    """A session whose clock the test turns, and whose loop it is."""

    def __init__(self):
        self.now = 100.0
        self.told: list[Cue] = []
        self.session = EnrolmentSession(lambda: Seconds(self.now), self.told.append)
        self.show = self.session.watching()
        self.frames = 0

    def see(self, *matches, image=None):
        self.frames += 1
        picture = np.full((48, 64, 3), self.frames, np.uint8) if image is None else image
        self.show(Frame(self.frames, Seconds(self.now), picture), matches, LOOKING)

    def begin(self):
        return self.session.begin()["session"]


@pytest.fixture
def door():
    return Door()


def test_it_shows_each_frame_once(door):
    key = door.begin()
    assert door.session.look(key, 0) == {}
    door.see(unknown())
    first = view_from(door.session.look(key, 0))
    assert door.session.look(key, first.frame) == {}
    door.see()
    second = view_from(door.session.look(key, first.frame))
    assert second.frame > first.frame
    assert (len(first.faces), len(second.faces)) == (1, 0)


def test_a_frame_of_before_it_began_is_not_shown(door):
    door.see(unknown())
    assert door.session.look(door.begin(), 0) == {}


@pytest.mark.parametrize(
    ("match", "person", "score"),
    [
        (verified("Ada"), "Ada", 0.99),
        (ambiguous(), "Ada", 0.9),
        (unknown(), None, 0.0),
        (unusable(1, Flaw.BLURRED), None, 0.0),
    ],
)
def test_it_tells_who_is_known_and_of_a_stranger_no_score(door, match, person, score):
    key = door.begin()
    door.see(replace(match, score=Score(score or 0.2)))
    (face,) = view_from(door.session.look(key, 0)).faces
    assert (face.person, face.score) == (person, score)
    assert face.likeness is match.likeness
    assert face.flaws == match.sighting.look.flaws
    assert face.box == match.sighting.look.face.box
    assert face.pose is not None


def test_a_track_that_other_eyes_counted_is_another(door):
    key = door.begin()
    door.see(unknown(7))
    (before,) = view_from(door.session.look(key, 0)).faces
    door.show = door.session.watching()
    door.see(unknown(7))
    (after,) = view_from(door.session.look(key, 1)).faces
    assert before.track != after.track


@pytest.mark.parametrize("shape", [(480, 640), (2160, 3840)])
def test_whatever_the_camera_gives_fits_into_a_message_and_is_good_enough_to_enrol_from(door, shape):
    key = door.begin()
    smooth = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8), (0, 0), 5)
    noise = np.random.default_rng(2).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for image in (smooth, noise):
        door.see(*[unknown(track) for track in range(20)], image=image)
        answer = door.session.look(key, 0)
        content = framed(tree_of("x" * 64, Done(answer)), LONGEST_ANSWER)[4:]
        jpeg = view_from(parsed(content)["result"]).jpeg
        assert len(jpeg) <= MOST_BYTES
        shown = cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        assert max(shown.shape[:2]) == min(max(shape), LONGEST_SIDE)
        if image is smooth and max(shape) <= LONGEST_SIDE:
            assert np.abs(shown.astype(int) - image).mean() < 2


def test_only_one_goes_on_at_a_time(door):
    key = door.begin()
    with pytest.raises(OrderRefusedError, match="being enrolled at this door already"):
        door.begin()
    door.session.end(key)
    assert door.begin() != key


def test_it_ends_by_itself_when_its_command_is_not_heard_of(door):
    key = door.begin()
    for _ in range(3):
        door.now += LEASE
        assert door.session.is_open()
        door.session.look(key, 0)
    door.now += LEASE + 0.01
    assert not door.session.is_open()
    with pytest.raises(OrderRefusedError, match="over"):
        door.session.look(key, 0)
    door.begin()


def test_it_ends_after_the_longest_time_however_often_it_is_asked_for(door):
    key = door.begin()
    asked = 0
    while door.session.is_open():
        assert door.session.look(key, 0) == {}
        asked += 1
        door.now += 5.0
    assert asked == LONGEST / 5.0 + 1
    with pytest.raises(OrderRefusedError, match="took too long"):
        door.session.look(key, 0)


@pytest.mark.parametrize("key", ["", "0" * 32])
def test_nobody_takes_part_without_its_key(door, key):
    door.begin()
    for order in (lambda: door.session.look(key, 0), lambda: door.session.hint(key, Cue.TAKEN)):
        with pytest.raises(OrderRefusedError):
            order()
    door.session.end(key)
    assert door.session.is_open()


def test_a_hint_is_told_once_by_the_loop(door):
    key = door.begin()
    door.session.hint(key, Cue.TURN_LEFT)
    assert door.told == []
    door.see()
    door.see()
    assert door.told == [Cue.TURN_LEFT]


def test_the_last_word_is_told_although_it_is_over(door):
    key = door.begin()
    door.session.hint(key, Cue.DONE)
    door.session.end(key)
    door.see()
    door.see()
    assert door.told == [Cue.DONE]


def test_while_nobody_is_enrolled_the_loop_holds_nothing_and_takes_no_lock(door):
    class NeverTaken:
        def __enter__(self):
            raise AssertionError("the loop waits for a lock")

        def __exit__(self, *_):
            raise AssertionError

    door.session._one_at_a_time = NeverTaken()
    door.see(unknown())
    assert not door.session.is_open()
    assert door.session._session is None


def test_a_view_of_another_program_is_refused(door):
    key = door.begin()
    door.see(unknown())
    tree = json.loads(json.dumps(door.session.look(key, 0)))
    assert view_from(tree).frame == 1
    with pytest.raises(ControlError, match="cannot read"):
        view_from({name: value for name, value in tree.items() if name != "faces"} | {"faces": [{}]})


def test_a_picture_is_never_printed(door):
    key = door.begin()
    door.see(unknown())
    assert "jpeg" not in repr(view_from(door.session.look(key, 0)))
