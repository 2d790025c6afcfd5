"""What each row of the journal is told as over MQTT."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from faceplate.bridge.messages import Message, Topics
from faceplate.bridge.payloads.events import AccessEventType, SystemEventType
from faceplate.bridge.rows import LOCK_STATES, OUTCOMES
from faceplate.events import Cause, CommandEvent, DoorEvent, DoorEventType, DoorMode, JournalRow, PeopleEvent
from faceplate.journal import entries as written
from faceplate.types import Method, Outcome, Reason, Seconds
from strategies_journal import GRANTED, decision, row_of, rows

TOPICS = Topics("faceplate/front-door")
COMMON = {"id", "seq", "ts", "event_type", "person", "reason", "method"}


def told(row):
    """Kind of event, and what it says."""
    message = TOPICS.event(row)
    assert (message.retain, message.content_type) == (False, "application/json")
    return message.topic.removeprefix("faceplate/front-door/event/"), json.loads(message.payload)


@given(rows)
def test_an_event_says_all_that_its_row_does_and_always_the_same_seven_keys(row):
    _, event = told(row)
    facts = json.loads(row.payload)
    if "cause" in facts:
        facts["reason"] = facts.pop("cause")
    own = {"id": row.id, "seq": row.seq, "ts": row.ts, "event_type": row.event_type.replace("bell", "ring")}
    assert event == dict.fromkeys(COMMON) | facts | own


KINDS = [
    *((kind.value, "access") for kind in AccessEventType),
    *((kind.value, "bell" if kind is DoorEventType.BELL else "door") for kind in DoorEventType),
    *((kind.value, "system") for kind in SystemEventType),
]


@pytest.mark.parametrize(("event_type", "topic"), KINDS)
@pytest.mark.parametrize("payload", ["", "no JSON", "[]", "null", '"x"', "{}", "[" * 9000, '{"a":1e999}', '{"a":NaN}'])
def test_a_damaged_row_goes_out_without_details_aloud(event_type, topic, payload, caplog):
    row = JournalRow(3, "0" * 32, "2026-03-01T12:00:00.123Z", event_type, payload, "", "")
    event = {"id": "0" * 32, "seq": 3, "ts": row.ts, "event_type": event_type.replace("bell", "ring")}
    assert told(row) == (topic, event | {"person": None, "reason": None, "method": None})
    assert "row 3 of the journal is damaged" in caplog.text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("reason", "liked"),
        ("method", "charm"),
        ("method", None),
        ("score", 1.5),
        ("score", True),
        ("person", 7),
        ("duress", "no"),
        ("frame", 1.5),
        ("delayed", "long"),
    ],
)
def test_a_row_with_a_word_that_none_of_ours_has_is_damaged(key, value, caplog):
    row = row_of(GRANTED)
    forged = json.dumps(json.loads(row.payload) | {key: value})
    _, event = told(JournalRow(1, row.id, row.ts, row.event_type, forged, "", ""))
    assert event.keys() == COMMON
    assert event["person"] is None
    assert "is damaged" in caplog.text


def test_a_row_of_a_newer_version_is_the_systems_and_its_details_stay_here(caplog):
    row = JournalRow(1, "0" * 32, "", "door_flew_away", '{"person":"Zoë"}', "", "")
    topic, event = told(row)
    assert (topic, event["event_type"], event["person"]) == ("system", "door_flew_away", None)
    assert "a newer version's" in caplog.text


def test_a_key_of_a_newer_version_is_left_out():
    row = row_of(GRANTED)
    newer = json.dumps(json.loads(row.payload) | {"mood": "good"})
    assert told(JournalRow(1, row.id, row.ts, row.event_type, newer, "", "")) == told(row)


def test_a_payload_cannot_pass_for_the_rows_own_fields():
    row = row_of(GRANTED)
    forged = json.dumps(json.loads(row.payload) | {"event_type": "access_denied", "seq": 9, "id": "1", "ts": "now"})
    assert told(JournalRow(1, row.id, row.ts, row.event_type, forged, "", "")) == told(row)


def test_bytes_that_are_no_text_do_not_stop_the_bridge():
    """A name typed on a terminal of another encoding: MQTT's UTF-8 cannot hold it, and the journal can."""
    row = row_of(CommandEvent("people.remove", "anna (uid 1000, pid 1)", '{"name":"Zo\\udceb"}'))
    message = TOPICS.event(row)
    message.payload.encode()
    assert json.loads(message.payload)["arguments"] == {"name": "Zo?"}
    assert told(row_of(PeopleEvent(removed=("Zo\udceb",))))[1]["removed"] == ["Zo?"]


def test_events_are_as_the_manual_shows_them():
    row = row_of(GRANTED, seq=41)
    common = {"id": row.id, "seq": 41, "ts": row.ts}
    assert told(row) == (
        "access",
        common
        | {"event_type": "access_granted", "person": "Zoë", "reason": "verified", "method": "face"}
        | {"frame": 41, "track": 7, "score": 0.9877},
    )
    row = row_of(DoorEvent(DoorEventType.BELL, Seconds(1.0), Cause.CONTACT), seq=41)
    nobody = {"person": None, "method": None}
    assert told(row) == ("bell", common | nobody | {"event_type": "ring", "reason": "contact"})
    row = row_of(DoorEvent(DoorEventType.MODE, Seconds(1.0), Cause.COMMAND, mode=DoorMode.BLOCKED), seq=41)
    assert told(row) == (
        "door",
        common | nobody | {"event_type": "door_mode", "reason": "command", "mode": "blocked"},
    )


def test_the_words_are_the_journals():
    words = {written.COMMAND, written.PEOPLE_CHANGED, written.BUNDLE_CHANGED, written.EVENTS_LOST}
    assert {kind.value for kind in SystemEventType} == words
    assert set(OUTCOMES) == {kind.value for kind in AccessEventType}
    assert set(OUTCOMES.values()) == set(Outcome) - {Outcome.NOTHING}


@pytest.mark.parametrize(("event_type", "state"), LOCK_STATES.items())
def test_the_moves_of_the_lock_have_a_state(event_type, state):
    row = JournalRow(1, "", "", event_type, "{}", "", "")
    assert event_type.removeprefix("door_").upper() == state
    assert TOPICS.lock_state(row) == Message("faceplate/front-door/lock/state", state.value, retain=True)


def access_states(row):
    messages = TOPICS.access_states(row)
    assert all(message.retain for message in messages)
    return {message.topic.removeprefix("faceplate/front-door/"): json.loads(message.payload) for message in messages}


def test_who_was_let_in_last_and_what_was_decided():
    row = row_of(decision(Outcome.GRANTED, Reason.VERIFIED, method=Method.FACE_AND_PIN, holder="Zoë", duress=True), 7)
    person = {"person": "Zoë", "method": "face_and_pin", "reason": "verified", "ts": row.ts, "seq": 7}
    assert access_states(row) == {"person/state": person, "decision/state": person | {"outcome": "granted"}}


@pytest.mark.parametrize("outcome", [Outcome.DENIED, Outcome.WARNED])
def test_a_refusal_or_a_warning_leaves_the_last_person_as_it_is(outcome):
    row = row_of(decision(outcome, Reason.TAILGATING))
    facts = {"person": None, "method": "face", "reason": "tailgating", "ts": row.ts, "seq": 1}
    assert access_states(row) == {"decision/state": facts | {"outcome": outcome.value}}


@given(rows)
def test_only_decisions_change_the_last_one(row):
    expected = {"decision/state"} if row.event_type in OUTCOMES else set()
    if row.event_type == "access_granted" and json.loads(row.payload)["person"] is not None:
        expected.add("person/state")
    assert access_states(row).keys() == expected


@pytest.mark.parametrize("kind", AccessEventType)
def test_a_damaged_decision_is_no_state(kind):
    assert access_states(JournalRow(1, "", "", kind.value, "{}", "", "")) == {}
