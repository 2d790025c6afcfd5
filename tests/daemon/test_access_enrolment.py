"""While somebody is enrolled at the door: a stranger is neither answered nor counted, and nobody is let in by that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.config import AccessConfig
from faceplate.types import Flaw, Match, Outcome, Reason
from reception_desk import World, reasons
from strategies_access import ambiguous, unknown, unusable, verified


@pytest.fixture
def world():
    return World()


def failures(world):
    return world.store.standing.visits.failures


@pytest.mark.parametrize("match", [unknown(), unusable(1, Flaw.BLURRED)])
def test_a_stranger_is_neither_answered_nor_counted(world, match):
    world.enrolling = True
    decisions = world.watch(match, frames=200)
    assert {decision.outcome for decision in decisions} == {Outcome.NOTHING}
    assert failures(world) == 0


def test_without_an_enrolment_the_same_stranger_is_refused_and_counted(world):
    decisions = world.watch(unknown(), frames=200)
    assert Reason.CREDENTIAL_NOT_FOUND in reasons(decisions)
    assert failures(world) > 0


def test_whoever_is_enrolled_is_let_in_all_the_while(world):
    world.enrolling = True
    world.watch(unknown(1), frames=50)
    assert Outcome.GRANTED in {decision.outcome for decision in world.watch(verified("Ada", 2))}


def test_whoever_was_just_enrolled_is_let_in_and_not_refused_for_what_was_seen_before(world):
    world.enrolling = True
    world.watch(unknown(1), frames=50)
    world.enrolling = False
    decisions = world.watch(verified("Ada", 1))
    assert {decision.outcome for decision in decisions} == {Outcome.NOTHING, Outcome.GRANTED}
    assert failures(world) == 0


def test_whoever_was_not_enrolled_after_all_is_a_stranger_again(world):
    world.enrolling = True
    world.watch(unknown(1), frames=50)
    world.enrolling = False
    assert Reason.CREDENTIAL_NOT_FOUND in reasons(world.watch(unknown(1), frames=20))
    assert failures(world) == 1


def test_a_lockout_goes_on(world):
    for track in range(1, world.rules.lockout.failures + 1):
        world.watch(unknown(track), frames=20)
    assert world.reception.status().locked_out > 0
    world.enrolling = True
    decisions = world.watch(verified("Ada", 99), frames=20)
    assert Outcome.GRANTED not in {decision.outcome for decision in decisions}
    assert Reason.LOCKED_OUT in reasons(decisions)


def test_failures_of_before_are_kept(world):
    world.watch(unknown(1), frames=20)
    before = failures(world)
    world.enrolling = True
    world.watch(unknown(2), frames=20)
    world.enrolling = False
    assert failures(world) == before == 1


matches = st.sampled_from(
    [(), (unknown(1),), (verified("Ada", 1),), (verified("Ada", 2),), (unknown(2),), (ambiguous(1),)]
)


@given(st.lists(matches, max_size=60))
def test_nobody_is_let_in_who_would_not_be_otherwise(frames: list[tuple[Match, ...]]):
    """Faces alone, without PINs; with a lock-out that never comes, so that it cannot be what tells the two apart."""
    rules = AccessConfig()
    usual, enrolling = World(rules), World(rules)
    enrolling.enrolling = True
    for number, faces in enumerate(frames):
        before, then = usual.see(*faces), enrolling.see(*faces)
        if then.outcome is Outcome.GRANTED:
            assert before.outcome is Outcome.GRANTED or usual.reception.status().locked_out, number
