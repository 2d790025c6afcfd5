"""Face and PIN, in either order."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise

import pytest

from faceplate.access.pin import PinOwner, hash_pin, owner_of
from faceplate.events import DoorMode, DoorStatus
from faceplate.rights import Rights
from faceplate.types import Decision, Match, Method, Outcome, Reason, Seconds
from reception_desk import (
    ADAS_DURESS_PIN,
    ADAS_PIN,
    GRACES_PIN,
    NOON,
    World,
    access_rules,
    reasons,
    with_pin,
)
from strategies_access import ambiguous, unknown, unusable, verified

ADA = with_pin(duress=ADAS_DURESS_PIN)
GRACE = with_pin(pin=GRACES_PIN)
PEOPLE = {"Ada": ADA, "Grace": GRACE, "Bob": Rights()}
GRANTED, DENIED, NOTHING = Outcome.GRANTED, Outcome.DENIED, Outcome.NOTHING


def world_with_pins(**rules: object) -> World:
    """Every resident needs a PIN, always."""
    return World(access_rules(**{"roles": {"resident": {"pin": "always"}}} | rules), PEOPLE)


def twins(track: int = 1) -> Match:
    return ambiguous(track, ADA, GRACE)


def test_the_face_and_then_the_pin():
    world = world_with_pins()
    assert reasons(world.watch(verified("Ada", 1, ADA), frames=5)) == [Reason.LOOKING] * 2 + [Reason.PIN_NEEDED] * 3
    assert world.reception.status().awaiting_pin
    decision = world.enter(ADAS_PIN)
    assert (decision.outcome, decision.reason, decision.method) == (GRANTED, Reason.VERIFIED, Method.FACE_AND_PIN)
    assert (decision.holder, decision.person, decision.frame, decision.duress) == ("Ada", "Ada", None, False)
    assert decision.time == world.now
    assert not world.reception.status().awaiting_pin
    assert set(reasons(world.watch(verified("Ada", 1, ADA), frames=30))) == {Reason.ALREADY_DECIDED}


def test_the_pin_and_then_the_face():
    world = world_with_pins()
    assert world.enter(ADAS_PIN).reason is Reason.FACE_NEEDED
    made = world.watch(verified("Ada", 1, ADA), frames=3)
    assert reasons(made) == [Reason.LOOKING, Reason.LOOKING, Reason.VERIFIED]
    assert (made[-1].method, made[-1].holder, made[-1].frame) == (Method.FACE_AND_PIN, "Ada", world.frames)


@pytest.mark.parametrize("pin_first", [True, False])
def test_the_pin_that_calls_for_help_opens_like_the_other(pin_first):
    world = world_with_pins()
    if pin_first:
        world.enter(ADAS_DURESS_PIN)
    face = world.watch(verified("Ada", 1, ADA), frames=3)[-1]
    decision = face if pin_first else world.enter(ADAS_DURESS_PIN)
    assert (decision.outcome, decision.method, decision.duress) == (GRANTED, Method.FACE_AND_PIN, True)


def test_a_calm_pin_after_one_under_duress_counts():
    world = world_with_pins()
    world.enter(ADAS_DURESS_PIN)
    world.enter(ADAS_PIN)
    assert not world.watch(verified("Ada", 1, ADA), frames=3)[-1].duress


def test_look_alikes_too_may_call_for_help():
    for digits, duress in ((ADAS_DURESS_PIN, True), (ADAS_PIN, False)):
        world = World(people=PEOPLE)
        world.enter(digits)
        decision = world.watch(twins())[-1]
        assert (decision.outcome, decision.holder, decision.duress) == (GRANTED, "Ada", duress)


@pytest.mark.parametrize("digits", [GRACES_PIN, "9513", "", "abcd", "25800"])
def test_no_other_pin_will_do(digits):
    world = world_with_pins()
    world.watch(verified("Ada", 1, ADA), frames=3)
    decision = world.enter(digits)
    assert (decision.outcome, decision.reason, decision.person) == (DENIED, Reason.INVALID_PIN, None)
    assert world.store.standing.pins.failures == 1
    assert world.enter(ADAS_PIN).outcome is GRANTED, "the right one still does"


def test_nor_another_face():
    world = world_with_pins()
    world.enter(ADAS_PIN)
    assert reasons(world.watch(verified("Grace", 1, GRACE), frames=3))[-1] is Reason.PIN_NEEDED
    world = world_with_pins()
    world.enter(ADAS_PIN)
    assert GRANTED not in {each.outcome for each in world.watch(unknown(), frames=30)}


@pytest.mark.parametrize(("late", "granted"), [(15.0, True), (15.125, False)])
@pytest.mark.parametrize("pin_first", [True, False])
def test_they_must_follow_one_another_within_the_window(late, granted, pin_first):
    world = world_with_pins()
    if pin_first:
        world.enter(ADAS_PIN)
        world.wait(late - 3 * 0.125)
        decision = world.watch(verified("Ada", 1, ADA), frames=3)[-1]
    else:
        world.watch(verified("Ada", 1, ADA), frames=3)
        world.wait(late)
        decision = world.enter(ADAS_PIN)
    assert (decision.outcome is GRANTED) is granted


@pytest.mark.parametrize("pin_first", [True, False])
def test_whoever_does_not_go_on_is_told_once(pin_first):
    world = world_with_pins()
    if pin_first:
        world.enter(ADAS_PIN)
    else:
        world.watch(verified("Ada", 1, ADA), frames=3)
    assert world.see(wait=15.0).reason is Reason.NOBODY
    late = world.see()
    method = Method.PIN if pin_first else Method.FACE
    assert (late.outcome, late.reason, late.holder, late.method) == (DENIED, Reason.REQUEST_TIMEOUT, "Ada", method)
    assert not world.reception.status().awaiting_pin
    assert world.see().reason is Reason.NOBODY


@pytest.mark.parametrize("others", [(), (unknown(2),), (unknown(2), unknown(3))])
@pytest.mark.parametrize("pin_first", [True, False])
def test_it_is_told_whoever_is_in_view_by_then_and_about_the_one_who_began(pin_first, others):
    world = world_with_pins(several_people="refuse")
    began = None if pin_first else verified("Ada", 1, ADA)
    if began is None:
        world.enter(ADAS_PIN)
    else:
        world.watch(began, frames=3)
    late = world.see(*others, wait=15.125)
    assert (late.reason, late.holder, late.match) == (Reason.REQUEST_TIMEOUT, "Ada", began)
    assert (late.frame, late.time) == (world.frames, world.now)


def test_who_stays_is_asked_again_after_a_while():
    world = world_with_pins()
    made = world.watch(verified("Ada", 1, ADA), frames=8 * 40)
    changes = [made[0].reason, *(b.reason for a, b in pairwise(made) if a.reason is not b.reason)]
    asked = [Reason.LOOKING, Reason.PIN_NEEDED, Reason.REQUEST_TIMEOUT, Reason.ALREADY_DECIDED]
    assert changes == [*asked, Reason.LOOKING, Reason.PIN_NEEDED]


def test_the_window_begins_when_it_is_first_asked():
    world = world_with_pins()
    made = world.watch(verified("Ada", 1, ADA), frames=8 * 15 + 4)
    assert made[-2].reason is Reason.PIN_NEEDED
    assert made[-1].reason is Reason.REQUEST_TIMEOUT


def test_who_comes_next_is_asked_in_place_of_the_one_before():
    world = world_with_pins()
    world.watch(verified("Ada", 1, ADA), frames=3)
    world.watch(verified("Grace", 2, GRACE), frames=3)
    assert world.enter(ADAS_PIN).reason is Reason.INVALID_PIN
    assert world.enter(GRACES_PIN).holder == "Grace"


@pytest.mark.parametrize("person", ["Ada", "Grace"])
def test_look_alikes_tell_by_their_pin_which_they_are(person):
    world = World(people=PEOPLE)
    made = world.watch(twins())
    assert reasons(made) == [Reason.LOOKING] * 8 + [Reason.PIN_NEEDED]
    decision = world.enter({"Ada": ADAS_PIN, "Grace": GRACES_PIN}[person])
    assert (decision.outcome, decision.method, decision.person) == (GRANTED, Method.FACE_AND_PIN, person)
    assert decision.match is not None
    assert set(reasons(world.watch(twins(), frames=16))) == {Reason.ALREADY_DECIDED}, "that visit has had its answer"


@pytest.mark.parametrize("person", ["Ada", "Grace"])
def test_look_alikes_may_begin_with_their_pin(person):
    world = World(people=PEOPLE)
    world.enter({"Ada": ADAS_PIN, "Grace": GRACES_PIN}[person])
    decision = world.watch(twins())[-1]
    assert (decision.outcome, decision.method, decision.person) == (GRANTED, Method.FACE_AND_PIN, person)


def test_a_third_person_s_pin_is_no_look_alike_s():
    world = World(people=PEOPLE | {"Eve": with_pin(pin="4826")})
    world.enter("4826")
    assert world.watch(twins())[-1].reason is Reason.PIN_NEEDED
    assert world.enter("4826").reason is Reason.INVALID_PIN


@pytest.mark.parametrize(
    "frames",
    [
        [twins()] * 5,
        [twins(), twins(), twins(), twins(), verified("Ada", 1, ADA)],
        [verified("Grace"), twins(), verified("Grace"), twins(), unknown()],
    ],
)
def test_look_alikes_who_do_not_go_on_are_told_without_a_name(frames):
    """Neither the newest frame, nor that it may be only one of the two, is beyond doubt."""
    world = World(people=PEOPLE)
    assert [world.see(frame) for frame in [unusable()] * 4 + frames][-1].reason is Reason.PIN_NEEDED
    late = world.see(wait=16.0)
    assert (late.reason, late.holder) == (Reason.REQUEST_TIMEOUT, None)


@pytest.mark.parametrize(
    "frames",
    [
        [twins(), twins(), unknown(), unknown(), unknown()],
        [twins(), verified("Eve"), twins(), twins(), twins()],
        [ambiguous()] * 5,
    ],
)
def test_who_is_not_surely_one_of_two_with_a_pin_is_refused(frames):
    world = World(people=PEOPLE)
    made = [world.see(frame) for frame in [unusable()] * 4 + frames]
    assert (made[-1].outcome, made[-1].reason) == (DENIED, Reason.AMBIGUOUS)


@pytest.mark.parametrize(
    "frames",
    [
        [twins(), twins(), twins(), unknown(), unknown()],
        [verified("Ada"), twins(), verified("Ada"), twins(), unknown()],
        [ambiguous(1, Rights(), GRACE)] * 5,
    ],
)
def test_who_is_one_of_two_is_asked(frames):
    world = World(people=PEOPLE)
    assert [world.see(frame) for frame in [unusable()] * 4 + frames][-1].reason is Reason.PIN_NEEDED


@pytest.mark.parametrize("mode", [DoorMode.BLOCKED, DoorMode.LOCKED_DOWN])
def test_look_alikes_are_refused_like_everybody_at_a_blocked_door(mode):
    world = World(people=PEOPLE)
    world.door = DoorStatus(mode)
    decision = world.watch(twins())[-1]
    assert (decision.reason, decision.holder) == (Reason.DOOR_BLOCKED, None)
    assert world.enter(ADAS_PIN).reason is Reason.DOOR_BLOCKED


def test_look_alikes_keep_to_their_own_rules():
    away = with_pin(Rights(enabled=False))
    world = World(people=PEOPLE | {"Ada": away})
    world.watch(ambiguous(1, away, GRACE))
    decision = world.enter(ADAS_PIN)
    assert (decision.outcome, decision.reason, decision.holder) == (DENIED, Reason.CREDENTIAL_NOT_ENABLED, "Ada")
    world = World(people=PEOPLE | {"Ada": away})
    world.wait(2)
    assert world.enter(ADAS_PIN).reason is Reason.CREDENTIAL_NOT_ENABLED


def test_a_look_alike_whose_time_ran_out_since_the_pin_is_refused_by_name():
    ada = with_pin(Rights(valid_until=NOON + timedelta(seconds=1)))
    world = World(people=PEOPLE | {"Ada": ada})
    assert world.enter(ADAS_PIN).reason is Reason.FACE_NEEDED
    decision = world.watch(ambiguous(1, ada, GRACE))[-1]
    assert (decision.outcome, decision.reason, decision.holder) == (DENIED, Reason.CREDENTIAL_EXPIRED, "Ada")


def test_of_two_look_alikes_the_newest_frame_must_show_the_one_whose_pin_it_was():
    world = World(people=PEOPLE)
    world.enter(GRACES_PIN)
    made = [world.see(frame) for frame in [unusable()] * 4 + [twins()] * 4 + [verified("Ada", 1, ADA), twins()]]
    assert reasons(made[-2:]) == [Reason.LOOKING, Reason.VERIFIED]
    assert made[-1].holder == "Grace"


def test_a_look_alike_on_a_frame_from_just_after_a_grant_waits():
    """The PIN came a second after it; the frame was taken in between, and is judged only now."""
    world = World(people=PEOPLE)
    world.watch(twins(), frames=8)
    assert world.watch(verified("Bob", 2), frames=3)[-1].outcome is GRANTED
    world.wait(1.0)
    assert world.enter(ADAS_PIN).reason is Reason.FACE_NEEDED
    assert world.see(twins(), age=0.25, wait=0.125).reason is Reason.TOO_SOON
    assert world.see(twins(), wait=0.125).outcome is GRANTED


def test_with_face_unlock_off_a_pin_that_needs_a_face_opens_nothing():
    world = world_with_pins()
    world.watch(verified("Ada", 1, ADA), frames=3)
    world.reception.switch_face_unlock(on=False)
    assert world.enter(ADAS_PIN).reason is Reason.FACE_UNLOCK_OFF
    assert world.store.standing.pins.failures == 0
    world = World(access_rules(pin={"alone": True}, roles={"resident": {"pin": "always"}}), PEOPLE)
    world.watch(verified("Ada", 1, ADA), frames=3)
    world.reception.switch_face_unlock(on=False)
    decision = world.enter(ADAS_PIN)
    assert (decision.outcome, decision.method) == (GRANTED, Method.PIN), "the face beside it counts for nothing"


def test_what_changed_since_the_face_was_seen_counts():
    for change in ("blocked", "expired", "removed", "disabled", "opened"):
        world = world_with_pins()
        world.watch(verified("Ada", 1, ADA), frames=3)
        if change == "blocked":
            world.door = DoorStatus(DoorMode.BLOCKED)
        elif change == "opened":
            world.door = DoorStatus(is_open=True)
            world.see()
            world.door = DoorStatus(is_open=False, closed_since=Seconds(world.now))
            world.wait(1)
        elif change == "removed":
            del world.people["Ada"]
        else:
            ended = {"expired": Rights(valid_until=NOON), "disabled": Rights(enabled=False)}[change]
            world.people["Ada"] = with_pin(ended)
        assert world.enter(ADAS_PIN).outcome is not GRANTED, change


def switched_off(world: World) -> None:
    world.reception.switch_face_unlock(on=False)


def blocked(world: World) -> None:
    world.door = DoorStatus(DoorMode.BLOCKED)


def opened(world: World) -> None:
    world.door = DoorStatus(is_open=True)


def somebody_was_let_in(world: World) -> None:
    world.watch(verified("Bob", 2), frames=3)


@pytest.mark.parametrize(
    ("change", "outcome", "reason"),
    [
        (blocked, DENIED, Reason.DOOR_BLOCKED),
        (switched_off, DENIED, Reason.FACE_UNLOCK_OFF),
        (opened, NOTHING, Reason.DOOR_OPEN),
        (somebody_was_let_in, NOTHING, Reason.TOO_SOON),
    ],
)
def test_what_changed_while_the_pin_was_compared_counts(change, outcome, reason, monkeypatch):
    """A patch, because there is no other way to get in between."""
    world = World(people=PEOPLE)

    def meanwhile(digits: str, people: Iterable[tuple[str, Rights]]) -> PinOwner | None:
        world.wait(0.125)
        change(world)
        return owner_of(digits, people)

    monkeypatch.setattr("faceplate.access.reception.owner_of", meanwhile)
    assert world.enter(ADAS_PIN) == Decision(None, Seconds(world.now), outcome, reason, method=Method.PIN)
    assert world.store.standing.pins.failures == 0, "it was the right one"


def test_a_pin_alone_keeps_to_the_rules_of_its_person():
    rules = access_rules(pin={"alone": True}, roles={"resident": {"pin": "always"}})
    for rights, reason in (
        (Rights(), Reason.VERIFIED),
        (Rights(schedule="never"), Reason.NOT_PERMITTED_AT_THIS_TIME),
        (Rights(valid_from=NOON + timedelta(days=1)), Reason.CREDENTIAL_NOT_ACTIVE),
    ):
        decision = World(rules, {"Ada": with_pin(rights)}).enter(ADAS_PIN)
        assert (decision.reason, decision.holder, decision.method) == (reason, "Ada", Method.PIN)


@pytest.mark.parametrize(("digits", "reason"), [("73197", Reason.FACE_NEEDED), ("731973", Reason.VERIFIED)])
def test_a_pin_that_a_stranger_might_guess_needs_a_face_all_the_same(digits, reason):
    people = {"Ada": Rights(pin=hash_pin(digits, cost=2))}
    assert World(access_rules(pin={"alone": True}), people).enter(digits).reason is reason


def test_where_a_pin_is_enough_the_face_beside_it_counts_too():
    world = World(access_rules(pin={"alone": True}, roles={"resident": {"pin": "always"}}), PEOPLE)
    world.watch(verified("Ada", 1, ADA), frames=3)
    assert world.enter(GRACES_PIN).method is Method.PIN
    world.wait(2)
    world.watch(verified("Ada", 2, ADA), frames=3)
    assert world.enter(ADAS_PIN).method is Method.FACE_AND_PIN


def test_who_was_let_in_by_a_pin_alone_is_not_let_in_again_by_their_face():
    world = World(access_rules(pin={"alone": True}), PEOPLE)
    world.see(verified("Ada"))
    world.enter(ADAS_PIN)
    world.wait(2)
    assert set(reasons(world.watch(verified("Ada"), frames=5))) == {Reason.ALREADY_DECIDED}


def test_a_second_pin_in_the_same_moment_opens_nothing():
    world = World(access_rules(pin={"alone": True}), PEOPLE)
    assert world.enter(ADAS_PIN).outcome is GRANTED
    world.wait(0.875)
    assert world.enter(GRACES_PIN).reason is Reason.TOO_SOON
    world.wait(0.125)
    assert world.enter(GRACES_PIN).outcome is GRANTED


def test_the_loop_does_not_wait_for_a_pin_and_pins_wait_for_one_another(monkeypatch):
    """A patch, to stop in the middle of a comparison."""
    world = World(people=PEOPLE)
    comparing, go_on = threading.Event(), threading.Event()
    at_once = []

    def slow(*_: object) -> None:
        at_once.append(threading.active_count())
        comparing.set()
        assert go_on.wait(10)

    monkeypatch.setattr("faceplate.access.reception.owner_of", slow)
    answers: list[Reason] = []
    threads = [threading.Thread(target=lambda: answers.append(world.enter("9513").reason)) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert comparing.wait(10)
    assert world.watch(verified("Bob"), frames=3)[-1].outcome is GRANTED
    world.wait(2)
    assert len(at_once) == 1
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert sorted(answers) == [Reason.INVALID_PIN] * 3 + [Reason.LOCKED_OUT] * 2


def test_of_two_look_alikes_only_those_count_whom_enough_frames_may_show():
    """Twice Grace beyond doubt, twice one of the two, one stranger: that may be Grace, and not Ada."""
    for digits, outcome in ((ADAS_PIN, DENIED), (GRACES_PIN, GRANTED)):
        world = World(people=PEOPLE)
        frames = [unusable()] * 4 + [verified("Grace"), twins(), verified("Grace"), twins(), unknown()]
        assert [world.see(frame) for frame in frames][-1].reason is Reason.PIN_NEEDED
        assert world.enter(digits).outcome is outcome
