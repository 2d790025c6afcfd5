"""A PIN that is given from afar: it opens alone, or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from faceplate.access.pin import hash_pin
from faceplate.events import DoorMode, DoorStatus
from faceplate.rights import Rights
from faceplate.types import Method, Outcome, Reason, Seconds
from reception_desk import ADAS_DURESS_PIN, ADAS_PIN, GRACES_PIN, FullDisk, World, access_rules, with_pin
from strategies_access import verified

ADA = with_pin(duress=ADAS_DURESS_PIN)
PEOPLE = {"Ada": ADA, "Grace": with_pin(pin=GRACES_PIN), "Bob": Rights()}


def test_it_lets_its_owner_in_whoever_else_may_open_by_pin_alone():
    decision = World(people=PEOPLE).send(GRACES_PIN)
    assert (decision.outcome, decision.person) == (Outcome.GRANTED, "Grace")
    assert decision.method is Method.REMOTE_PIN
    assert decision.match is None


def test_who_is_forced_to_give_it_calls_for_help():
    decision = World(people=PEOPLE).send(ADAS_DURESS_PIN)
    assert decision.outcome is Outcome.GRANTED
    assert decision.duress


@pytest.mark.parametrize("digits", ["73197", "7319"])
def test_a_short_one_opens_nothing_is_not_compared_and_awaits_no_face(digits):
    world = World(people={"Ada": Rights(pin=hash_pin(digits, cost=2))})
    decision = world.send(digits)
    assert (decision.outcome, decision.reason) == (Outcome.DENIED, Reason.INVALID_PIN)
    assert world.store.standing.pins.failures == 0
    assert world.see(verified("Ada", 1, world.people["Ada"])).outcome is not Outcome.GRANTED


def test_it_has_nothing_to_do_with_the_face_at_the_door():
    world = World(access_rules(roles={"resident": {"pin": "always"}}), PEOPLE)
    assert world.watch(verified("Ada", 1, ADA), frames=3)[-1].reason is Reason.PIN_NEEDED
    decision = world.send(ADAS_PIN)
    assert (decision.outcome, decision.method, decision.match) == (Outcome.GRANTED, Method.REMOTE_PIN, None)


def test_nor_does_it_complete_a_face_that_comes_later():
    world = World(access_rules(roles={"resident": {"pin": "always"}}, pin={"failures": 1}), PEOPLE)
    world.door = DoorStatus(is_open=True)
    assert world.send(ADAS_PIN).reason is Reason.DOOR_OPEN
    world.door = DoorStatus()
    assert world.watch(verified("Ada", 1, ADA), frames=3)[-1].reason is Reason.PIN_NEEDED


@pytest.mark.parametrize(
    ("rights", "reason"),
    [
        (replace(ADA, enabled=False), Reason.CREDENTIAL_NOT_ENABLED),
        (replace(ADA, schedule="never"), Reason.NOT_PERMITTED_AT_THIS_TIME),
    ],
)
def test_its_owner_s_rules_hold(rights, reason):
    decision = World(people={"Ada": rights}).send(ADAS_PIN)
    assert (decision.outcome, decision.reason, decision.person) == (Outcome.DENIED, reason, "Ada")


@pytest.mark.parametrize("mode", [DoorMode.BLOCKED, DoorMode.LOCKED_DOWN])
def test_at_a_blocked_door_it_opens_nothing(mode):
    world = World(people=PEOPLE)
    world.door = DoorStatus(mode=mode)
    assert world.send(ADAS_PIN).reason is Reason.DOOR_BLOCKED


def test_wrong_ones_lock_out_those_at_the_keypad_too_and_a_restart_saves_nothing():
    world = World(access_rules(pin={"failures": 2, "alone": True}), PEOPLE)
    for _ in range(2):
        assert world.send("951384").reason is Reason.INVALID_PIN
        world.wait(2)
    world.restart()
    assert world.send(ADAS_PIN).reason is Reason.LOCKED_OUT
    assert world.enter(ADAS_PIN).reason is Reason.LOCKED_OUT


def test_two_at_once_open_once():
    world = World(people=PEOPLE)
    assert world.send(ADAS_PIN).outcome is Outcome.GRANTED
    assert (world.send(ADAS_PIN).outcome, world.send(ADAS_PIN).reason) == (Outcome.NOTHING, Reason.TOO_SOON)
    assert world.see(verified("Grace", 1)).outcome is not Outcome.GRANTED


def test_it_forgives_no_failed_visits_only_wrong_pins():
    world = World(access_rules(lockout={"failures": 50}), PEOPLE)
    world.send("951384")
    world.send(ADAS_PIN)
    assert world.store.standing.pins.failures == 0


def test_what_cannot_be_counted_opens_nothing():
    world = World(people=PEOPLE, store=FullDisk())
    world.store.full = True
    with pytest.raises(OSError, match="no room"):
        world.send(ADAS_PIN)


def test_the_time_it_counts_for_is_now():
    world = World(people=PEOPLE)
    assert world.send(ADAS_PIN).time == Seconds(world.now)
