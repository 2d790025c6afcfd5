"""Whether the clock on the wall is believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.access.calendar import TOLERANCE, Calendar, Moment

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
YEARS = timedelta(days=3650)


class Wall:
    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


def test_at_the_first_start_the_clock_is_believed():
    assert Calendar(lambda: NOON).read() == Moment(NOON, trusted=True)


@pytest.mark.parametrize(
    ("after", "trusted"),
    [
        (YEARS, True),
        (SECOND, True),
        (timedelta(0), True),
        (-SECOND, True),
        (-TOLERANCE, True),
        (-TOLERANCE - SECOND / 1000, False),
        (-YEARS, False),
    ],
)
def test_a_clock_that_is_earlier_than_it_was_is_not_believed(after, trusted):
    assert Calendar(lambda: NOON + after, latest=NOON).read().trusted is trusted
    wall = Wall()
    calendar = Calendar(wall)
    calendar.read()
    wall.time = NOON + after
    assert calendar.read().trusted is trusted


def test_the_tolerance_is_a_minute():
    assert timedelta(minutes=1) == TOLERANCE


def test_it_is_believed_again_when_it_has_caught_up():
    wall = Wall()
    calendar = Calendar(wall, latest=NOON)
    wall.time = NOON - YEARS
    assert not calendar.read().trusted
    wall.time = NOON - TOLERANCE
    assert calendar.read().trusted


def test_small_steps_back_do_not_add_up():
    wall = Wall()
    calendar = Calendar(wall)
    trusted = []
    for _ in range(4):
        trusted.append(calendar.read().trusted)
        wall.time -= TOLERANCE * 0.4
    assert trusted == [True, True, True, False]


def test_the_owner_may_accept_it():
    wall = Wall()
    calendar = Calendar(wall, latest=NOON + YEARS)
    assert not calendar.read().trusted
    assert calendar.latest == NOON + YEARS
    calendar.trust()
    assert calendar.read() == Moment(NOON, trusted=True)
    assert calendar.latest == NOON
    wall.time = NOON - TOLERANCE - SECOND
    assert not calendar.read().trusted


def test_a_night_without_power_and_a_suspend_are_no_reason_for_doubt():
    wall = Wall()
    calendar = Calendar(wall)
    calendar.read()
    wall.time = NOON + timedelta(hours=9)
    assert calendar.read() == Moment(NOON + timedelta(hours=9), trusted=True)


def test_a_leap_second_is_no_reason_for_doubt():
    wall = Wall()
    calendar = Calendar(wall)
    wall.time = datetime(2026, 12, 31, 23, 59, 59, 900000, tzinfo=UTC)
    calendar.read()
    wall.time -= SECOND / 2
    assert calendar.read().trusted


def test_any_zone_is_the_same_moment():
    east = datetime(2026, 6, 3, 14, tzinfo=timezone(timedelta(hours=2)))
    calendar = Calendar(lambda: east)
    moment = calendar.read()
    assert moment.time == NOON
    assert moment.time.tzinfo is UTC
    calendar.trust()
    assert calendar.latest == NOON
    assert calendar.latest.tzinfo is UTC


@given(st.lists(st.integers(-200, 200), min_size=1))
def test_the_latest_only_ever_grows_and_trust_follows_it(steps: list[int]):
    wall = Wall()
    calendar = Calendar(wall)
    latest = None
    for step in steps:
        wall.time += timedelta(seconds=step)
        expected = latest is None or wall.time >= latest - TOLERANCE
        assert calendar.read().trusted is expected
        if expected:
            latest = wall.time if latest is None else max(latest, wall.time)
        assert calendar.latest == latest
