"""The way in by PIN: as a second factor, or alone where the household wants that, or where it is given from afar.

What is asked, in this order; the first that is not so is the answer. Up to 4 the PIN is neither compared nor
counted.

1. May anybody pass? (`DOOR_BLOCKED`)
2. Is the door closed? (`DOOR_OPEN`)
3. Are PINs answered at all, and the face it goes with? (`LOCKED_OUT`, `FACE_UNLOCK_OFF`)
4. Was nobody let in a moment ago? (`TOO_SOON`)
5. The PIN is counted as wrong, and that is saved, before it is compared: whoever pulls the plug has used it up.
6. Is it the right one? (`INVALID_PIN`)
7. May this person, now? (the reasons of the policy)
8. Is the face there, if one is needed? (`FACE_NEEDED`)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from faceplate.access.desk import Claim, Desk, Request, is_blocked, is_in_the_way
from faceplate.access.lockout import Backoff
from faceplate.access.pin import PinOwner
from faceplate.events import DoorStatus
from faceplate.rights import Rights
from faceplate.types import Decision, Method, Outcome, Reason, Seconds

# Of 10,000 PINs of four digits a stranger tries so many in a day, whatever the lock-out, that a household of twenty is
# entered every few days (tests/simulations/brute_force.py); of a million, once in a year or more.
LONG_ENOUGH_ALONE: Final = 6


@dataclass(frozen=True, slots=True)
class Attempt:
    """A PIN that is to be compared."""

    people: tuple[str, ...] | None
    """Those whose PIN is awaited; None: it may be anybody's"""

    before: Backoff
    """What to go back to if it is right"""

    alone: bool
    """Whether it opens without a face, if it is right"""

    method: Method
    """PIN or REMOTE_PIN"""


class Pins:
    """Decides on PINs, in two steps, between which the PIN is compared."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._rules = desk.rules.pin

    def receive(self, length: int, door: DoorStatus, now: Seconds, method: Method = Method.PIN) -> Decision | Attempt:
        """Count a PIN of so many digits, before it is compared; or answer at once.

        One that comes as REMOTE_PIN opens alone or not at all: who stands at the door has no part in it.

        Raises:
            StoreError: it cannot be counted; there is no answer.
        """
        self._let_time_pass(now)
        remote = method is Method.REMOTE_PIN
        alone = (remote or self._rules.alone) and length >= LONG_ENOUGH_ALONE
        if remote and not alone:
            return _denied(Reason.INVALID_PIN, now, method)
        if reason := self._hindrance(door, alone=alone):
            return _denied(reason, now, method)
        if reason := self._pause(door, now):
            return _nothing(reason, now, method)
        awaited = self._desk.pending(Method.FACE, now)
        people = awaited.people if awaited and not alone else None
        return Attempt(people, self._desk.ledger.charge_pin(now), alone, method)

    def answer(
        self,
        attempt: Attempt,
        owner: PinOwner | None,
        people: Mapping[str, Rights],
        door: DoorStatus,
        now: Seconds,
    ) -> Decision:
        """Decide on a PIN that was compared.

        Raises:
            StoreError: what must outlast a restart cannot be saved; there is no answer.
        """
        if owner is None:
            return _denied(Reason.INVALID_PIN, now, attempt.method)
        self._desk.ledger.restore_pins(attempt.before)
        self._let_time_pass(now)
        if reason := self._hindrance(door, alone=attempt.alone):
            return _denied(reason, now, attempt.method)
        if reason := self._pause(door, now):
            return _nothing(reason, now, attempt.method)
        return self._right(attempt, owner, people[owner.person], now)

    def _right(self, attempt: Attempt, owner: PinOwner, rights: Rights, now: Seconds) -> Decision:
        awaited = self._awaited_face(attempt, owner, now)
        method = Method.FACE_AND_PIN if awaited else attempt.method
        if reason := self._desk.refusal(rights):
            return _denied(reason, now, method, owner.person)
        if awaited or attempt.alone:
            match = awaited.match if awaited else None
            return self._desk.grant(Claim(owner.person, rights, method, match, owner.duress), None, now)
        self._desk.request = Request(Method.PIN, (owner.person,), now, duress=owner.duress)
        return _nothing(Reason.FACE_NEEDED, now)

    def _awaited_face(self, attempt: Attempt, owner: PinOwner, now: Seconds) -> Request | None:
        """The face at the door that this PIN belongs to."""
        if attempt.method is Method.REMOTE_PIN or self._faces_do_not_count():
            return None
        awaited = self._desk.pending(Method.FACE, now)
        return awaited if awaited and owner.person in awaited.people else None

    def _hindrance(self, door: DoorStatus, *, alone: bool) -> Reason | None:
        """Why no PIN is answered."""
        if is_blocked(door):
            return Reason.DOOR_BLOCKED
        if self._desk.ledger.standing.pins.until is not None:
            return Reason.LOCKED_OUT
        return None if alone else self._faces_do_not_count()

    def _faces_do_not_count(self) -> Reason | None:
        """Why no face could complete a PIN."""
        if self._desk.faces_are_locked_out() and not self._desk.rules.lockout.pin_opens:
            return Reason.LOCKED_OUT
        return None if self._desk.ledger.standing.face_unlock else Reason.FACE_UNLOCK_OFF

    def _pause(self, door: DoorStatus, now: Seconds) -> Reason | None:
        """Why a PIN is not answered just now."""
        if is_in_the_way(door, now, self._desk.rules.settle_time):
            return Reason.DOOR_OPEN
        return Reason.TOO_SOON if self._desk.is_too_soon(now) else None

    def _let_time_pass(self, now: Seconds) -> None:
        if self._desk.ledger.let_time_pass(now):
            self._desk.visits.clear()


def _denied(reason: Reason, now: Seconds, method: Method, person: str | None = None) -> Decision:
    return Decision(None, now, Outcome.DENIED, reason, method=method, holder=person)


def _nothing(reason: Reason, now: Seconds, method: Method = Method.PIN) -> Decision:
    return Decision(None, now, Outcome.NOTHING, reason, method=method)
