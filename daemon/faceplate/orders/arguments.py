"""What each command is given. Unknown keys are refused, and each fault is told with its path."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from faceplate.config.section import Section
from faceplate.people.rights_change import Pin, RightsChange

Name = Annotated[str, Field(min_length=1, max_length=200)]
"""Of a person, however its letters are cased"""


class Nothing(Section):
    """The command says it all."""


class Switch(Section):
    """Something is switched on or off."""

    on: bool


class Mode(Section):
    """A mode the door is to be in."""

    mode: Literal["locked", "unlocked", "blocked", "locked_open"]


class EnteredPin(Section):
    """A PIN, as if it were entered at the door."""

    digits: Pin


class OnePerson(Section):
    """Somebody who is enrolled."""

    name: Name


class NewName(OnePerson):
    """Another name for somebody."""

    new: Name


class NewRights(RightsChange):
    """Other rights for somebody."""

    name: Name
