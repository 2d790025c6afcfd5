"""The account of what failed, kept where it outlasts a restart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from faceplate.access.calendar import Calendar, Moment
from faceplate.access.lockout import FRESH, Backoff, at, failed, taken_back
from faceplate.access.standing import Standing, StandingStore
from faceplate.config import AccessConfig
from faceplate.types import Method, Seconds

_LATEST_GRAIN: Final = timedelta(hours=1)
"""The latest time is saved with whatever else is, and at a grant if it has moved on by this much"""


class Ledger:
    """Counts failures, for visits and for PINs apart. Everything is saved before the method returns.

    Every method that counts or clears something raises `StoreError` if it cannot be saved: then nobody may be answered.
    """

    def __init__(self, rules: AccessConfig, calendar: Calendar, store: StandingStore) -> None:
        self._rules = rules
        self._calendar = calendar
        self._store = store

    @property
    def standing(self) -> Standing:
        """As it is now."""
        return self._store.standing

    def let_time_pass(self, now: Seconds) -> bool:
        """End the lock-outs that are over.

        Returns:
            Whether one of visits ended just now.
        """
        before = self.standing
        visits = at(before.visits, now, self._rules.lockout)
        pins = at(before.pins, now, self._rules.pin)
        if (visits, pins) != (before.visits, before.pins):
            self._save(visits, pins)
        return before.visits.until is not None and visits.until is None

    def charge_visit(self, now: Seconds) -> None:
        """Count a visit as failed, before it is known how it ends."""
        self._save(visits=failed(self.standing.visits, now, self._rules.lockout))

    def clear_visit(self, now: Seconds) -> None:
        """That visit did not fail after all."""
        self._save(visits=taken_back(self.standing.visits, now))

    def charge_pin(self, now: Seconds) -> Backoff:
        """Count a PIN as wrong, before it is compared; gives what to `restore_pins` if it was right."""
        before = self.standing.pins
        self._save(pins=failed(before, now, self._rules.pin))
        return before

    def restore_pins(self, before: Backoff) -> None:
        """That PIN was right."""
        self._save(pins=before)

    def succeed(self, method: Method) -> None:
        """Somebody is let in: what failed before, in the same way, is forgotten."""
        before = self.standing
        visits = before.visits if method in {Method.PIN, Method.REMOTE_PIN} else FRESH
        pins = before.pins if method is Method.FACE else FRESH
        self._calendar.read()
        latest = self._calendar.latest
        moved_on = before.latest is None or (latest is not None and latest - before.latest >= _LATEST_GRAIN)
        if (visits, pins) != (before.visits, before.pins) or moved_on:
            self._save(visits, pins)
        else:
            self._store.change(lambda standing: standing)  # if the last save failed, this one must not

    def moment(self) -> Moment:
        """The present date and time; that the clock went back is saved, lest a restart forget it."""
        moment = self._calendar.read()
        latest = self._calendar.latest
        saved = self.standing.latest
        if not moment.trusted and latest is not None and (saved is None or saved < latest):
            self._save()
        return moment

    def trust_clock(self) -> None:
        """Believe the clock as it is."""
        self._calendar.trust()
        self._save()

    def face_unlock(self, *, on: bool) -> None:
        """Switch face unlock."""
        self._store.change(lambda standing: replace(standing, face_unlock=on))

    def clear(self) -> None:
        """Forget every failure."""
        self._save(FRESH, FRESH)

    def _save(self, visits: Backoff | None = None, pins: Backoff | None = None) -> None:
        latest = self._calendar.latest

        def how(standing: Standing) -> Standing:
            return replace(
                standing,
                visits=standing.visits if visits is None else visits,
                pins=standing.pins if pins is None else pins,
                latest=latest or standing.latest,
            )

        self._store.change(how)
