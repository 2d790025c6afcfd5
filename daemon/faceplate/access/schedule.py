"""When the door may be used: weekly windows by the clock on the wall, holidays among them. Pure."""

from __future__ import annotations

import logging
import zoneinfo
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from faceplate.config import AccessConfig
from faceplate.config.schedule import ALWAYS, NEVER, Window

_log = logging.getLogger(__name__)

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Schedules:
    """The household's schedules, by name.

    An instant is turned into the time of day where the door is, and that is looked up. So an hour that is skipped in
    spring is in no window, and one that comes twice in autumn is in its window both times.
    """

    def __init__(self, rules: AccessConfig) -> None:
        self._weeks = {name: [getattr(week, day) for day in _DAYS] for name, week in rules.schedules.items()}
        self._holidays = frozenset(rules.holidays)
        self._on_holidays = {name: week.holidays for name, week in rules.schedules.items()}
        self._zone = zoneinfo.ZoneInfo(rules.time_zone) if rules.time_zone else None

    def allows(self, name: str, now: datetime) -> bool:
        """Whether that schedule allows that instant (aware). A schedule that nobody wrote down allows none."""
        if name in {ALWAYS, NEVER}:
            return name == ALWAYS
        if name not in self._weeks:
            _log.warning("there is no schedule %r: it allows nothing; write it down, or give the person another", name)
            return False
        local = now.astimezone(self._zone)
        today, time = local.date(), local.time()
        return any(
            window.begins <= time and (time < window.ends or _ends_tomorrow(window))
            for window in self._windows(name, today)
        ) or any(
            time < window.ends and _ends_tomorrow(window) for window in self._windows(name, today - timedelta(days=1))
        )

    def _windows(self, name: str, day: date) -> Sequence[Window]:
        """The windows that begin on that day."""
        windows: Sequence[Window] = (
            self._on_holidays[name] if day in self._holidays else self._weeks[name][day.weekday()]
        )
        return windows


def _ends_tomorrow(window: Window) -> bool:
    return window.ends <= window.begins
