"""How a command has something done: by the daemon, or, where that is stopped, by itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

from faceplate.commands.asking import result_of
from faceplate.config import Config
from faceplate.control.client import ask
from faceplate.control.peers import Ranks, this_process
from faceplate.control.protocol import Request
from faceplate.errors import NotRunningError, StoreError
from faceplate.events import BundleEvent, CommandEvent
from faceplate.journal.journal import Journal
from faceplate.journal.retention import Retention
from faceplate.orders.orders import Command, Orders
from faceplate.types import Seconds

_PATIENCE: Final = Seconds(60.0)
"""For the people: a new PIN is compared with every other, a tenth of a second each"""


def order_either(
    config: Config, command: str, here: Mapping[str, Command[Any]], arguments: dict[str, Any]
) -> dict[str, Any]:
    """Have the daemon do something; while none has these people, do it here.

    Args:
        config: says where the daemon is.
        command: what is to be done.
        here: the commands as this program does them.
        arguments: of the command.

    Raises:
        FaceplateError: it was refused, or cannot be done; the message says why.
    """
    if daemon_runs(config):
        return result_of(ask(config.control.socket, command, arguments, _PATIENCE))
    me = this_process()
    orders = Orders(here, Record(config), Ranks(frozenset({me.uid})))
    return result_of(orders.answer(me, Request("here", command, arguments)))


def daemon_runs(config: Config) -> bool:
    """Whether a daemon runs that has these people, and not those of another configuration."""
    try:
        status = result_of(ask(config.control.socket, "status", {}))
    except NotRunningError:
        return False
    return bool(status.get("store") == str(config.people.store.resolve()))


class Record:
    """The journal, opened only to write something down: the daemon is its writer whenever it runs."""

    def __init__(self, config: Config) -> None:
        self._config = config.journal

    def write(self, entry: CommandEvent | BundleEvent) -> None:
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
