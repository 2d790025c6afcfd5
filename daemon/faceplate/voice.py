"""What the door says aloud: a welcome, and hints for whoever cannot be recognised yet. Off unless the owner asks."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress

from faceplate.config import SpeechConfig
from faceplate.errors import ConfigError
from faceplate.types import Clock, Cue, Decision, Flaw, Frame, Match, Outcome, Reason, Seconds

PROGRAM = "espeak-ng"

PAUSE = Seconds(5.0)
"""A hint is not said again, and no other follows it, before this is over: a door that chatters is not listened to"""

WELCOME = {"en": "Welcome, {}", "de": "Willkommen, {}", "fr": "Bienvenue, {}", "es": "Bienvenido, {}"}

_COME_CLOSER = {"en": "Come closer", "de": "Bitte näher kommen", "fr": "Approchez", "es": "Acérquese"}
_LOOK_HERE = {
    "en": "Look at the camera",
    "de": "Bitte in die Kamera schauen",
    "fr": "Regardez la caméra",
    "es": "Mire a la cámara",
}

OF_FLAW = {
    Flaw.TOO_SMALL: _COME_CLOSER,
    Flaw.BLURRED: {"en": "Hold still", "de": "Bitte stillhalten", "fr": "Ne bougez pas", "es": "No se mueva"},
    Flaw.TOO_DARK: {"en": "It is too dark", "de": "Es ist zu dunkel", "fr": "Il fait trop sombre", "es": "Está oscuro"},
    Flaw.TOO_BRIGHT: {
        "en": "There is too much light",
        "de": "Es ist zu hell",
        "fr": "Il y a trop de lumière",
        "es": "Hay demasiada luz",
    },
    Flaw.TURNED_AWAY: _LOOK_HERE,
}

OF_REASON = {
    Reason.SEVERAL_IN_VIEW: {
        "en": "One at a time, please",
        "de": "Bitte einzeln",
        "fr": "Un par un, s'il vous plaît",
        "es": "Uno a uno, por favor",
    },
    Reason.PIN_NEEDED: {
        "en": "Your PIN, please",
        "de": "Bitte die PIN",
        "fr": "Votre code, s'il vous plaît",
        "es": "Su PIN, por favor",
    },
    Reason.FACE_NEEDED: _LOOK_HERE,
    Reason.LIVENESS_UNSURE: _LOOK_HERE,
    Reason.INTENT_NEEDED: _COME_CLOSER,
    Reason.LOCKED_OUT: {
        "en": "Too many attempts, please wait",
        "de": "Zu viele Versuche, bitte warten",
        "fr": "Trop d'essais, veuillez attendre",
        "es": "Demasiados intentos, espere",
    },
}

OF_CUE = {
    Cue.ALONE: OF_REASON[Reason.SEVERAL_IN_VIEW],
    Cue.COME_CLOSER: _COME_CLOSER,
    Cue.HOLD_STILL: OF_FLAW[Flaw.BLURRED],
    Cue.TOO_DARK: OF_FLAW[Flaw.TOO_DARK],
    Cue.TOO_BRIGHT: OF_FLAW[Flaw.TOO_BRIGHT],
    Cue.LOOK_STRAIGHT: _LOOK_HERE,
    Cue.AGAIN: {"en": "Once more", "de": "Bitte noch einmal", "fr": "Encore une fois", "es": "Otra vez"},
    Cue.TURN_LEFT: {
        "en": "Turn your head a little to the left",
        "de": "Den Kopf ein wenig nach links drehen",
        "fr": "Tournez un peu la tête à gauche",
        "es": "Gire un poco la cabeza a la izquierda",
    },
    Cue.TURN_RIGHT: {
        "en": "Turn your head a little to the right",
        "de": "Den Kopf ein wenig nach rechts drehen",
        "fr": "Tournez un peu la tête à droite",
        "es": "Gire un poco la cabeza a la derecha",
    },
    Cue.STEP_BACK: {
        "en": "Take a step back, please",
        "de": "Bitte einen Schritt zurückgehen",
        "fr": "Reculez d'un pas, s'il vous plaît",
        "es": "Dé un paso atrás, por favor",
    },
    Cue.LOOK_UP: {
        "en": "Raise your chin a little",
        "de": "Das Kinn ein wenig heben",
        "fr": "Levez un peu le menton",
        "es": "Levante un poco la barbilla",
    },
    Cue.LOOK_DOWN: {
        "en": "Lower your chin a little",
        "de": "Das Kinn ein wenig senken",
        "fr": "Baissez un peu le menton",
        "es": "Baje un poco la barbilla",
    },
    Cue.SHUT_EYES: {
        "en": "Shut your eyes for a second",
        "de": "Die Augen eine Sekunde schließen",
        "fr": "Fermez les yeux une seconde",
        "es": "Cierre los ojos un segundo",
    },
    Cue.TURN_BACK: {"en": "Not so far", "de": "Nicht so weit", "fr": "Pas autant", "es": "No tanto"},
    Cue.GLASSES_OFF: {
        "en": "Now without your glasses",
        "de": "Jetzt ohne Brille",
        "fr": "Maintenant sans lunettes",
        "es": "Ahora sin gafas",
    },
    Cue.CHANGE_LIGHT: {
        "en": "Now in other light",
        "de": "Jetzt bei anderem Licht",
        "fr": "Maintenant avec une autre lumière",
        "es": "Ahora con otra luz",
    },
    Cue.TAKEN: {"en": "Good", "de": "Gut", "fr": "Bien", "es": "Bien"},
    Cue.DONE: {"en": "Done, thank you", "de": "Fertig, danke", "fr": "Terminé, merci", "es": "Listo, gracias"},
    Cue.REFUSED: {
        "en": "That did not work",
        "de": "Das hat nicht geklappt",
        "fr": "Cela n'a pas marché",
        "es": "No ha funcionado",
    },
}
"""To somebody who is being enrolled, or challenged; to nobody there is nothing to be said"""


class Voice:
    """Speaks beside the loop and never holds it up: what cannot be said at once is not said."""

    def __init__(
        self,
        config: SpeechConfig,
        clock: Clock,
        find: Callable[[str], str | None] = shutil.which,
        start: Callable[..., subprocess.Popen[str]] = subprocess.Popen,
    ) -> None:
        """Find the program that speaks; `find` and `start` do as those they stand for.

        Raises:
            ConfigError: it is not installed.
        """
        program = find(PROGRAM)
        if program is None:
            raise ConfigError(
                f"speech is on and there is no {PROGRAM} on this machine: `sudo apt install {PROGRAM}`, or set "
                "speech.greeting and speech.hints to false"
            )
        self._command = (program, "-v", config.language, "--stdin")
        self._config = config
        self._clock = clock
        self._start = start
        self._speaking: subprocess.Popen[str] | None = None
        self._hinted = Seconds(-PAUSE)
        self._asked: Cue | None = None

    def show(self, frame: Frame, matches: Sequence[Match], decision: Decision) -> None:
        """Say what there is to say about one frame."""
        del frame, matches
        if decision.cue is not self._asked:
            self._asked = decision.cue
            self._ask(decision.cue)
        if greeting := greeting_for(decision, self._config):
            self._say(greeting)
        elif (hint := hint_for(decision, self._config)) and self._clock() - self._hinted >= PAUSE:
            self._hinted = self._clock()
            self._say(hint)

    def cue(self, cue: Cue) -> None:
        """Say what somebody who is being enrolled is told, where hints are spoken; by the same thread as `show`."""
        if self._config.hints and (phrases := OF_CUE.get(cue)):
            self._say(phrases[self._config.language])

    def _ask(self, cue: Cue | None) -> None:
        """Say what somebody is challenged to do: at once, as there is not much time to do it."""
        if cue is None or cue is Cue.LOOK_STRAIGHT:  # which would be in the way of what is asked next
            return
        if self._config.hints:
            self.close()
            self.cue(cue)

    def close(self) -> None:
        """Fall silent."""
        if self._speaking is not None:
            self._speaking.kill()
            self._speaking.wait()

    def _say(self, words: str) -> None:
        if self._speaking is not None and self._speaking.poll() is None:
            return
        # By its standard input: a name that begins with a hyphen is no option there.
        self._speaking = self._start(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
        )
        if self._speaking.stdin is not None:
            with suppress(BrokenPipeError), self._speaking.stdin as stdin:
                stdin.write(words)


def greeting_for(decision: Decision, config: SpeechConfig) -> str:
    """The welcome for whoever was let in; empty for anybody else."""
    if not config.greeting or decision.outcome is not Outcome.GRANTED or decision.person is None:
        return ""
    return WELCOME[config.language].format(decision.person)


def hint_for(decision: Decision, config: SpeechConfig) -> str:
    """What the visitor could do better; empty if that is nothing."""
    if not config.hints or decision.outcome is Outcome.GRANTED:
        return ""
    if phrases := OF_REASON.get(decision.reason):
        return phrases[config.language]
    if decision.reason is not Reason.LOW_QUALITY or decision.match is None:
        return ""
    found = decision.match.sighting.look.flaws
    return OF_FLAW[found[0]][config.language] if found else ""
