"""What each command is given. Unknown keys are refused, and each fault is told with its path."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic.functional_validators import AfterValidator

from faceplate.access.pins import LONG_ENOUGH_ALONE
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


class SecureMode(Section):
    """A mode that lets nobody in who would not be let in otherwise."""

    mode: Literal["locked", "blocked", "locked_down"]


def _long_enough(pin: SecretStr) -> SecretStr:
    if len(pin.get_secret_value()) < LONG_ENOUGH_ALONE:
        raise ValueError(f"a PIN that opens without a face has {LONG_ENOUGH_ALONE} digits or more")
    return pin


class RemotePin(Section):
    """The PIN of somebody who is not at the door."""

    pin: Annotated[Pin, AfterValidator(_long_enough)]


class EnteredPin(Section):
    """A PIN, as if it were entered at the door."""

    digits: Pin


class OnePerson(Section):
    """Somebody who is enrolled."""

    name: Name


class NewName(OnePerson):
    """Another name for somebody."""

    new: Name


class Export(Section):
    """Whose faces left the house, and for where."""

    names: tuple[Name, ...] = ()
    """Nobody named: everybody"""
    address: Annotated[str, Field(max_length=100)] | None = None
    """Of the door it was sealed for; null: sealed under a passphrase"""


class NewRights(RightsChange):
    """Other rights for somebody."""

    name: Name
