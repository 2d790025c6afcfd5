"""What the owner does with the people enrolled: look them up, change their rights, rename and remove them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias

from faceplate.access.pin import check_new_pin, hash_pin
from faceplate.errors import EnrolmentError
from faceplate.people import consent, rights_record
from faceplate.people.additions import keeping_rights
from faceplate.people.gallery import Gallery
from faceplate.people.person import Person, same_name, tidy_name, without_last_addition
from faceplate.people.rights_change import RightsChange
from faceplate.rights import Rights, Role

HashPin: TypeAlias = Callable[[str, Sequence[str]], str]
"""Digits, and the hashes of every PIN in use -> the digits' own hash, or an EnrolmentError that says why not"""


def new_pin(digits: str, taken: Sequence[str]) -> str:
    """The hash of a PIN somebody may choose."""
    check_new_pin(digits, taken)
    return hash_pin(digits)


class Household:
    """The gallery as its owner sees it. Whoever it is about is given by name."""

    def __init__(self, gallery: Gallery, schedules: Collection[str], hash_pin: HashPin = new_pin) -> None:
        """Name what it works with.

        Args:
            gallery: where the people are.
            schedules: names of those there are.
            hash_pin: checks and hashes a new PIN; takes seconds where there are many.
        """
        self._gallery = gallery
        self._schedules = schedules
        self._hash_pin = hash_pin

    def count(self) -> int:
        """How many people are enrolled; opens no record."""
        return self._gallery.count()

    def everybody(self) -> list[dict[str, Any]]:
        """What may be shown of everybody, by name."""
        return [facts_of(person) for person in self._gallery.people()]

    def one(self, name: str) -> dict[str, Any]:
        """What may be shown of one person.

        Raises:
            EnrolmentError: there is nobody of that name.
        """
        return facts_of(self._person(name, self._gallery.people()))

    def remove(self, name: str) -> str:
        """Erase a person, and give the name as it was written.

        Raises:
            EnrolmentError: there is nobody of that name.
            StoreError: the gallery cannot be changed.
        """
        with self._gallery.changing():
            person = self._person(name, self._gallery.people())
            self._gallery.remove(person)
        return person.name

    def rename(self, name: str, new: str) -> dict[str, Any]:
        """Give a person another name.

        Raises:
            EnrolmentError: there is nobody of that name, or the new one is taken or cannot be used.
            StoreError: the gallery cannot be changed.
        """
        with self._gallery.changing():
            people = self._gallery.people()
            person = self._person(name, people)
            if any(same_name(other.name, new) for other in people if other is not person):
                raise EnrolmentError(f"somebody called {tidy_name(new)!r} is enrolled already; use another name")
            renamed = replace(person, name=tidy_name(new))
            self._gallery.save(renamed)
        return facts_of(renamed)

    def change(self, name: str, change: RightsChange) -> dict[str, Any]:
        """Change a person's rights.

        Raises:
            EnrolmentError: there is nobody of that name, or the rights would make no sense; nothing was changed.
            StoreError: the gallery cannot be changed.
        """
        with self._gallery.changing():
            people = self._gallery.people()
            person = self._person(name, people)
            changed = self.changed(person, change, [other for other in people if other is not person])
            changed = replace(changed, additions=keeping_rights(changed.additions))
            self._gallery.save(changed)
        return facts_of(changed)

    def undo(self, name: str) -> dict[str, Any]:
        """Take away what the last enrolment of a person added: they are as before it, and gone if they were not there.

        Returns:
            The `name`, the pictures taken away (`undone`) and those that are left (`pictures`).

        Raises:
            EnrolmentError: there is nobody of that name, or nothing that could be undone.
            StoreError: the gallery cannot be changed; nothing was undone.
        """
        with self._gallery.changing():
            person = self._person(name, self._gallery.people())
            before = without_last_addition(person)
            if before is None:
                self._gallery.remove(person)
            else:
                self._gallery.save(before)
        left = 0 if before is None else len(before.anchors)
        return {"name": person.name, "undone": len(person.anchors) - left, "pictures": left}

    def admit(self, newcomers: Sequence[Person]) -> list[str]:
        """Add people from an archive: all of them, or on any error none. Who is there already stays as they are.

        Returns:
            The names of those who were added.

        Raises:
            EnrolmentError: somebody else of one of the names is there.
            StoreError: the gallery cannot be changed.
        """
        with self._gallery.changing():
            there = self._gallery.people()
            known = {person.id for person in there}
            missing = [person for person in newcomers if person.id not in known]
            if taken := [a.name for a in missing if any(same_name(a.name, b.name) for b in there)]:
                raise EnrolmentError(
                    f"nobody was imported: others are enrolled here as {', '.join(taken)}; rename or remove them first"
                )
            with ExitStack() as undoing:
                for person in missing:
                    self._gallery.save(person)
                    undoing.callback(self._gallery.remove, person)
                undoing.pop_all()
        return [person.name for person in missing]

    def changed(self, person: Person, change: RightsChange, others: Sequence[Person]) -> Person:
        """The person with other rights, not yet stored.

        Raises:
            EnrolmentError: the rights would make no sense.
        """
        given: dict[str, Any] = {key: getattr(change, key) for key in change.model_fields_set if key in _RIGHTS}
        given |= {key: _utc(given[key]) for key in ("valid_from", "valid_until") if key in given}
        secrets = {key: given[key] for key in _PINS if key in given}
        rights = replace(person.rights, **given | dict.fromkeys(secrets))
        taken = [pin for other in others for pin in _pins(other.rights)]
        for key, secret in secrets.items():
            if secret is not None:
                hashed = self._hash_pin(secret.get_secret_value(), [*taken, *_pins(rights)])
                rights = replace(rights, pin=hashed) if key == "pin" else replace(rights, duress_pin=hashed)
        self._check(person.name, rights)
        return replace(person, rights=rights)

    def _check(self, name: str, rights: Rights) -> None:
        if rights.role is Role.GUEST and rights.valid_until is None:
            raise EnrolmentError(f"{name} is a guest, and a guest's time must end: say until when (--until DATE)")
        if rights.valid_from and rights.valid_until and rights.valid_from >= rights.valid_until:
            raise EnrolmentError(
                f"{name}'s time would end ({rights.valid_until:%Y-%m-%d %H:%M} UTC) before it begins "
                f"({rights.valid_from:%Y-%m-%d %H:%M} UTC)"
            )
        if rights.schedule is not None and rights.schedule not in self._schedules:
            known = ", ".join(sorted(self._schedules))
            raise EnrolmentError(
                f"there is no schedule {rights.schedule!r} in the configuration; there are: {known}. "
                "Write it under access.schedules first."
            )
        if rights.duress_pin is not None and rights.pin is None:
            raise EnrolmentError(f"{name} would have a duress PIN and no PIN: it stands in for one, so set both")

    def _person(self, name: str, people: Sequence[Person]) -> Person:
        for person in people:
            if same_name(person.name, name):
                return person
        names = ", ".join(person.name for person in people) or "nobody"
        raise EnrolmentError(f"nobody called {name!r} is enrolled; enrolled: {names}")


_RIGHTS = frozenset(field.name for field in fields(Rights))
_PINS = ("pin", "duress_pin")


def facts_of(person: Person) -> dict[str, Any]:
    """What may be shown of a person: neither pictures nor hashes."""
    return {
        "name": person.name,
        "pictures": len(person.anchors),
        "enrolled": person.enrolled,
        "consent": consent.to_tree(person.consent),
        **rights_record.facts_of(person.rights),
    }


def _pins(rights: Rights) -> list[str]:
    return [pin for pin in (rights.pin, rights.duress_pin) if pin is not None]


def _utc(time: datetime | None) -> datetime | None:
    return time and time.astimezone(UTC)
