"""What is written of each entry: every kind of each, by enumeration."""

import json
from dataclasses import replace

import pytest

from faceplate.events import BundleEvent, Cause, CommandEvent, DoorEvent, DoorEventType, DoorMode, PeopleEvent
from faceplate.journal.entries import LASTING, EventsLost, canonical, describe
from faceplate.types import Decision, Method, Outcome, Reason, Seconds
from strategies_journal import decision

DENIAL = {"frame": 41, "method": "face", "track": 7}
BEGIN_AND_END = {
    "door_forced_open",
    "door_open_too_long_warning",
    "door_open_too_long",
    "door_tamper",
    "door_fault",
    "door_jammed",
}


def test_another_bundle():
    described = describe(BundleEvent("a/1", "b/2", rolled_back=True))
    assert described == ("bundle_changed", {"before": "a/1", "now": "b/2", "rolled_back": True})


def test_a_grant_has_person_and_score():
    assert describe(decision(Outcome.GRANTED, Reason.VERIFIED)) == (
        "access_granted",
        DENIAL | {"person": "Zoë", "reason": "verified", "score": 0.9877},
    )


@pytest.mark.parametrize(("outcome", "kind"), [(Outcome.DENIED, "denied"), (Outcome.WARNED, "warning")])
@pytest.mark.parametrize("reason", sorted(set(Reason) - {Reason.SPOOF_SUSPECTED}))
def test_of_a_stranger_neither_score_nor_likeness_is_written(outcome, kind, reason):
    assert describe(decision(outcome, reason, person="whom they look like")) == (
        f"access_{kind}",
        DENIAL | {"person": None, "reason": reason.value},
    )


def test_a_spoof_is_an_event_of_its_own_that_names_what_said_so_and_nobody():
    spoof = decision(Outcome.DENIED, Reason.SPOOF_SUSPECTED, person="whom it shows")
    assert spoof.match is not None
    seen = replace(spoof.match, sighting=replace(spoof.match.sighting, cues=("flat", "screen")))
    facts = DENIAL | {"person": None, "reason": "spoof_suspected", "cues": ["flat", "screen"]}
    assert describe(replace(spoof, match=seen)) == ("spoof_suspected", facts)


@pytest.mark.parametrize("reason", sorted(set(Reason) - {Reason.SPOOF_SUSPECTED}))
def test_a_known_person_who_was_refused_is_named_without_score(reason):
    assert describe(decision(Outcome.DENIED, reason, holder="Ann")) == (
        "access_denied",
        DENIAL | {"person": "Ann", "reason": reason.value},
    )


@pytest.mark.parametrize("reason", list(Reason))
def test_what_changes_nothing_is_not_written(reason):
    assert describe(decision(Outcome.NOTHING, reason, duress=True)) is None


@pytest.mark.parametrize("method", list(Method))
def test_a_pin_has_neither_frame_nor_track(method):
    by_pin = Decision(None, Seconds(1.0), Outcome.GRANTED, Reason.VERIFIED, method=method, holder="Ann")
    facts = {"frame": None, "method": method.value, "person": "Ann", "reason": "verified", "track": None}
    assert describe(by_pin) == ("access_granted", facts)


@pytest.mark.parametrize("outcome", [Outcome.GRANTED, Outcome.DENIED, Outcome.WARNED])
def test_duress_is_said_only_where_there_is_some(outcome):
    described = describe(decision(outcome, Reason.VERIFIED, duress=True))
    assert described is not None
    assert described[1]["duress"] is True
    calm = describe(decision(outcome, Reason.VERIFIED))
    assert calm is not None
    assert "duress" not in calm[1]


def test_every_outcome_has_its_event_type_or_none():
    types = {outcome: (describe(decision(outcome, Reason.VERIFIED)) or (None,))[0] for outcome in Outcome}
    assert types == {
        Outcome.GRANTED: "access_granted",
        Outcome.DENIED: "access_denied",
        Outcome.WARNED: "access_warning",
        Outcome.NOTHING: None,
    }


@pytest.mark.parametrize("cause", list(Cause))
@pytest.mark.parametrize("kind", list(DoorEventType))
def test_every_door_event_of_every_cause_is_written(kind, cause):
    lasting = {"active": True} if kind.value in BEGIN_AND_END else {}
    assert describe(DoorEvent(kind, Seconds(1.0), cause, "Ann")) == (
        kind.value,
        {"cause": cause.value, "person": "Ann"} | lasting,
    )


@pytest.mark.parametrize("kind", sorted(LASTING))
def test_what_is_over_says_so(kind):
    described = describe(DoorEvent(kind, Seconds(1.0), Cause.CONTACT, active=False))
    assert described == (kind.value, {"active": False, "cause": "contact", "person": None})


def test_what_begins_and_ends_is_what_is_marked_so():
    assert {kind.value for kind in LASTING} == BEGIN_AND_END


@pytest.mark.parametrize("mode", list(DoorMode))
def test_a_new_mode_is_named(mode):
    event = DoorEvent(DoorEventType.MODE, Seconds(1.0), Cause.COMMAND, mode=mode)
    assert describe(event) == ("door_mode", {"cause": "command", "mode": mode.value, "person": None})


def test_a_fault_says_what_does_not_work():
    event = DoorEvent(DoorEventType.FAULT, Seconds(1.0), Cause.FAULT, detail="the camera")
    facts = {"active": True, "cause": "fault", "detail": "the camera", "person": None}
    assert describe(event) == ("door_fault", facts)


def test_a_command_is_written_with_who_gave_it():
    event = CommandEvent("unlock", "anna (uid 1000, pid 4711)", '{"for":5}')
    facts = {"arguments": {"for": 5}, "by": "anna (uid 1000, pid 4711)", "command": "unlock"}
    assert describe(event) == ("command", facts)


def test_a_refused_command_says_why():
    described = describe(CommandEvent("unlock", "bob", "{}", "not an operator"))
    assert described == ("command", {"arguments": {}, "by": "bob", "command": "unlock", "refused": "not an operator"})


def test_a_change_of_people_names_them():
    described = describe(PeopleEvent(added=("Ann", "Bo"), removed=("Cy",)))
    assert described == ("people_changed", {"added": ["Ann", "Bo"], "changed": [], "removed": ["Cy"]})


def test_lost_events_are_counted():
    assert describe(EventsLost(12)) == ("events_lost", {"count": 12})


def test_the_same_facts_give_the_same_text():
    assert canonical({"b": 1, "a": "Zoë"}) == canonical({"a": "Zoë", "b": 1}) == '{"a":"Zoë","b":1}'


def test_bytes_that_are_no_text_are_written_as_json():
    text = canonical({"name": b"caf\xe9".decode("utf-8", "surrogateescape")})
    assert text == r'{"name":"caf\udce9"}'
    assert json.loads(text) == {"name": "caf\udce9"}
