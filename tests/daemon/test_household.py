"""What the owner does with people: rights that make sense, names, PINs, and archives."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from faceplate.errors import EnrolmentError, StoreError
from faceplate.people.archive import archived, people_in
from faceplate.people.gallery import Gallery
from faceplate.people.household import Household, new_pin
from faceplate.people.recogniser import embedded_by
from faceplate.people.rights_change import RightsChange, change_from
from faceplate.rights import Rights, Role
from strategies import SIZE, person

ONE = np.eye(SIZE, dtype=np.float32)[0]
NOON = datetime(2027, 1, 3, 12, tzinfo=UTC)
PASSPHRASE = "four random words here"  # noqa: S105 - it guards nothing


def hash_pin(digits, taken):
    """In place of scrypt, which takes its time: a PIN is its own hash."""
    if f"#{digits}" in taken:
        raise EnrolmentError("this PIN cannot be used; choose another")
    return f"#{digits}"


@pytest.fixture
def gallery(tmp_path):
    gallery = Gallery(tmp_path / "people", tmp_path / "gallery.key")
    with gallery.changing():
        for name in ("Ada", "Bob"):
            gallery.save(person(name, [ONE]))
    return gallery


@pytest.fixture
def household(gallery):
    return Household(gallery, {"always", "never", "visits"}, hash_pin)


def change(**given):
    return RightsChange.model_validate(given)


def rights_of(gallery, name):
    return gallery.find(name).rights


def test_everybody_and_one_are_shown(household):
    ada, bob = household.everybody()
    assert (ada["name"], bob["name"]) == ("Ada", "Bob")
    assert household.one(" ADA ") == ada
    assert household.count() == 2
    assert ada == {
        "name": "Ada",
        "pictures": 1,
        "enrolled": "2026-01-02T03:04:05+00:00",
        "consent": None,
        "role": "resident",
        "enabled": True,
        "valid_from": None,
        "valid_until": None,
        "schedule": None,
        "extended_time": False,
        "detection_threshold": None,
        "verification_threshold": None,
        "pin": False,
        "duress_pin": False,
    }


# Each key of the rights: a value that may be given, and what is then kept.
KEPT = {
    "role": (Role.OWNER, Role.OWNER),
    "enabled": (False, False),
    "valid_from": (datetime.fromisoformat("2027-01-01T00:00:00+01:00"), datetime(2026, 12, 31, 23, tzinfo=UTC)),
    "valid_until": (NOON, NOON),
    "schedule": ("visits", "visits"),
    "extended_time": (True, True),
    "detection_threshold": (0.9, 0.9),
    "verification_threshold": (0.5, 0.5),
    "pin": ("2580", "#2580"),
}
# What a key is when it is taken away; the others cannot be.
TAKEN_AWAY = {"valid_from", "valid_until", "schedule", "detection_threshold", "verification_threshold", "pin"}


def test_every_right_can_be_set():
    assert set(KEPT) | {"duress_pin"} == set(RightsChange.model_fields)


@pytest.mark.parametrize("key", KEPT)
def test_one_right_is_set_and_every_other_stays(gallery, household, key):
    given, kept = KEPT[key]
    before = rights_of(gallery, "Ada")
    facts = household.change("ada", change(**{key: given}))
    assert rights_of(gallery, "Ada") == replace(before, **{key: kept})
    assert rights_of(gallery, "Bob") == Rights()
    assert facts == household.one("Ada")
    assert len(gallery.find("Ada").anchors) == 1
    household.change("ada", change())
    assert rights_of(gallery, "Ada") == replace(before, **{key: kept})


@pytest.mark.parametrize("key", sorted(TAKEN_AWAY))
def test_what_was_set_can_be_taken_away(gallery, household, key):
    household.change("Ada", change(**{key: KEPT[key][0]}))
    household.change("Ada", change(**{key: None}))
    assert rights_of(gallery, "Ada") == Rights()


@pytest.mark.parametrize("key", sorted(set(RightsChange.model_fields) - TAKEN_AWAY - {"duress_pin"}))
def test_what_everybody_has_cannot_be_taken_away(key):
    with pytest.raises(EnrolmentError, match=f"^{key}: "):
        change_from({key: None})


def test_a_guests_time_must_end(gallery, household):
    with pytest.raises(EnrolmentError, match="Ada is a guest, and a guest's time must end"):
        household.change("Ada", change(role=Role.GUEST))
    household.change("Ada", change(role=Role.GUEST, valid_until=NOON))
    with pytest.raises(EnrolmentError, match="must end"):
        household.change("Ada", change(valid_until=None))
    assert rights_of(gallery, "Ada") == Rights(Role.GUEST, valid_until=NOON)
    household.change("Ada", change(valid_until=None, role=Role.CHILD))


@pytest.mark.parametrize("length", [timedelta(0), timedelta(seconds=-1)])
def test_a_time_that_ends_before_it_begins_is_refused(gallery, household, length):
    with pytest.raises(EnrolmentError, match=r"Ada's time would end \(.*\) before it begins"):
        household.change("Ada", change(valid_from=NOON, valid_until=NOON + length))
    assert rights_of(gallery, "Ada") == Rights()
    household.change("Ada", change(valid_from=NOON, valid_until=NOON + timedelta(seconds=1)))


def test_a_schedule_must_be_in_the_configuration(gallery, household):
    with pytest.raises(EnrolmentError, match=r"no schedule 'gym' .* there are: always, never, visits"):
        household.change("Ada", change(schedule="gym"))
    assert rights_of(gallery, "Ada").schedule is None


def test_a_pin_that_somebody_has_is_refused_and_ones_own_may_stay(gallery, household):
    household.change("Ada", change(pin="2580", duress_pin="1470"))
    for taken in ("2580", "1470"):
        for key in ("pin", "duress_pin"):
            with pytest.raises(EnrolmentError, match="choose another"):
                household.change("Bob", change(**{"pin": "9631", key: taken}))
    with pytest.raises(EnrolmentError, match="choose another"):
        household.change("Ada", change(pin="1470"))
    with pytest.raises(EnrolmentError, match="choose another"):
        household.change("Bob", change(pin="9631", duress_pin="9631"))
    assert rights_of(gallery, "Bob") == Rights()
    household.change("Ada", change(pin="2580"))
    household.change("Ada", change(pin="1470", duress_pin="2580"))
    assert rights_of(gallery, "Ada") == Rights(pin="#1470", duress_pin="#2580")


def test_a_duress_pin_stands_in_for_a_pin(gallery, household):
    with pytest.raises(EnrolmentError, match="set both"):
        household.change("Ada", change(duress_pin="1470"))
    household.change("Ada", change(pin="2580", duress_pin="1470"))
    with pytest.raises(EnrolmentError, match="set both"):
        household.change("Ada", change(pin=None))
    household.change("Ada", change(pin=None, duress_pin=None))
    assert rights_of(gallery, "Ada") == Rights()


def test_a_real_pin_is_checked_and_hashed():
    hashed = new_pin("2580", [])
    assert hashed.startswith("scrypt$")
    with pytest.raises(EnrolmentError):
        new_pin("2580", [hashed])
    with pytest.raises(EnrolmentError):
        new_pin("1234", [])


@pytest.mark.parametrize("pin", ["", "12a4", "1" * 13, "١٢٣٤", "12 4"])
def test_what_cannot_be_a_pin_is_refused_and_not_repeated(pin):
    with pytest.raises(EnrolmentError, match="a PIN has digits only") as refused:
        change_from({"pin": pin})
    assert not pin or pin not in str(refused.value)
    assert change_from({"pin": "1" * 12}).pin.get_secret_value() == "1" * 12


def test_a_pin_prints_as_stars():
    assert "2580" not in repr(change_from({"pin": "2580"}))


@pytest.mark.parametrize("use", ["one", "remove"])
def test_nobody_of_that_name_is_an_error_that_names_those_there_are(household, use):
    with pytest.raises(EnrolmentError, match="nobody called 'Cleo' is enrolled; enrolled: Ada, Bob"):
        getattr(household, use)("Cleo")


def test_somebody_removed_is_gone(gallery, household):
    assert household.remove("ADA") == "Ada"
    assert [somebody.name for somebody in gallery.people()] == ["Bob"]


def test_a_person_is_renamed_and_stays_the_same_person(gallery, household):
    before = gallery.find("Ada")
    assert household.rename("ada", " Ada  Byron ")["name"] == "Ada Byron"
    assert gallery.find("Ada Byron").id == before.id
    assert gallery.find("Ada") is None
    household.rename("ada byron", "ADA BYRON")
    assert gallery.find("ada byron").name == "ADA BYRON"


def test_a_name_that_is_taken_or_unusable_is_refused(gallery, household):
    with pytest.raises(EnrolmentError, match="somebody called 'BOB' is enrolled already"):
        household.rename("Ada", "BOB")
    with pytest.raises(EnrolmentError, match="printable"):
        household.rename("Ada", "\0")
    assert sorted(somebody.name for somebody in gallery.people()) == ["Ada", "Bob"]


def embed(_crop):
    return ONE


def imported(content, passphrase=PASSPHRASE):
    return [embedded_by("another bundle", somebody, embed) for somebody in people_in(content, passphrase)]


def test_people_are_archived_and_come_back_with_names_rights_and_faces(gallery, household, tmp_path):
    household.change("Ada", change(role=Role.GUEST, valid_until=NOON, pin="2580"))
    people = gallery.people()
    content = archived(people, PASSPHRASE)
    elsewhere = Gallery(tmp_path / "elsewhere", tmp_path / "elsewhere.key")
    assert Household(elsewhere, set(), hash_pin).admit(imported(content)) == ["Ada", "Bob"]
    for before, after in zip(people, elsewhere.people(), strict=True):
        assert (after.id, after.name, after.enrolled, after.rights) == (
            before.id,
            before.name,
            before.enrolled,
            before.rights,
        )
        assert after.bundle == "another bundle"
        assert [np.array_equal(a.crop, b.crop) for a, b in zip(before.anchors, after.anchors, strict=True)] == [True]
        assert after.anchors[0].embedding == pytest.approx(ONE, abs=1e-5)


def test_an_archive_tells_nothing_without_its_passphrase(gallery):
    people = gallery.people()
    first, second = archived(people, PASSPHRASE), archived(people, PASSPHRASE)
    assert b'"Ada"' in people[0].to_bytes()  # with its quotes: three letters chance may write, too
    assert b'"Ada"' not in first
    assert first[19:] != second[19:], "a new salt and nonce each time"
    with pytest.raises(StoreError, match="the passphrase is not the one of this archive, or the file is damaged"):
        people_in(first, PASSPHRASE + "!")


def test_a_passphrase_has_a_length(gallery):
    with pytest.raises(EnrolmentError, match="12 characters or more"):
        archived(gallery.people(), "x" * 11)
    assert people_in(archived([], "x" * 12), "x" * 12) == []


def test_a_passphrase_typed_on_another_machine_is_the_same():
    assert people_in(archived([], "Zoe\u0308" + "x" * 12), "Zoë" + "x" * 12) == []


@pytest.mark.parametrize("damage", ["cut", "longer", "head", "middle", "salt", "nonce"])
def test_an_archive_that_is_not_whole_is_refused(gallery, damage):
    content = bytearray(archived(gallery.people(), PASSPHRASE))
    match damage:
        case "cut":
            del content[-1:]
        case "longer":
            content += b"x"
        case _:
            content[{"head": 3, "middle": -100, "salt": 20, "nonce": 40}[damage]] ^= 1
    with pytest.raises(StoreError, match=r"damaged or cut short|not a file that `faceplate people export` made"):
        people_in(bytes(content), PASSPHRASE)


@pytest.mark.parametrize("content", [b"", b"faceplate people 1\n", b"PK\3\4" + b"x" * 100, b"faceplate sealed 1\n" * 9])
def test_a_foreign_file_is_refused(content):
    with pytest.raises(StoreError, match="not a file that"):
        people_in(content, PASSPHRASE)


def test_who_is_there_already_stays_as_they_are(gallery, household):
    content = archived(gallery.people(), PASSPHRASE)
    household.change("Ada", change(enabled=False))
    household.rename("Bob", "Robert")
    before = [(somebody.id, somebody.name, somebody.rights) for somebody in gallery.people()]
    assert household.admit(imported(content)) == []
    assert [(somebody.id, somebody.name, somebody.rights) for somebody in gallery.people()] == before


def test_where_one_name_is_taken_nobody_is_imported(gallery, household):
    newcomers = [person("Cleo", [ONE]), replace(person("x", [ONE]), name="ADA")]
    with pytest.raises(EnrolmentError, match="nobody was imported: others are enrolled here as ADA"):
        household.admit(newcomers)
    assert len(gallery.people()) == 2


def test_where_one_cannot_be_written_nobody_is_imported(gallery, tmp_path):
    class Filling(Gallery):
        """A disk that is full after one more person."""

        room = 1

        def save(self, somebody):
            if self.room == 0:
                raise StoreError("the disk is full")
            self.room -= 1
            super().save(somebody)

    filling = Filling(tmp_path / "people", tmp_path / "gallery.key")
    with pytest.raises(StoreError, match="the disk is full"):
        Household(filling, set(), hash_pin).admit([person("Cleo", [ONE]), person("Dan", [ONE])])
    assert [somebody.name for somebody in gallery.people()] == ["Ada", "Bob"]


def test_what_is_shown_is_json_without_hashes(household):
    household.change("Ada", change(pin="2580", duress_pin="1470", valid_until=NOON))
    text = json.dumps(household.everybody())
    assert "#" not in text
    assert household.one("Ada")["pin"] is household.one("Ada")["duress_pin"] is True
    assert household.one("Ada")["valid_until"] == "2027-01-03T12:00:00+00:00"
