"""A week's windows of time, as the configuration writes them."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, NamedTuple

from pydantic import Field
from pydantic.functional_validators import BeforeValidator

from faceplate.config.section import Section, tuple_from

ALWAYS = "always"
NEVER = "never"
"""The schedules that need not be written down"""


class Window(NamedTuple):
    """A part of a day by the clock on the wall; it ends on the next day if it ends no later than it begins."""

    begins: time
    ends: time


_WINDOW = re.compile(r"^(\d\d:\d\d)-(\d\d:\d\d)$")


def _window_from(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = _WINDOW.match(value)
    if not parts:
        raise ValueError("a window of time is written like 08:00-17:30")
    begins, ends = (_time_of_day(part) for part in parts.groups())
    return Window(begins, ends)


def _time_of_day(text: str) -> time:
    # 24:00 ends a day; as a point of time it is the next day's beginning.
    return time.fromisoformat("00:00" if text == "24:00" else text)


Windows = Annotated[tuple[Annotated[Window, BeforeValidator(_window_from)], ...], BeforeValidator(tuple_from)]

Schedule = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class ScheduleConfig(Section):
    """A week: for each day the windows in which the door may be used. A day left out has none."""

    monday: Windows = ()
    tuesday: Windows = ()
    wednesday: Windows = ()
    thursday: Windows = ()
    friday: Windows = ()
    saturday: Windows = ()
    sunday: Windows = ()
    holidays: Windows = ()
    """Counts on each of `access.holidays`, in place of the day of the week"""
