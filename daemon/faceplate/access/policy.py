"""What the household's rules say of one person at one moment. Pure."""

from __future__ import annotations

from faceplate.access.calendar import Moment
from faceplate.access.schedule import Schedules
from faceplate.config import AccessConfig
from faceplate.config.access import RoleConfig
from faceplate.config.schedule import ALWAYS, NEVER
from faceplate.rights import Rights
from faceplate.types import Reason


class Policy:
    """Asks the person's own rights first, then their role's."""

    def __init__(self, rules: AccessConfig) -> None:
        self._roles = dict(rules.roles)
        self._schedules = Schedules(rules)
        self._step_up = rules.step_up.schedule

    def refusal(self, rights: Rights | None, now: Moment) -> Reason | None:
        """Why this person is not let in now; None: they are."""
        if rights is None or not rights.enabled:
            return Reason.CREDENTIAL_NOT_ENABLED
        if not now.trusted and self._depends_on_the_date(rights):
            return Reason.CLOCK_UNTRUSTED
        if rights.valid_from is not None and now.time < rights.valid_from:
            return Reason.CREDENTIAL_NOT_ACTIVE
        if rights.valid_until is not None and now.time >= rights.valid_until:
            return Reason.CREDENTIAL_EXPIRED
        if not self._schedules.allows(self._schedule(rights), now.time):
            return Reason.NOT_PERMITTED_AT_THIS_TIME
        return None

    def needs_pin(self, rights: Rights, now: Moment) -> bool:
        """Whether this person needs their PIN besides their face now."""
        return self._schedules.allows(self._role(rights).pin, now.time)

    def steps_up(self, now: Moment) -> bool:
        """Whether it is a time at which a living face alone does not open; so it is when the time is not known."""
        is_unknown = not now.trusted and self._step_up not in {ALWAYS, NEVER}
        return is_unknown or self._schedules.allows(self._step_up, now.time)

    def _depends_on_the_date(self, rights: Rights) -> bool:
        if rights.valid_from is not None or rights.valid_until is not None:
            return True
        return not {self._schedule(rights), self._role(rights).pin} <= {ALWAYS, NEVER}

    def _schedule(self, rights: Rights) -> str:
        return self._role(rights).schedule if rights.schedule is None else rights.schedule

    def _role(self, rights: Rights) -> RoleConfig:
        role: RoleConfig = self._roles[rights.role]
        return role
