"""Naming faces against the gallery as it is now, and embedding people again for a new network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from faceplate.errors import SealError
from faceplate.events import PeopleEvent
from faceplate.people.gallery import Gallery
from faceplate.people.matching import Matcher, Thresholds
from faceplate.people.recogniser import Recogniser, embedded_by
from faceplate.rights import Rights, Role
from faceplate.types import Box, Face, Likeness, Look, Pixels, Score, Sighting, TrackId
from strategies import SIZE, person

ADA, BOB = np.eye(SIZE, dtype=np.float32)[:2]
CROP = np.zeros((112, 112, 3), np.uint8)
FACE = Face(Box(Pixels(0), Pixels(0), Pixels(80), Pixels(80)), np.zeros((5, 2), np.float32), 0.9)


def sighting(embedding):
    return Sighting(TrackId(1), Look(FACE, CROP, (), embedding))


def compare(a, b):
    return ((a * b).sum(axis=1) / 2 + 0.5).astype(np.float32)


class Door:
    """A gallery, and a recogniser that counts how often it lays the gallery out anew."""

    def __init__(self, folder):
        self.folder = folder / "people"
        self.gallery = Gallery(self.folder, folder / "gallery.key")
        self.layouts = 0
        self.changes: list[PeopleEvent] = []
        self.threshold = 0.9
        self.recogniser = Recogniser(self.gallery, self.matcher, self.changes.append, lambda: self.threshold)

    def matcher(self, people):
        self.layouts += 1
        return Matcher(people, compare, Thresholds(Score(self.threshold), 0.3, 0.1))

    def enrol(self, name, embedding):
        with self.gallery.changing():
            somebody = person(name, [embedding])
            self.gallery.save(somebody)
        return somebody

    def names(self, embedding):
        match = self.recogniser.name(sighting(embedding))
        return match.person if match.likeness is Likeness.VERIFIED else None


@pytest.fixture
def door(tmp_path):
    return Door(tmp_path)


def test_nobody_is_named_while_nobody_is_enrolled(door):
    assert door.names(ADA) is None
    assert not door.folder.exists()


def test_somebody_enrolled_is_named_from_the_next_frame_on(door):
    assert door.names(ADA) is None
    door.enrol("Ada", ADA)
    assert door.names(ADA) == "Ada"
    assert door.names(BOB) is None


def test_somebody_removed_is_a_stranger_from_the_next_frame_on(door):
    ada = door.enrol("Ada", ADA)
    door.enrol("Bob", BOB)
    assert (door.names(ADA), door.names(BOB)) == ("Ada", "Bob")
    with door.gallery.changing():
        door.gallery.remove(ada)
    assert (door.names(ADA), door.names(BOB)) == (None, "Bob")


def test_another_threshold_counts_from_the_next_frame_on_and_is_no_change_of_people(door):
    door.enrol("Ada", ADA)
    assert door.names(ADA) == "Ada"
    laid_out, told = door.layouts, list(door.changes)
    door.threshold = 1.0
    assert door.names(ADA) is None
    assert door.names(ADA) is None
    door.threshold = 0.9
    assert door.names(ADA) == "Ada"
    assert (door.layouts, door.changes) == (laid_out + 2, told)


def test_another_threshold_and_somebody_new_count_at_once(door):
    door.enrol("Ada", ADA)
    door.names(ADA)
    door.threshold = 1.0
    door.enrol("Bob", BOB)
    assert (door.names(ADA), door.names(BOB)) == (None, None)
    assert door.changes[-1] == PeopleEvent(added=("Bob",))


def test_a_persons_own_stricter_threshold_holds_beside_any_other(door):
    door.threshold = 0.5
    ada = door.enrol("Ada", ADA)
    slightly_other = (0.9 * ADA + 0.4359 * BOB).astype(np.float32)  # scores 0.95
    assert door.names(slightly_other) == "Ada"
    save(door, replace(ada, rights=Rights(detection_threshold=0.97)))
    assert door.names(slightly_other) is None
    door.threshold = 0.6
    assert door.names(slightly_other) is None
    save(door, replace(ada, rights=Rights(detection_threshold=0.8)))
    assert door.names(slightly_other) == "Ada"
    door.threshold = 0.96
    assert door.names(slightly_other) is None


def test_the_gallery_is_read_only_when_it_changed(door):
    door.enrol("Ada", ADA)
    before = door.layouts
    for _ in range(10):
        assert door.names(ADA) == "Ada"
    assert door.layouts == before + 1


def test_a_gallery_that_cannot_be_read_again_is_an_error_at_every_frame(door):
    door.enrol("Ada", ADA)
    assert door.names(ADA) == "Ada"
    (door.folder / "damaged.person").write_bytes(b"damaged")
    for _ in range(2):
        with pytest.raises(SealError, match=r"damaged\.person is not a sealed record"):
            door.names(ADA)


def test_a_person_of_this_network_is_left_as_they_are():
    somebody = person("Ada", [ADA], bundle="this")

    def never(_crop):
        pytest.fail("the crop was embedded again")

    assert embedded_by("this", somebody, never) is somebody


def test_a_person_of_another_network_is_embedded_again_from_the_kept_crops():
    somebody = person("Ada", [ADA, ADA], bundle="another")
    crops = []

    def embed(crop):
        crops.append(crop)
        return BOB

    again = embedded_by("this", somebody, embed)
    assert (again.id, again.name, again.enrolled, again.bundle) == (somebody.id, "Ada", somebody.enrolled, "this")
    assert [np.array_equal(a.embedding, BOB) for a in again.anchors] == [True, True]
    assert all(a.crop is b.crop is c for a, b, c in zip(again.anchors, somebody.anchors, crops, strict=True))


def save(door, *people):
    with door.gallery.changing():
        for somebody in people:
            door.gallery.save(somebody)


def test_who_is_there_at_the_start_is_no_change(door):
    door.enrol("Ada", ADA)
    again = Door(door.folder.parent)
    assert again.names(ADA) == "Ada"
    assert again.changes == []


def test_each_change_is_told_once_with_the_names(door):
    door.names(ADA)
    ada, bob, cleo = (person(name, [embedding]) for name, embedding in (("Cleo", ADA), ("Bob", BOB), ("Ada", ADA)))
    save(door, ada, bob, cleo)
    for _ in range(3):
        door.names(ADA)
    assert door.changes == [PeopleEvent(added=("Ada", "Bob", "Cleo"))]
    with door.gallery.changing():
        door.gallery.remove(bob)
        door.gallery.save(replace(ada, rights=Rights(enabled=False)))
        door.gallery.save(replace(cleo, anchors=(*cleo.anchors, *bob.anchors)))
    door.names(ADA)
    assert door.changes[1:] == [PeopleEvent(changed=("Ada", "Cleo"), removed=("Bob",))]


def test_somebody_renamed_is_another_name_gone_and_come(door):
    ada = door.enrol("Ada", ADA)
    door.names(ADA)
    save(door, replace(ada, name="Bea"))
    assert door.names(ADA) == "Bea"
    assert door.changes[-1] == PeopleEvent(added=("Bea",), removed=("Ada",))


def test_one_of_the_same_name_put_in_ones_place_is_a_change(door):
    ada = door.enrol("Ada", ADA)
    door.names(ADA)
    with door.gallery.changing():
        door.gallery.remove(ada)
        door.gallery.save(replace(ada, id="another"))
    door.names(ADA)
    assert door.changes[-1] == PeopleEvent(changed=("Ada",))


def test_a_file_written_again_without_a_change_is_none(door):
    ada = door.enrol("Ada", ADA)
    door.names(ADA)
    save(door, ada)
    door.names(ADA)
    assert door.changes == [PeopleEvent(added=("Ada",))]


def test_rights_are_as_they_are_now_though_nobody_is_in_view(door):
    assert door.recogniser.rights() == {}
    ada = door.enrol("Ada", ADA)
    assert door.recogniser.rights() == {"Ada": Rights()}
    save(door, replace(ada, rights=Rights(Role.OWNER)))
    assert door.recogniser.rights() == {"Ada": Rights(Role.OWNER)}
    match = door.recogniser.name(sighting(ADA))
    assert match.rights == Rights(Role.OWNER)
    with door.gallery.changing():
        door.gallery.remove(ada)
    assert door.recogniser.rights() == {}
    assert len(door.changes) == 3
    (door.folder / "damaged.person").write_bytes(b"damaged")
    with pytest.raises(SealError):
        door.recogniser.rights()
