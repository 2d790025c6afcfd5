"""What an enrolment adds can be taken back, exactly; and consent goes with the person wherever they go."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.errors import EnrolmentError, StoreError
from faceplate.people import consent
from faceplate.people.archive import archived, people_in
from faceplate.people.archive_record import people_from, tree_of
from faceplate.people.consent import Consent, consent_given
from faceplate.people.gallery import Gallery
from faceplate.people.household import Household, facts_of
from faceplate.people.person import Person, with_addition, without_last_addition
from faceplate.people.rights_change import RightsChange
from faceplate.rights import Rights, Role
from full_disk import files_limited_to
from strategies import SIZE, person
from strategies_rights import rights

AXES = np.eye(SIZE, dtype=np.float32)
NOON = datetime(2027, 1, 3, 12, tzinfo=UTC)
AGREED = Consent(NOON, "1")
PASSPHRASE = "four random words here"  # noqa: S105 - it guards nothing


def anchors(count, axis=0):
    return person("x", [AXES[axis]] * count).anchors


def new(name="Ada"):
    return replace(person(name, [AXES[0]]), anchors=())


additions = st.lists(st.tuples(st.integers(1, 5), rights, st.sampled_from([None, AGREED])), min_size=1, max_size=4)


@given(additions)
def test_each_undoing_leaves_exactly_what_was_before(many):
    states: list[Person] = [new()]
    for count, theirs, agreed in many:
        before = states[-1]
        states.append(with_addition(before, replace(before, rights=theirs), anchors(count), agreed))
    now: Person | None = states.pop()
    while len(states) > 1:
        assert now is not None
        now = without_last_addition(now)
        assert now is not None
        assert now.to_bytes() == states.pop().to_bytes()
    assert now is not None
    assert without_last_addition(now) is None


def test_somebody_an_earlier_program_enrolled_keeps_what_it_added():
    old = person("Ada", [AXES[0], AXES[1]])
    more = with_addition(old, old, anchors(3))
    back = without_last_addition(more)
    assert back is not None
    assert back.to_bytes() == old.to_bytes()
    with pytest.raises(EnrolmentError, match="nothing is known of an enrolment of 'Ada'"):
        without_last_addition(back)


def test_a_record_of_an_earlier_program_loads():
    tree = json.loads(person("Ada", [AXES[0]]).to_bytes())
    del tree["consent"], tree["additions"]
    ada = Person.from_bytes("ada-id", json.dumps(tree).encode())
    assert (ada.consent, ada.additions, len(ada.anchors)) == (None, (), 1)


@given(additions)
def test_the_record_holds_all_of_it(many):
    ada = new()
    for count, theirs, agreed in many:
        ada = with_addition(ada, replace(ada, rights=theirs), anchors(count), agreed)
    again = Person.from_bytes(ada.id, ada.to_bytes())
    assert again.to_bytes() == ada.to_bytes()
    assert (again.consent, again.additions) == (ada.consent, ada.additions)


@pytest.fixture
def home(tmp_path):
    gallery = Gallery(tmp_path / "people", tmp_path / "gallery.key")
    household = Household(gallery, {"always"})
    with gallery.changing():
        gallery.save(with_addition(new(), new(), anchors(3), AGREED))
        gallery.save(person("Bob", [AXES[1]]))
    return household, gallery


def assert_same(one, other):
    """In all but the last bits of the embeddings, which are turned when they are stored and turned back."""
    for a, b in zip(one.anchors, other.anchors, strict=True):
        assert (a.crop == b.crop).all()
        assert a.embedding == pytest.approx(b.embedding, abs=1e-6)
    assert replace(one, anchors=()) == replace(other, anchors=())


def enlarge(gallery, **changed):
    ada = gallery.find("Ada")
    with gallery.changing():
        gallery.save(with_addition(ada, replace(ada, rights=replace(ada.rights, **changed)), anchors(2, 2)))
    return ada


def test_undoing_takes_the_last_enrolment_away_and_then_the_person(home):
    household, gallery = home
    before = enlarge(gallery, role=Role.CHILD)
    assert household.undo("ada") == {"name": "Ada", "undone": 2, "pictures": 3}
    assert_same(gallery.find("Ada"), before)
    assert household.undo("Ada") == {"name": "Ada", "undone": 3, "pictures": 0}
    assert gallery.find("Ada") is None
    assert gallery.find("Bob") is not None
    with pytest.raises(EnrolmentError, match="nobody called 'Ada' is enrolled"):
        household.undo("Ada")


def test_what_the_owner_set_since_is_not_undone(home):
    household, gallery = home
    enlarge(gallery, role=Role.CHILD)
    household.change("Ada", RightsChange(enabled=False))
    household.undo("Ada")
    ada = gallery.find("Ada")
    assert len(ada.anchors) == 3
    assert ada.rights == Rights(role=Role.CHILD, enabled=False)


def test_on_a_full_disk_nothing_is_undone(home):
    household, gallery = home
    enlarge(gallery)
    before = gallery.find("Ada")
    with files_limited_to(100), pytest.raises(StoreError):
        household.undo("Ada")
    assert_same(gallery.find("Ada"), before)


def test_a_person_tells_when_they_agreed_and_to_what(home):
    household, _ = home
    assert household.one("Ada")["consent"] == {"given": "2027-01-03T12:00:00+00:00", "text": "1"}
    assert facts_of(person("Bob", [AXES[0]]))["consent"] is None


def test_an_archive_carries_the_consent_and_no_undoing():
    ada = with_addition(new(), new(), anchors(2), AGREED)
    (there,) = people_in(archived([ada], PASSPHRASE), PASSPHRASE)
    assert (there.consent, there.additions) == (AGREED, ())


def test_an_archive_without_consent_is_one_that_earlier_programs_read():
    (record,) = tree_of([person("Ada", [AXES[0]])])["people"]
    assert record.keys() == {"id", "name", "enrolled", "rights", "crops"}


@pytest.mark.parametrize(
    "written",
    [
        {"given": "2027-01-03T12:00:00", "text": "1"},
        {"given": "yesterday", "text": "1"},
        {"given": "2027-01-03T12:00:00+00:00", "text": "\x1b[2J"},
        {"given": "2027-01-03T12:00:00+00:00", "text": "x" * 41},
        {"given": "2027-01-03T12:00:00+00:00"},
    ],
)
def test_a_consent_that_this_program_would_not_have_written_is_refused(written):
    tree = tree_of([with_addition(new(), new(), anchors(1), AGREED)])
    tree["people"][0]["consent"] = written
    with pytest.raises(StoreError, match="consent"):
        people_from(json.dumps(tree).encode())


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_consent_is_read_as_it_was_written(moment):
    given_then = consent_given(moment)
    assert consent.from_tree(consent.to_tree(given_then)) == given_then
    assert given_then.text == consent.VERSION


def test_the_store_is_as_before_byte_for_byte_of_everybody_else(home, tmp_path):
    household, _ = home
    (bob,) = (path for path in os.scandir(tmp_path / "people") if path.name.startswith("Bob"))
    with open(bob.path, "rb") as file:  # noqa: PTH123 - an entry of the folder
        before = file.read()
    household.undo("Ada")
    with open(bob.path, "rb") as file:  # noqa: PTH123
        assert file.read() == before
