"""Weekly windows by the clock on the wall, told again minute by minute."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.access.schedule import Schedules
from faceplate.config import AccessConfig
from faceplate.config.schedule import ScheduleConfig, Window
from reception_desk import access_rules

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def schedules(zone: str | None = "Europe/Berlin", holidays: tuple[date, ...] = (), **week: list[str]) -> Schedules:
    """One schedule, `it`, as it would be written in the file."""
    tree = {"schedules": {"it": week}, "time_zone": zone, "holidays": [day.isoformat() for day in holidays]}
    return Schedules(access_rules(**tree))


def berlin(*when: int, fold: int = 0) -> datetime:
    return datetime(*when, tzinfo=BERLIN, fold=fold).astimezone(UTC)  # type: ignore[arg-type,misc]  # year, month, day ...


def test_always_and_never_need_not_be_written_down():
    none = Schedules(AccessConfig())
    for hours in range(0, 24 * 400, 7):
        now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
        assert none.allows("always", now)
        assert not none.allows("never", now)


def test_a_schedule_that_nobody_wrote_down_allows_nothing(caplog):
    assert not schedules().allows("cleaners", datetime(2026, 6, 3, 12, tzinfo=UTC))
    assert "no schedule 'cleaners': it allows nothing" in caplog.text


@pytest.mark.parametrize(
    ("time_of_day", "allowed"),
    [
        ((7, 59, 59, 999999), False),
        ((8, 0), True),
        ((17, 29, 59, 999999), True),
        ((17, 30), False),
        ((0, 0), False),
        ((23, 59), False),
    ],
)
def test_a_window_begins_with_its_beginning_and_ends_before_its_end(time_of_day, allowed):
    office = schedules(wednesday=["08:00-17:30"])
    assert office.allows("it", berlin(2026, 6, 3, *time_of_day)) is allowed
    assert not office.allows("it", berlin(2026, 6, 4, *time_of_day))


@pytest.mark.parametrize("number", range(7))
def test_each_day_of_the_week_is_its_own(number):
    one = schedules(**{DAYS[number]: ["10:00-11:00"]})
    monday = date(2026, 6, 1)
    allowed = [n for n in range(7) if one.allows("it", berlin(2026, 6, monday.day + n, 10, 30))]
    assert allowed == [number]


def test_the_whole_day_is_from_0_to_24():
    sunday = schedules(sunday=["00:00-24:00"])
    assert not sunday.allows("it", berlin(2026, 6, 6, 23, 59, 59))
    assert sunday.allows("it", berlin(2026, 6, 7, 0, 0))
    assert sunday.allows("it", berlin(2026, 6, 7, 23, 59, 59, 999999))
    assert not sunday.allows("it", berlin(2026, 6, 8, 0, 0))


@pytest.mark.parametrize(
    ("when", "allowed"),
    [
        ((2026, 6, 5, 21, 59), False),
        ((2026, 6, 5, 22, 0), True),
        ((2026, 6, 6, 0, 0), True),
        ((2026, 6, 6, 1, 59, 59), True),
        ((2026, 6, 6, 2, 0), False),
        ((2026, 6, 6, 22, 0), False),
        ((2026, 6, 5, 1, 0), False),
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_it_begins_on(when, allowed):
    assert schedules(friday=["22:00-02:00"]).allows("it", berlin(*when)) is allowed


def test_a_holiday_takes_the_place_of_the_day_of_the_week():
    christmas = date(2026, 12, 25)  # a Friday
    tree = {"friday": ["08:00-12:00", "22:00-02:00"], "saturday": ["09:00-10:00"], "holidays": ["10:00-11:00"]}
    rules = access_rules(schedules={"it": tree}, time_zone="Europe/Berlin", holidays=[christmas.isoformat()])
    holiday = Schedules(rules)
    assert not holiday.allows("it", berlin(2026, 12, 25, 9, 0))
    assert holiday.allows("it", berlin(2026, 12, 25, 10, 30))
    assert not holiday.allows("it", berlin(2026, 12, 25, 23, 0))
    assert not holiday.allows("it", berlin(2026, 12, 26, 1, 0)), "nor does the night that would have begun on it"
    assert holiday.allows("it", berlin(2026, 12, 26, 9, 30))
    assert holiday.allows("it", berlin(2026, 12, 18, 9, 0))


def test_the_night_before_a_holiday_goes_on_into_it():
    tree = {"thursday": ["22:00-02:00"]}
    rules = access_rules(schedules={"it": tree}, time_zone="Europe/Berlin", holidays=["2026-12-25"])
    assert Schedules(rules).allows("it", berlin(2026, 12, 25, 1, 59))
    assert not Schedules(rules).allows("it", berlin(2026, 12, 25, 2, 0))


def test_an_hour_that_is_skipped_in_spring_opens_nothing():
    """On 29 March 2026 the clock in Berlin goes from 2:00 to 3:00."""
    skipped = schedules(sunday=["02:15-02:45"])
    day = datetime(2026, 3, 28, 20, tzinfo=UTC)
    assert not any(skipped.allows("it", day + timedelta(minutes=n)) for n in range(24 * 60))
    across = schedules(sunday=["01:30-03:30"])
    minutes = [n for n in range(24 * 60) if across.allows("it", day + timedelta(minutes=n))]
    assert len(minutes) == 60, "half an hour before the gap, half an hour after it"


def test_an_hour_that_comes_twice_in_autumn_counts_both_times():
    """On 25 October 2026 the clock in Berlin goes from 3:00 back to 2:00."""
    twice = schedules(sunday=["02:15-02:45"])
    assert twice.allows("it", berlin(2026, 10, 25, 2, 30, fold=0))
    assert twice.allows("it", berlin(2026, 10, 25, 2, 30, fold=1))
    assert berlin(2026, 10, 25, 2, 30, fold=1) - berlin(2026, 10, 25, 2, 30, fold=0) == timedelta(hours=1)
    day = datetime(2026, 10, 24, 20, tzinfo=UTC)
    assert sum(twice.allows("it", day + timedelta(minutes=n)) for n in range(24 * 60)) == 60


def test_a_leap_second_is_any_second():
    """The kernel shows the last second of the day twice."""
    new_year = schedules("UTC", thursday=["00:00-01:00"])
    last = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert not new_year.allows("it", last)
    assert not schedules("UTC", friday=["00:00-01:00"]).allows("it", last)
    assert schedules("UTC", friday=["00:00-01:00"]).allows("it", last + timedelta(seconds=1))


def test_without_a_time_zone_the_machine_s_counts():
    now = datetime(2026, 6, 3, 12, tzinfo=UTC)
    local = now.astimezone()
    begins, ends = (local + timedelta(minutes=m) for m in (-1, 1))
    window = Window(begins.time(), ends.time())
    rules = AccessConfig(schedules={"it": ScheduleConfig(**{DAYS[begins.weekday()]: (window,)})})
    assert Schedules(rules).allows("it", now)
    assert not Schedules(rules).allows("it", now + timedelta(minutes=1))


minutes_of_day = st.integers(0, 24 * 4 - 1).map(lambda n: time(n // 4, n % 4 * 15))
windows = st.lists(st.builds(Window, minutes_of_day, minutes_of_day), max_size=3).map(tuple)
instants = st.integers(0, 14 * 24 * 12).map(lambda n: datetime(2026, 3, 22, tzinfo=UTC) + timedelta(minutes=5 * n))


@given(
    st.fixed_dictionaries(dict.fromkeys((*DAYS, "holidays"), windows)),
    st.sets(st.dates(date(2026, 3, 21), date(2026, 4, 6)), max_size=3),
    instants,
)
def test_it_is_as_if_every_quarter_of_an_hour_were_crossed_out_on_paper(week, holidays, now):
    rules = AccessConfig(
        schedules={"it": ScheduleConfig(**week)}, holidays=tuple(sorted(holidays)), time_zone="Europe/Berlin"
    )
    wall = now.astimezone(BERLIN).replace(tzinfo=None)
    on_paper = set()
    for back in (0, 1):
        day = wall.date() - timedelta(days=back)
        for window in week["holidays" if day in holidays else DAYS[day.weekday()]]:
            moment = datetime.combine(day, window.begins)
            while True:
                on_paper.add(moment)
                moment += timedelta(minutes=15)
                if moment.time() == window.ends:
                    break
    quarter = wall.replace(minute=wall.minute // 15 * 15)
    assert Schedules(rules).allows("it", now) is (quarter in on_paper)
