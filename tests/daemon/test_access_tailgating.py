"""Others at the open door."""

from __future__ import annotations

import pytest

from faceplate.events import DoorMode, DoorStatus
from faceplate.types import Decision, Flaw, Match, Method, Outcome, Reason, Seconds
from reception_desk import ADAS_PIN, World, access_rules, with_pin
from strategies_access import sized, unknown, unusable, verified

ADA = verified("Ada")
OPEN = DoorStatus(DoorMode.ACCESSED, is_open=True)
UNLOCKED_FOR_ADA = DoorStatus(DoorMode.ACCESSED)


def let_in(**rules: object) -> World:
    world = World(access_rules(**rules), {"Ada": with_pin()})
    while world.see(ADA).outcome is not Outcome.GRANTED:
        assert world.frames < 10
    world.door = OPEN
    return world


def warnings(made: list[Decision]) -> list[tuple[int, str | None]]:
    assert all(each.reason is Reason.TAILGATING for each in made if each.outcome is Outcome.WARNED)
    return [(number, each.person) for number, each in enumerate(made, 1) if each.outcome is Outcome.WARNED]


@pytest.mark.parametrize("other", [unknown(2), verified("Grace", 2), unusable(2), unusable(2, Flaw.TURNED_AWAY)])
def test_whoever_else_is_at_the_open_door_is_told_once(other: Match):
    world = let_in()
    made = world.watch(other, frames=40)
    assert warnings(made) == [(3, "Ada")]
    assert made[2].match == other
    assert made[2].method is Method.FACE
    assert (made[2].frame, made[2].time) == (world.frames - 37, world.now - 37 * 0.125)


@pytest.mark.parametrize("frames", [1, 2, 4])
def test_it_takes_as_many_frames_as_a_grant(frames):
    world = let_in(frames_needed=frames)
    assert warnings(world.watch(unknown(2), frames=10)) == [(frames, "Ada")]


@pytest.mark.parametrize("match", [ADA, unusable(1), unknown(1), verified("Ada", 2), unusable(2, Flaw.TOO_SMALL)])
def test_who_was_let_in_is_not_told_nor_somebody_far_away(match: Match):
    assert warnings(let_in().watch(match, frames=40)) == []


def test_a_new_track_of_who_was_let_in_is_theirs_from_then_on():
    world = let_in()
    made = world.watch(unusable(2), frames=2) + world.watch(verified("Ada", 2), frames=1)
    assert warnings(made + world.watch(unusable(2), frames=40)) == []


def test_two_passers_by_are_not_one_who_stays():
    world = let_in()
    made = [world.see(unknown(track)) for track in range(2, 40)]
    assert warnings(made) == []


def test_a_companion_who_was_there_before_counts():
    world = World()
    small = sized(unknown(2), 60.0)
    world.watch(ADA, small, frames=3)
    world.door = OPEN
    assert warnings(world.watch(ADA, small, frames=9)) == [(3, "Ada")]


def test_a_door_that_is_still_closed_is_nobodys_way_in():
    world = let_in()
    world.door = DoorStatus(DoorMode.ACCESSED, is_open=False)
    assert warnings(world.watch(unknown(2), frames=8)) == []
    world.door = OPEN
    assert warnings(world.watch(unknown(2), frames=3)) == [(3, "Ada")]


def test_without_a_contact_the_unlocked_time_counts():
    world = let_in()
    world.door = UNLOCKED_FOR_ADA
    assert warnings(world.watch(unknown(2), frames=9)) == [(3, "Ada")]


def test_whoever_is_to_be_answered_is_answered_first():
    world = let_in(frames_considered=3, patience=0.25)
    world.door = UNLOCKED_FOR_ADA
    made = world.watch(unknown(2), frames=5)
    assert [each.outcome for each in made[2:]] == [Outcome.DENIED, Outcome.WARNED, Outcome.NOTHING]


def test_when_the_door_is_closed_again_it_is_over():
    world = let_in()
    world.watch(unknown(2), frames=2)
    world.door = DoorStatus(is_open=False, closed_since=Seconds(world.now))
    world.see(unknown(2))
    world.door = DoorStatus(is_open=True)
    assert warnings(world.watch(unknown(2), frames=9)) == []


@pytest.mark.parametrize("mode", [DoorMode.UNLOCKED, DoorMode.LOCKED_OPEN])
def test_where_everybody_may_pass_nobody_is_told(mode):
    world = let_in()
    world.door = DoorStatus(mode, is_open=True)
    assert warnings(world.watch(unknown(2), frames=9)) == []


@pytest.mark.parametrize(("late", "warned"), [(2.0, True), (2.125, False)])
def test_a_door_that_did_not_obey_is_not_watched(late, warned):
    world = let_in()
    world.door = DoorStatus()
    world.see(wait=late)
    world.door = OPEN
    assert bool(warnings(world.watch(unknown(2), frames=9))) is warned


def test_each_grant_is_watched_anew():
    world = let_in()
    assert warnings(world.watch(unknown(2), frames=9))
    world.door = DoorStatus()
    world.wait(20)
    world.watch(ADA, frames=3)
    world.door = OPEN
    assert warnings(world.watch(unknown(2), frames=9)) == [(3, "Ada")]


def test_after_a_pin_alone_the_nearest_face_is_taken_for_who_typed_it():
    world = World(access_rules(pin={"alone": True}), {"Ada": with_pin()})
    assert world.enter(ADAS_PIN).outcome is Outcome.GRANTED
    world.door = OPEN
    near, behind = sized(unknown(2), 120.0), sized(unknown(3), 80.0)
    assert warnings(world.watch(near, frames=9)) == []
    made = world.watch(behind, near, frames=9)
    assert warnings(made) == [(3, "Ada")]
    assert made[2].match == behind
    assert made[2].method is Method.PIN
