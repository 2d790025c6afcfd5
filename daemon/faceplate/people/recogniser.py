"""Names what is seen, always against the gallery as it is now."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable, Hashable, Sequence

from faceplate.events import PeopleEvent
from faceplate.people.gallery import Gallery
from faceplate.people.matching import Matcher
from faceplate.people.person import Anchor, Person
from faceplate.rights import Rights
from faceplate.types import Embedding, Image, Match, Sighting

_log = logging.getLogger(__name__)


class Recogniser:
    """Sighting -> Match. Somebody added or removed, or another threshold, counts from the next frame on."""

    def __init__(
        self,
        gallery: Gallery,
        make_matcher: Callable[[Sequence[Person]], Matcher],
        changed: Callable[[PeopleEvent], None] = lambda _: None,
        strictness: Callable[[], Hashable] = lambda: None,
    ) -> None:
        """Read the gallery, so that what is wrong with it is said before anybody comes.

        Args:
            gallery: who is enrolled.
            make_matcher: lays people out for comparing.
            strictness: another value whenever `make_matcher` would make another matcher of the same people.
            changed: is told, by whoever asks, when somebody has been added, changed or removed.

        Raises:
            StoreError: it cannot be read.
        """
        self._gallery = gallery
        self._make_matcher = make_matcher
        self._changed = changed
        self._version = gallery.version()
        self._one_at_a_time = threading.Lock()
        self._people = self._read()
        self._strictness = strictness
        self._matched_by = strictness()
        self._matcher = make_matcher(self._people)

    def name(self, sighting: Sighting) -> Match:
        """Find whom a sighting shows.

        Raises:
            StoreError: the gallery changed and cannot be read again.
        """
        with self._one_at_a_time:
            self._keep_up()
            matcher = self._matcher
        return matcher.match(sighting)

    def rights(self) -> dict[str, Rights]:
        """Everybody's rights, by name, as they are now; from any thread.

        Raises:
            StoreError: the gallery changed and cannot be read again.
        """
        with self._one_at_a_time:
            self._keep_up()
            return {person.name: person.rights for person in self._people}

    def _keep_up(self) -> None:
        before, strictness = self._people, self._strictness()
        if (version := self._gallery.version()) != self._version:
            people = self._read()
            self._lay_out(people, strictness)
            self._version = version
            if (event := _difference(before, people)) != PeopleEvent():
                self._changed(event)
        elif strictness != self._matched_by:
            self._lay_out(before, strictness)

    def _lay_out(self, people: list[Person], strictness: Hashable) -> None:
        self._matcher = self._make_matcher(people)
        self._people, self._matched_by = people, strictness

    def _read(self) -> list[Person]:
        people = self._gallery.people()
        if people:
            _log.info("the gallery holds %d people", len(people))
        else:
            _log.warning("nobody is enrolled: the door opens for nobody; see `faceplate people add --help`")
        return people


def _difference(before: Sequence[Person], now: Sequence[Person]) -> PeopleEvent:
    old, new = _marks(before), _marks(now)
    return PeopleEvent(
        added=tuple(sorted(new.keys() - old.keys())),
        changed=tuple(sorted(name for name in new.keys() & old.keys() if new[name] != old[name])),
        removed=tuple(sorted(old.keys() - new.keys())),
    )


def _marks(people: Sequence[Person]) -> dict[str, Hashable]:
    """For each name something that is another when the person is."""
    return {
        person.name: (person.id, person.rights, tuple(anchor.crop.tobytes() for anchor in person.anchors))
        for person in people
    }


def embedded_by(bundle: str, person: Person, embed: Callable[[Image], Embedding]) -> Person:
    """The same person for the network of another bundle: every anchor embedded again from its kept crop."""
    if person.bundle == bundle:
        return person
    return dataclasses.replace(
        person, bundle=bundle, anchors=tuple(Anchor(a.crop, embed(a.crop)) for a in person.anchors)
    )
