"""How a command has something done with the people enrolled."""

from __future__ import annotations

import os
import sys
from typing import Any

from faceplate.commands.either import order_either
from faceplate.config import Config
from faceplate.config.schedule import ALWAYS, NEVER
from faceplate.control.peers import this_process, user_of
from faceplate.errors import FaceplateError, StoreError
from faceplate.orders.people_commands import people_commands
from faceplate.people.gallery import Gallery
from faceplate.people.household import Household


def order_people(config: Config, command: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Have the daemon do something with the people enrolled; while none has these people, do it here.

    Raises:
        FaceplateError: it was refused, or cannot be done; the message says why.
    """
    return order_either(config, command, people_commands(household_of(config)), arguments)


def check_owner(config: Config) -> None:
    """See to it that what this user writes in the gallery can be read by whoever owns it.

    Raises:
        StoreError: it could not.
    """
    folder = config.people.store
    try:
        owner = folder.stat().st_uid
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"cannot look at the gallery {folder}: {error.strerror}") from error
    if owner != os.geteuid() != 0:  # what root writes is handed over
        raise StoreError(
            f"the gallery {folder} is {user_of(owner)}'s, who could not read what {this_process().user} writes there: "
            f"sudo -u {user_of(owner)} faceplate ..."
        )


def note_enrolled(config: Config, name: str) -> None:
    """Write down who enrolled somebody, just after that was done; that it cannot be is said, and nothing is undone."""
    try:
        order_people(config, "people.note_enrolled", name=name)
    except FaceplateError as error:
        print(f"warning: {name} is enrolled, and the journal does not tell by whom: {error}", file=sys.stderr)


def household_of(config: Config) -> Household:
    """The people enrolled, without the daemon."""
    gallery = Gallery(config.people.store, config.people.key_file)
    return Household(gallery, {ALWAYS, NEVER, *config.access.schedules})
