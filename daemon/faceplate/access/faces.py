"""The way in by face.

What is asked, in this order; the first that is not so is the answer:

1. Is the frame fresh? (`STALE_FRAME`)
2. Is the door closed, and was it when the frame was taken? Else everything seen so far is forgotten. (`DOOR_OPEN`)
3. Did the PIN, or the face, that was awaited come in time? (`REQUEST_TIMEOUT`)
4. Is somebody there, and alone if they must be? Who has the largest face is the visitor. (`NOBODY`, `SEVERAL_IN_VIEW`)
5. Has this visit not been let in already? (`ALREADY_DECIDED`)
6. Does the visitor show that they want in? (`INTENT_NEEDED`)
7. Are faces answered at all? (`LOCKED_OUT`)
8. Was this visit not taken for a picture, a screen or a mask on any of its frames? (`SPOOF_SUSPECTED`)
9. Is it one enrolled person? (`LOOKING`, `CREDENTIAL_NOT_FOUND`, `AMBIGUOUS`, `SEVERAL_PEOPLE`, `LOW_QUALITY`)
10. Is the face alive, on this very frame? (`LOOKING`, `LIVENESS_UNSURE`, `CHALLENGE_NEEDED`, `CHALLENGE_FAILED`)
11. May anybody pass? (`DOOR_BLOCKED`, `FACE_UNLOCK_OFF`)
12. May this person, now? (`CREDENTIAL_NOT_ENABLED`, `CLOCK_UNTRUSTED`, `CREDENTIAL_NOT_ACTIVE`, `CREDENTIAL_EXPIRED`,
    `NOT_PERMITTED_AT_THIS_TIME`)
13. Was nobody let in a moment ago? (`TOO_SOON`)
14. Is the PIN there, if one is needed? (`PIN_NEEDED`)
15. If there was nothing to say: does somebody follow the one who was let in? (`TAILGATING`)

Before 9 nothing depends on whose face it is, so that until then the answers tell a stranger nothing about it. With
`vision.liveness: off` nobody asks 8 and 10.

A visit is counted as a failed attempt as soon as so much was seen of it that it could have been let in, before its
answer is known, and is taken back if it turns out to be somebody enrolled, and alive. Whoever walks away or pulls the
plug before the answer has used up an attempt all the same. An attempt lasts for `repeat_after` at most, or as long as
its challenge, and one that was counted goes on to its answer even if it brought the lock-out about. A visit that was
taken for a spoof, or did not do what it was challenged to, is counted once, for good, and is not let in any more,
however it goes on, until it is over.

While an operator enrols somebody at the door, whoever would be refused for their face is neither answered nor counted:
the one being enrolled is a stranger until that is done. Nobody is let in by that who would not be otherwise, a lock-out
that goes on goes on, and when it is over every visit begins anew.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from faceplate.access.admission import Admission, Encounter
from faceplate.access.desk import Desk, Request, is_in_the_way
from faceplate.access.intent import is_shown
from faceplate.access.proof import Proof
from faceplate.access.tailgating import tailgater, watched
from faceplate.access.view import near, nearest
from faceplate.access.visit import lookalikes, shows_one, verdict
from faceplate.events import DoorStatus
from faceplate.types import Cue, Decision, Frame, Likeness, Match, Method, Outcome, Reason, Seconds


class Faces:
    """Decides on frames."""

    def __init__(self, desk: Desk, dice: random.Random, enrolling: Callable[[], bool] = lambda: False) -> None:
        self._desk = desk
        self._proof = Proof(desk, dice)
        self._enrolling = enrolling
        self._was_enrolling = False
        self._admission = Admission(desk)
        self._rules = desk.rules
        self._newest = Seconds(-math.inf)

    def decide(self, frame: Frame, matches: Sequence[Match], door: DoorStatus, now: Seconds) -> Decision:
        """Decide once on a frame.

        Raises:
            StoreError: what must outlast a restart cannot be saved; there is no answer.
        """
        if not (0 <= now - frame.time <= self._rules.max_frame_age and frame.time > self._newest):
            return Decision(frame.index, frame.time, Outcome.NOTHING, Reason.STALE_FRAME)
        self._newest = frame.time
        if self._desk.ledger.let_time_pass(now):
            self._desk.visits.clear()
        self._notice_enrolment()
        if self._desk.watch is not None:
            self._desk.watch = watched(self._desk.watch, matches, frame.time, door)
        decision = self._at_the_door(frame, matches, door, now)
        return decision if decision.outcome is not Outcome.NOTHING else self._tailgating(decision, matches)

    def _notice_enrolment(self) -> None:
        before, self._was_enrolling = self._was_enrolling, self._enrolling()
        if before and not self._was_enrolling:
            self._desk.visits.clear()  # what was seen of somebody before they were enrolled says nothing now

    def _tailgating(self, decision: Decision, matches: Sequence[Match]) -> Decision:
        """A frame on which there is nothing else to say may warn of somebody at the open door."""
        watch = self._desk.watch
        other = tailgater(watch, matches, self._rules.frames_needed) if watch else None
        if watch is None or other is None:
            return decision
        self._desk.watch = None
        return Decision(
            decision.frame, decision.time, Outcome.WARNED, Reason.TAILGATING, other, watch.method, holder=watch.person
        )

    def _at_the_door(self, frame: Frame, matches: Sequence[Match], door: DoorStatus, now: Seconds) -> Decision:
        if is_in_the_way(door, frame.time, self._rules.settle_time):
            self._desk.forget()
            return Decision(frame.index, frame.time, Outcome.NOTHING, Reason.DOOR_OPEN)
        self._desk.visits.forget_the_gone(frame.time)
        close = near(matches)
        match = nearest(close or matches) if matches else None
        if len(close) > 1 and self._rules.several_people == "refuse":
            several = Decision(frame.index, frame.time, Outcome.NOTHING, Reason.SEVERAL_IN_VIEW, match)
            return self._timed_out(frame, now) or several
        if match is None:
            nobody = Decision(frame.index, frame.time, Outcome.NOTHING, Reason.NOBODY)
            return self._timed_out(frame, now) or nobody
        # Whatever the answer is about: no frame of a visit is left out.
        visit = self._proof.noticed(match, self._desk.visits.observe(match, frame.time))
        return self._timed_out(frame, now) or self._answer(Encounter(frame, match, visit, door, now))

    def _timed_out(self, frame: Frame, now: Seconds) -> Decision | None:
        request = self._desk.request
        if request is None or self._desk.pending(request.shown, now):
            return None
        self._desk.request = None
        if request.silent:
            return None
        if request.match and (visit := self._desk.visits.of(request.match)):
            self._desk.visits.keep(request.match, visit.refused(Reason.REQUEST_TIMEOUT, frame.time))
        return Decision(
            frame.index,
            frame.time,
            Outcome.DENIED,
            Reason.REQUEST_TIMEOUT,
            request.match,
            request.shown,
            holder=_beyond_doubt(request),
        )

    def _answer(self, met: Encounter) -> Decision:
        visit, time = met.visit, met.frame.time
        if visit.answer is Outcome.GRANTED:
            return met.nothing(Reason.ALREADY_DECIDED)
        in_view = Seconds(time - visit.began)
        # Whoever is challenged turns away, as they are asked to.
        if visit.challenge is None and not is_shown(self._rules.intent, met.match, in_view, time, met.door):
            return met.nothing(Reason.INTENT_NEEDED)
        if self._is_locked_out(met):
            return self._locked_out(met)
        if visit.challenge is not None:
            met = self._admission.keep(met, self._proof.went_on(met))
            if met.visit.challenge is not None:
                return met.asked(met.visit.challenge.cue)
        if met.visit.failed is not None:
            return self._failed(met, met.visit.failed)
        return self._known(met)

    def _known(self, met: Encounter) -> Decision:
        """What follows from whom the visit shows."""
        outcome, reason = verdict(met.visit, self._rules)
        if outcome is Outcome.GRANTED:
            return self._unproved(met, (str(met.match.person),)) or self._admission.welcome(self._cleared(met))
        met = met if self._was_enrolling else self._charged(met)
        if outcome is Outcome.DENIED and shows_one(met.visit, self._rules):
            return met.nothing(Reason.LOOKING)  # one poor frame, while it is waited for a sign of life
        if reason is Reason.AMBIGUOUS and (pair := lookalikes(met.visit, self._rules)):
            return self._unproved(met, pair) or self._admission.ask_which(self._cleared(met), pair)
        return self._refused(met, reason) if outcome is Outcome.DENIED else met.nothing(reason)

    def _unproved(self, met: Encounter, people: tuple[str, ...]) -> Decision | None:
        """The answer to somebody enrolled who has not shown that they are alive; None: they have."""
        lacking = self._proof.lacking(met, people)
        if lacking is None:
            return None
        if self._was_enrolling:
            return met.nothing(Reason.LOOKING)
        # From here on the answer tells whom the face is like, so it is paid for before it is given.
        if lacking is not Reason.LOOKING or met.frame.time - met.visit.began >= self._rules.patience:
            met = self._charged(met)
        if lacking is Reason.LIVENESS_UNSURE:
            return self._admission.refuse(met, lacking)
        if lacking is not Reason.CHALLENGE_NEEDED:
            return met.nothing(lacking)
        met = self._admission.keep(met, self._proof.challenged(met, people))
        return met.asked(Cue.LOOK_STRAIGHT)

    def _failed(self, met: Encounter, reason: Reason) -> Decision:
        """No living face, or one that did not do what was asked: counted once, for good."""
        if self._was_enrolling:
            return met.nothing(Reason.LOOKING)
        if reason not in met.visit.told and not met.visit.is_counted:
            self._desk.ledger.charge_visit(met.now)
            met = self._admission.keep(met, replace(met.visit, charged=met.now, cleared=False))
        return self._admission.refuse(met, reason)

    def _refused(self, met: Encounter, reason: Reason) -> Decision:
        return met.nothing(Reason.LOOKING) if self._was_enrolling else self._admission.refuse(met, reason)

    def _is_locked_out(self, met: Encounter) -> bool:
        visit = met.visit
        goes_on = visit.is_paid_for(met.now, self._rules.repeat_after) and visit.answer is Outcome.NOTHING
        goes_on = goes_on or visit.challenge is not None
        return self._desk.faces_are_locked_out() and not goes_on

    def _locked_out(self, met: Encounter) -> Decision:
        """The same answer at the same time, whoever it is; a PIN that belongs to the face still opens, in silence."""
        is_sure = verdict(met.visit, self._rules)[0] is Outcome.GRANTED
        people = (str(met.match.person),) if is_sure else lookalikes(met.visit, self._rules)
        if people and self._rules.lockout.pin_opens and self._proof.is_live(met):
            if self._admission.has_shown_pin(met, people):
                return self._admission.welcome(met) if is_sure else self._admission.ask_which(met, people)
            request = self._desk.pending(Method.FACE, met.now)
            if self._desk.pending(Method.PIN, met.now) is None and (request is None or request.silent):
                self._desk.request = Request(Method.FACE, people, met.frame.time, met.match, silent=True)
        looked_at = len(met.visit.glimpses) + met.visit.poor_frames >= self._rules.frames_considered
        if met.visit.answer is Outcome.DENIED:
            return met.nothing(Reason.ALREADY_DECIDED)
        if looked_at and met.visit.seen - met.visit.began >= self._rules.patience:
            return self._admission.refuse(met, Reason.LOCKED_OUT)
        return met.nothing(Reason.LOOKING)

    def _charged(self, met: Encounter) -> Encounter:
        """Count the attempt, if it is one, and was not yet."""
        visit = met.visit
        # A visit that had its answer ends `repeat_after` later; one that was never answered must not go on for nothing.
        was_answered = visit.charged is not None and visit.answer is not Outcome.NOTHING
        counted = was_answered or visit.is_paid_for(met.now, self._rules.repeat_after)
        if visit.cleared or counted or not visit.is_tried(self._rules.frames_needed):
            return met
        self._desk.ledger.charge_visit(met.now)
        return self._admission.keep(met, replace(visit, charged=met.now))

    def _cleared(self, met: Encounter) -> Encounter:
        """The attempt was no failure."""
        if met.visit.charged is not None and not met.visit.cleared:
            self._desk.ledger.clear_visit(met.now)
        return met if met.visit.cleared else self._admission.keep(met, replace(met.visit, cleared=True))


def _beyond_doubt(request: Request) -> str | None:
    """Whose request it is; None: one of two look-alikes'."""
    is_sure = request.match is None or request.match.likeness is Likeness.VERIFIED
    return request.people[0] if is_sure and len(request.people) == 1 else None
