"""How a command has something done with the people enrolled: by the daemon, or, where that is stopped, by itself."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from typing import Any, Final

from faceplate.commands.asking import result_of
from faceplate.config import Config
from faceplate.config.access import ALWAYS, NEVER
from faceplate.control.client import ask
from faceplate.control.peers import Ranks, this_process, user_of
from faceplate.control.protocol import Request
from faceplate.errors import FaceplateError, NotRunningError, StoreError
from faceplate.events import CommandEvent
from faceplate.journal.journal import Journal
from faceplate.journal.retention import Retention
from faceplate.orders.orders import Orders
from faceplate.orders.people_commands import people_commands
from faceplate.people.gallery import Gallery
from faceplate.people.household import Household
from faceplate.types import Seconds

_PATIENCE: Final = Seconds(60.0)
"""For the people: a new PIN is compared with every other, a tenth of a second each"""


def order_people(config: Config, command: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Have the daemon do something with the people enrolled; while none has these people, do it here.

    Raises:
        FaceplateError: it was refused, or cannot be done; the message says why.
    """
    if are_the_daemons(config):
        return result_of(ask(config.control.socket, command, arguments, _PATIENCE))
    me = this_process()
    orders = Orders(people_commands(household_of(config)), _Record(config), Ranks(frozenset({me.uid})))
    return result_of(orders.answer(me, Request("here", command, arguments)))


def are_the_daemons(config: Config) -> bool:
    """Whether a daemon runs that has these people, and not those of another configuration."""
    try:
        status = result_of(ask(config.control.socket, "status", {}))
    except NotRunningError:
        return False
    return bool(status.get("store") == str(config.people.store.resolve()))


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
    if owner != os.geteuid():
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


class _Record:
    """The journal, opened only to write something down: the daemon is its writer whenever it runs."""

    def __init__(self, config: Config) -> None:
        self._config = config.journal

    def write(self, entry: CommandEvent) -> None:
        """Write one row for good.

        Raises:
            StoreError: it cannot be written.
        """
        path = self._config.path
        # Made by root, it could not be written by the daemon's own user.
        if not path.exists() and path.parent.exists() and path.parent.stat().st_uid != os.geteuid():
            raise StoreError(
                f"there is no journal at {path} yet, and only the daemon's user may begin it: start it once"
            )
        keep = Retention(self._config.keep_days, self._config.keep_rows)
        with closing(Journal(path, self._config.key_file, keep)) as journal:
            journal.write(entry)
