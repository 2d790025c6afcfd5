"""What the door shows: something for every state, alarm and answer, and nothing that could be taken for another."""

from __future__ import annotations

import itertools
import math
from dataclasses import fields, replace

import pytest

from faceplate.access.challenge import EVERY_STEP
from faceplate.config.doubt import ChallengeConfig
from faceplate.door import signals
from faceplate.door.hardware import Lights
from faceplate.door.signals import (
    HINTS,
    REFUSALS,
    Answer,
    Beat,
    Pattern,
    answer_to,
    answered,
    asked_for,
    cued,
    lights,
    pattern_of,
    showing,
    table,
)
from faceplate.events import DoorEventType, DoorMode, DoorStatus
from faceplate.types import Cue, Decision, Likeness, Match, Method, Outcome, Reason, Seconds

RED, GREEN, DARK = Lights(red=True), Lights(green=True), Lights()
RED_TONE, AMBER = Lights(red=True, buzzer=True), Lights(green=True, red=True)
SILENT = {Reason.VERIFIED, Reason.NOBODY, Reason.LOOKING, Reason.ALREADY_DECIDED, Reason.CHALLENGE_NEEDED}
"""Of a challenge it is the cue that is shown"""
ANSWERS = (*REFUSALS, *HINTS)
ALARMS = ("forced_open", "tampered", "open_too_long", "jammed", "open_too_long_warning")
"""The most urgent first"""

NOW = Seconds(1000.0)
LOCKED = DoorStatus()


def decision(outcome, reason, **more):
    return Decision(1, NOW, outcome, reason, **more)


def rhythm(pattern):
    """What is lit, in steps of a hundredth of a second."""
    length = max(1, round(pattern.length * 100))
    return tuple(lights(pattern, Seconds((step + 0.5) / 100)) for step in range(length))


# ---- Every answer ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_shown_or_is_no_answer_to_anybody(reason):
    assert (reason in ANSWERS) is not (reason in SILENT)
    outcome = Outcome.NOTHING if reason in HINTS else Outcome.DENIED
    answer = answered(None, decision(outcome, reason), NOW)
    if reason in SILENT:
        assert answer is None
        assert pattern_of(LOCKED, answer, NOW) == signals.IDLE
    else:
        assert answer == Answer(outcome, reason, NOW)
        assert pattern_of(LOCKED, answer, NOW) == answer_to(reason)


def test_no_two_answers_look_alike():
    rhythms = [rhythm(pattern) for pattern in (*map(answer_to, ANSWERS), signals.GRANTED)]
    assert len(set(rhythms)) == len(rhythms)
    words = [pattern.words for pattern in (*map(answer_to, ANSWERS), signals.GRANTED)]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("reason", ANSWERS)
def test_only_a_grant_is_green_and_every_refusal_sounds(reason):
    lit = [beat.lights for beat in answer_to(reason).beats if beat.lights != DARK]
    assert set(lit) == {AMBER if reason in HINTS else RED_TONE}
    assert not answer_to(reason).repeats


def test_the_words_count_what_is_seen():
    for pattern in map(answer_to, ANSWERS):
        flashes = [beat.lasting for beat in pattern.beats if beat.lights != DARK]
        long, short = flashes.count(0.6), flashes.count(0.15)
        assert flashes == sorted(flashes, reverse=True), "the long ones first"
        said = [f"{count} {word}" for count, word in ((long, "long"), (short, "short")) if count]
        assert pattern.words.split(": ")[1] == ", ".join(said)
        assert 0 < long + short <= 7


def test_a_refusal_beat_by_beat():
    begin = (Beat(Seconds(0.6), RED_TONE), Beat(Seconds(0.2), DARK))
    flash = (Beat(Seconds(0.15), RED_TONE), Beat(Seconds(0.2), DARK))
    end = Beat(Seconds(0.6), DARK)
    assert answer_to(Reason.CREDENTIAL_NOT_ENABLED) == Pattern("red and tone: 1 long, 1 short", (*begin, *flash, end))
    assert answer_to(Reason.AMBIGUOUS) == Pattern("red and tone: 3 short", (*flash * 3, end))


def test_a_hint_beat_by_beat():
    flash = (Beat(Seconds(0.15), AMBER), Beat(Seconds(0.2), DARK))
    assert answer_to(Reason.PIN_NEEDED) == Pattern("amber: 2 short", (*flash * 2, Beat(Seconds(0.6), DARK)))


def test_a_grant_is_green_with_a_short_tone_and_then_as_long_as_the_lock_is_open():
    answer = answered(None, decision(Outcome.GRANTED, Reason.VERIFIED), NOW)
    unlocked = DoorStatus(mode=DoorMode.ACCESSED, lock_commanded_open=True)
    seen = [showing(unlocked, answer, Seconds(NOW + after))[0] for after in (0.0, 0.14, 0.16, 0.9, 1.1, 4.9)]
    assert seen == [Lights(green=True, buzzer=True)] * 2 + [GREEN] * 4
    assert showing(LOCKED, answer, Seconds(NOW + 5.0)) == (DARK, None)


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("reason", [Reason.VERIFIED, Reason.PIN_NEEDED])
def test_who_was_forced_to_open_sees_what_everybody_sees(method, reason):
    match = Match(None, Likeness.VERIFIED, "Ada")  # type: ignore[arg-type] # nobody looks at the face
    free = decision(Outcome.GRANTED, reason, match=match, method=method, holder="Ada")
    forced = replace(free, duress=True)
    for status in (LOCKED, DoorStatus(lock_commanded_open=True), DoorStatus(faults=("the camera",))):
        for after in (0.0, 0.1, 0.2, 0.99, 1.0, 3.0):
            one, other = (showing(status, answered(None, d, NOW), Seconds(NOW + after)) for d in (free, forced))
            assert one == other


# ---- Which answer counts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason not in HINTS])
def test_what_decides_nothing_shows_nothing(reason):
    assert answered(None, decision(Outcome.NOTHING, reason), NOW) is None


@pytest.mark.parametrize("outcome", [Outcome.GRANTED, Outcome.DENIED, Outcome.WARNED])
def test_an_answer_takes_the_place_of_the_one_before(outcome):
    before = Answer(Outcome.DENIED, Reason.TOO_SOON, Seconds(NOW - 0.1))
    assert answered(before, decision(outcome, Reason.TAILGATING), NOW) == Answer(outcome, Reason.TAILGATING, NOW)


def test_a_hint_breaks_into_nothing_and_does_not_begin_anew():
    hint = decision(Outcome.NOTHING, Reason.PIN_NEEDED)
    for before in (Answer(Outcome.DENIED, Reason.TOO_SOON, NOW), Answer(Outcome.NOTHING, Reason.PIN_NEEDED, NOW)):
        end = Seconds(NOW + answer_to(before.reason).length)
        assert answered(before, hint, Seconds(end - 0.01)) == before
        assert answered(before, hint, end) == Answer(Outcome.NOTHING, Reason.PIN_NEEDED, end)


def test_an_answer_is_over_when_less_than_an_instant_of_it_is_left():
    before = Answer(Outcome.DENIED, Reason.TOO_SOON, Seconds(0.0))
    hint = decision(Outcome.NOTHING, Reason.PIN_NEEDED)
    nearly = Seconds(answer_to(Reason.TOO_SOON).length - 1e-6)
    for now, after in (
        (math.nextafter(nearly, 0), before),
        (nearly, Answer(Outcome.NOTHING, Reason.PIN_NEEDED, nearly)),
    ):
        assert answered(before, hint, Seconds(now)) == after


def test_silence_does_not_end_an_answer():
    before = Answer(Outcome.DENIED, Reason.TOO_SOON, NOW)
    assert answered(before, decision(Outcome.DENIED, Reason.NOBODY), NOW) == before


# ---- Every state and alarm -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", DoorMode)
@pytest.mark.parametrize("unlocked", [True, False])
def test_every_mode_is_shown(mode, unlocked):
    status = DoorStatus(mode=mode, lock_commanded_open=unlocked)
    barred = mode in {DoorMode.BLOCKED, DoorMode.LOCKED_DOWN}
    expected = GREEN if unlocked else RED if barred else DARK
    assert showing(status, None, NOW) == (expected, None), "and it is steady: nobody need wake up for it"


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(ALARMS, 2)))
def test_the_more_urgent_alarm_is_shown(first, second):
    both = DoorStatus(**{first: True, second: True})
    assert pattern_of(both, None, NOW) is pattern_of(DoorStatus(**{first: True}), None, NOW)
    assert pattern_of(both, None, NOW) is not pattern_of(DoorStatus(**{second: True}), None, NOW)


@pytest.mark.parametrize(("alarm", "mode"), list(itertools.product(ALARMS, DoorMode)))
def test_an_alarm_sounds_whatever_else_there_is(alarm, mode):
    status = DoorStatus(mode=mode, lock_commanded_open=True, faults=("the camera",), **{alarm: True})
    answer = answered(None, decision(Outcome.GRANTED, Reason.VERIFIED), NOW)
    pattern = pattern_of(status, answer, NOW)
    assert pattern.repeats
    assert any(beat.lights.buzzer and beat.lights.red for beat in pattern.beats)


RAISED_BY = dict(
    zip(
        ALARMS,
        (
            DoorEventType.FORCED_OPEN,
            DoorEventType.TAMPER,
            DoorEventType.OPEN_TOO_LONG,
            DoorEventType.JAMMED,
            DoorEventType.OPEN_TOO_LONG_WARNING,
        ),
        strict=True,
    )
)


@pytest.mark.parametrize("alarm", ALARMS)
def test_a_silenced_alarm_sounds_no_longer_and_is_seen_all_the_same(alarm):
    silenced = DoorStatus(silenced=frozenset({RAISED_BY[alarm]}), **{alarm: True})
    assert pattern_of(silenced, None, NOW) == signals.FAULTY
    answer = answered(None, decision(Outcome.DENIED, Reason.TOO_SOON), NOW)
    assert pattern_of(silenced, answer, NOW) == answer_to(Reason.TOO_SOON)


@pytest.mark.parametrize(("silenced", "other"), list(itertools.permutations(ALARMS, 2)))
def test_another_alarm_sounds_beside_one_that_was_silenced(silenced, other):
    status = DoorStatus(silenced=frozenset({RAISED_BY[silenced]}), **{silenced: True, other: True})
    assert pattern_of(status, None, NOW) == signals.ALARMS[RAISED_BY[other]]


@pytest.mark.parametrize(("graver", "other"), list(itertools.combinations(ALARMS, 2)))
def test_of_two_alarms_the_graver_sounds(graver, other):
    assert pattern_of(DoorStatus(**{graver: True, other: True}), None, NOW) == signals.ALARMS[RAISED_BY[graver]]


def test_forced_open_is_the_loudest():
    def loudness(pattern: Pattern) -> float:
        return sum(beat.lasting for beat in pattern.beats if beat.lights.buzzer) / pattern.length

    others = (signals.TAMPERED, signals.OPEN_TOO_LONG, signals.JAMMED, signals.WARNING)
    assert loudness(signals.FORCED_OPEN) == 1.0
    assert all(loudness(pattern) < 1.0 for pattern in others)
    assert loudness(signals.WARNING) == 0.1


def test_no_two_states_look_alike():
    states = [getattr(signals, name) for name in (*(a for a in vars(signals) if a.isupper()),)]
    patterns = [pattern for pattern in states if isinstance(pattern, Pattern)]
    assert len(patterns) == 15
    assert len({rhythm(pattern) for pattern in patterns}) == len(patterns)


def test_a_fault_is_a_short_flash_now_and_then():
    faulty = DoorStatus(faults=("the camera",))
    seen = [showing(faulty, None, Seconds(1000.0 + after)) for after in (0.0, 0.05, 0.15, 3.9)]
    assert [lit for lit, _ in seen] == [RED, RED, DARK, DARK]
    assert showing(faulty, None, Seconds(1004.0))[0] == RED
    assert seen[2][1] == pytest.approx(1004.0)


def test_every_flag_of_the_status_has_its_signal():
    flags = {field.name for field in fields(DoorStatus) if field.type == "bool"}
    assert flags == {*ALARMS, "lock_commanded_open"}


# ---- A challenge -----------------------------------------------------------------------------------------------------


def challenged(cue):
    return decision(Outcome.NOTHING, Reason.CHALLENGE_NEEDED, cue=cue)


def test_every_step_of_a_challenge_is_shown_and_no_two_look_alike_nor_like_anything_else():
    shown = [asked_for(cue) for cue in (*EVERY_STEP, Cue.LOOK_STRAIGHT)]
    others = [signals.TAKEN, signals.DONE, signals.NOT_ENROLLED, signals.ADVICE, *map(answer_to, ANSWERS)]
    rhythms = [rhythm(pattern) for pattern in (*shown, *others)]
    assert len(set(rhythms)) == len(rhythms)
    for cue in EVERY_STEP:
        answer = answered(None, challenged(cue), NOW)
        assert pattern_of(LOCKED, answer, NOW) == asked_for(cue)
        first, *rest = asked_for(cue).beats
        assert first == Beat(Seconds(0.6), Lights(green=True, red=True, buzzer=True)), "a tone says that it is asked"
        assert {beat.lights for beat in rest} == {AMBER, DARK}
        flashes = [beat.lasting for beat in rest if beat.lights == AMBER]
        if cue in {Cue.LOOK_UP, Cue.SHUT_EYES}:
            assert flashes == ([0.6] if cue is Cue.LOOK_UP else [0.6, 0.15])
            assert asked_for(cue).words.endswith("then 1 long" if cue is Cue.LOOK_UP else "then 1 long, 1 short")
        else:
            number = (Cue.TURN_LEFT, Cue.TURN_RIGHT, Cue.STEP_BACK, Cue.COME_CLOSER).index(cue) + 1
            assert flashes == [0.15] * number
            assert asked_for(cue).words.endswith(f"then {number} short")


@pytest.mark.parametrize("reason", [Reason.TOO_SOON, Reason.CREDENTIAL_NOT_FOUND, Reason.PIN_NEEDED])
def test_what_is_asked_is_shown_at_once_whatever_was_told_before(reason):
    """There is not much time to do it."""
    before = Answer(Outcome.DENIED, reason, Seconds(NOW - 0.1))
    asked = answered(before, challenged(Cue.LOOK_STRAIGHT), NOW)
    assert pattern_of(LOCKED, asked, NOW) == asked_for(Cue.LOOK_STRAIGHT)
    later = Seconds(NOW + 0.1)
    step = answered(asked, challenged(Cue.TURN_LEFT), later)
    assert step == Answer(Outcome.NOTHING, Reason.CHALLENGE_NEEDED, later, Cue.TURN_LEFT)


def test_what_is_asked_again_is_shown_again_when_it_is_over():
    asked = answered(None, challenged(Cue.STEP_BACK), NOW)
    end = Seconds(NOW + asked_for(Cue.STEP_BACK).length)
    assert answered(asked, challenged(Cue.STEP_BACK), Seconds(end - 0.1)) == asked
    assert answered(asked, challenged(Cue.STEP_BACK), end) == replace(asked, since=end)


def test_a_step_can_be_seen_within_the_time_there_is_for_it():
    assert all(asked_for(cue).length < 0.75 * ChallengeConfig().step_time for cue in EVERY_STEP)


def test_an_answer_breaks_into_a_challenge():
    asked = answered(None, challenged(Cue.STEP_BACK), NOW)
    assert answered(asked, decision(Outcome.GRANTED, Reason.VERIFIED), NOW) == Answer(
        Outcome.GRANTED, Reason.VERIFIED, NOW
    )


# ---- Enrolment -------------------------------------------------------------------------------------------------------

SHOWN = {Cue.TAKEN: signals.TAKEN, Cue.DONE: signals.DONE, Cue.REFUSED: signals.NOT_ENROLLED}


@pytest.mark.parametrize("cue", Cue)
def test_every_cue_is_shown_and_never_as_an_open_or_a_shut_door(cue):
    pattern = pattern_of(LOCKED, cued(None, cue, NOW), NOW)
    assert pattern == SHOWN.get(cue, signals.ADVICE)
    assert all(beat.lights.green == beat.lights.red for beat in pattern.beats)


@pytest.mark.parametrize("cue", Cue)
def test_every_cue_looks_unlike_every_answer(cue):
    answers = {rhythm(answer_to(reason)) for reason in ANSWERS} | {rhythm(signals.GRANTED)}
    assert rhythm(pattern_of(LOCKED, cued(None, cue, NOW), NOW)) not in answers


def test_a_cue_does_not_break_into_an_answer_and_a_later_one_replaces_it():
    granted = answered(None, decision(Outcome.GRANTED, Reason.VERIFIED), NOW)
    assert cued(granted, Cue.TAKEN, NOW) == granted
    over = Seconds(NOW + signals.GRANTED.length)
    first = cued(granted, Cue.TAKEN, over)
    assert pattern_of(LOCKED, first, over) == signals.TAKEN
    assert pattern_of(LOCKED, cued(first, Cue.DONE, over), over) == signals.DONE


def test_an_answer_breaks_into_a_cue():
    cue = cued(None, Cue.HOLD_STILL, NOW)
    assert pattern_of(LOCKED, answered(cue, decision(Outcome.GRANTED, Reason.VERIFIED), NOW), NOW) == signals.GRANTED


# ---- Patterns in time ------------------------------------------------------------------------------------------------

TWO = Pattern("two", (Beat(Seconds(1.0), RED), Beat(Seconds(2.0), GREEN)))


@pytest.mark.parametrize(
    ("elapsed", "once", "again"),
    [
        (0.0, RED, RED),
        (0.99, RED, RED),
        (math.nextafter(1.0 - 1e-6, 0), RED, RED),
        (1.0 - 1e-6, GREEN, GREEN),
        (1.0, GREEN, GREEN),
        (2.99, GREEN, GREEN),
        (3.0, DARK, RED),
        (4.5, DARK, GREEN),
    ],
)
def test_a_pattern_goes_through_its_beats(elapsed, once, again):
    assert lights(TWO, Seconds(elapsed)) == once
    assert lights(replace(TWO, repeats=True), Seconds(elapsed)) == again


def test_an_answer_says_when_it_changes():
    answer = Answer(Outcome.DENIED, Reason.CREDENTIAL_NOT_FOUND, NOW)
    at, seen = NOW, []
    while at is not None:
        lit, at = showing(LOCKED, answer, at)
        seen.append((lit, None if at is None else round(at - NOW, 3)))
    assert seen == [
        (RED_TONE, 0.15),
        (DARK, 0.35),
        (RED_TONE, 0.5),
        (DARK, 0.7),
        (DARK, 1.3),
        (DARK, None),
    ]


def test_what_repeats_keeps_time_with_the_clock_whatever_was_answered():
    alarm = DoorStatus(forced_open=True)
    for answer in (None, Answer(Outcome.DENIED, Reason.TOO_SOON, Seconds(1000.25))):
        assert showing(alarm, answer, Seconds(1000.45)) == (RED_TONE, pytest.approx(1000.5))
        assert showing(alarm, answer, Seconds(1000.55)) == (Lights(buzzer=True), pytest.approx(1000.6))


def test_nothing_is_shown_for_ever_when_idle():
    assert showing(LOCKED, None, NOW) == (DARK, None)


def test_the_table_lists_all_of_it():
    head, rest = [("what", "shown"), ("---", "---")], (signals.OPEN, signals.BARRED, signals.FAULTY, signals.IDLE)
    states = {
        "forced open": signals.FORCED_OPEN,
        "tampered with": signals.TAMPERED,
        "open too long": signals.OPEN_TOO_LONG,
        "jammed": signals.JAMMED,
        "soon open too long": signals.WARNING,
        "granted": signals.GRANTED,
    }
    enrolment = {
        "enrolment: taken": signals.TAKEN,
        "enrolment: done": signals.DONE,
        "enrolment: refused": signals.NOT_ENROLLED,
        "enrolment: something to do": signals.ADVICE,
    }
    challenge = {
        "challenge: look straight": Cue.LOOK_STRAIGHT,
        "challenge: turn left": Cue.TURN_LEFT,
        "challenge: turn right": Cue.TURN_RIGHT,
        "challenge: step back": Cue.STEP_BACK,
        "challenge: come closer": Cue.COME_CLOSER,
        "challenge: look up": Cue.LOOK_UP,
        "challenge: shut eyes": Cue.SHUT_EYES,
    }
    rows = [line.strip("|").split("|") for line in table().splitlines()]
    names = ["unlocked", "blocked, locked down", "something does not work, an alarm is silenced", "locked"]
    assert [tuple(cell.strip() for cell in row) for row in rows] == [
        *head,
        *((what, pattern.words) for what, pattern in states.items()),
        *((f"`{reason}`", answer_to(reason).words) for reason in ANSWERS),
        *((what, asked_for(cue).words) for what, cue in challenge.items()),
        *((what, pattern.words) for what, pattern in enrolment.items()),
        *((what, pattern.words) for what, pattern in zip(names, rest, strict=True)),
    ]
