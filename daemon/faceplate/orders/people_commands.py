"""The orders that concern the people enrolled."""

from __future__ import annotations

from typing import Any, Protocol

from faceplate.orders.arguments import Export, NewName, NewRights, Nothing, OnePerson
from faceplate.orders.orders import Command, always
from faceplate.people.rights_change import RightsChange


class People(Protocol):
    """The people enrolled, by name; each raises EnrolmentError or StoreError."""

    def everybody(self) -> list[dict[str, Any]]:
        """What may be shown of everybody."""

    def one(self, name: str) -> dict[str, Any]:
        """What may be shown of one person."""

    def remove(self, name: str) -> str:
        """Erase a person."""

    def undo(self, name: str) -> dict[str, Any]:
        """Take away what a person's last enrolment added."""

    def rename(self, name: str, new: str) -> dict[str, Any]:
        """Give a person another name."""

    def change(self, name: str, change: RightsChange) -> dict[str, Any]:
        """Change a person's rights."""


def people_commands(people: People) -> dict[str, Command[Any]]:
    """The commands, by name."""

    def show_all(_: Nothing) -> dict[str, Any]:
        return {"people": people.everybody()}

    def show(who: OnePerson) -> dict[str, Any]:
        return people.one(who.name)

    def remove(who: OnePerson) -> dict[str, Any]:
        return {"name": people.remove(who.name)}

    def undo(who: OnePerson) -> dict[str, Any]:
        return people.undo(who.name)

    def rename(who: NewName) -> dict[str, Any]:
        return people.rename(who.name, who.new)

    def change(who: NewRights) -> dict[str, Any]:
        return people.change(who.name, who)

    return {
        "people.list": Command(Nothing, show_all, always),
        "people.show": Command(OnePerson, show, always),
        "people.remove": Command(OnePerson, remove, always),
        "people.undo": Command(OnePerson, undo, always),
        "people.rename": Command(NewName, rename),
        "people.set": Command(NewRights, change, _only_disables),
        "people.note_enrolled": Command(OnePerson, show),
        "people.note_exported": Command(Export, lambda _: {}),
    }


def _only_disables(change: NewRights) -> bool:
    return change.model_fields_set == {"name", "enabled"} and not change.enabled
