"""What a visitor is answered who is one enrolled person, or one of two look-alikes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from faceplate.access.desk import Claim, Desk, Request, is_blocked
from faceplate.access.visit import Visit
from faceplate.events import DoorStatus
from faceplate.rights import Rights
from faceplate.types import Cue, Decision, Frame, Match, Method, Outcome, Reason, Seconds


@dataclass(frozen=True, slots=True)
class Encounter:
    """A visitor, on one frame."""

    frame: Frame
    match: Match
    visit: Visit
    door: DoorStatus
    now: Seconds

    def nothing(self, reason: Reason) -> Decision:
        """The door does not move."""
        return Decision(self.frame.index, self.frame.time, Outcome.NOTHING, reason, self.match)

    def asked(self, cue: Cue) -> Decision:
        """The door does not move, and the visitor is to do something."""
        return replace(self.nothing(Reason.CHALLENGE_NEEDED), cue=cue)


class Admission:
    """Grants, refuses, or asks for the PIN."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def welcome(self, met: Encounter) -> Decision:
        """One enrolled person, beyond doubt."""
        person, rights = str(met.match.person), met.match.rights
        if (reason := self._hindrance(met.door) or self._desk.refusal(rights)) or rights is None:
            return self.refuse(met, reason or Reason.CREDENTIAL_NOT_ENABLED, person)
        if self._desk.is_too_soon(met.frame.time):
            return met.nothing(Reason.TOO_SOON)
        request = self._desk.pending(Method.PIN, met.now)
        if request and person in request.people:
            claim = Claim(person, rights, Method.FACE_AND_PIN, met.match, request.duress)
            return self._desk.grant(claim, met.frame.index, met.frame.time)
        if self._desk.asks_pin(rights, met.visit, met.match):
            return self._ask(met, (person,))
        return self._desk.grant(Claim(person, rights, Method.FACE, met.match), met.frame.index, met.frame.time)

    def ask_which(self, met: Encounter, pair: tuple[str, ...]) -> Decision:
        """One of two look-alikes."""
        if reason := self._hindrance(met.door):
            return self.refuse(met, reason)
        request = self._desk.pending(Method.PIN, met.now)
        person = request.people[0] if request and request.people[0] in pair else None
        if request is None or person is None:
            return self._ask(met, pair)
        if (rights := _rights_of(person, met.match)) is None:
            return met.nothing(Reason.LOOKING)  # the newest frame shows the other of the two, or neither
        if reason := self._desk.refusal(rights):
            return self.refuse(met, reason, person)
        if self._desk.is_too_soon(met.frame.time):
            return met.nothing(Reason.TOO_SOON)
        claim = Claim(person, rights, Method.FACE_AND_PIN, met.match, request.duress)
        return self._desk.grant(claim, met.frame.index, met.frame.time)

    def _ask(self, met: Encounter, people: tuple[str, ...]) -> Decision:
        """Ask for the PIN, once in a visit."""
        if Reason.REQUEST_TIMEOUT in met.visit.told:
            return met.nothing(Reason.ALREADY_DECIDED)
        request = self._desk.pending(Method.FACE, met.now)
        if request is None or request.silent or request.people != people:
            self._desk.request = Request(Method.FACE, people, met.frame.time, met.match)
        return met.nothing(Reason.PIN_NEEDED)

    def _hindrance(self, door: DoorStatus) -> Reason | None:
        if is_blocked(door):
            return Reason.DOOR_BLOCKED
        return None if self._desk.ledger.standing.face_unlock else Reason.FACE_UNLOCK_OFF

    def has_shown_pin(self, met: Encounter, people: tuple[str, ...]) -> bool:
        """Whether the PIN of one of these people was entered a moment ago."""
        request = self._desk.pending(Method.PIN, met.now)
        return request is not None and request.people[0] in people

    def refuse(self, met: Encounter, reason: Reason, person: str | None = None) -> Decision:
        """Say no, once in a visit for each reason."""
        if reason in met.visit.told:
            return met.nothing(Reason.ALREADY_DECIDED)
        self.keep(met, met.visit.refused(reason, met.frame.time))
        return Decision(met.frame.index, met.frame.time, Outcome.DENIED, reason, met.match, holder=person)

    def keep(self, met: Encounter, visit: Visit) -> Encounter:
        """Remember what became of the visit."""
        self._desk.visits.keep(met.match, visit)
        return replace(met, visit=visit)


def _rights_of(person: str, match: Match) -> Rights | None:
    if match.person == person:
        return match.rights
    return match.rival.rights if match.rival and match.rival.person == person else None
