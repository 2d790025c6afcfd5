"""What the household's rules say of one person at one moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from faceplate.access.calendar import Moment
from faceplate.access.policy import Policy
from faceplate.config import AccessConfig
from faceplate.rights import Rights, Role
from faceplate.types import Reason
from reception_desk import access_rules

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)
NOW = Moment(NOON, trusted=True)
DOUBTED = Moment(NOON, trusted=False)
INSTANT = timedelta(microseconds=1)
DAY = timedelta(days=1)


def policy(**roles: dict[str, str]) -> Policy:
    """Roles by these schedules; `day` is every Wednesday from 8 to 18."""
    tree = {"schedules": {"day": {"wednesday": ["08:00-18:00"]}}, "time_zone": "UTC", "roles": roles}
    return Policy(access_rules(**tree))


def test_whoever_has_no_rules_may_come_at_any_time():
    for role in Role:
        for now in (NOW, DOUBTED):
            assert policy().refusal(Rights(role), now) is None
            assert not policy().needs_pin(Rights(role), now)


def test_who_is_switched_off_may_not_whatever_else():
    assert policy().refusal(Rights(enabled=False), NOW) is Reason.CREDENTIAL_NOT_ENABLED
    expired = Rights(enabled=False, valid_until=NOON - DAY)
    assert policy().refusal(expired, DOUBTED) is Reason.CREDENTIAL_NOT_ENABLED
    assert policy().refusal(None, NOW) is Reason.CREDENTIAL_NOT_ENABLED


@pytest.mark.parametrize(("until_now", "reason"), [(INSTANT, Reason.CREDENTIAL_NOT_ACTIVE), (timedelta(0), None)])
def test_a_time_begins_with_its_first_instant(until_now, reason):
    assert policy().refusal(Rights(valid_from=NOON + until_now), NOW) is reason


@pytest.mark.parametrize(("left", "reason"), [(INSTANT, None), (timedelta(0), Reason.CREDENTIAL_EXPIRED)])
def test_a_time_ends_before_its_last_instant(left, reason):
    assert policy().refusal(Rights(valid_until=NOON + left), NOW) is reason


def test_nobody_is_let_in_by_a_time_that_ends_before_it_begins():
    backwards = Rights(valid_from=NOON + DAY, valid_until=NOON - DAY)
    for days in range(-3, 4):
        assert policy().refusal(backwards, Moment(NOON + days * DAY, trusted=True)) is not None


@pytest.mark.parametrize("role", Role)
def test_each_role_keeps_to_its_schedule(role):
    ruled = policy(**{role.value: {"schedule": "day"}})
    evening = Moment(NOON + timedelta(hours=6), trusted=True)
    assert ruled.refusal(Rights(role), NOW) is None
    assert ruled.refusal(Rights(role), evening) is Reason.NOT_PERMITTED_AT_THIS_TIME
    others = [other for other in Role if other is not role]
    assert [ruled.refusal(Rights(other), evening) for other in others] == [None] * 3


@pytest.mark.parametrize("role", Role)
def test_each_role_needs_its_pin_when_its_schedule_says_so(role):
    ruled = policy(**{role.value: {"pin": "day"}})
    assert ruled.needs_pin(Rights(role), NOW)
    assert not ruled.needs_pin(Rights(role), Moment(NOON + timedelta(hours=6), trusted=True))
    assert not any(ruled.needs_pin(Rights(other), NOW) for other in Role if other is not role)


def test_a_persons_own_schedule_goes_before_the_roles():
    closed = policy(guest={"schedule": "never"})
    assert closed.refusal(Rights(Role.GUEST), NOW) is Reason.NOT_PERMITTED_AT_THIS_TIME
    assert closed.refusal(Rights(Role.GUEST, schedule="day"), NOW) is None
    assert policy().refusal(Rights(schedule="never"), NOW) is Reason.NOT_PERMITTED_AT_THIS_TIME


def test_a_schedule_that_is_gone_lets_nobody_in():
    assert policy().refusal(Rights(schedule="cleaners"), NOW) is Reason.NOT_PERMITTED_AT_THIS_TIME


@pytest.mark.parametrize(
    "rights",
    [
        Rights(valid_from=NOON - DAY),
        Rights(valid_until=NOON + DAY),
        Rights(schedule="day"),
        Rights(Role.CHILD),
        Rights(Role.GUEST),
    ],
)
def test_who_depends_on_the_date_is_not_let_in_by_a_clock_nobody_believes(rights):
    ruled = policy(child={"schedule": "day"}, guest={"pin": "day"})
    assert ruled.refusal(rights, NOW) is None
    assert ruled.refusal(rights, DOUBTED) is Reason.CLOCK_UNTRUSTED


def test_who_does_not_depend_on_it_is():
    ruled = policy(child={"schedule": "day"}, guest={"pin": "always", "schedule": "day"})
    assert ruled.refusal(Rights(), DOUBTED) is None
    assert ruled.refusal(Rights(Role.CHILD, schedule="always"), DOUBTED) is None
    assert ruled.refusal(Rights(Role.GUEST, schedule="always"), DOUBTED) is None
    assert ruled.needs_pin(Rights(Role.GUEST), DOUBTED)
    assert ruled.refusal(Rights(schedule="never"), DOUBTED) is Reason.NOT_PERMITTED_AT_THIS_TIME


def test_every_right_that_restricts_has_an_effect():
    """Of each field of Rights that can keep somebody out."""
    restricted = {
        "enabled": replace(Rights(), enabled=False),
        "valid_from": replace(Rights(), valid_from=NOON + DAY),
        "valid_until": replace(Rights(), valid_until=NOON),
        "schedule": replace(Rights(), schedule="never"),
    }
    reasons = [Policy(AccessConfig()).refusal(rights, NOW) for rights in restricted.values()]
    assert None not in reasons
    assert len(set(reasons)) == 4
