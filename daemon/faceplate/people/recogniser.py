"""Names what is seen, always against the gallery as it is now."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence

from faceplate.people.gallery import Gallery
from faceplate.people.matching import Matcher
from faceplate.people.person import Anchor, Person
from faceplate.types import Embedding, Image, Match, Sighting

_log = logging.getLogger(__name__)


class Recogniser:
    """Sighting -> Match. Somebody added or removed counts from the next frame on."""

    def __init__(self, gallery: Gallery, make_matcher: Callable[[Sequence[Person]], Matcher]) -> None:
        """Read the gallery, so that what is wrong with it is said before anybody comes.

        Raises:
            StoreError: it cannot be read.
        """
        self._gallery = gallery
        self._make_matcher = make_matcher
        self._version = gallery.version()
        self._matcher = self._read()

    def name(self, sighting: Sighting) -> Match:
        """Find whom a sighting shows.

        Raises:
            StoreError: the gallery changed and cannot be read again.
        """
        if (version := self._gallery.version()) != self._version:
            self._matcher = self._read()
            self._version = version
        return self._matcher.match(sighting)

    def _read(self) -> Matcher:
        people = self._gallery.people()
        if people:
            _log.info("the gallery holds %d people", len(people))
        else:
            _log.warning("nobody is enrolled: the door opens for nobody; see `faceplate people add --help`")
        return self._make_matcher(people)


def embedded_by(bundle: str, person: Person, embed: Callable[[Image], Embedding]) -> Person:
    """The same person for the network of another bundle: every anchor embedded again from its kept crop."""
    if person.bundle == bundle:
        return person
    return dataclasses.replace(
        person, bundle=bundle, anchors=tuple(Anchor(a.crop, embed(a.crop)) for a in person.anchors)
    )
