"""Nobody is let in who should not be, whatever happens in whatever order: random traces, each grant checked anew.

`FACEPLATE_TRACES=1000000 pytest tests/daemon/test_access_safety.py` tries a million.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from actors import TARGETS, Pose
from faceplate.access.standing import Standing
from faceplate.config import AccessConfig
from faceplate.events import DoorMode, DoorStatus
from faceplate.liveness import Liveness, LivenessMode
from faceplate.model.head_pose import head_pose
from faceplate.rights import Rights, Role
from faceplate.types import Cue, Decision, Flaw, Frame, Likeness, Match, Method, Outcome, Reason, Seconds, TrackId
from reception_desk import (
    ADAS_DURESS_PIN,
    ADAS_PIN,
    GRACES_PIN,
    NOON,
    FullDisk,
    World,
    access_rules,
    with_pin,
)
from strategies_access import ROOM, alive, ambiguous, eyes_that_are, posed, sized, unknown, unusable, verified

TRACES = int(os.environ.get("FACEPLATE_TRACES", "3000"))
STEPS = 24
DAY = {"day": {day: ["08:00-18:00"] for day in ("tuesday", "wednesday", "thursday")}}
EVERY_PIN = {role.value: {"pin": "always"} for role in Role}


@cache
def households() -> list[AccessConfig]:
    quick = {"lockout": {"failures": 2}, "pin": {"failures": 2}, "visit_window": 2.0, "repeat_after": 3.0}
    quick |= {"challenge": {"steps": 1, "after": 0.25}}
    common = {"schedules": DAY, "time_zone": "UTC"} | quick
    return [
        access_rules(schedules=DAY, time_zone="UTC"),
        access_rules(**common, frames_needed=2, frames_considered=3, patience=0.25),
        access_rules(**common, several_people="refuse", frames_needed=1, frames_considered=1),
        access_rules(**common, roles=EVERY_PIN, frames_needed=2, frames_considered=3),
        access_rules(**common | {"lockout": {"failures": 1, "pin_opens": False}}, frames_needed=2, patience=0.25),
        access_rules(**common | {"pin": {"alone": True, "failures": 2}}, frames_needed=2, patience=0.25),
        access_rules(**common, intent={"dwell": 0.25, "max_turn": 0.5}, frames_needed=2, patience=0.25),
        access_rules(**common, roles=EVERY_PIN, intent={"bell": 5.0}, frames_needed=1, frames_considered=2),
    ]


RIGHTS = [
    Rights(),
    Rights(extended_time=True),
    Rights(enabled=False),
    Rights(Role.GUEST, schedule="day"),
    Rights(Role.GUEST, schedule="never"),
    Rights(Role.GUEST, valid_until=NOON + timedelta(hours=2)),
    Rights(Role.CHILD, valid_from=NOON - timedelta(hours=2)),
]
ADAS = [with_pin(rights, duress=ADAS_DURESS_PIN) for rights in RIGHTS]
GRACES = [*RIGHTS, *(with_pin(rights, GRACES_PIN) for rights in RIGHTS)]
OWNERS = {ADAS_PIN: "Ada", ADAS_DURESS_PIN: "Ada", GRACES_PIN: "Grace"}


@cache
def faces(ada: Rights, grace: Rights) -> list[Match]:
    """What the gallery may say, mostly of Ada; on two tracks."""
    made: list[Match] = []
    for track in (1, 2):
        known = [verified("Ada", track, ada)] * 6 + [verified("Grace", track, grace)]
        unclear = [unknown(track, None), unknown(track, None), ambiguous(track, ada, grace), unusable(track)]
        made += (known + unclear) * (3 if track == 1 else 1)
        made += [unusable(track, Flaw.TOO_SMALL), sized(known[0], 140.0, 0.6)]
    return made


LIVENESS: list[LivenessMode] = ["off", "off", "passive", "motion", "motion", "challenge"]
MOSTLY_LIVE = [Liveness.LIVE] * 6 + [Liveness.UNSURE] * 6 + [Liveness.SPOOF, Liveness.UNCHECKED]
REACTION = 0.15


@dataclass(frozen=True, slots=True)
class Look:
    """A fresh frame on which somebody was in front."""

    time: float
    match: Match

    def shows(self, cue: Cue) -> bool:
        """Whether the head is held, or the eyes are shut, as that asks for."""
        eyes = self.match.sighting.eye_state
        now = head_pose(self.match.sighting.look.face.landmarks)
        return now is not None and {
            Cue.TURN_LEFT: now.yaw > 10,
            Cue.TURN_RIGHT: now.yaw < -10,
            Cue.LOOK_UP: (self.match.sighting.raised or 0) >= 10,
            Cue.SHUT_EYES: eyes is not None and eyes.shut,
            Cue.STEP_BACK: self.match.sighting.look.face.box.width <= 80,
            Cue.COME_CLOSER: self.match.sighting.look.face.box.width >= 125,
        }.get(cue, False)


def in_front(match: Match) -> tuple[bool, float]:
    """By this the visitor is the greatest of those in view."""
    return Flaw.TOO_SMALL not in match.sighting.look.flaws, match.sighting.look.face.box.width


class Watchdog:
    """Knows what happened, and from that alone who may be let in."""

    def __init__(self, world: World, *, eyes: bool) -> None:
        self.world = world
        self.rules = world.rules
        self.steps = self.rules.challenge.steps + eyes
        self.looks: list[Look] = []
        self.newest = -1.0
        self.pins: list[tuple[float, str]] = []
        self.sent = ""
        """The PIN that was given from afar just now; at no other time is there one"""
        self.last_grant = -100.0
        self.answers: list[float] = []
        self.latest = datetime(1970, 1, 1, tzinfo=UTC)
        self.locked_out_since: float | None = None
        self.on = True
        self.asked: dict[TrackId, list[tuple[float, Cue]]] = {}
        """What was asked on each track, and when it was asked first"""
        self.cues: dict[TrackId, Cue] = {}
        """What was asked last on each"""
        self.convicted: dict[TrackId, float] = {}
        """When a track was refused for being no living face, or for what it did when it was challenged"""

    def forget(self) -> None:
        self.looks.clear()
        self.pins.clear()
        self.convicted.clear()

    def time_passes(self, standing: Standing) -> None:
        """After a lock-out every visit begins anew."""
        if standing.visits.until is not None and self.world.now >= standing.visits.until:
            self.looks = [look for look in self.looks if look.time < self.world.now - self.rules.visit_window]
            self.convicted.clear()

    def saw(self, frame: Frame, matches: Sequence[Match]) -> bool:
        """Note a frame; False if it can count for nothing."""
        if not 0 <= self.world.now - frame.time <= self.rules.max_frame_age or frame.time <= self.newest:
            return False
        self.newest = frame.time
        if self.in_the_way(frame.time):
            self.forget()
            return False
        close = [match for match in matches if Flaw.TOO_SMALL not in match.sighting.look.flaws]
        if close and not (len(close) > 1 and self.rules.several_people == "refuse"):
            front = max(close, key=lambda match: match.sighting.look.face.box.width)
            self.looks.append(Look(frame.time, front))
        return True

    def in_the_way(self, time: float) -> bool:
        door = self.world.door
        since = door.closed_since
        return door.is_open is True or (since is not None and time - since < self.rules.settle_time)

    def glimpses(self, track: TrackId, until: float, after: float = 0.0) -> list[Look]:
        """The usable frames of that track after a time that count at another, the newest last."""
        since = until - self.rules.visit_window
        looks = [look for look in self.looks if after < look.time and since <= look.time <= until]
        own = [look for look in looks if look.match.sighting.track == track]
        return [look for look in own if look.match.likeness is not Likeness.UNUSABLE][-self.rules.frames_considered :]

    def shown_by(self, track: TrackId, person: str, until: float) -> bool:
        """Whether enough frames of that track, up to then, may show that person."""
        matches = [look.match for look in self.glimpses(track, until)]
        sure = sum(m.likeness is Likeness.VERIFIED and m.person == person for m in matches)
        return sure + sum(m.likeness is Likeness.AMBIGUOUS for m in matches) >= self.rules.frames_needed

    def alive(self, track: TrackId, until: float) -> bool:
        """Whether that track was alive on that frame, by what vision says of it or by what it did."""
        if self.world.liveness == "off":
            return True
        own = [look for look in self.looks if look.match.sighting.track == track]
        if any(until - time <= self.rules.repeat_after for t, time in self.convicted.items() if t == track):
            return False
        says_live = any(look.time == until and look.match.sighting.liveness is Liveness.LIVE for look in own)
        return (says_live and self.world.liveness != "challenge") or self.passed(track, own, until)

    def passed(self, track: TrackId, own: list[Look], until: float) -> bool:
        """Whether the last steps that were asked were all done, each after it was asked, and all of late."""
        asked = self.asked.get(track, [])[-self.steps :]
        if len(asked) < self.steps or until - asked[-1][0] > 5.0 + 2 * self.rules.challenge.step_time:
            return False
        ends = [*(time for time, _ in asked[1:]), until]
        return all(
            any(time + REACTION <= look.time < end and look.shows(cue) for look in own)
            for (time, cue), end in zip(asked, ends, strict=True)
        )

    def heard(self, decision: Decision) -> None:
        """Note what somebody is asked to do, or what they are told of it."""
        if decision.match is None:
            return
        track = decision.match.sighting.track
        if decision.reason in {Reason.SPOOF_SUSPECTED, Reason.CHALLENGE_FAILED}:
            self.convicted[track] = decision.time
        if decision.cue is None:
            return
        if decision.cue not in {Cue.LOOK_STRAIGHT, self.cues.get(track)}:
            self.asked.setdefault(track, []).append((decision.time, decision.cue))
        self.cues[track] = decision.cue

    def surely(self, track: TrackId, person: str, until: float) -> bool:
        """Whether enough frames of one visit, the newest among them, show that person, and none shows another.

        A visit may have ended so long after any answer, and the next begun with the frame after that.
        """
        ends = [time + self.rules.repeat_after for time in self.answers]
        return any(self.only(self.glimpses(track, until, end), person, until) for end in [0.0, *ends])

    def only(self, own: list[Look], person: str, until: float) -> bool:
        names = [look.match.person for look in own if look.match.likeness is Likeness.VERIFIED]
        return set(names) == {person} and len(names) >= self.rules.frames_needed and own[-1].time == until

    def check(self, decision: Decision, before: Standing) -> None:
        """Every grant must be right, by every single rule."""
        if decision.outcome is Outcome.DENIED:
            self.answers.append(decision.time)
        if decision.outcome is not Outcome.GRANTED:
            assert not decision.duress
            return
        world, person = self.world, decision.person
        assert person is not None
        assert world.now - decision.time <= self.rules.max_frame_age
        assert world.door.mode not in {DoorMode.BLOCKED, DoorMode.LOCKED_DOWN}
        assert not self.in_the_way(decision.time)
        assert decision.time - self.last_grant >= self.rules.grant_interval
        self.check_person(world.people[person])
        assert decision.extended is world.people[person].extended_time
        if decision.method in {Method.FACE, Method.FACE_AND_PIN}:
            assert self.on
            self.check_face(decision, person, before)
        if decision.method is Method.REMOTE_PIN:
            assert OWNERS[self.sent] == person
            assert decision.duress is (self.sent == ADAS_DURESS_PIN)
        elif decision.method is not Method.FACE:
            recent = [pin for time, pin in self.pins if world.now - time <= self.rules.pin.window]
            assert person in {OWNERS[pin] for pin in recent}
            if decision.duress:
                assert ADAS_DURESS_PIN in recent
        if decision.method in {Method.PIN, Method.REMOTE_PIN}:
            assert self.rules.pin.alone or decision.method is Method.REMOTE_PIN
            assert before.pins.until is None or world.now >= before.pins.until
        self.last_grant = decision.time
        self.answers.append(decision.time)
        self.latest = max(self.latest, world.wall)

    def check_form(self, decision: Decision) -> None:
        """Whatever the answer is: it has its reason, and names nobody twice."""
        assert isinstance(decision.outcome, Outcome)
        assert isinstance(decision.reason, Reason)
        if decision.outcome is Outcome.GRANTED:
            assert decision.reason is Reason.VERIFIED
            assert (decision.holder is None) is (decision.method is Method.FACE)
            assert (decision.match is None) is (decision.method in {Method.PIN, Method.REMOTE_PIN})
        if decision.outcome is Outcome.NOTHING:
            assert decision.holder is None

    def check_frame(self, decision: Decision, frame: Frame, matches: Sequence[Match]) -> None:
        """It tells on which frame it was made, when that was taken, and about whom on it."""
        self.check_form(decision)
        assert (decision.frame, decision.time) == (frame.index, frame.time)
        if decision.outcome is Outcome.NOTHING:
            assert decision.method is Method.FACE
        if decision.reason in {Reason.STALE_FRAME, Reason.DOOR_OPEN, Reason.NOBODY}:
            assert decision.match is None
        elif decision.reason not in {Reason.REQUEST_TIMEOUT, Reason.TAILGATING}:
            assert decision.match is max(matches, key=in_front)

    def check_pin(self, decision: Decision) -> None:
        """It was made on no frame, now."""
        self.check_form(decision)
        assert (decision.frame, decision.time) == (None, self.world.now)
        if self.sent:
            assert decision.method is Method.REMOTE_PIN
            return
        assert decision.method is Method.PIN or decision.outcome is not Outcome.NOTHING
        assert decision.method in {Method.PIN, Method.FACE_AND_PIN}

    def check_person(self, rights: Rights) -> None:
        now = self.world.wall
        assert rights.enabled
        assert rights.schedule != "never"
        assert rights.valid_until is None or now < rights.valid_until
        assert rights.valid_from is None or now >= rights.valid_from
        if rights.schedule == "day":
            assert 8 <= now.hour < 18
            assert now.weekday() in {1, 2, 3}
        if rights.schedule == "day" or rights.valid_until or rights.valid_from:
            assert now >= self.latest - timedelta(seconds=60)

    def check_face(self, decision: Decision, person: str, before: Standing) -> None:
        assert decision.match is not None
        track = decision.match.sighting.track
        if decision.frame is not None:
            # In a lock-out nobody is challenged, and the PIN stands for it.
            challenge_is_asked = decision.method is Method.FACE or before.visits.until is None
            assert self.alive(track, decision.time) or not challenge_is_asked
        if decision.method is Method.FACE:
            assert self.surely(track, person, decision.time)
            assert self.rules.roles.resident.pin == "never"
            self.check_lock_out(track, before)
        elif decision.frame is not None:
            assert self.shown_by(track, person, decision.time)
        else:
            moments = [look.time for look in self.looks if self.world.now - look.time <= self.rules.pin.window]
            assert any(self.shown_by(track, person, moment) for moment in moments)

    def check_lock_out(self, track: TrackId, before: Standing) -> None:
        """In a lock-out only the attempt that was looked at when it began may still succeed."""
        until = before.visits.until
        if until is not None and self.world.now < until and self.locked_out_since is not None:
            began = [look.time for look in self.looks if look.match.sighting.track == track]
            assert min(began) <= self.locked_out_since
            longest = 12.0 * self.steps if self.asked.get(track) else self.rules.repeat_after
            assert self.world.now - self.locked_out_since <= longest


class Trace:
    """One random afternoon at the door."""

    def __init__(self, seed: int) -> None:
        self.chance = chance = random.Random(seed)  # noqa: S311 - to repeat, not to hide
        people = {"Ada": chance.choice(ADAS[:3] if chance.random() < 0.5 else ADAS), "Grace": chance.choice(GRACES)}
        self.store = FullDisk()
        liveness = chance.choice(LIVENESS)
        self.world = World(chance.choice(households()), people, self.store, liveness, chance)
        self.obeys = chance.random() < 0.8
        self.cue: Cue | None = None
        self.since = 0.0
        """When it was told first"""
        self.eyes = chance.random() < 0.5
        """Whether vision looks at them"""
        self.painted = chance.random() < 0.5
        """Whether they never shut"""
        self.dog = Watchdog(self.world, eyes=self.eyes)
        self.faces = faces(people["Ada"], people["Grace"])
        self.shown = self.faces[0]
        self.granted = self.frames = 0

    def run(self) -> int:
        for _ in range(STEPS):
            self.step()
            while self.cue is not None and self.obeys and self.chance.random() < 0.99:
                self.step()
        return self.granted

    def step(self) -> None:
        world, chance = self.world, self.chance
        before = self.store.standing
        what = chance.random() * (0.78 if self.cue and chance.random() < 0.9 else 1.0)
        if what < 0.78:
            self.answer(self.frame(), before)
        elif what < 0.87:
            self.answer(self.pin(), before)
        elif what < 0.88:
            self.answer(self.remote_pin(), before)
            self.dog.sent = ""
        elif what < 0.95:
            self.turn(chance.randrange(7))
        else:
            world.wait(chance.choice((1.0, 3.125, 10.125, 15.0, 60.0)))
        until = self.store.standing.visits.until
        if until is None:
            self.dog.locked_out_since = None
        elif before.visits.until is None or world.now >= before.visits.until:
            self.dog.locked_out_since = world.now

    def frame(self) -> Decision:
        world, chance = self.world, self.chance
        world.wait(0.125)
        age = 0.0 if chance.random() < 0.95 else chance.choice((0.125, 1.0, 1.125, -0.125))
        stays = self.cue is not None and self.obeys and chance.random() < 0.97
        self.shown = self.shown if stays else chance.choice(self.faces)
        matches = [self.shown]
        if chance.random() < 0.1:
            other = chance.choice(self.faces)
            matches += [other] if other.sighting.track != matches[0].sighting.track else []
        matches = [self.held(match) for match in matches]
        self.frames += 1
        frame = Frame(self.frames, Seconds(world.now - age), ROOM)
        self.dog.time_passes(self.store.standing)
        counts = self.dog.saw(frame, matches)
        decision = world.reception.decide(frame, matches)
        self.dog.check_frame(decision, frame, matches)
        self.dog.heard(decision)
        if decision.cue is not self.cue:
            self.cue, self.since = decision.cue, world.now
        assert counts or decision.outcome is not Outcome.GRANTED
        return decision

    def held(self, match: Match) -> Match:
        """The face, alive or not, mostly as the last cue asks for."""
        chance, liveness = self.chance, Liveness.UNCHECKED
        if self.world.liveness != "off":
            liveness = chance.choice(MOSTLY_LIVE)
        blinks = self.eyes and not self.painted
        shut = blinks and chance.random() < 0.05
        if self.cue is not None:
            heard = self.cue if self.world.now - self.since > REACTION else Cue.LOOK_STRAIGHT
            pose = TARGETS.get(heard, Pose()) if self.obeys else chance.choice([Pose(), *TARGETS.values()])
            shut = shut or (blinks and (heard is Cue.SHUT_EYES if self.obeys else chance.random() < 0.3))
            liveness = Liveness.UNSURE if chance.random() < 0.9 else liveness
            match = posed(match, pose.left, pose.up, pose.width)
        eyes = eyes_that_are(shut=shut) if self.eyes and not match.sighting.look.flaws else None
        return alive(replace(match, sighting=replace(match.sighting, eye_state=eyes)), liveness)

    def pin(self) -> Decision:
        digits = self.chance.choice((ADAS_PIN, ADAS_PIN, ADAS_DURESS_PIN, GRACES_PIN, "9513"))
        self.dog.time_passes(self.store.standing)
        decision = self.world.enter(digits)
        self.dog.check_pin(decision)
        if decision.outcome is Outcome.GRANTED or decision.reason is Reason.FACE_NEEDED:
            assert digits in OWNERS
            self.dog.pins.append((self.world.now, digits))
        return decision

    def remote_pin(self) -> Decision:
        self.dog.sent = self.chance.choice((ADAS_PIN, ADAS_DURESS_PIN, GRACES_PIN, "9513", "951384"))
        self.dog.time_passes(self.store.standing)
        decision = self.world.send(self.dog.sent)
        self.dog.check_pin(decision)
        return decision

    def turn(self, what: int) -> None:
        """The world changes."""
        world, chance = self.world, self.chance
        if what == 0:
            world.door = replace(world.door, mode=chance.choice(list(DoorMode)))
        elif what == 1:
            world.door = chance.choice(
                [
                    DoorStatus(is_open=True),
                    DoorStatus(is_open=False, closed_since=Seconds(world.now)),
                    DoorStatus(is_open=False, closed_since=Seconds(world.now - 5), bell_rang=Seconds(world.now)),
                    DoorStatus(),
                ]
            )
        elif what == 2:
            self.dog.on = chance.random() < 0.7
            world.reception.switch_face_unlock(on=self.dog.on)
        elif what == 3:
            world.restart()
            self.dog.forget()
            self.dog.newest = -1.0
            self.dog.last_grant = -100.0
        elif what == 4:
            world.wall += timedelta(hours=chance.choice((-30000, -20, -1, 1, 3, 9, 30000)))
        elif what == 5:
            world.reception.trust_clock()
            self.dog.latest = world.wall
        else:
            world.reception.clear_lockout()

    def answer(self, decision: Decision, before: Standing) -> None:
        self.dog.check(decision, before)
        self.granted += decision.outcome is Outcome.GRANTED


def run(traces: int) -> int:
    """How often somebody was let in."""
    granted = 0
    for seed in range(traces):
        try:
            granted += Trace(seed).run()
        except AssertionError as error:
            error.add_note(f"seed {seed}")
            raise
    return granted


def test_no_trace_lets_in_anybody_who_should_not_be():
    granted = run(TRACES)
    assert granted > TRACES / 4, "traces in which nobody is ever let in would show nothing"


@pytest.mark.parametrize("rule", ["surely", "shown_by", "in_the_way", "alive"])
def test_the_watchdog_would_notice(rule, monkeypatch):
    """A watchdog that is told the opposite must bark, or it does not look."""
    bark = (lambda *_: True) if rule == "in_the_way" else (lambda *_: False)
    monkeypatch.setattr(Watchdog, rule, bark)
    with pytest.raises(AssertionError):
        run(300)
