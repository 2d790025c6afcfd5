"""What both ways in, face and PIN, have in common: whom the rules let in, and what was last shown by whom."""

from __future__ import annotations

import math
from dataclasses import dataclass

from faceplate.access.ledger import Ledger
from faceplate.access.policy import Policy
from faceplate.access.tailgating import Watch
from faceplate.access.visit import Visit
from faceplate.access.visits import Visits
from faceplate.config import AccessConfig
from faceplate.events import DoorMode, DoorStatus
from faceplate.liveness import LivenessMode
from faceplate.rights import Rights
from faceplate.types import Decision, Match, Method, Outcome, Pixels, Reason, Seconds


@dataclass(frozen=True, slots=True)
class Request:
    """One factor was shown and found right; the other is awaited."""

    shown: Method
    """FACE or PIN"""

    people: tuple[str, ...]
    """Whose it is: one person, or two look-alikes"""

    since: Seconds

    match: Match | None = None
    """The face that was shown"""

    duress: bool = False

    silent: bool = False
    """Nobody is told that it is awaited: during a lock-out that would tell a stranger which picture works"""


@dataclass(frozen=True, slots=True)
class Claim:
    """An enrolled person, known beyond doubt, who wants in."""

    person: str
    rights: Rights | None
    method: Method
    match: Match | None = None
    duress: bool = False


class Desk:
    """Knows who may pass now. Not to be used by two threads at once."""

    def __init__(self, rules: AccessConfig, ledger: Ledger, liveness: LivenessMode, narrowest: Pixels) -> None:
        self.rules = rules
        self.liveness = liveness
        self.narrowest = narrowest
        self.ledger = ledger
        self.visits = Visits(rules)
        self.request: Request | None = None
        self.watch: Watch | None = None
        self._policy = Policy(rules)
        self._last_grant = Seconds(-math.inf)

    def pending(self, shown: Method, now: Seconds) -> Request | None:
        """The request that still may be completed, if that was shown."""
        request = self.request
        is_open = request is not None and now - request.since <= self.rules.pin.window
        return request if request and is_open and request.shown is shown else None

    def forget(self) -> None:
        """What was seen and shown so far counts for nothing."""
        self.visits.clear()
        self.request = None

    def refusal(self, rights: Rights | None) -> Reason | None:
        """Why somebody with these rights is not let in now."""
        return self._policy.refusal(rights, self.ledger.moment())

    def needs_pin(self, rights: Rights) -> bool:
        """Whether somebody with these rights needs their PIN besides their face now."""
        return self._policy.needs_pin(rights, self.ledger.moment())

    def steps_up(self, visit: Visit, match: Match) -> bool:
        """Whether a living face alone does not open now."""
        rules, failures = self.rules.step_up, self.ledger.standing.visits.failures - visit.is_counted
        return (
            (rules.after_failures is not None and failures >= rules.after_failures)
            or (rules.lookalikes and match.is_close_call)
            or self._policy.steps_up(self.ledger.moment())
        )

    def asks_pin(self, rights: Rights, visit: Visit, match: Match) -> bool:
        """Whether somebody with these rights, on this visit, needs their PIN besides their face."""
        steps_up = self.rules.step_up.ask == "pin" and bool(rights.pin or rights.duress_pin)
        return self.needs_pin(rights) or (steps_up and self.steps_up(visit, match))

    def is_too_soon(self, time: Seconds) -> bool:
        """Whether somebody was let in a moment ago."""
        return time - self._last_grant < self.rules.grant_interval

    def faces_are_locked_out(self) -> bool:
        """Whether too many visits failed."""
        return self.ledger.standing.visits.until is not None

    def grant(self, claim: Claim, frame: int | None, time: Seconds) -> Decision:
        """Let somebody in.

        Raises:
            StoreError: what must outlast a restart cannot be saved; nobody was let in.
        """
        self.ledger.succeed(claim.method)
        own = frozenset({claim.match.sighting.track} if claim.match else ())
        self.watch = Watch(claim.person, claim.method, time, own)
        self.request = None
        self.visits.end_with_grant(claim.person, claim.match, time)
        self._last_grant = time
        return Decision(
            frame,
            time,
            Outcome.GRANTED,
            Reason.VERIFIED,
            claim.match,
            method=claim.method,
            holder=None if claim.method is Method.FACE else claim.person,
            extended=claim.rights is not None and claim.rights.extended_time,
            duress=claim.duress,
        )


def is_blocked(door: DoorStatus) -> bool:
    """Whether nobody is granted access."""
    return door.mode in {DoorMode.BLOCKED, DoorMode.LOCKED_DOWN}


def is_in_the_way(door: DoorStatus, time: Seconds, settle_time: Seconds) -> bool:
    """Whether the door was open, or had only just closed, at that time."""
    has_settled = door.closed_since is None or time - door.closed_since >= settle_time
    return door.is_open is True or not has_settled
