"""One decision a frame, compared with the same rules written again the slow way, from their description."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from faceplate.access.calendar import Calendar
from faceplate.access.reception import Reception
from faceplate.access.standing import NoLockout
from faceplate.config import AccessConfig
from faceplate.events import DoorStatus
from faceplate.types import Decision, Flaw, Likeness, Match, Outcome, Reason, Seconds, TrackId
from reception_desk import NOON
from strategies_access import (
    Step,
    a_frame,
    ambiguous,
    rules,
    sized,
    traces,
    unknown,
    unusable,
    verified,
)

NOW = Seconds(0.0)
TOLD = {Outcome.GRANTED, Outcome.DENIED}
THREE_OF_FIVE = AccessConfig()


def a_reception(rules: AccessConfig, clock: list[float]) -> Reception:
    """A reception of people who have no rules, at a door without a contact; it counts no failures."""
    return Reception(
        rules,
        lambda: Seconds(clock[0]),
        door=DoorStatus,
        calendar=Calendar(lambda: NOON),
        standing=NoLockout(),
        people=dict,
        liveness="off",
    )


def decisions(trace: Iterable[Step], rules: AccessConfig = THREE_OF_FIVE) -> list[Decision]:
    """What the reception decides on every frame of a trace."""
    clock = [0.0]
    reception = a_reception(rules, clock)
    made = []
    for index, step in enumerate(trace):
        clock[0] = step.time + step.age
        made.append(reception.decide(a_frame(index, step.time), step.matches))
    return made


def steps(frames: Iterable[Iterable[Match]], interval: float = 0.125, start: float = 0.0) -> list[Step]:
    return [Step(Seconds(start + n * interval), NOW, tuple(matches)) for n, matches in enumerate(frames)]


class ByTheBook:
    """Remembers every frame there ever was, and at each begins again at the first."""

    def __init__(self, rules: AccessConfig) -> None:
        self.rules = rules
        self.fresh: list[Step] = []
        self.answers: list[tuple[TrackId, Seconds, Outcome]] = []

    def decide(self, step: Step) -> tuple[Outcome, Reason, Match | None]:
        too_old = step.age < 0 or step.age > self.rules.max_frame_age
        if too_old or (self.fresh and step.time <= self.fresh[-1].time):
            return Outcome.NOTHING, Reason.STALE_FRAME, None
        self.fresh.append(step)
        if (match := self.in_front(step)) is None:
            return Outcome.NOTHING, Reason.NOBODY, None
        outcome, reason = self.answer(match.sighting.track)
        if outcome is not Outcome.NOTHING:
            self.answers.append((match.sighting.track, step.time, outcome))
        if outcome is Outcome.GRANTED:
            self.answers += [(track, step.time, outcome) for track in self.others_of(match, step.time)]
        return outcome, reason, match

    def others_of(self, granted: Match, now: Seconds) -> list[TrackId]:
        """Other tracks whose visit goes on and has shown the same person: that one has had their answer."""
        tracks = {match.sighting.track for step in self.fresh for match in step.matches} - {granted.sighting.track}
        absence = max(self.rules.visit_window, self.rules.repeat_after)
        found = []
        for track in tracks:
            visit = self.visit(track)
            if not visit or now - visit[-1][0] > absence or self.answered_long_ago(track, visit[0][0], now):
                continue
            usable = [(t, match) for t, match in visit if match.likeness is not Likeness.UNUSABLE]
            last = [
                m for t, m in usable[-self.rules.frames_considered :] if visit[-1][0] - t <= self.rules.visit_window
            ]
            if any(match.likeness is Likeness.VERIFIED and match.person == granted.person for match in last):
                found.append(track)
        return found

    @staticmethod
    def in_front(step: Step) -> Match | None:
        """All faces here are of one size, so it is the first that is not too small; failing that, the first."""
        small = [Flaw.TOO_SMALL in match.sighting.look.flaws for match in step.matches]
        return next((match for _, match in sorted(zip(small, step.matches, strict=True), key=lambda e: e[0])), None)

    def answer(self, track: TrackId) -> tuple[Outcome, Reason]:
        visit = self.visit(track)
        began, (now, newest) = visit[0][0], visit[-1]
        told = [outcome for who, when, outcome in self.answers if who == track and when >= began]
        usable = [(t, match) for t, match in visit if match.likeness is not Likeness.UNUSABLE]
        last = [match for t, match in usable[-self.rules.frames_considered :] if now - t <= self.rules.visit_window]
        people = [match.person for match in last if match.likeness is Likeness.VERIFIED]
        if Outcome.GRANTED in told:
            return Outcome.NOTHING, Reason.ALREADY_DECIDED
        verified_now = newest.likeness is Likeness.VERIFIED
        if verified_now and people.count(newest.person) == len(people) >= self.rules.frames_needed:
            return Outcome.GRANTED, Reason.VERIFIED
        if Outcome.DENIED in told:
            return Outcome.NOTHING, Reason.ALREADY_DECIDED
        reason = self.why_not(visit, last, people) if now - began >= self.rules.patience else None
        return (Outcome.DENIED, reason) if reason else (Outcome.NOTHING, Reason.LOOKING)

    def why_not(self, visit: list[tuple[Seconds, Match]], last: list[Match], people: list[str | None]) -> Reason | None:
        poor = [m for _, m in visit if m.likeness is Likeness.UNUSABLE and Flaw.TOO_SMALL not in m.sighting.look.flaws]
        if len(last) < self.rules.frames_considered:
            return Reason.LOW_QUALITY if len(poor) >= self.rules.frames_considered else None
        if len(set(people)) > 1:
            return Reason.SEVERAL_PEOPLE
        unclear = any(match.likeness is Likeness.AMBIGUOUS for match in last)
        return Reason.AMBIGUOUS if unclear else Reason.CREDENTIAL_NOT_FOUND

    def visit(self, track: TrackId) -> list[tuple[Seconds, Match]]:
        """The frames of the track's present visit: a long absence or the time after an answer ended the one before."""
        absence = max(self.rules.visit_window, self.rules.repeat_after)
        frames: list[tuple[Seconds, Match]] = []
        for step in self.fresh:
            match = self.in_front(step)
            if match and match.sighting.track == track:
                again = frames and (
                    step.time - frames[-1][0] > absence or self.answered_long_ago(track, frames[0][0], step.time)
                )
                frames = [(step.time, match)] if again else [*frames, (step.time, match)]
        return frames

    def answered_long_ago(self, track: TrackId, began: Seconds, now: Seconds) -> bool:
        told = [when for who, when, _ in self.answers if who == track and began <= when < now]
        return bool(told) and now - told[-1] > self.rules.repeat_after


def track_of(match: Match | None) -> TrackId | None:
    return match.sighting.track if match else None


@settings(max_examples=300, deadline=None)
@given(st.data(), rules())
def test_the_reception_decides_by_the_book(data: st.DataObject, rules: AccessConfig):
    trace = data.draw(traces(rules))
    book = ByTheBook(rules)
    expected = [(outcome, reason, track_of(match)) for outcome, reason, match in map(book.decide, trace)]
    made = decisions(trace, rules)
    assert [(each.outcome, each.reason, track_of(each.match)) for each in made] == expected
    assert [(each.frame, each.time) for each in made] == [(index, step.time) for index, step in enumerate(trace)]
    for _, reason, _ in expected:
        event(reason)


def counting(trace: Iterable[Step], rules: AccessConfig) -> list[Step]:
    """The frames of a trace that are neither stale nor out of order."""
    frames: list[Step] = []
    for step in trace:
        if 0 <= step.age <= rules.max_frame_age and (not frames or step.time > frames[-1].time):
            frames.append(step)
    return frames


@settings(max_examples=200, deadline=None)
@given(st.data(), rules())
def test_a_grant_rests_on_its_own_track_alone(data: st.DataObject, rules: AccessConfig):
    """Told from the frames before it, without knowing anything of visits."""
    trace = data.draw(traces(rules))
    for number, decision in enumerate(decisions(trace, rules)):
        if decision.outcome is not Outcome.GRANTED:
            assert decision.person is None
            continue
        assert decision.match is not None
        track, now = decision.match.sighting.track, trace[number]
        assert 0 <= now.age <= rules.max_frame_age
        assert any(decision.match is match for match in now.matches)
        assert decision.match.likeness is Likeness.VERIFIED
        own = [
            match
            for step in counting(trace[: number + 1], rules)
            if now.time - step.time <= rules.visit_window
            for match in step.matches
            if match.sighting.track == track and match.likeness is not Likeness.UNUSABLE
        ]
        names = [match.person for match in own[-rules.frames_considered :] if match.likeness is Likeness.VERIFIED]
        assert names.count(decision.person) >= rules.frames_needed


@given(st.data(), rules())
def test_a_track_is_answered_again_only_after_a_while(data: st.DataObject, rules: AccessConfig):
    told: dict[TrackId, list[Decision]] = {}
    for decision in decisions(data.draw(traces(rules)), rules):
        if decision.outcome is not Outcome.NOTHING and decision.match:
            told.setdefault(decision.match.sighting.track, []).append(decision)
    for answers in told.values():
        for before, after in pairwise(answers):
            in_spite = (before.outcome, after.outcome) == (Outcome.DENIED, Outcome.GRANTED)
            assert in_spite or after.time - before.time > rules.repeat_after


@given(st.data(), rules())
def test_everybody_is_forgotten_in_the_end(data: st.DataObject, rules: AccessConfig):
    trace = data.draw(traces(rules))
    clock = [0.0]
    reception = a_reception(rules, clock)
    for step in trace:
        clock[0] = step.time + step.age
        reception.decide(a_frame(0, step.time), step.matches)
    clock[0] = max(step.time for step in trace) + max(rules.visit_window, rules.repeat_after) + 0.125
    reception.decide(a_frame(0, clock[0]), [])
    assert len(reception._desk.visits) == 0


def test_a_busy_street_does_not_fill_the_memory():
    clock = [0.0]
    reception = a_reception(THREE_OF_FIVE, clock)
    most = 0
    for number in range(2000):
        clock[0] = number / 8
        reception.decide(a_frame(number, clock[0]), [unknown(number)])
        most = max(most, len(reception._desk.visits))
    assert most <= THREE_OF_FIVE.repeat_after * 8 + 1


def outcomes(trace: Iterable[Step], rules: AccessConfig = THREE_OF_FIVE) -> list[tuple[Outcome, Reason]]:
    return [(decision.outcome, decision.reason) for decision in decisions(trace, rules)]


# The others have their own examples, in test_access_reasons.py.
EXAMPLES: dict[Reason, Callable[[], list[Step]]] = {
    Reason.VERIFIED: lambda: steps([[verified("Ada")]] * 3),
    Reason.NOBODY: lambda: steps([[]]),
    Reason.LOOKING: lambda: steps([[verified("Ada")]]),
    Reason.ALREADY_DECIDED: lambda: steps([[verified("Ada")]] * 4),
    Reason.STALE_FRAME: lambda: [Step(Seconds(0.0), Seconds(1.125), (verified("Ada"),))],
    Reason.CREDENTIAL_NOT_FOUND: lambda: steps([[unknown()]] * 9),
    Reason.AMBIGUOUS: lambda: steps([[ambiguous()]] * 9),
    Reason.SEVERAL_PEOPLE: lambda: steps([[verified("Ada")], [verified("Grace")]] * 4 + [[verified("Ada")]]),
    Reason.LOW_QUALITY: lambda: steps([[unusable()]] * 9),
}


@pytest.mark.parametrize("reason", EXAMPLES)
def test_every_reason_is_given(reason: Reason):
    trace = EXAMPLES[reason]()
    *_, (outcome, given_reason) = outcomes(trace)
    assert given_reason is reason
    granted, denied = reason is Reason.VERIFIED, trace[-1].time == THREE_OF_FIVE.patience
    assert outcome is (Outcome.GRANTED if granted else Outcome.DENIED if denied else Outcome.NOTHING)


@pytest.mark.parametrize("age", [-0.125, 1.125, 3600.0, float("nan")])
def test_frames_of_the_past_and_of_the_future_count_for_nothing(age):
    stale = [Step(Seconds(n / 8), Seconds(age), (verified("Ada"),)) for n in range(5)]
    fresh = steps([[verified("Ada")]] * 3, start=1.0)
    assert [reason for _, reason in outcomes(stale + fresh)] == [Reason.STALE_FRAME] * 5 + [
        Reason.LOOKING,
        Reason.LOOKING,
        Reason.VERIFIED,
    ]


def test_stale_unknown_frames_do_not_count_against_either():
    stale = [Step(Seconds(0.25), Seconds(2.0), (unknown(),))] * 5
    trace = [*steps([[verified("Ada")]] * 2), *stale, *steps([[verified("Ada")]], start=0.5)]
    assert outcomes(trace)[-1] == (Outcome.GRANTED, Reason.VERIFIED)


def test_one_frame_given_again_and_again_is_one_frame():
    trace = [Step(Seconds(1.0), Seconds(age), (verified("Ada"),)) for age in (0.0, 0.1, 0.2, 0.3)]
    assert [reason for _, reason in outcomes(trace)] == [Reason.LOOKING] + [Reason.STALE_FRAME] * 3


def test_a_clock_that_goes_back_opens_nothing():
    trace = steps([[verified("Ada")]] * 2, start=50.0) + steps([[verified("Ada")]] * 20, start=1.0)
    assert all(outcome is Outcome.NOTHING for outcome, _ in outcomes(trace))


def test_the_face_behind_never_lets_in_the_one_in_front():
    """Nor does Ada behind get anything; as soon as the stranger has gone she begins anew, and is let in."""
    made = decisions(steps([[unknown(1), verified("Ada", 2)]] * 20 + [[verified("Ada", 2)]] * 3))
    told = [(each.outcome, each.match.sighting.track) for each in made if each.match and each.outcome in TOLD]
    assert told == [(Outcome.DENIED, 1), (Outcome.GRANTED, 2)]
    assert made[-1].person == "Ada"
    assert made[-2].outcome is Outcome.NOTHING


def test_the_largest_face_is_in_front():
    behind, before = sized(unknown(1), 80.0), sized(verified("Ada", 2), 81.0)
    assert decisions(steps([[behind, before]] * 3))[-1].person == "Ada"
    assert decisions(steps([[before, behind]] * 3))[-1].person == "Ada"
    behind = sized(unusable(3, Flaw.TOO_SMALL), 300.0)
    assert decisions(steps([[behind, before]] * 3))[-1].person == "Ada"


def test_frames_of_two_faces_are_never_added_up():
    by_turns = [[verified("Ada", 1 + n % 2)] for n in range(4)]
    assert all(outcome is Outcome.NOTHING for outcome, _ in outcomes(steps(by_turns)))


def test_frames_on_which_somebody_else_was_in_front_count_for_nothing():
    """Grace stands behind for long; once she is in front she needs her own three frames."""
    behind = [[verified("Ada", 1), verified("Grace", 2)]] * 8
    made = decisions(steps(behind + [[verified("Grace", 2)]] * 3))
    assert [(n, decision.person) for n, decision in enumerate(made) if decision.person] == [(2, "Ada"), (10, "Grace")]


def test_who_was_refused_by_a_bad_frame_may_still_be_let_in():
    trace = steps([[unusable()]] * 9 + [[verified("Ada")]] * 3)
    told = [(outcome, reason) for outcome, reason in outcomes(trace) if outcome is not Outcome.NOTHING]
    assert told == [(Outcome.DENIED, Reason.LOW_QUALITY), (Outcome.GRANTED, Reason.VERIFIED)]


@pytest.mark.parametrize("match", [verified("Ada"), unknown(), unusable()])
def test_a_face_that_stays_is_answered_every_ten_seconds(match):
    """Even if it is lost for a moment now and then."""
    frames = [[] if n % 50 == 49 else [match] for n in range(8 * 25)]
    told = [decision.time for decision in decisions(steps(frames)) if decision.outcome is not Outcome.NOTHING]
    assert len(told) >= 2
    assert all(after - before > THREE_OF_FIVE.repeat_after for before, after in pairwise(told))


def test_a_far_away_face_at_dusk_is_answered_never():
    far = unusable(1, Flaw.TOO_SMALL, Flaw.TOO_DARK)
    assert {reason for _, reason in outcomes(steps([[far]] * 100))} == {Reason.LOOKING}
