"""What shows that a face is alive, and whether a visitor has shown it.

Vision says of each face whether it is alive; nothing here overrules that it is not. Where that is not known, or not
enough, the visitor is challenged, once in a visit, and never while faces are locked out.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Final

from faceplate.access.admission import Encounter
from faceplate.access.challenge import Phase, advanced, begun
from faceplate.access.desk import Desk
from faceplate.access.posture import glanced
from faceplate.access.visit import Visit, lookalikes, since, verdict
from faceplate.config import AccessConfig
from faceplate.liveness import Liveness
from faceplate.types import Flaw, Match, Method, Outcome, Reason, Seconds

HOLDS: Final = Seconds(5.0)
"""So long a challenge that was passed shows that the face on its track is alive"""

LOOKED_AT: Final = Seconds(3.0)
"""Nobody is refused for their looks alone before they were looked at for so long"""

_MOST: Final = 2
"""How often a challenge is begun in a visit, if the first one could not be told to be of one face all the time"""


class Proof:
    """Knows who has shown that they are alive, and challenges the others."""

    def __init__(self, desk: Desk, dice: random.Random) -> None:
        """Begin; `dice` draw what is asked, and when: nobody may be able to know them."""
        self._desk = desk
        self._rules = desk.rules
        self._dice = dice

    def noticed(self, match: Match, visit: Visit) -> Visit:
        """The visit, with what vision says of the newest frame: once taken for a spoof it stays one to its end.

        A face that is too small is somebody further away, or a poster on the wall there: not yet a visitor.
        """
        sighting = match.sighting
        is_near = Flaw.TOO_SMALL not in sighting.look.flaws
        if self._desk.liveness == "off" or sighting.liveness is not Liveness.SPOOF or not is_near:
            return visit
        request = self._desk.request
        if request is not None and request.match is not None and request.match.sighting.track == sighting.track:
            self._desk.request = None
        visit = replace(visit, failed=Reason.SPOOF_SUSPECTED, challenge=None, passed=None)
        self._desk.visits.keep(match, visit)
        return visit

    def is_live(self, met: Encounter) -> bool:
        """Whether the visitor is alive, for all that is known on this very frame."""
        if self._desk.liveness == "off":
            return True
        return met.visit.failed is None and (_says_live(met.match) or self._has_passed(met))

    def lacking(self, met: Encounter, people: tuple[str, ...]) -> Reason | None:
        """What is lacking before somebody may be let in who is this person, or one of these two; None: nothing."""
        if self._desk.liveness == "off" or self._has_passed(met):
            return None
        was_asked = met.visit.challenges > 0 and met.visit.passed is None
        must_do = self._desk.liveness == "challenge" or was_asked or self._is_stepped_up(met, people)
        if _says_live(met.match) and not must_do:
            return None
        request = self._desk.pending(Method.FACE, met.now)
        if request is not None and not request.silent and request.people == people:
            return Reason.PIN_NEEDED
        if met.visit.passed is not None:  # and nothing came of it
            return Reason.LIVENESS_UNSURE if met.visit.answer is Outcome.NOTHING else Reason.ALREADY_DECIDED
        in_view = met.frame.time - met.visit.began
        if must_do or (self._desk.liveness == "motion" and in_view >= self._rules.challenge.after):
            return Reason.CHALLENGE_NEEDED
        is_over = self._desk.liveness == "passive" and in_view >= max(self._rules.patience, LOOKED_AT)
        return Reason.LIVENESS_UNSURE if is_over else Reason.LOOKING

    def challenged(self, met: Encounter, people: tuple[str, ...]) -> Visit:
        """The visit, with a challenge that begins now."""
        challenge = begun(people, met.frame.time, self._dice)
        return replace(met.visit, challenge=challenge, challenges=met.visit.challenges + 1)

    def went_on(self, met: Encounter) -> Visit:
        """The visit, with its challenge one frame further."""
        visit, challenge, time = met.visit, met.visit.challenge, met.frame.time
        if challenge is None:
            return visit
        unasked = replace(visit, challenge=None, challenges=visit.challenges - 1)
        if not challenge.was_asked and self.lacking(replace(met, visit=unasked), challenge.people) is None:
            return unasked
        shown = _whom(since(visit, challenge.since), self._rules)
        verified = bool(shown) and set(shown) <= set(challenge.people)
        glance = glanced(met.frame, met.match, self._desk.narrowest)
        challenge = advanced(challenge, glance, self._rules.challenge, self._dice, verified=verified)
        match challenge.phase:
            case Phase.PASSED:
                return replace(visit, challenge=None, passed=time)
            case Phase.VOID if visit.challenges < _MOST:
                return replace(visit, challenge=None)
            case Phase.VOID | Phase.FAILED:
                return replace(visit, challenge=None, failed=Reason.CHALLENGE_FAILED)
        return replace(visit, challenge=challenge)

    def _has_passed(self, met: Encounter) -> bool:
        passed = met.visit.passed
        return met.visit.failed is None and passed is not None and met.frame.time - passed <= HOLDS

    def _is_stepped_up(self, met: Encounter, people: tuple[str, ...]) -> bool:
        """Whether a challenge is asked for besides; a PIN that is shown, or will be, stands for it."""
        rights = met.match.rights
        shows_pin = len(people) > 1 or (rights is not None and self._desk.asks_pin(rights, met.visit, met.match))
        request = self._desk.pending(Method.PIN, met.now)
        shows_pin = shows_pin or (request is not None and request.people[0] in people)
        return not shows_pin and self._desk.steps_up(met.visit, met.match)


def _says_live(match: Match) -> bool:
    return match.sighting.liveness is Liveness.LIVE


def _whom(visit: Visit, rules: AccessConfig) -> tuple[str, ...]:
    """Whom a visit shows: one person, two look-alikes, or nobody surely."""
    if verdict(visit, rules)[0] is Outcome.GRANTED:
        return (str(visit.glimpses[-1].person),)
    return lookalikes(visit, rules)
