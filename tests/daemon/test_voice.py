"""What the door says, to whom, and that it never waits for its own voice."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from typing import get_args

import pytest

from faceplate import voice
from faceplate.access.challenge import EVERY_STEP
from faceplate.config import SpeechConfig
from faceplate.errors import ConfigError
from faceplate.types import Cue, Decision, Flaw, Outcome, Reason, Seconds
from faceplate.voice import OF_CUE, OF_FLAW, OF_REASON, PAUSE, WELCOME, Voice, greeting_for, hint_for
from strategies_access import a_frame, unusable, verified

LANGUAGES = get_args(SpeechConfig.model_fields["language"].annotation)
BOTH = SpeechConfig(greeting=True, hints=True)
OFF = SpeechConfig()

GRANTED = Decision(1, Seconds(1.0), Outcome.GRANTED, Reason.VERIFIED, verified("Ada"))
CROWD = Decision(1, Seconds(1.0), Outcome.NOTHING, Reason.SEVERAL_IN_VIEW)


def decided(reason, *flaws):
    return Decision(1, Seconds(1.0), Outcome.DENIED, reason, unusable(1, *flaws) if flaws else None)


@dataclass
class Speaker:
    """Starts a real process in the place of espeak-ng, which hands back what it is told, and remembers all."""

    hangs: bool = False
    said: list[subprocess.Popen[str]] = field(default_factory=list)
    commands: list[tuple[str, ...]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    def start(self, command, **how):
        self.commands.append(command)
        code = "import signal; signal.pause()" if self.hangs else "import sys; print(sys.stdin.read())"
        process = subprocess.Popen([sys.executable, "-c", code], **how | {"stdout": subprocess.PIPE})
        self.said.append(process)
        return process

    def words(self):
        """What was said so far; waits for it to be said to the end."""
        while self.said:
            with self.said.pop(0) as process:
                self.heard.append(process.stdout.read().strip())
        return self.heard


@dataclass
class Time:
    now: float = 100.0

    def __call__(self):
        return Seconds(self.now)


def found(program):
    return f"/usr/bin/{program}"


def test_a_welcome_by_name():
    speaker = Speaker()
    Voice(BOTH, Time(), found, speaker.start).show(a_frame(), (), GRANTED)
    assert speaker.words() == ["Welcome, Ada"]
    assert speaker.commands == [("/usr/bin/espeak-ng", "-v", "en", "--stdin")]


def test_a_duress_pin_is_welcomed_like_any_other():
    forced = Decision(None, Seconds(1.0), Outcome.GRANTED, Reason.VERIFIED, holder="Ada", duress=True)
    assert greeting_for(forced, BOTH) == greeting_for(GRANTED, BOTH)


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("flaw", Flaw)
def test_hints_name_nobody_and_are_given_for_the_reasons_of_the_table_alone(reason, flaw):
    hint = hint_for(decided(reason, flaw), BOTH)
    expected = OF_FLAW[flaw] if reason is Reason.LOW_QUALITY else OF_REASON.get(reason)
    assert hint == (expected["en"] if expected else "")
    assert greeting_for(decided(reason, flaw), BOTH) == ""


@pytest.mark.parametrize("phrases", [WELCOME, *OF_FLAW.values(), *OF_REASON.values(), *OF_CUE.values()])
def test_every_phrase_is_there_in_every_language(phrases):
    assert set(phrases) == set(LANGUAGES)
    assert all(phrases.values())


def test_every_flaw_has_its_hint():
    assert set(OF_FLAW) == set(Flaw)


@pytest.mark.parametrize("cue", Cue)
def test_every_cue_is_spoken_where_there_is_somebody_to_hear_it(cue):
    speaker = Speaker()
    door = Voice(SpeechConfig(hints=True), Time(), found, speaker.start)
    door.cue(cue)
    assert speaker.words() == ([] if cue is Cue.NOBODY else [OF_CUE[cue]["en"]])


def test_no_cue_is_spoken_unless_hints_are():
    speaker = Speaker()
    Voice(SpeechConfig(greeting=True), Time(), found, speaker.start).cue(Cue.TAKEN)
    assert speaker.words() == []


def asked(cue):
    return Decision(1, Seconds(1.0), Outcome.NOTHING, Reason.CHALLENGE_NEEDED, verified("Ada"), cue=cue)


@pytest.mark.parametrize("cue", EVERY_STEP)
def test_what_somebody_is_challenged_to_do_is_said_at_once_and_once(cue):
    speaker = Speaker()
    door = Voice(BOTH, Time(), found, speaker.start)
    for decision in (CROWD, asked(Cue.LOOK_STRAIGHT), asked(cue), asked(cue)):
        door.show(a_frame(), (), decision)
    assert next(process.wait() for process in speaker.said) != 0, "what was being said was broken off"
    assert speaker.words()[1:] == [OF_CUE[cue]["en"]]


def test_and_said_again_when_it_is_asked_again():
    speaker = Speaker()
    door = Voice(BOTH, Time(), found, speaker.start)
    for cue in (Cue.LOOK_UP, Cue.LOOK_STRAIGHT, Cue.TURN_LEFT, Cue.LOOK_STRAIGHT, Cue.LOOK_UP):
        door.show(a_frame(), (), asked(cue))
        for process in speaker.said:
            process.wait()
    assert speaker.words() == [OF_CUE[cue]["en"] for cue in (Cue.LOOK_UP, Cue.TURN_LEFT, Cue.LOOK_UP)]


def test_no_challenge_is_spoken_unless_hints_are():
    speaker = Speaker()
    Voice(SpeechConfig(greeting=True), Time(), found, speaker.start).show(a_frame(), (), asked(Cue.LOOK_UP))
    assert speaker.words() == []


def test_it_is_silent_unless_asked():
    assert greeting_for(GRANTED, OFF) == ""
    assert hint_for(CROWD, OFF) == ""
    assert greeting_for(GRANTED, SpeechConfig(hints=True)) == ""
    assert hint_for(CROWD, SpeechConfig(greeting=True)) == ""


def test_somebody_let_in_gets_no_hint():
    assert hint_for(Decision(1, Seconds(1.0), Outcome.GRANTED, Reason.FACE_NEEDED), BOTH) == ""


@pytest.mark.parametrize(("later", "times"), [(PAUSE, 2), (PAUSE - 0.01, 1)])
def test_hints_keep_their_pause(later, times):
    speaker, clock = Speaker(), Time()
    door = Voice(BOTH, clock, found, speaker.start)
    door.show(a_frame(), (), CROWD)
    speaker.words()
    clock.now += later
    door.show(a_frame(), (), CROWD)
    assert speaker.words() == ["One at a time, please"] * times


def test_while_it_speaks_it_says_nothing_else_and_closing_silences_it():
    speaker, clock = Speaker(hangs=True), Time()
    door = Voice(BOTH, clock, found, speaker.start)
    for _ in range(3):
        door.show(a_frame(), (), GRANTED)
    assert len(speaker.said) == 1
    door.close()
    assert speaker.said[0].returncode is not None
    speaker.said[0].stdout.close()


def test_a_program_that_dies_at_once_is_no_fault():
    door = Voice(BOTH, Time(), lambda _: shutil.which("false"))
    for _ in range(20):
        door.show(a_frame(), (), GRANTED)
    door.close()


def test_closing_a_voice_that_never_spoke_is_no_fault():
    Voice(BOTH, Time(), found, Speaker().start).close()


def test_a_missing_program_is_named_with_the_cure():
    with pytest.raises(ConfigError, match=r"espeak-ng.*apt install espeak-ng"):
        Voice(BOTH, Time(), {}.get)


@pytest.mark.skipif(shutil.which(voice.PROGRAM) is None, reason="espeak-ng is not installed")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_real_program_has_our_languages_and_speaks_from_its_standard_input(language, tmp_path):
    sound = tmp_path / "welcome.wav"
    command = [voice.PROGRAM, "-v", language, "--stdin", "-w", str(sound)]
    subprocess.run(command, input="-v is no option here", text=True, check=True)
    assert sound.stat().st_size > 10_000
