"""What the screen at the door shows: the door's own words, a name only where it may be said, and nothing old."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

import pytest

from faceplate.access.challenge import EVERY_STEP
from faceplate.config import SpeechConfig
from faceplate.events import DoorEventType, DoorStatus
from faceplate.screen import ASKED, OF_KIND, SHOWN_FOR, STALE_AFTER, Kind, Screen, Words, words_for
from faceplate.types import Cue, Decision, Flaw, Method, Outcome, Reason, Seconds
from faceplate.voice import OF_CUE, OF_FLAW, OF_REASON
from strategies_access import a_frame, unknown, unusable, verified

LANGUAGES = get_args(SpeechConfig.model_fields["language"].annotation)
SILENT = SpeechConfig()
GREETING = SpeechConfig(greeting=True)

GRANTED = Decision(1, Seconds(1.0), Outcome.GRANTED, Reason.VERIFIED, verified("Ada"))
STRANGER = Decision(1, Seconds(1.0), Outcome.DENIED, Reason.CREDENTIAL_NOT_FOUND, unknown(nearest="Ada"))
CROWD = Decision(1, Seconds(1.0), Outcome.NOTHING, Reason.SEVERAL_IN_VIEW)
NOBODY = Decision(1, Seconds(1.0), Outcome.NOTHING, Reason.NOBODY)
LOOKING = Decision(1, Seconds(1.0), Outcome.NOTHING, Reason.LOOKING, verified("Ada"))
DECIDED = Decision(1, Seconds(1.0), Outcome.NOTHING, Reason.ALREADY_DECIDED, verified("Ada"))

WELCOME = Words(Kind.WELCOME, "Welcome")
REFUSED = Words(Kind.REFUSED, "Access denied")
ONE_AT_A_TIME = Words(Kind.PROMPT, "One at a time, please")
WAIT = Words(Kind.LOCKED_OUT, "Too many attempts, please wait")
IDLE = Words(Kind.IDLE, "")
OUT_OF_SERVICE = Words(Kind.OUT_OF_SERVICE, "Out of service")


@dataclass
class Before:
    """A screen, and the time."""

    speech: SpeechConfig = SILENT
    now: float = 100.0
    door: DoorStatus = field(default_factory=DoorStatus)

    def __post_init__(self):
        self.screen = Screen(self.speech, lambda: self.door, lambda: Seconds(self.now))

    def sees(self, decision, later=0.0):
        self.now += later
        self.screen.show(a_frame(time=self.now), (), decision)
        return self.words()

    def words(self, *, later=0.0, locked_out=False):
        self.now += later
        return self.screen.words(locked_out=locked_out)


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("speech", [SILENT, GREETING], ids=["silent", "greeting"])
def test_no_name_is_shown_but_of_somebody_let_in_where_it_may_be_said(reason, outcome, speech):
    words = words_for(Decision(1, Seconds(1.0), outcome, reason, verified("Ada")), speech)
    named = words is not None and "Ada" in words.text
    assert named == (outcome is Outcome.GRANTED and speech is GREETING)


@pytest.mark.parametrize("method", Method)
def test_whoever_is_let_in_is_welcomed_however_they_were_known(method):
    decision = Decision(None, Seconds(1.0), Outcome.GRANTED, Reason.VERIFIED, method=method, holder="Ada", duress=True)
    assert words_for(decision, SILENT) == WELCOME
    assert words_for(decision, GREETING) == Words(Kind.WELCOME, "Welcome, Ada")


@pytest.mark.parametrize("reason", sorted(set(Reason) - {Reason.LOCKED_OUT}))
def test_a_prompt_is_what_the_door_would_say_aloud_and_of_all_other_refusals_one_tells_no_more_than_the_next(reason):
    decision = Decision(1, Seconds(1.0), Outcome.DENIED, reason, unusable(1, Flaw.BLURRED))
    hints = OF_REASON | {Reason.LOW_QUALITY: OF_FLAW[Flaw.BLURRED]}
    expected = Words(Kind.PROMPT, hints[reason]["en"]) if reason in hints else REFUSED
    assert words_for(decision, SILENT) == expected


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.PROMPT, *ASKED.values()}))
def test_every_kind_has_its_words_in_every_language(kind):
    assert set(OF_KIND[kind]) == set(LANGUAGES)
    assert all(OF_KIND[kind].values()) == (kind is not Kind.IDLE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_speaks_the_language_of_the_speech(language):
    speech = SpeechConfig(language=language)
    assert words_for(CROWD, speech).text == OF_REASON[Reason.SEVERAL_IN_VIEW][language]
    assert words_for(LOOKING, speech).text == OF_REASON[Reason.FACE_NEEDED][language]
    assert Before(speech).words().text == OF_KIND[Kind.OUT_OF_SERVICE][language]


@pytest.mark.parametrize(
    ("decision", "shown"),
    [(GRANTED, WELCOME), (STRANGER, REFUSED), (CROWD, ONE_AT_A_TIME), (NOBODY, IDLE)],
    ids=["granted", "stranger", "crowd", "nobody"],
)
def test_it_is_shown_for_long_enough_to_be_read_and_then_the_screen_is_dark(decision, shown):
    door = Before()
    assert door.sees(decision) == shown
    lasting = SHOWN_FOR.get(shown.kind, Seconds(0.0))
    assert door.sees(NOBODY, lasting / 2) == shown
    assert door.sees(NOBODY, lasting / 2) == IDLE


def test_a_prompt_does_not_wipe_an_answer_away_and_another_answer_does():
    door = Before()
    door.sees(GRANTED)
    assert door.sees(DECIDED, 0.1) == WELCOME
    assert door.sees(CROWD, 0.1) == WELCOME
    assert door.sees(STRANGER, 0.1) == REFUSED
    assert door.sees(CROWD, SHOWN_FOR[Kind.REFUSED]) == ONE_AT_A_TIME
    assert door.sees(LOOKING, 0.1) == Words(Kind.PROMPT, "Look at the camera")


def asked(cue):
    return Decision(1, Seconds(1.0), Outcome.NOTHING, Reason.CHALLENGE_NEEDED, verified("Ada"), cue=cue)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cue", EVERY_STEP)
def test_what_somebody_is_challenged_to_do_is_a_kind_of_its_own_and_shown_at_once(cue, language):
    door = Before(SpeechConfig(language=language))
    door.sees(STRANGER)
    assert door.sees(asked(cue), 0.1) == Words(ASKED[cue], OF_CUE[cue][language])
    assert door.sees(asked(cue), 60.0) == Words(ASKED[cue], OF_CUE[cue][language])
    assert door.sees(GRANTED, 0.1).kind is Kind.WELCOME


def test_between_two_steps_the_visitor_is_told_to_look_at_the_camera():
    door = Before()
    door.sees(asked(Cue.TURN_LEFT))
    assert door.sees(asked(Cue.LOOK_STRAIGHT), 0.1) == Words(Kind.PROMPT, "Look at the camera")


def test_a_challenge_that_brought_a_lockout_about_is_shown_to_its_end():
    door = Before()
    door.sees(asked(Cue.TURN_LEFT))
    assert door.words(locked_out=True).kind is Kind.TURN_LEFT


def test_before_the_first_picture_it_is_out_of_service():
    assert Before().words() == OUT_OF_SERVICE


def test_nothing_is_shown_that_is_older_than_the_last_picture_may_be():
    door = Before()
    assert door.sees(GRANTED) == WELCOME
    assert door.words(later=STALE_AFTER) == WELCOME
    assert door.words(later=0.01) == OUT_OF_SERVICE
    assert SHOWN_FOR[Kind.WELCOME] > STALE_AFTER, "or this test would show nothing"


def test_a_camera_that_hands_out_old_pictures_is_no_service():
    door = Before()
    door.screen.show(a_frame(time=door.now - STALE_AFTER - 0.01), (), NOBODY)
    assert door.words() == OUT_OF_SERVICE


def test_a_lockout_is_shown_as_long_as_it_lasts_and_to_nobody_else_is_anything_promised():
    door = Before()
    door.sees(NOBODY)
    assert door.words(locked_out=True) == WAIT
    door.sees(LOOKING)
    assert door.words(locked_out=True) == WAIT, "not: look at the camera"
    assert door.sees(Decision(1, Seconds(1.0), Outcome.DENIED, Reason.LOCKED_OUT)) == WAIT
    door.sees(GRANTED)
    assert door.words(locked_out=True) == WELCOME, "by face and PIN"


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        ("forced_open", Kind.ALARM),
        ("tampered", Kind.ALARM),
        ("jammed", Kind.ALARM),
        ("open_too_long", Kind.DOOR_OPEN),
        ("open_too_long_warning", Kind.DOOR_OPEN),
    ],
)
def test_an_alarm_goes_before_everything(raised, kind):
    door = Before(door=DoorStatus(**{raised: True}))
    assert len(door.door.alarms) == 1
    assert door.words() == Words.of(kind, "en"), "also while the camera is away"
    assert door.sees(GRANTED) == Words.of(kind, "en")


def test_every_alarm_was_shown_above():
    everything = DoorStatus(
        forced_open=True, tampered=True, jammed=True, open_too_long=True, open_too_long_warning=True
    )
    assert len(everything.alarms) == 5
    assert set(everything.alarms) < set(DoorEventType)
    assert Before(door=everything).words().kind is Kind.ALARM, "the gravest"


def test_it_tells_two_words_and_no_more():
    assert Before().words().facts() == {"kind": "out_of_service", "text": "Out of service"}
