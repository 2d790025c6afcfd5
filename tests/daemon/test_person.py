"""A person's record and the rights in it."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given

from faceplate.errors import StoreError
from faceplate.people import rights_record
from faceplate.people.person import Person
from faceplate.rights import Rights, Role
from strategies import SIZE, person
from strategies_rights import rights

ADA = person("Ada", [np.eye(SIZE, dtype=np.float32)[0]])


@given(rights)
def test_rights_come_out_of_a_record_as_they_went_in(given_rights):
    record = replace(ADA, rights=given_rights).to_bytes()
    read = Person.from_bytes(ADA.id, record)
    assert read.rights == given_rights
    assert {time.tzinfo for time in (read.rights.valid_from, read.rights.valid_until) if time} <= {UTC}
    assert Person.from_bytes(ADA.id, read.to_bytes()).rights == given_rights


def test_a_record_of_an_earlier_program_is_a_residents():
    record = json.loads(ADA.to_bytes())
    del record["rights"]
    assert Person.from_bytes("id", json.dumps(record).encode()).rights == Rights(Role.RESIDENT)


@pytest.mark.parametrize("key", [field.name for field in fields(Rights)])
def test_a_record_without_one_of_the_rules_is_not_taken_for_one_that_allows_all(key):
    tree = rights_record.to_tree(Rights())
    del tree[key]
    # What has no default is missed; what has one is in every record this program wrote.
    if key in {"role", "valid_from", "valid_until"}:
        with pytest.raises(StoreError, match="use the Faceplate that wrote it"):
            rights_record.from_tree(tree)
    else:
        assert rights_record.from_tree(tree) == Rights()


@pytest.mark.parametrize(
    "change",
    [
        {"role": "king"},
        {"curfew": "22:00"},
        {"valid_until": "soon"},
        {"valid_until": "2027-01-03T23:00:00"},
        {"valid_from": 5},
    ],
    ids=str,
)
def test_a_rule_this_program_cannot_read_is_not_left_out(change):
    with pytest.raises(StoreError, match="a sealed record holds rights this program cannot read"):
        rights_record.from_tree(rights_record.to_tree(Rights()) | change)


def test_times_are_kept_in_utc():
    tree = rights_record.to_tree(Rights(valid_until=datetime.fromisoformat("2027-01-04T00:00:00+01:00")))
    assert tree["valid_until"] == "2027-01-03T23:00:00+00:00"


@given(rights)
def test_what_is_shown_holds_everything_but_the_hashes(given_rights):
    facts = rights_record.facts_of(given_rights)
    assert set(facts) == {field.name for field in fields(Rights)}
    assert facts["pin"] is (given_rights.pin is not None)
    assert facts["duress_pin"] is (given_rights.duress_pin is not None)
    assert "scrypt" not in json.dumps(facts)


def test_hashes_are_not_in_what_is_printed():
    assert "scrypt" not in repr(replace(ADA, rights=Rights(pin="scrypt$1", duress_pin="scrypt$2")))
