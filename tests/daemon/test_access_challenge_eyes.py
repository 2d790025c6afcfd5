"""Where vision looks at eyes, a challenge asks to shut them, once; a rigid mask cannot."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import TARGETS, Person, Pose, play
from faceplate.access.challenge import STEPS, TURNS, Challenge, Phase, advanced, begun
from faceplate.access.posture import Glance, Posture, mean
from faceplate.config.doubt import ChallengeConfig
from faceplate.types import Cue, Outcome, Reason, Seconds
from reception_desk import World, access_rules

OPEN, SHUT = Pose(shut=False), Pose(shut=True)
ANSWERS = {**{cue: replace(pose, shut=False) for cue, pose in TARGETS.items()}, Cue.SHUT_EYES: SHUT}


class Played:
    """A challenge, and what is shown to it, ten frames a second."""

    def __init__(self, seed: int = 0, steps: int = 3) -> None:
        self.rules, self.time = ChallengeConfig(steps=steps), 10.0
        self.dice = random.Random(seed)  # noqa: S311 - to repeat, not to hide
        self.challenge = begun(("Ada",), Seconds(self.time), self.dice)

    def show(self, pose: Pose = OPEN, *, wait: float = 0.1, verified: bool = False) -> Challenge:
        self.time += wait
        where = Posture(pose.left, 0.2 * pose.up, pose.width, has_room=True, has_way=True)
        posture = replace(where, raised=pose.up, shut=pose.shut)
        glance = Glance(Seconds(self.time), posture, ("Ada",), has_depth=True)
        self.challenge = advanced(self.challenge, glance, self.rules, self.dice, verified=verified)
        return self.challenge

    def hold(self, pose: Pose, frames: int = 3) -> Challenge:
        for _ in range(frames):
            after = self.show(pose)
        return after

    def until_asked(self) -> Cue:
        for _ in range(40):
            if asked := self.show().asked:
                return asked
        raise AssertionError("nothing was asked")

    def until(self, wanted: Cue) -> None:
        """Do everything else that is asked before."""
        while (asked := self.until_asked()) is not wanted:
            self.show(wait=0.2)
            self.hold(ANSWERS[asked])


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
def test_it_is_asked_once_at_a_place_that_nobody_knows_beside_all_else_that_is(steps: int) -> None:
    places = set()
    for seed in range(60):
        it, asked = Played(seed, steps), []
        for _ in range(steps + 1):
            asked.append(it.until_asked())
            it.show(wait=0.2)
            it.hold(ANSWERS[asked[-1]])
        assert it.challenge.phase is Phase.LAST
        assert asked.count(Cue.SHUT_EYES) == 1
        assert set(asked) & set(TURNS)
        places.add(asked.index(Cue.SHUT_EYES))
        assert it.show(verified=True).phase is Phase.PASSED
    assert places == set(range(steps + 1))


def test_nobody_is_asked_whose_eyes_nobody_looks_at() -> None:
    for seed in range(60):
        it = Played(seed)
        for _ in range(3):
            while not (asked := it.show(Pose()).asked):
                assert it.time < 40
            assert asked in STEPS
            it.show(Pose(), wait=0.2)
            it.hold(TARGETS[asked])
        assert it.show(Pose(), verified=True).phase is Phase.PASSED


@pytest.mark.parametrize("reaction", [0.2, 0.5, 1.0, 2.0])
def test_whoever_shuts_their_eyes_is_let_in_and_painted_eyes_are_not(reaction: float) -> None:
    for seed in range(10):
        for blinks in (True, False):
            world = World(access_rules(), liveness="motion", dice=random.Random(seed))  # noqa: S311
            made = play(world, Person(reaction, eyes=True, blinks=blinks), seconds=60)
            assert Cue.SHUT_EYES in {each.cue for each in made}
            expected = Outcome.GRANTED if blinks else Outcome.DENIED
            assert (made[-1].outcome, made[-1].reason is Reason.CHALLENGE_FAILED) == (expected, not blinks)


def test_eyes_that_are_shut_too_early_or_on_one_frame_of_three_are_not_shut() -> None:
    it = Played()
    it.until(Cue.SHUT_EYES)
    assert not it.show(SHUT, wait=0.1).ready
    assert it.hold(SHUT).phase is Phase.ASKED
    it.show()
    for _ in range(3):
        assert it.hold(OPEN, 2).phase is Phase.ASKED
        assert it.show(SHUT).phase is Phase.ASKED
    assert Cue.SHUT_EYES in it.hold(SHUT, 2).done


def test_whoever_turns_away_while_their_eyes_are_to_be_shut_fails() -> None:
    """As somebody does who puts another picture in the place of the first."""
    it = Played()
    it.until(Cue.SHUT_EYES)
    it.show(wait=0.2)
    assert it.hold(Pose(left=24.0, shut=True)).phase is Phase.FAILED


def test_a_blink_is_no_wrong_answer_to_anything() -> None:
    for seed in range(20):
        it = Played(seed)
        asked = it.until_asked()
        it.show(wait=0.2)
        it.hold(SHUT if asked is not Cue.SHUT_EYES else OPEN, 2)
        assert it.challenge.phase is Phase.ASKED
        assert asked in it.hold(ANSWERS[asked]).done


def test_nothing_is_asked_of_somebody_who_cannot_see_it_yet() -> None:
    it = Played()
    it.until(Cue.SHUT_EYES)
    it.show(wait=0.2)
    it.hold(SHUT)
    for _ in range(30):
        assert it.show(SHUT).asked is None
    if it.challenge.phase is Phase.REST:
        assert it.until_asked() is not Cue.SHUT_EYES


def test_of_several_frames_most_must_show_them_shut() -> None:
    def of(shown: str) -> bool | None:
        states = {"o": False, "x": True, "?": None}
        return mean([Posture(0.0, 0.0, 100.0, has_room=True, has_way=True, shut=states[each]) for each in shown]).shut

    assert of("xxo") is True
    assert of("xoo") is False
    assert of("xo") is False
    assert of("??") is None


_glances = st.lists(
    st.tuples(st.sampled_from([0.1, 0.1, 0.3, 0.8]), st.sampled_from([OPEN, OPEN, *ANSWERS.values()]), st.booleans()),
    max_size=80,
)


@settings(max_examples=200)
@given(seed=st.integers(0, 50), glances=_glances, steps=st.integers(1, 2))
def test_whatever_is_shown_nobody_passes_whose_eyes_were_not_shut_when_that_was_asked(
    seed: int, glances: list[tuple[float, Pose, bool]], steps: int
) -> None:
    it, shut_when_asked = Played(seed, steps), 0
    for wait, pose, is_verified in glances:
        asked = it.challenge.asked
        it.show(pose, wait=wait, verified=is_verified)
        shut_when_asked += asked is Cue.SHUT_EYES and pose.shut is True
    if it.challenge.phase is Phase.PASSED:
        assert shut_when_asked >= 2
