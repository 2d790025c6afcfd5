"""Between the word that a face is alive and the door: what each mode asks for, what a spoof costs, what steps up."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import get_args

import pytest

from actors import TARGETS, Person, Pose, play
from faceplate.access.standing import Standing
from faceplate.config.doubt import StepUpConfig
from faceplate.events import DoorStatus
from faceplate.liveness import Liveness, LivenessMode
from faceplate.rights import Rights
from faceplate.types import Cue, Decision, Flaw, Match, Outcome, Reason
from reception_desk import ADAS_PIN, NOON, FullDisk, World, access_rules, reasons, with_pin
from strategies_access import alive, ambiguous, posed, unknown, unusable, verified

MODES = get_args(LivenessMode)
ON = [mode for mode in MODES if mode != "off"]
LIVE, UNSURE, SPOOF, UNCHECKED = Liveness.LIVE, Liveness.UNSURE, Liveness.SPOOF, Liveness.UNCHECKED
ADA = verified("Ada")
GRANTED, DENIED, NOTHING = Outcome.GRANTED, Outcome.DENIED, Outcome.NOTHING


def a_world(mode: LivenessMode = "motion", store: FullDisk | None = None, **rules: object) -> World:
    return World(access_rules(**rules), store=store or FullDisk(), liveness=mode, dice=random.Random(4))  # noqa: S311 - to repeat


def told(made: list[Decision]) -> list[tuple[Outcome, Reason]]:
    """What was answered."""
    return [(each.outcome, each.reason) for each in made if each.outcome is not NOTHING]


def failures(world: World) -> int:
    return world.store.standing.visits.failures


def fail(world: World, track: int) -> None:
    """A stranger comes, and is refused."""
    assert told(world.watch(alive(unknown(track))))[-1][0] is DENIED


# The modes


@pytest.mark.parametrize("liveness", Liveness)
def test_off_nobody_asks(liveness):
    assert world_off(liveness)[-1].outcome is GRANTED


def world_off(liveness: Liveness) -> list[Decision]:
    return a_world("off").watch(alive(ADA, liveness), frames=3)


@pytest.mark.parametrize("mode", ["passive", "motion"])
def test_a_living_face_is_let_in_as_soon_as_it_is_verified(mode):
    world = a_world(mode)
    assert reasons(world.watch(alive(ADA), frames=3)) == [Reason.LOOKING, Reason.LOOKING, Reason.VERIFIED]
    off = a_world("off")
    off.watch(ADA, frames=3)
    assert world.store.saves == off.store.saves, "nor is more written for it"  # type: ignore[attr-defined]  # FullDisks


@pytest.mark.parametrize("mode", ON)
@pytest.mark.parametrize("liveness", [UNSURE, SPOOF, UNCHECKED])
def test_no_face_is_let_in_of_which_it_is_not_known_that_it_is_alive(mode, liveness):
    assert GRANTED not in {each.outcome for each in a_world(mode).watch(alive(ADA, liveness), frames=400)}


@pytest.mark.parametrize("liveness", [UNSURE, UNCHECKED])
def test_it_must_be_known_on_the_very_frame(liveness):
    """Not once upon a time in the visit."""
    world = a_world("motion")
    world.watch(alive(ADA), frames=2)
    assert world.see(alive(ADA, liveness)).reason is Reason.LOOKING
    assert world.see(alive(ADA)).outcome is GRANTED


def test_passive_is_patient_and_then_refuses_and_lets_in_who_turns_out_to_be_alive():
    world = a_world("passive")
    made = world.watch(alive(ADA, UNSURE), frames=28)
    assert told(made) == [(DENIED, Reason.LIVENESS_UNSURE)]
    assert reasons(made)[23:26] == [Reason.LOOKING, Reason.LIVENESS_UNSURE, Reason.ALREADY_DECIDED]
    assert made[24].person is None, "a photograph is nobody"
    assert failures(world) == 1
    assert world.see(alive(ADA)).outcome is GRANTED
    assert failures(world) == 0


def test_motion_waits_and_then_challenges():
    made = a_world("motion").watch(alive(ADA, UNSURE), frames=14)
    assert reasons(made) == [Reason.LOOKING] * 12 + [Reason.CHALLENGE_NEEDED] * 2
    assert [each.cue for each in made[11:]] == [None, Cue.LOOK_STRAIGHT, Cue.LOOK_STRAIGHT]


@pytest.mark.parametrize("after", [0.0, 0.5, 3.0])
def test_how_long_it_waits(after):
    world = a_world("motion", challenge={"after": after})
    made = world.watch(alive(ADA, UNSURE), frames=40)
    first = next(each for each in made if each.reason is Reason.CHALLENGE_NEEDED)
    assert first.time - made[0].time == max(after, 0.25)


def test_whoever_turns_out_to_be_alive_before_anything_was_asked_is_let_in():
    world = a_world("motion")
    assert world.watch(alive(ADA, UNSURE), frames=13)[-1].reason is Reason.CHALLENGE_NEEDED
    assert world.see(alive(ADA)).outcome is GRANTED
    assert failures(world) == 0


def test_and_after_something_was_asked_only_doing_it_helps():
    world = a_world("motion")
    while world.see(alive(ADA, UNSURE)).cue in {None, Cue.LOOK_STRAIGHT}:
        assert world.now < 110
    assert world.see(alive(ADA)).reason is Reason.CHALLENGE_NEEDED


@pytest.mark.parametrize("liveness", [LIVE, UNSURE])
def test_challenge_always_challenges_whoever_is_verified(liveness):
    world = a_world("challenge")
    made = world.watch(alive(ADA, liveness), frames=4)
    assert reasons(made) == [Reason.LOOKING] * 2 + [Reason.CHALLENGE_NEEDED] * 2
    made = play(a_world("challenge"), Person(), liveness=liveness)
    assert (made[-1].outcome, made[-1].person) == (GRANTED, "Ada")


@pytest.mark.parametrize("mode", ON)
def test_strangers_are_refused_as_ever_and_challenged_never(mode):
    for match in (unknown(), unusable()):
        made = a_world(mode).watch(alive(match, UNSURE), frames=60)
        assert told(made) == told(a_world("off").watch(match, frames=60))
        assert Reason.CHALLENGE_NEEDED not in reasons(made)


def test_one_frame_that_shows_nobody_is_no_answer_while_it_is_waited_for_a_sign_of_life():
    world = a_world("motion")
    world.watch(alive(ADA, UNSURE), frames=9)
    assert world.see(alive(unknown(), UNSURE)).reason is Reason.LOOKING
    assert world.see(alive(ADA)).outcome is GRANTED


# Spoofs


@pytest.mark.parametrize("mode", ON)
@pytest.mark.parametrize("match", [ADA, unknown(), ambiguous(), unusable()], ids=lambda match: match.likeness)
def test_a_spoof_is_refused_at_once_whoever_it_shows_and_counted_once(mode, match):
    """So that the answer tells nothing about whose face it is."""
    world = a_world(mode)
    made = world.watch(alive(match, SPOOF, "flat"), frames=79)
    assert told(made) == [(DENIED, Reason.SPOOF_SUSPECTED)]
    assert made[0].outcome is DENIED
    assert (made[0].person, made[0].match and made[0].match.sighting.cues) == (None, ("flat",))
    assert failures(world) == 1


@pytest.mark.parametrize("mode", ON)
@pytest.mark.parametrize("before", [0, 2, 8, 11])
def test_what_was_once_a_spoof_is_not_let_in_however_it_goes_on(mode, before):
    world = a_world(mode)
    world.watch(alive(ADA, UNSURE), frames=before)
    spoofed = world.see(alive(ADA, SPOOF))
    assert spoofed.reason is Reason.SPOOF_SUSPECTED
    while world.now + 0.125 - spoofed.time <= world.rules.repeat_after:
        assert world.see(alive(ADA)).reason is Reason.ALREADY_DECIDED
    assert failures(world) == 1
    made = play(world, Person(), liveness=LIVE)
    assert made[-1].outcome is GRANTED, "a new visit begins anew"


def test_nor_if_it_does_what_a_challenge_asks():
    world, actor = a_world("motion"), Person()
    cue, made = None, []
    for n in range(120):
        pose = actor.at(world.now, cue)
        shown = alive(ADA, SPOOF if n == 40 else UNSURE)
        made.append(world.see(posed(shown, pose.left, pose.up, pose.width), wait=0.08))
        cue = made[-1].cue
    assert Reason.CHALLENGE_NEEDED in reasons(made[:40])
    assert told(made) == [(DENIED, Reason.SPOOF_SUSPECTED)]
    assert failures(world) == 1


def test_a_spoof_was_paid_for_in_advance_or_is_now_but_never_twice():
    for match, frames in ((unknown(), 4), (ADA, 10), (ADA, 3)):
        world = a_world("motion")
        world.watch(alive(match, UNSURE), frames=frames)
        world.watch(alive(match, SPOOF), frames=5)
        world.watch(alive(ADA), frames=20)
        assert failures(world) == 1


def test_somebody_known_and_alive_who_is_refused_and_then_holds_up_a_picture_is_counted_after_all():
    world = a_world("motion")
    late = verified("Ada", 1, Rights(schedule="never"))
    world.watch(alive(late), frames=9)
    assert failures(world) == 0
    world.watch(alive(late, SPOOF), frames=9)
    assert failures(world) == 1


def test_spoofs_lock_out():
    world = a_world("motion")
    for track in range(1, 6):
        world.watch(alive(verified("Ada", track), SPOOF), frames=3)
    assert world.reception.status().locked_out > 0
    made = world.watch(alive(verified("Ada", 9)), frames=12)
    assert told(made) == [(DENIED, Reason.LOCKED_OUT)]


def test_in_a_lock_out_a_spoof_is_told_what_everybody_is():
    answers = []
    for match in (alive(verified("Ada", 2), SPOOF), alive(unknown(2)), alive(verified("Ada", 2))):
        world = a_world("motion", lockout={"failures": 1})
        fail(world, 1)
        before = failures(world)
        answers.append(reasons(world.watch(match, frames=20)))
        assert failures(world) == before
    assert answers[0] == answers[1] == answers[2]
    assert Reason.LOCKED_OUT in answers[0]


def test_a_picture_far_away_is_no_visitor():
    far = alive(unusable(1, Flaw.TOO_SMALL), SPOOF)
    world = a_world("motion")
    assert set(reasons(world.watch(far, frames=50))) == {Reason.LOOKING}
    assert failures(world) == 0


def test_a_spoof_that_cannot_be_counted_is_not_answered():
    store = FullDisk()
    world = a_world("motion", store)
    store.full = True
    with pytest.raises(OSError, match="no room"):
        world.see(alive(ADA, SPOOF))


def test_during_an_enrolment_a_spoof_is_neither_answered_nor_counted_nor_let_in():
    world = a_world("motion")
    world.enrolling = True
    made = world.watch(alive(ADA, SPOOF), frames=5) + world.watch(alive(ADA), frames=50)
    assert set(reasons(made)) == {Reason.LOOKING}
    assert failures(world) == 0
    world.enrolling = False
    assert told(world.watch(alive(ADA), frames=4)) == [(GRANTED, Reason.VERIFIED)]


@pytest.mark.parametrize("mode", ["motion", "challenge"])
def test_during_an_enrolment_nobody_is_challenged(mode):
    world = a_world(mode)
    world.enrolling = True
    assert set(reasons(world.watch(alive(ADA, UNSURE), frames=50))) == {Reason.LOOKING}
    assert failures(world) == 0


# The challenge at the door


def challenge(world: World, match: Match = ADA, frames: int = 40) -> Decision:
    """Until a step is asked."""
    for _ in range(frames):
        decision = world.see(alive(match, UNSURE), wait=0.1)
        if decision.cue not in {None, Cue.LOOK_STRAIGHT}:
            return decision
    raise AssertionError("nobody was challenged")


def test_a_challenge_that_is_not_done_is_refused_once_and_counted_once_and_there_is_no_second():
    world = a_world("motion")
    challenge(world)
    made = [world.see(alive(ADA, UNSURE), wait=0.1) for _ in range(50)]
    assert told(made) == [(DENIED, Reason.CHALLENGE_FAILED)]
    assert failures(world) == 1
    after = [world.see(alive(ADA), wait=0.1) for _ in range(40)]
    assert set(reasons(after)) == {Reason.ALREADY_DECIDED}
    assert failures(world) == 1


def test_a_visit_is_paid_for_before_it_is_challenged():
    """That somebody is challenged tells that the picture is like somebody: whoever then walks away has paid."""
    world = a_world("motion")
    world.watch(alive(ADA, UNSURE), frames=13)
    assert failures(world) == 1
    world.watch(frames=100)
    assert failures(world) == 1


def test_a_challenge_that_was_passed_is_no_failure():
    world = a_world("motion")
    assert play(world, Person())[-1].outcome is GRANTED
    assert world.store.standing.visits == Standing().visits


def test_a_visit_whose_own_cost_locks_out_goes_on_to_its_answer():
    world = a_world("motion", lockout={"failures": 1}, repeat_after=1.0)
    assert play(world, Person(1.0))[-1].outcome is GRANTED
    world = a_world("motion", lockout={"failures": 1})
    challenge(world)
    assert [world.see(alive(ADA, UNSURE), wait=0.1) for _ in range(50)][-1].outcome is not GRANTED
    assert world.reception.status().locked_out > 0


@pytest.mark.parametrize("mode", ON)
def test_in_a_lock_out_nobody_is_challenged(mode):
    world = a_world(mode, lockout={"failures": 1})
    fail(world, 1)
    assert Reason.CHALLENGE_NEEDED not in reasons(world.watch(alive(verified("Ada", 2), UNSURE), frames=100))


def test_patience_does_not_refuse_who_is_challenged():
    """Heads that are turned cannot be judged, or are like nobody."""
    world = a_world("motion")
    asked = challenge(world).cue
    assert asked is not None
    for match in [unusable()] * 8 + [alive(unknown(), UNSURE)] * 8:
        assert world.see(match, wait=0.1).reason is Reason.CHALLENGE_NEEDED


def test_intent_is_not_asked_again_of_who_turns_away_as_asked():
    world = World(access_rules(intent={"max_turn": 0.3}), liveness="motion", dice=random.Random(2))  # noqa: S311 - to repeat
    made, actor, cue = [], Person(), None
    for _ in range(200):
        pose = actor.at(world.now, cue) if cue else Pose()
        shown = posed(alive(ADA, UNSURE), pose.left, pose.up, pose.width)
        look = replace(shown.sighting.look, turn=abs(pose.left) / 40)
        made.append(world.see(replace(shown, sighting=replace(shown.sighting, look=look)), wait=0.1))
        cue = made[-1].cue
        if made[-1].outcome is not NOTHING:
            break
    assert made[-1].outcome is GRANTED


def test_one_gap_begins_it_anew_and_the_second_fails():
    world = a_world("motion")
    challenge(world)
    assert world.see(alive(ADA, UNSURE), wait=0.8).cue is Cue.LOOK_STRAIGHT
    challenge(world)
    assert world.see(alive(ADA, UNSURE), wait=0.8).reason is Reason.CHALLENGE_FAILED
    assert failures(world) == 1


def test_another_person_makes_it_void():
    world = a_world("motion")
    challenge(world)
    world.see(alive(verified("Grace"), UNSURE), wait=0.1)
    made = [world.see(alive(verified("Grace"), LIVE), wait=0.1) for _ in range(4)]
    assert made[-1].reason is Reason.CHALLENGE_NEEDED, "and she is asked, too"


def test_a_challenge_belongs_to_its_track():
    """What one face does is not another's."""
    world = a_world("motion", step_up={"after_failures": None})
    asked = challenge(world).cue
    assert asked is not None
    target = TARGETS[asked]
    other = posed(alive(verified("Ada", 2), UNSURE), target.left, target.up, target.width)
    assert world.see(other, wait=0.3).reason is Reason.LOOKING
    assert [world.see(alive(verified("Ada", 2), UNSURE)).reason for _ in range(5)] == [Reason.LOOKING] * 5


@pytest.mark.parametrize(("wait", "granted"), [(4.75, True), (5.25, False)])
def test_a_challenge_that_was_passed_holds_for_five_seconds(wait, granted):
    """The door had been opened for somebody else a moment before."""
    world = a_world("motion", grant_interval=60.0)
    world.reception._desk._last_grant = world.now
    actor, cue = Person(), None
    for _ in range(200):
        pose = actor.at(world.now, cue) if cue else Pose()
        made = world.see(posed(alive(ADA, UNSURE), pose.left, pose.up, pose.width), wait=0.1)
        cue = made.cue
        if made.reason is Reason.TOO_SOON:
            break
    began = world.now
    while world.now < began + wait - 0.25:
        assert world.see(alive(ADA, UNSURE)).reason in {Reason.TOO_SOON, Reason.LIVENESS_UNSURE, Reason.ALREADY_DECIDED}
    world.reception._desk._last_grant = -100.0
    assert (world.see(alive(ADA, UNSURE)).outcome is GRANTED) is granted


# A second factor


@pytest.mark.parametrize("mode", ON)
@pytest.mark.parametrize("liveness", [UNSURE, SPOOF, UNCHECKED])
def test_a_face_that_is_not_alive_completes_no_pin(mode, liveness):
    ada = with_pin()
    for first in ("pin", "face"):
        world = a_world(mode, roles={"resident": {"pin": "always"}}, challenge={"after": 30.0})
        world.people = {"Ada": ada}
        shown = alive(verified("Ada", 1, ada), liveness)
        made = [world.enter(ADAS_PIN)] if first == "pin" else []
        made += world.watch(shown, frames=20)
        made += [world.enter(ADAS_PIN), *world.watch(shown, frames=20)]
        assert GRANTED not in {each.outcome for each in made}
        assert Reason.PIN_NEEDED not in reasons(made)


def test_a_living_face_and_its_pin_open():
    ada = with_pin()
    world = a_world("motion", roles={"resident": {"pin": "always"}})
    world.people = {"Ada": ada}
    assert world.watch(alive(verified("Ada", 1, ada)), frames=3)[-1].reason is Reason.PIN_NEEDED
    assert world.enter(ADAS_PIN).outcome is GRANTED


def test_a_spoof_takes_back_the_face_that_its_pin_was_awaited_for():
    ada = with_pin()
    world = a_world("motion", roles={"resident": {"pin": "always"}})
    world.people = {"Ada": ada}
    world.watch(alive(verified("Ada", 1, ada)), frames=3)
    assert world.see(alive(verified("Ada", 1, ada), SPOOF)).reason is Reason.SPOOF_SUSPECTED
    assert world.enter(ADAS_PIN).outcome is not GRANTED


@pytest.mark.parametrize("mode", ON)
@pytest.mark.parametrize("liveness", [UNSURE, SPOOF])
def test_look_alikes_that_are_not_alive_are_not_asked_for_a_pin(mode, liveness):
    ada = with_pin()
    world = a_world(mode, challenge={"after": 30.0})
    world.people = {"Ada": ada, "Grace": Rights()}
    made = world.watch(alive(ambiguous(1, ada), liveness), frames=30)
    made += [world.enter(ADAS_PIN), *world.watch(alive(ambiguous(1, ada), liveness), frames=5)]
    assert Reason.PIN_NEEDED not in reasons(made)
    assert GRANTED not in {each.outcome for each in made}


def test_look_alikes_that_are_alive_are():
    ada = with_pin()
    world = a_world("motion")
    world.people = {"Ada": ada, "Grace": Rights()}
    assert world.watch(alive(ambiguous(1, ada)), frames=9)[-1].reason is Reason.PIN_NEEDED
    assert world.enter(ADAS_PIN).outcome is GRANTED


@pytest.mark.parametrize("mode", ["motion", "challenge"])
def test_look_alikes_may_show_that_they_are_alive(mode):
    ada = with_pin()
    world = a_world(mode)
    world.people = {"Ada": ada, "Grace": Rights()}
    actor, cue = Person(), None
    for _ in range(200):
        pose = actor.at(world.now, cue) if cue else Pose()
        made = world.see(posed(alive(ambiguous(1, ada), UNSURE), pose.left, pose.up, pose.width), wait=0.1)
        cue = made.cue
        if made.reason is Reason.PIN_NEEDED:
            break
    assert world.enter(ADAS_PIN).person == "Ada"


def test_whoever_was_like_two_people_and_is_seen_to_be_one_of_them_has_passed_all_the_same():
    """From nearer by there is no doubt any more."""
    ada = with_pin()
    world = a_world("challenge")
    world.people = {"Ada": ada, "Grace": Rights()}
    actor, cue = Person(), None
    asked = False
    for _ in range(200):
        pose = actor.at(world.now, cue) if cue else Pose()
        asked = asked or cue not in {None, Cue.LOOK_STRAIGHT}
        match = verified("Ada", 1, ada) if asked else ambiguous(1, ada)
        made = world.see(posed(alive(match, UNSURE), pose.left, pose.up, pose.width), wait=0.1)
        cue = made.cue
        if made.outcome is not Outcome.NOTHING:
            break
    assert (made.outcome, made.person) == (GRANTED, "Ada")


@pytest.mark.parametrize(
    ("mode", "liveness", "opens"),
    [(mode, liveness, liveness is LIVE) for mode in ON for liveness in (LIVE, UNSURE, SPOOF)],
)
def test_in_a_lock_out_a_pin_opens_with_a_living_face_only(mode, liveness, opens):
    ada = with_pin()
    world = a_world(mode, lockout={"failures": 1})
    world.people = {"Ada": ada}
    fail(world, 7)
    world.watch(alive(verified("Ada", 1, ada), liveness), frames=4)
    made = [world.enter(ADAS_PIN), *world.watch(alive(verified("Ada", 1, ada), liveness), frames=4)]
    assert (GRANTED in {each.outcome for each in made}) is opens


# Stepping up


def frames_of(world: World, match: Match = ADA, frames: int = 6) -> Reason:
    return world.watch(alive(match), frames=frames)[-1].reason


def test_after_a_failure_a_living_face_is_challenged_and_after_a_success_no_more():
    world = a_world("motion")
    fail(world, 7)
    assert play(world, Person(), verified("Ada", 1), LIVE)[-1].outcome is GRANTED
    assert failures(world) == 0
    world.wait(20)
    assert world.watch(alive(verified("Ada", 2)), frames=3)[-1].outcome is GRANTED
    world.wait(20)
    fail(world, 8)
    assert frames_of(world, verified("Ada", 3)) is Reason.CHALLENGE_NEEDED


@pytest.mark.parametrize(("after", "failed", "steps"), [(1, 0, False), (2, 1, False), (2, 2, True), (None, 4, False)])
def test_after_how_many(after, failed, steps):
    world = a_world("passive", step_up={"after_failures": after})
    for track in range(failed):
        fail(world, 20 + track)
    made = world.watch(alive(ADA), frames=3)[-1]
    assert made.reason is (Reason.CHALLENGE_NEEDED if steps else Reason.VERIFIED)


def test_a_visit_s_own_cost_does_not_step_it_up():
    world = a_world("passive")
    world.watch(alive(ADA, UNSURE), frames=10)
    assert failures(world) == 1
    assert world.see(alive(ADA)).outcome is GRANTED


NIGHT = {"night": {"wednesday": ["12:00-13:00"]}}


def test_at_night():
    for hour, reason in ((0, Reason.CHALLENGE_NEEDED), (2, Reason.VERIFIED)):
        world = a_world("motion", schedules=NIGHT, time_zone="UTC", step_up={"schedule": "night"})
        world.wait(hour * 3600)
        assert world.watch(alive(ADA), frames=3)[-1].reason is reason


def test_if_the_time_is_not_known_it_is_night():
    world = a_world("motion", schedules=NIGHT, time_zone="UTC", step_up={"schedule": "night"})
    world.wait(2 * 3600)
    world.reception.trust_clock()
    world.wall = NOON.replace(hour=3)
    assert world.watch(alive(ADA), frames=3)[-1].reason is Reason.CHALLENGE_NEEDED


@pytest.mark.parametrize(("lookalikes", "reason"), [(True, Reason.CHALLENGE_NEEDED), (False, Reason.VERIFIED)])
def test_a_close_call(lookalikes, reason):
    world = a_world("motion", step_up={"lookalikes": lookalikes})
    assert world.watch(alive(replace(ADA, is_close_call=True)), frames=3)[-1].reason is reason


@pytest.mark.parametrize("mode", MODES)
def test_by_pin_who_has_one_and_by_challenge_who_has_none(mode):
    """Without a liveness check nobody is challenged: there only a PIN steps up."""
    for rights, ask in ((with_pin(), "pin"), (Rights(), "pin"), (with_pin(), "challenge")):
        world = a_world(mode, step_up={"ask": ask, "schedule": "always"})
        world.people = {"Ada": rights}
        made = world.watch(alive(verified("Ada", 1, rights)), frames=3)[-1]
        if mode == "challenge" or (mode != "off" and not (rights.pin and ask == "pin")):
            assert made.reason is Reason.CHALLENGE_NEEDED
        elif rights.pin and ask == "pin":
            assert made.reason is Reason.PIN_NEEDED
            assert world.enter(ADAS_PIN).outcome is GRANTED
        else:
            assert made.outcome is GRANTED


def test_a_pin_that_is_asked_for_anyway_stands_for_the_challenge():
    ada = with_pin()
    world = a_world("motion", step_up={"schedule": "always"}, roles={"resident": {"pin": "always"}})
    world.people = {"Ada": ada}
    assert world.watch(alive(verified("Ada", 1, ada)), frames=3)[-1].reason is Reason.PIN_NEEDED
    world = a_world("motion", step_up={"schedule": "always"})
    world.people = {"Ada": ada}
    assert world.enter(ADAS_PIN).reason is Reason.FACE_NEEDED
    assert world.watch(alive(verified("Ada", 1, ada)), frames=3)[-1].outcome is GRANTED


def test_without_a_word_of_it_only_failures_and_look_alikes_step_up():
    assert StepUpConfig() == StepUpConfig(ask="challenge", after_failures=1, schedule="never", lookalikes=True)


def test_with_an_open_door_what_was_asked_is_forgotten():
    world = a_world("motion")
    challenge(world)
    world.door = DoorStatus(is_open=True)
    world.see(alive(ADA, UNSURE))
    world.door = DoorStatus()
    assert world.see(alive(ADA, UNSURE)).reason is Reason.LOOKING


def test_a_challenge_ends_when_the_same_person_is_let_in_on_another_track():
    """And does not keep that visit from ever being over."""
    world = a_world("motion", step_up={"after_failures": None})
    challenge(world)
    assert world.watch(alive(verified("Ada", 2)), frames=3)[-1].outcome is GRANTED
    assert world.see(alive(ADA)).reason is Reason.ALREADY_DECIDED
    assert told(world.watch(alive(ADA), frames=90)) == [(GRANTED, Reason.VERIFIED)]
