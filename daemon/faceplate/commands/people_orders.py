"""How a command has something done with the people enrolled."""

from __future__ import annotations

from typing import Any

from faceplate.commands.either import order_either
from faceplate.config import Config
from faceplate.config.access import ALWAYS, NEVER
from faceplate.orders.people_commands import people_commands
from faceplate.people.gallery import Gallery
from faceplate.people.household import Household


def order_people(config: Config, command: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Have the daemon do something with the people enrolled; while none has these people, do it here.

    Raises:
        FaceplateError: it was refused, or cannot be done; the message says why.
    """
    return order_either(config, command, people_commands(household_of(config)), arguments)


def household_of(config: Config) -> Household:
    """The people enrolled, without the daemon."""
    gallery = Gallery(config.people.store, config.people.key_file)
    return Household(gallery, {ALWAYS, NEVER, *config.access.schedules})
