"""The order that puts another model bundle in force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from faceplate.config.section import Section
from faceplate.events import BundleEvent
from faceplate.model.bundle import installed_label
from faceplate.model.bundle_store import BundleStore
from faceplate.orders.orders import Command

Name = Annotated[str, Field(pattern=r"^(package|[0-9a-f]{32})$")]
"""Of a bundle in the store"""


class BundleSwitch(Section):
    """One bundle in place of another."""

    before: Name
    """The one that is in force, as far as whoever orders it knows"""

    to: Name


def bundle_commands(
    store: BundleStore, note: Callable[[BundleEvent], None], restart: Callable[[], None], withheld: str = ""
) -> dict[str, Command[Any]]:
    """The commands, by name.

    Args:
        store: the bundles installed.
        note: writes down what was done.
        restart: has it take effect.
        withheld: why no bundle can be put in force, as this door is configured.
    """

    def switch(wanted: BundleSwitch) -> dict[str, Any]:
        before, now = (installed_label(store.folder_of(name)) or name for name in (wanted.before, wanted.to))
        rolled_back = store.switch(wanted.before, wanted.to)
        note(BundleEvent(before, now, rolled_back))
        restart()
        return {"before": before, "now": now, "rolled_back": rolled_back}

    return {"bundle.switch": Command(BundleSwitch, switch, withheld=withheld)}
