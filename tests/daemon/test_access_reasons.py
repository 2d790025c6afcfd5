"""Every reason there is, each brought about; and every key of the section `access`, each with what it changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from actors import Person, Pose, Recording, play
from faceplate.access.standing import Standing
from faceplate.config import AccessConfig
from faceplate.config.access import BackoffConfig, IntentConfig, PinConfig, RoleConfig
from faceplate.config.doubt import ChallengeConfig, StepUpConfig
from faceplate.config.schedule import ScheduleConfig
from faceplate.events import DoorMode, DoorStatus
from faceplate.liveness import Liveness
from faceplate.rights import Rights, Role
from faceplate.types import Decision, Flaw, Method, Outcome, Reason, Seconds
from reception_desk import ADAS_DURESS_PIN, ADAS_PIN, NOON, FullDisk, World, access_rules, with_pin
from strategies_access import alive, ambiguous, sized, unknown, unusable, verified

DAY = timedelta(days=1)
ADA = verified("Ada")
OPEN = DoorStatus(is_open=True)


def shown(world: World, rights: Rights | None = None) -> Decision:
    """What Ada is answered on the third frame."""
    return world.watch(verified("Ada", 1, rights or Rights()), frames=3)[-1]


def verified_person() -> Decision:
    return shown(World())


def nobody() -> Decision:
    return World().see()


def looking() -> Decision:
    return World().see(ADA)


def already_decided() -> Decision:
    return World().watch(ADA, frames=4)[-1]


def stale_frame() -> Decision:
    return World().see(ADA, age=1.125)


def credential_not_found() -> Decision:
    return World().watch(unknown())[-1]


def ambiguous_face() -> Decision:
    return World().watch(ambiguous())[-1]


def several_people() -> Decision:
    world = World()
    for _ in range(4):
        world.see(ADA)
        world.see(verified("Grace"))
    return world.see(ADA)


def low_quality() -> Decision:
    return World().watch(unusable())[-1]


def several_in_view() -> Decision:
    return World(AccessConfig(several_people="refuse")).see(ADA, unknown(2))


def locked_out() -> Decision:
    world = World(access_rules(lockout={"failures": 1}))
    world.watch(unknown(1))
    return world.watch(unknown(2))[-1]


def not_enabled() -> Decision:
    return shown(World(), Rights(enabled=False))


def not_active() -> Decision:
    return shown(World(), Rights(valid_from=NOON + DAY))


def expired() -> Decision:
    return shown(World(), Rights(valid_until=NOON - DAY))


def not_permitted() -> Decision:
    return shown(World(), Rights(schedule="never"))


def clock_untrusted() -> Decision:
    world = World()
    world.reception.trust_clock()
    world.wall = NOON - DAY
    return shown(world, Rights(valid_until=NOON + DAY))


def face_unlock_off() -> Decision:
    world = World()
    world.reception.switch_face_unlock(on=False)
    return shown(world)


def door_blocked() -> Decision:
    world = World()
    world.door = DoorStatus(DoorMode.BLOCKED)
    return shown(world)


def door_open() -> Decision:
    world = World()
    world.door = OPEN
    return shown(world)


def too_soon() -> Decision:
    world = World()
    world.watch(ADA, frames=3)
    return world.watch(verified("Grace", 2), frames=3)[-1]


def intent_needed() -> Decision:
    return shown(World(AccessConfig(intent=IntentConfig(bell=Seconds(20.0)))))


def pin_needed() -> Decision:
    return shown(World(access_rules(roles={"resident": {"pin": "always"}})))


def face_needed() -> Decision:
    return World(people={"Ada": with_pin()}).enter(ADAS_PIN)


def invalid_pin() -> Decision:
    return World(people={"Ada": with_pin()}).enter("9513")


def request_timeout() -> Decision:
    world = World(people={"Ada": with_pin()})
    world.enter(ADAS_PIN)
    return world.see(wait=15.125)


def tailgating() -> Decision:
    world = World()
    world.watch(ADA, frames=3)
    world.door = OPEN
    return world.watch(unknown(2), frames=3)[-1]


def spoof_suspected() -> Decision:
    return World(liveness="passive").see(alive(ADA, Liveness.SPOOF))


def liveness_unsure() -> Decision:
    return World(liveness="passive").watch(alive(ADA, Liveness.UNSURE), frames=25)[-1]


def challenge_needed() -> Decision:
    return World(liveness="challenge").watch(alive(ADA), frames=3)[-1]


def challenge_failed() -> Decision:
    return play(World(liveness="challenge"), Recording([(0.0, Pose())]))[-1]


DENIED, NOTHING = Outcome.DENIED, Outcome.NOTHING

EXAMPLES: dict[Reason, tuple[Callable[[], Decision], Outcome, str | None]] = {
    Reason.VERIFIED: (verified_person, Outcome.GRANTED, "Ada"),
    Reason.NOBODY: (nobody, NOTHING, None),
    Reason.LOOKING: (looking, NOTHING, None),
    Reason.ALREADY_DECIDED: (already_decided, NOTHING, None),
    Reason.STALE_FRAME: (stale_frame, NOTHING, None),
    Reason.CREDENTIAL_NOT_FOUND: (credential_not_found, DENIED, None),
    Reason.AMBIGUOUS: (ambiguous_face, DENIED, None),
    Reason.SEVERAL_PEOPLE: (several_people, DENIED, None),
    Reason.LOW_QUALITY: (low_quality, DENIED, None),
    Reason.SEVERAL_IN_VIEW: (several_in_view, NOTHING, None),
    Reason.LOCKED_OUT: (locked_out, DENIED, None),
    Reason.CREDENTIAL_NOT_ENABLED: (not_enabled, DENIED, "Ada"),
    Reason.CREDENTIAL_NOT_ACTIVE: (not_active, DENIED, "Ada"),
    Reason.CREDENTIAL_EXPIRED: (expired, DENIED, "Ada"),
    Reason.NOT_PERMITTED_AT_THIS_TIME: (not_permitted, DENIED, "Ada"),
    Reason.CLOCK_UNTRUSTED: (clock_untrusted, DENIED, "Ada"),
    Reason.FACE_UNLOCK_OFF: (face_unlock_off, DENIED, "Ada"),
    Reason.DOOR_BLOCKED: (door_blocked, DENIED, "Ada"),
    Reason.DOOR_OPEN: (door_open, NOTHING, None),
    Reason.TOO_SOON: (too_soon, NOTHING, None),
    Reason.INTENT_NEEDED: (intent_needed, NOTHING, None),
    Reason.PIN_NEEDED: (pin_needed, NOTHING, None),
    Reason.FACE_NEEDED: (face_needed, NOTHING, None),
    Reason.INVALID_PIN: (invalid_pin, DENIED, None),
    Reason.REQUEST_TIMEOUT: (request_timeout, DENIED, "Ada"),
    Reason.SPOOF_SUSPECTED: (spoof_suspected, DENIED, None),
    Reason.LIVENESS_UNSURE: (liveness_unsure, DENIED, None),
    Reason.CHALLENGE_NEEDED: (challenge_needed, NOTHING, None),
    Reason.CHALLENGE_FAILED: (challenge_failed, DENIED, None),
    Reason.TAILGATING: (tailgating, Outcome.WARNED, "Ada"),
}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_given(reason: Reason):
    example, outcome, person = EXAMPLES[reason]
    decision = example()
    assert (decision.reason, decision.outcome, decision.person) == (reason, outcome, person)
    assert (decision.cue is not None) is (reason is Reason.CHALLENGE_NEEDED)


@pytest.mark.parametrize("mode", DoorMode)
def test_who_may_pass_in_which_mode(mode: DoorMode):
    for enter in (False, True):
        world = World(access_rules(pin={"alone": True}), people={"Ada": with_pin()})
        world.door = DoorStatus(mode)
        decision = world.enter(ADAS_PIN) if enter else shown(world)
        blocked = mode in {DoorMode.BLOCKED, DoorMode.LOCKED_DOWN}
        assert decision.reason is (Reason.DOOR_BLOCKED if blocked else Reason.VERIFIED)
        assert (decision.outcome is Outcome.GRANTED) is not blocked


@pytest.mark.parametrize(
    ("hindrance", "reason"),
    [
        (DoorStatus(DoorMode.BLOCKED), Reason.DOOR_BLOCKED),
        (DoorStatus(DoorMode.LOCKED_DOWN), Reason.DOOR_BLOCKED),
        (DoorStatus(), Reason.NOT_PERMITTED_AT_THIS_TIME),
    ],
)
def test_a_known_person_is_refused_once_in_a_visit_and_never_counted(hindrance, reason):
    store = FullDisk()
    world = World(store=store)
    world.door = hindrance
    made = world.watch(verified("Ada", 1, Rights(schedule="never")), frames=40)
    told = [decision for decision in made if decision.outcome is not NOTHING]
    assert [(each.reason, each.holder) for each in told] == [(reason, "Ada")]
    assert store.saves == []


def test_a_verified_person_without_rights_is_not_let_in():
    world = World()
    decision = world.watch(replace(ADA, rights=None), frames=3)[-1]
    assert (decision.outcome, decision.reason) == (DENIED, Reason.CREDENTIAL_NOT_ENABLED)


def test_what_comes_first_when_everything_is_wrong():
    """Each is taken away in turn, and the next shows."""
    rights = Rights(enabled=False, valid_from=NOON + DAY, valid_until=NOON - DAY, schedule="never")
    store = FullDisk(Standing(face_unlock=False, latest=NOON + DAY))
    world = World(store=store)
    world.door = DoorStatus(DoorMode.BLOCKED, is_open=True)
    seen = []

    def look(changed: Rights) -> None:
        seen.append(world.watch(verified("Ada", 1, changed), frames=3)[-1].reason)
        world.wait(11)

    look(rights)
    world.door = DoorStatus(DoorMode.BLOCKED)
    look(rights)
    world.door = DoorStatus()
    look(rights)
    world.reception.switch_face_unlock(on=True)
    look(rights)
    look(rights := replace(rights, enabled=True))
    world.reception.trust_clock()
    look(rights)
    look(rights := replace(rights, valid_from=None))
    look(rights := replace(rights, valid_until=None))
    look(replace(rights, schedule=None))
    assert seen == [
        Reason.DOOR_OPEN,
        Reason.DOOR_BLOCKED,
        Reason.FACE_UNLOCK_OFF,
        Reason.CREDENTIAL_NOT_ENABLED,
        Reason.CLOCK_UNTRUSTED,
        Reason.CREDENTIAL_NOT_ACTIVE,
        Reason.CREDENTIAL_EXPIRED,
        Reason.NOT_PERMITTED_AT_THIS_TIME,
        Reason.VERIFIED,
    ]


@pytest.mark.parametrize(
    ("is_open", "closed", "answered"),
    [
        (True, None, False),
        (True, 50.0, False),
        (False, 0.875, False),
        (False, 1.0, True),
        (None, None, True),
        (False, None, True),
        (False, -1.0, False),
    ],
)
def test_frames_of_an_open_door_and_of_one_that_only_just_closed_open_nothing(is_open, closed, answered):
    """`closed`: for how long it had been, when the frame was taken."""
    world = World(access_rules(frames_needed=1, frames_considered=1))
    since = None if closed is None else Seconds(world.now + 0.125 - closed)
    world.door = DoorStatus(is_open=is_open, closed_since=since)
    decision = world.see(ADA)
    assert decision.reason is (Reason.VERIFIED if answered else Reason.DOOR_OPEN)


def test_what_was_seen_before_the_door_opened_counts_for_nothing_after():
    world = World()
    world.watch(ADA, frames=2)
    world.door = OPEN
    world.see(ADA)
    world.door = DoorStatus(is_open=False, closed_since=Seconds(world.now - 1))
    assert [each.reason for each in world.watch(ADA, frames=3)] == [Reason.LOOKING, Reason.LOOKING, Reason.VERIFIED]


@pytest.mark.parametrize(("after", "reason"), [(0.875, Reason.TOO_SOON), (1.0, Reason.VERIFIED)])
def test_the_next_one_waits_for_a_second(after, reason):
    world = World(access_rules(frames_needed=1, frames_considered=1))
    assert world.see(ADA).outcome is Outcome.GRANTED
    assert world.see(verified("Grace", 2), wait=after).reason is reason


def test_who_needs_longer_gets_longer():
    assert not shown(World()).extended
    assert shown(World(), Rights(extended_time=True)).extended


@pytest.mark.parametrize(
    ("intent", "match", "bell", "enough"),
    [
        ({}, ADA, None, True),
        ({"dwell": 0.25}, ADA, None, True),
        ({"dwell": 0.375}, ADA, None, False),
        ({"min_face": 100.0}, ADA, None, True),
        ({"min_face": 100.5}, ADA, None, False),
        ({"max_turn": 0.3}, sized(ADA, 100.0, turn=0.25), None, True),
        ({"max_turn": 0.3}, sized(ADA, 100.0, turn=0.3), None, False),
        ({"bell": 20.0}, ADA, None, False),
        ({"bell": 20.0}, ADA, 20.0, True),
        ({"bell": 20.0}, ADA, 20.125, False),
        ({"bell": 20.0}, ADA, 0.0, True),
        ({"bell": 20.0}, ADA, -0.125, False),
        ({"dwell": 0.25, "min_face": 100.0, "max_turn": 0.1, "bell": 1.0}, ADA, 0.5, True),
        ({"dwell": 0.25, "min_face": 100.0, "max_turn": 0.1, "bell": 1.0}, ADA, 1.5, False),
    ],
)
def test_what_shows_that_somebody_wants_in(intent, match, bell, enough):
    world = World(access_rules(intent=intent))
    if bell is not None:
        world.door = DoorStatus(bell_rang=Seconds(world.now + 0.375 - bell))
    assert world.watch(match, frames=3)[-1].reason is (Reason.VERIFIED if enough else Reason.INTENT_NEEDED)


def test_whoever_does_not_want_in_is_told_nothing_about_their_face():
    """So that nobody finds out which picture would open without anybody counting."""
    for match in (ADA, unknown(), ambiguous(), unusable()):
        world = World(access_rules(intent={"bell": 20.0}), store=(store := FullDisk()))
        assert {each.reason for each in world.watch(match, frames=40)} == {Reason.INTENT_NEEDED}
        assert store.saves == []


def test_of_several_in_view_the_far_ones_do_not_matter():
    world = World(AccessConfig(several_people="refuse"))
    far = unusable(2, Flaw.TOO_SMALL)
    assert world.watch(ADA, far, frames=3)[-1].outcome is Outcome.GRANTED


def two_in_view(several_people: str) -> object:
    return World(access_rules(several_people=several_people)).watch(ADA, unknown(2), frames=3)[-1].reason


def frames_until_granted(**rules: object) -> object:
    world = World(access_rules(**rules))
    return next(n for n in range(1, 20) if world.see(ADA).outcome is Outcome.GRANTED)


def frames_until_denied(**rules: object) -> object:
    world = World(access_rules(**rules))
    return next(n for n in range(1, 99) if world.see(unknown()).outcome is DENIED)


def answers_in_a_minute(**rules: object) -> object:
    return sum(each.outcome is Outcome.GRANTED for each in World(access_rules(**rules)).watch(ADA, frames=480))


def locked_out_for(attempts: int = 1, wait: float = 11.0, **lockout: object) -> object:
    world = World(access_rules(lockout={"failures": 1} | lockout))
    for _ in range(attempts):
        world.see(wait=float(world.reception.status().locked_out) + wait)
        world.watch(unknown())
    return round(world.reception.status().locked_out)


def pins_locked_out_for(attempts: int = 1, wait: float = 0.0, **pin: object) -> object:
    world = World(access_rules(pin={"failures": 1} | pin))
    for _ in range(attempts):
        world.wait(world.reception.status().pin_locked_out + wait)
        world.enter("9513")
    return round(world.reception.status().pin_locked_out)


def pin_alone(alone: object) -> object:
    return World(access_rules(pin={"alone": alone}), {"Ada": with_pin()}).enter(ADAS_PIN).outcome


def pin_in_time(window: object) -> object:
    world = World(access_rules(pin={"window": window}), {"Ada": with_pin()})
    world.enter(ADAS_PIN)
    world.wait(10)
    return world.watch(ADA, frames=3)[-1].method


def twins(for_lookalikes: object) -> object:
    world = World(access_rules(pin={"for_lookalikes": for_lookalikes}))
    return world.watch(ambiguous(1, with_pin()))[-1].reason


def pin_in_a_lock_out(pin_opens: object) -> object:
    world = World(access_rules(lockout={"failures": 1, "pin_opens": pin_opens}), {"Ada": with_pin()})
    world.watch(unknown())
    world.watch(verified("Ada", 2), frames=3)
    return world.enter(ADAS_PIN).outcome


def at_noon(**rules: object) -> object:
    week = {"it": {"wednesday": ["11:30-12:30"], "holidays": ["00:00-01:00"]}}
    roles = {"resident": {"schedule": "it"}}
    return shown(World(access_rules(**{"schedules": week, "roles": roles, "time_zone": "UTC"} | rules))).outcome


def on_day(day: str) -> object:
    return at_noon(schedules={"it": {day: ["11:30-12:30"]}})


def on_a_holiday(windows: list[str]) -> object:
    return at_noon(schedules={"it": {"holidays": windows}}, holidays=["2026-06-03"])


def by_role(role: Role, key: str, schedule: str) -> object:
    world = World(access_rules(roles={role.value: {key: schedule}}))
    return shown(world, Rights(role)).reason


def bell_needed(seconds: object) -> object:
    world = World(access_rules(intent={"bell": seconds}))
    world.door = DoorStatus(bell_rang=Seconds(world.now - 10))
    return shown(world).reason


def with_intent(key: str, value: object) -> object:
    return shown(World(access_rules(intent={key: value}))).reason


def after_an_old_frame(age: object) -> object:
    return World(access_rules(max_frame_age=age)).see(ADA, age=2.0).reason


def after_a_while(window: object) -> object:
    world = World(access_rules(visit_window=window))
    return [world.see(ADA, wait=3.0).reason for _ in range(3)][-1]


def settled(seconds: object) -> object:
    world = World(access_rules(settle_time=seconds))
    world.door = DoorStatus(is_open=False, closed_since=Seconds(world.now))
    return shown(world).reason


def next_one(interval: object) -> object:
    world = World(access_rules(grant_interval=interval))
    shown(world)
    return world.watch(verified("Grace", 2), frames=3)[-1].reason


def with_turn(key: str, value: object) -> object:
    world = World(access_rules(intent={key: value}))
    return world.watch(sized(ADA, 100.0, turn=0.5), frames=3)[-1].reason


def frames_until_challenged(key: str, value: object) -> object:
    world = World(access_rules(challenge={key: value}), liveness="motion")
    unsure = alive(ADA, Liveness.UNSURE)
    return next(n for n in range(1, 99) if world.see(unsure).reason is Reason.CHALLENGE_NEEDED)


def frames_until_passed(key: str, value: object) -> object:
    return len(play(World(access_rules(challenge={key: value}), liveness="motion"), Person(), seconds=60))


def frames_until_failed(key: str, value: object) -> object:
    return len(play(World(access_rules(challenge={key: value}), liveness="motion"), Recording([(0.0, Pose())])))


def stepped_up(failed: bool = False, **rules: object) -> object:  # noqa: FBT001, FBT002 - whether a visit failed before
    world = World(access_rules(step_up=rules), liveness="motion")
    if failed:
        world.watch(alive(unknown(7)))
    rights = with_pin()
    return world.watch(alive(replace(verified("Ada", 1, rights), is_close_call=True)), frames=3)[-1].reason


# For each key: the same question, asked with two settings, that must be answered in two ways.
KEYS: dict[str, tuple[Callable[[object], object], object, object]] = {
    "risk": (lambda v: frames_until_granted(risk=v), "standard", "high"),
    "frames_needed": (lambda v: frames_until_granted(frames_needed=v), 2, 4),
    "frames_considered": (lambda v: frames_until_denied(frames_considered=v), 5, 12),
    "visit_window": (after_a_while, 5.0, 20.0),
    "patience": (lambda v: frames_until_denied(patience=v), 1.0, 2.0),
    "repeat_after": (lambda v: answers_in_a_minute(repeat_after=v), 10.0, 30.0),
    "max_frame_age": (after_an_old_frame, 1.0, 3.0),
    "grant_interval": (next_one, 0.0, 5.0),
    "settle_time": (settled, 0.0, 5.0),
    "several_people": (lambda v: two_in_view(str(v)), "nearest", "refuse"),
    "intent.dwell": (lambda v: with_intent("dwell", v), 0.0, 5.0),
    "intent.min_face": (lambda v: with_intent("min_face", v), 0.0, 200.0),
    "intent.max_turn": (lambda v: with_turn("max_turn", v), None, 0.3),
    "intent.bell": (bell_needed, 5.0, 30.0),
    "lockout.failures": (lambda v: locked_out_for(failures=v), 1, 2),
    "lockout.first": (lambda v: locked_out_for(first=v), 60.0, 120.0),
    "lockout.longest": (lambda v: locked_out_for(3, longest=v), 60.0, 120.0),
    "lockout.forget_after": (lambda v: locked_out_for(3, 61.0, forget_after=v), 60.0, 86400.0),
    "lockout.pin_opens": (pin_in_a_lock_out, True, False),
    "pin.failures": (lambda v: pins_locked_out_for(failures=v), 1, 2),
    "pin.first": (lambda v: pins_locked_out_for(first=v), 60.0, 120.0),
    "pin.longest": (lambda v: pins_locked_out_for(3, longest=v), 60.0, 120.0),
    "pin.forget_after": (lambda v: pins_locked_out_for(3, 61.0, forget_after=v), 60.0, 86400.0),
    "pin.window": (pin_in_time, 5.0, 15.0),
    "pin.alone": (pin_alone, True, False),
    "pin.for_lookalikes": (twins, True, False),
    "challenge.steps": (lambda v: frames_until_passed("steps", v), 1, 3),
    "challenge.step_time": (lambda v: frames_until_failed("step_time", v), 2.0, 6.0),
    "challenge.after": (lambda v: frames_until_challenged("after", v), 1.0, 3.0),
    "step_up.ask": (lambda v: stepped_up(ask=v), "challenge", "pin"),
    "step_up.after_failures": (lambda v: stepped_up(failed=True, lookalikes=False, after_failures=v), 1, None),
    "step_up.schedule": (lambda v: stepped_up(lookalikes=False, schedule=v), "always", "never"),
    "step_up.lookalikes": (lambda v: stepped_up(lookalikes=v), True, False),
    "time_zone": (lambda v: at_noon(time_zone=v), "UTC", "Asia/Tokyo"),
    "holidays": (lambda v: at_noon(holidays=v), [], ["2026-06-03"]),
    "schedules": (lambda v: at_noon(schedules={"it": v}), {}, {"wednesday": ["12:00-12:01"]}),
    "schedules.wednesday": (lambda v: on_day(str(v)), "wednesday", "thursday"),
    "schedules.holidays": (lambda v: on_a_holiday(list(v)), (), ("11:30-12:30",)),  # type: ignore[call-overload]  # strings
    **{
        f"roles.{role}.{key}": (lambda v, role=role, key=key: by_role(role, key, str(v)), "always", "never")
        for role in Role
        for key in ("schedule", "pin")
    },
}

ELSEWHERE = {
    "standing_file",  # where the daemon keeps it: test_standing.py
    "pin.keypad",  # what digits come from: test_door_keypad.py
    # test_access_schedule.py asks each day
    *(f"schedules.{day}" for day in ("monday", "tuesday", "thursday", "friday", "saturday", "sunday")),
}


@pytest.mark.parametrize("key", KEYS)
def test_every_key_changes_something(key: str):
    question, one, other = KEYS[key]
    assert question(one) != question(other)


def test_every_key_is_asked_about():
    sections: dict[str, type[object]] = {"intent": IntentConfig, "pin": PinConfig}
    sections |= {"challenge": ChallengeConfig, "step_up": StepUpConfig}
    keys = set(AccessConfig.model_fields) - {*sections, "lockout", "roles"}
    keys |= {f"{name}.{key}" for name, section in sections.items() for key in section.model_fields}  # type: ignore[attr-defined]  # each is a model
    keys |= {f"lockout.{key}" for key in (*BackoffConfig.model_fields, "pin_opens")}
    keys |= {f"roles.{role}.{key}" for role in Role for key in RoleConfig.model_fields}
    keys |= {f"schedules.{day}" for day in ScheduleConfig.model_fields}
    assert keys == set(KEYS) | ELSEWHERE


def test_under_duress_the_door_opens_as_ever_and_the_owner_is_told():
    world = World(access_rules(pin={"alone": True}), {"Ada": with_pin(duress=ADAS_DURESS_PIN)})
    calm = world.enter(ADAS_PIN)
    world.wait(2)
    forced = world.enter(ADAS_DURESS_PIN)
    assert (calm.duress, forced.duress) == (False, True)
    assert replace(forced, duress=False, time=calm.time) == calm
    assert (calm.outcome, calm.method, calm.holder) == (Outcome.GRANTED, Method.PIN, "Ada")
    assert "duress" not in repr(forced)
