"""Failures at the door: what counts, what it leads to, and that nothing shortens it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from faceplate.access.standing import NoLockout
from faceplate.errors import StoreError
from faceplate.events import DoorMode, DoorStatus
from faceplate.rights import Rights
from faceplate.types import Decision, Match, Method, Outcome, Reason, Seconds
from reception_desk import ADAS_PIN, GRACES_PIN, FullDisk, World, access_rules, reasons, with_pin
from strategies_access import ambiguous, unknown, unusable, verified

STRANGERS = [unknown(number) for number in range(1, 100)]


def failures(world: World) -> int:
    return world.store.standing.visits.failures


def locked_out(world: World) -> float:
    return world.reception.status().locked_out


def strangers_come(world: World, number: int, first: int = 0) -> list[Decision]:
    """One after the other, each until they are refused."""
    return [world.watch(stranger)[-1] for stranger in STRANGERS[first : first + number]]


def test_after_five_strangers_nobody_s_face_is_answered_for_a_minute():
    world = World()
    assert reasons(strangers_come(world, 4)) == [Reason.CREDENTIAL_NOT_FOUND] * 4
    assert locked_out(world) == 0
    [fifth] = strangers_come(world, 1, first=4)
    assert fifth.reason is Reason.CREDENTIAL_NOT_FOUND
    assert locked_out(world) == 60 - 6 * 0.125
    made = world.watch(verified("Ada", 200), frames=40)
    told = [(each.outcome, each.reason, each.person) for each in made if each.outcome is not Outcome.NOTHING]
    assert told == [(Outcome.DENIED, Reason.LOCKED_OUT, None)]
    world.wait(locked_out(world) - 0.25)
    assert world.see(verified("Ada", 200)).reason is Reason.LOOKING
    assert reasons(world.watch(verified("Ada", 200), frames=3)) == [Reason.LOOKING, Reason.LOOKING, Reason.VERIFIED]


def test_the_wait_doubles_up_to_half_an_hour():
    world = World()
    strangers_come(world, 4)
    waits = []
    for number in range(8):
        world.wait(locked_out(world))
        before = world.now
        strangers_come(world, 1, first=4 + number)
        waits.append(round(locked_out(world) + world.now - before - 3 * 0.125))
    assert waits == [60, 120, 240, 480, 960, 1800, 1800, 1800]


@pytest.mark.parametrize(
    ("look", "reason", "counted"),
    [
        (lambda world: world.watch(unknown()), Reason.CREDENTIAL_NOT_FOUND, 1),
        (lambda world: world.watch(ambiguous()), Reason.AMBIGUOUS, 1),
        (
            lambda world: [world.see(verified(("Ada", "Grace")[n % 2])) for n in range(9)],
            Reason.SEVERAL_PEOPLE,
            1,
        ),
        (lambda world: world.watch(unusable()), Reason.LOW_QUALITY, 0),
        (
            lambda world: world.watch(verified("Ada", 1, Rights(schedule="never")), frames=3),
            Reason.NOT_PERMITTED_AT_THIS_TIME,
            0,
        ),
        (lambda world: world.watch(ambiguous(1, with_pin())), Reason.PIN_NEEDED, 0),
    ],
)
def test_what_counts_as_failed(look: Callable[[World], list[Decision]], reason: Reason, counted: int):
    world = World()
    assert look(world)[-1].reason is reason
    assert failures(world) == counted


@pytest.mark.parametrize("needed", [1, 3, 5])
def test_an_attempt_is_counted_before_it_is_answered_and_once(needed):
    """It lasts until 10 s after the answer, which comes on the ninth frame; the ninetieth begins another."""
    world = World(access_rules(frames_needed=needed))
    counts = []
    for _ in range(95):
        world.see(unknown())
        counts.append(failures(world))
    assert counts == [0] * (needed - 1) + [1] * 89 + [2] * (7 - needed)


def test_an_attempt_that_is_answered_on_the_frame_it_is_counted_on_is_counted_once():
    world = World(access_rules(frames_needed=5, patience=0.5))
    assert world.watch(unknown(), frames=5)[-1].reason is Reason.CREDENTIAL_NOT_FOUND
    world.watch(unknown(), frames=40)
    assert failures(world) == 1
    assert world.watch(ambiguous(2, with_pin()), frames=5)[-1].reason is Reason.PIN_NEEDED
    assert failures(world) == 1, "and one that is no failure not at all"


def test_what_was_refused_for_bad_pictures_is_counted_once_there_are_good_ones():
    world = World()
    assert world.watch(unusable())[-1].reason is Reason.LOW_QUALITY
    world.watch(unknown(), frames=3)
    assert failures(world) == 1


def test_whoever_goes_before_the_answer_has_used_it_up():
    world = World()
    for stranger in STRANGERS[:5]:
        assert reasons(world.watch(stranger, frames=3)) == [Reason.LOOKING] * 3
    assert locked_out(world) == 60


def test_two_frames_are_no_attempt_and_could_not_open():
    world = World()
    for stranger in STRANGERS[:50]:
        world.watch(stranger, frames=2)
    assert failures(world) == 0


def test_a_visit_that_is_never_answered_is_counted_again_and_again():
    """Four usable frames in every visit window, for ever: enough to be let in, too few to be refused."""
    world = World()
    made = []
    for _ in range(100):
        made += world.watch(unknown(), frames=4)
        world.wait(5.125)
    assert Reason.CREDENTIAL_NOT_FOUND not in reasons(made)
    assert failures(world) >= 7


def test_who_is_known_in_the_end_was_no_failure():
    world = World()
    strangers_come(world, 3)
    world.watch(unknown(50), frames=4)
    assert failures(world) == 4
    world.watch(verified("Ada", 50, Rights(schedule="never")), frames=9)
    assert failures(world) == 3, "and that is taken back once"
    made = world.watch(unknown(50), frames=30)
    assert failures(world) == 3, "nor is it later"
    assert Outcome.GRANTED not in {each.outcome for each in made}


def test_who_was_known_from_the_beginning_is_no_failure_afterwards():
    world = World()
    world.watch(verified("Ada", 1, Rights(schedule="never")), frames=3)
    world.watch(unknown(), frames=30)
    assert failures(world) == 0


def test_who_was_already_being_looked_at_when_the_lock_out_began_gets_their_answer():
    world = World()
    strangers_come(world, 4)
    made = world.watch(unknown(50), frames=3) + world.watch(verified("Ada", 50), frames=3)
    assert made[-1].outcome is Outcome.GRANTED
    assert world.store.standing.visits.failures == 0
    assert locked_out(world) == 0


def test_but_nobody_else_does_and_not_for_long():
    world = World(access_rules(repeat_after=2.0, visit_window=1.0))
    strangers_come(world, 4)
    world.watch(unknown(50), frames=3)
    assert reasons(world.watch(verified("Ada", 51), frames=8)) == [Reason.LOOKING] * 8
    world = World(access_rules(repeat_after=2.0, visit_window=5.0, patience=10.0))
    for stranger in STRANGERS[:4]:
        world.watch(stranger, frames=3)
    world.watch(unknown(50), frames=3)
    world.watch(unusable(50), frames=14)
    late = world.watch(verified("Ada", 50), frames=3)
    assert {each.outcome for each in late} == {Outcome.NOTHING}


def test_a_success_forgets_what_failed_before_in_the_same_way():
    world = World(access_rules(pin={"alone": True, "failures": 100}), {"Ada": with_pin()})

    def begin() -> None:
        world.wait(11)
        strangers_come(world, 1)
        world.enter("9513")

    def left() -> tuple[int, int]:
        return world.store.standing.visits.failures, world.store.standing.pins.failures

    begin()
    assert left() == (1, 1)
    world.watch(verified("Ada", 50), frames=3)
    assert left() == (0, 1)
    begin()
    assert world.enter(ADAS_PIN).outcome is Outcome.GRANTED
    assert left() == (1, 0)
    world = World(access_rules(roles={"resident": {"pin": "always"}}), {"Ada": with_pin()})
    begin()
    world.watch(verified("Ada", 50, with_pin()), frames=3)
    assert world.enter(ADAS_PIN).method is Method.FACE_AND_PIN
    assert left() == (0, 0)


@pytest.mark.parametrize("years", [-10, 10])
def test_setting_the_clock_changes_nothing(years):
    world = World()
    strangers_come(world, 5)
    before = locked_out(world)
    world.wall += timedelta(days=365 * years)
    assert locked_out(world) == before
    assert Outcome.GRANTED not in {each.outcome for each in world.watch(verified("Ada", 60), frames=40)}


def test_the_owner_may_end_it():
    world = World()
    strangers_come(world, 5)
    world.enter("9513")
    world.reception.clear_lockout()
    assert locked_out(world) == 0
    assert (failures(world), world.store.standing.pins.failures) == (0, 0)
    assert world.watch(verified("Ada", 60), frames=3)[-1].outcome is Outcome.GRANTED


def every_answer_of(match: Match, **rules: object) -> list[tuple[Outcome, Reason]]:
    world = World(access_rules(**rules), {"Ada": with_pin()})
    strangers_come(world, 5)
    made = world.watch(match, frames=120)
    assert not world.reception.status().awaiting_pin
    return [(each.outcome, each.reason) for each in made]


@pytest.mark.parametrize("pin_opens", [True, False])
def test_in_a_lock_out_the_answers_are_the_same_for_everybody(pin_opens):
    """Or a stranger might try pictures until one is answered in another way, and come back with it."""
    faces = [unknown(60), verified("Ada", 60, with_pin()), ambiguous(60, with_pin()), unusable(60)]
    faces += [verified("Ada", 60, Rights(enabled=False))]
    answers = [every_answer_of(face, lockout={"pin_opens": pin_opens}) for face in faces]
    assert all(each == answers[0] for each in answers)
    looking, told = (Outcome.NOTHING, Reason.LOOKING), (Outcome.NOTHING, Reason.ALREADY_DECIDED)
    assert answers[0][:89] == [looking] * 8 + [(Outcome.DENIED, Reason.LOCKED_OUT)] + [told] * 80


@pytest.mark.parametrize("frames", [8, 9])
def test_in_a_lock_out_too_patience_comes_first(frames):
    world = World()
    strangers_come(world, 5)
    made = world.watch(verified("Ada", 60), frames=frames)
    assert (made[-1].reason is Reason.LOCKED_OUT) is (frames == 9)
    assert set(reasons(made[:8])) == {Reason.LOOKING}


def test_nothing_is_counted_in_a_lock_out():
    world = World(store=(store := FullDisk()))
    strangers_come(world, 5)
    before = len(store.saves)
    strangers_come(world, 5, first=10)
    assert len(store.saves) == before


def test_a_pin_opens_in_a_lock_out_to_the_face_it_belongs_to():
    world = World(people={"Ada": with_pin(), "Grace": with_pin(pin=GRACES_PIN)})
    strangers_come(world, 5)
    world.watch(verified("Ada", 60), frames=3)
    decision = world.enter(ADAS_PIN)
    assert (decision.outcome, decision.method, decision.holder) == (Outcome.GRANTED, Method.FACE_AND_PIN, "Ada")
    assert decision.match is not None
    assert locked_out(world) == 0


def test_and_the_other_way_round():
    world = World(people={"Ada": with_pin()})
    strangers_come(world, 5)
    assert world.enter(ADAS_PIN).reason is Reason.FACE_NEEDED
    decision = world.watch(verified("Ada", 60), frames=3)[-1]
    assert (decision.outcome, decision.method, decision.holder) == (Outcome.GRANTED, Method.FACE_AND_PIN, "Ada")


def test_also_to_look_alikes():
    for pin_first in (True, False):
        world = World(people={"Ada": with_pin(), "Grace": with_pin(pin=GRACES_PIN)})
        strangers_come(world, 5)
        if pin_first:
            world.enter(GRACES_PIN)
        made = world.watch(ambiguous(60, with_pin(), with_pin(pin=GRACES_PIN)), frames=3)
        decision = made[-1] if pin_first else world.enter(GRACES_PIN)
        assert (decision.outcome, decision.holder) == (Outcome.GRANTED, "Grace")


def test_a_face_seen_in_a_lock_out_is_forgotten_after_the_window():
    for late, reason in ((15.0, Reason.VERIFIED), (15.125, Reason.FACE_NEEDED)):
        world = World(people={"Ada": with_pin()})
        strangers_come(world, 5)
        world.watch(verified("Ada", 60), frames=3)
        world.wait(late)
        assert world.enter(ADAS_PIN).reason is reason
    world = World(people={"Ada": with_pin()})
    strangers_come(world, 5)
    world.watch(verified("Ada", 60), frames=3)
    assert world.see(wait=16.0).reason is Reason.NOBODY, "in silence"


def test_a_stranger_s_face_in_a_lock_out_keeps_nobody_from_their_pin():
    world = World(people={"Ada": with_pin()})
    strangers_come(world, 5)
    world.watch(unknown(60), frames=3)
    assert world.enter(ADAS_PIN).reason is Reason.FACE_NEEDED


def test_a_face_in_a_lock_out_takes_no_request_away():
    """Neither a PIN that was shown nor a face that was asked, aloud, for its PIN."""
    people = {"Ada": with_pin(), "Grace": with_pin(pin=GRACES_PIN)}
    world = World(people=people)
    strangers_come(world, 5)
    world.enter(GRACES_PIN)
    world.watch(verified("Ada", 60), frames=3)
    assert world.watch(verified("Grace", 61), frames=3)[-1].method is Method.FACE_AND_PIN
    world = World(access_rules(roles={"resident": {"pin": "always"}}, lockout={"failures": 1}), people)
    assert world.watch(verified("Ada", 60), frames=3)[-1].reason is Reason.PIN_NEEDED
    strangers_come(world, 1)
    assert locked_out(world) > 0
    world.watch(verified("Grace", 61), frames=3)
    assert world.reception.status().awaiting_pin
    assert world.enter(ADAS_PIN).holder == "Ada"


def test_who_showed_their_pin_in_a_lock_out_is_refused_by_name():
    world = World(people={"Ada": with_pin()})
    strangers_come(world, 5)
    world.enter(ADAS_PIN)
    world.door = DoorStatus(DoorMode.BLOCKED)
    decision = world.watch(verified("Ada", 60), frames=3)[-1]
    assert (decision.reason, decision.holder) == (Reason.DOOR_BLOCKED, "Ada")


def test_without_pin_opens_a_pin_from_before_the_lock_out_is_none_either():
    world = World(access_rules(lockout={"failures": 1, "pin_opens": False}), {"Ada": with_pin()})
    assert world.enter(ADAS_PIN).reason is Reason.FACE_NEEDED
    strangers_come(world, 1)
    assert set(reasons(world.watch(verified("Ada", 60), frames=8))) == {Reason.LOOKING}


def test_without_pin_opens_there_is_no_way_in_by_face():
    world = World(access_rules(lockout={"pin_opens": False}), {"Ada": with_pin()})
    strangers_come(world, 5)
    world.watch(verified("Ada", 60), frames=3)
    decision = world.enter(ADAS_PIN)
    assert (decision.outcome, decision.reason) == (Outcome.DENIED, Reason.LOCKED_OUT)
    assert world.store.standing.pins.failures == 0


def test_a_pin_alone_is_not_concerned_by_what_faces_did():
    world = World(access_rules(pin={"alone": True}, lockout={"pin_opens": False}), {"Ada": with_pin()})
    strangers_come(world, 5)
    assert world.enter(ADAS_PIN).outcome is Outcome.GRANTED
    assert locked_out(world) > 0


def test_after_three_wrong_pins_not_even_the_right_one_is_answered():
    world = World(access_rules(pin={"alone": True}), {"Ada": with_pin()})
    made = [world.enter("9513") for _ in range(3)]
    assert reasons(made) == [Reason.INVALID_PIN] * 3
    assert world.reception.status().pin_locked_out == 60
    world.wait(59.875)
    assert reasons([world.enter(ADAS_PIN)]) == [Reason.LOCKED_OUT]
    world.wait(0.125)
    assert world.enter(ADAS_PIN).outcome is Outcome.GRANTED


def test_a_right_pin_that_does_not_let_in_takes_back_what_it_was_counted_as_and_no_more():
    world = World(people={"Ada": with_pin(), "Eve": with_pin(Rights(enabled=False), GRACES_PIN)})
    world.enter("9513")
    world.enter("9513")
    for digits, reason in ((ADAS_PIN, Reason.FACE_NEEDED), (GRACES_PIN, Reason.CREDENTIAL_NOT_ENABLED)):
        assert world.enter(digits).reason is reason
        assert world.store.standing.pins.failures == 2
    world.enter("9513")
    assert world.reception.status().pin_locked_out == 60


class Unplugged(Exception):  # noqa: N818 - no error
    """The power went away while a PIN was compared."""


def test_a_pin_is_counted_before_it_is_compared(monkeypatch):
    """A patch, because there is no other way to look in between."""
    world = World(people={"Ada": with_pin()})

    def unplugged(*_: object) -> None:
        raise Unplugged

    monkeypatch.setattr("faceplate.access.reception.owner_of", unplugged)
    for count in (1, 2, 3):
        with pytest.raises(Unplugged):
            world.enter(ADAS_PIN)
        world.restart()
        assert world.store.standing.pins.failures == count
    assert world.enter(ADAS_PIN).reason is Reason.LOCKED_OUT


def test_where_it_cannot_be_saved_nobody_is_answered():
    store = FullDisk()
    world = World(people={"Ada": with_pin()}, store=store)
    store.full = True
    world.watch(unknown(), frames=2)
    with pytest.raises(StoreError):
        world.see(unknown())
    assert failures(world) == 1, "it counts all the same"
    with pytest.raises(StoreError):
        world.enter(ADAS_PIN)
    assert reasons(world.watch(verified("Ada", 50), frames=2)) == [Reason.LOOKING] * 2
    with pytest.raises(StoreError):
        world.see(verified("Ada", 50))
    store.full = False
    assert world.see(verified("Ada", 50)).outcome is Outcome.GRANTED


def test_an_idle_door_saves_nothing():
    store = FullDisk()
    world = World(store=store)
    world.watch(frames=100)
    world.watch(unusable(), frames=100)
    world.reception.status()
    assert store.saves == []
    world.watch(verified("Ada"), frames=3)
    assert len(store.saves) == 1, "the first grant saves the date"
    for _ in range(5):
        world.wait(600)
        world.watch(verified("Ada"), frames=3)
    assert len(store.saves) == 1
    world.wait(600)
    world.watch(verified("Ada"), frames=3)
    assert len(store.saves) == 2, "and once an hour at most"


@pytest.mark.parametrize(("later", "saves"), [(3599.875, 1), (3600.0, 2)])
def test_the_date_is_saved_again_after_an_hour(later, saves):
    world = World(access_rules(frames_needed=1, frames_considered=1), store=(store := FullDisk()))
    world.see(verified("Ada"))
    assert world.see(verified("Ada", 2), wait=later).outcome is Outcome.GRANTED
    assert len(store.saves) == saves


def test_a_clock_that_went_back_before_anything_was_saved_is_remembered_too():
    world = World(store=(store := FullDisk()))
    assert world.reception.status().clock_trusted
    latest = world.wall
    world.wall -= timedelta(days=1)
    dated = verified("Ada", 1, Rights(valid_until=latest))
    assert world.watch(dated, frames=3)[-1].reason is Reason.CLOCK_UNTRUSTED
    assert store.standing.latest == latest
    world.restart()
    assert not world.reception.status().clock_trusted


def test_a_clock_that_went_back_is_remembered():
    store = FullDisk()
    world = World(store=store)
    world.watch(verified("Ada"), frames=3)
    world.wait(1800)
    dated = verified("Ada", 2, Rights(valid_until=world.wall + timedelta(days=1)))
    world.watch(dated, frames=3)
    latest = world.wall
    world.wall -= timedelta(days=1)
    world.watch(replace(dated, sighting=verified("Ada", 3).sighting), frames=3)
    assert store.standing.latest == latest
    world.restart()
    assert not world.reception.status().clock_trusted
    world.reception.trust_clock()
    world.restart()
    assert world.reception.status().clock_trusted


def test_for_evaluation_nothing_is_ever_locked_out():
    world = World(store=NoLockout(), people={"Ada": with_pin()})
    assert reasons(strangers_come(world, 50)) == [Reason.CREDENTIAL_NOT_FOUND] * 50
    assert [world.enter("9513").reason for _ in range(20)] == [Reason.INVALID_PIN] * 20
    assert world.reception.status().locked_out == world.reception.status().pin_locked_out == 0


@pytest.mark.parametrize(
    ("door", "reason"),
    [
        (DoorStatus(is_open=True), Reason.DOOR_OPEN),
        (DoorStatus(is_open=False, closed_since=Seconds(99.5)), Reason.DOOR_OPEN),
        (DoorStatus(is_open=False, closed_since=Seconds(99.0)), Reason.INVALID_PIN),
    ],
)
def test_a_pin_at_an_open_door_is_neither_compared_nor_counted(door, reason):
    world = World(people={"Ada": with_pin()})
    world.door = door
    assert world.enter("9513").reason is reason
    assert world.store.standing.pins.failures == (reason is Reason.INVALID_PIN)
