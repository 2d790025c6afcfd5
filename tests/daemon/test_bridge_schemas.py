"""The published schemas: made from the code, true of every message, and untrue of wrong ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from faceplate.bridge.messages import Topics
from faceplate.bridge.payloads import asyncapi, channels, schemas
from faceplate.bridge.payloads.answers import Done, RefusalReason, Refused
from faceplate.bridge.payloads.channels import CHANNELS
from faceplate.bridge.payloads.commands import AnyRequest, CommandName
from faceplate.bridge.payloads.events import AccessEventType, SystemEventType
from faceplate.bridge.payloads.words import Availability, OnOffLine
from faceplate.bridge.states import diagnostics, states
from faceplate.events import (
    BundleEvent,
    Cause,
    CommandEvent,
    DoorEvent,
    DoorEventType,
    DoorMode,
    JournalRow,
    PeopleEvent,
)
from faceplate.journal.entries import EventsLost
from faceplate.types import Method, Outcome, Reason, Seconds
from strategies_bridge import STATUS, requests, statuses
from strategies_journal import GRANTED, decision, row_of, rows

DOCS = Path(__file__).parents[2] / "docs" / "mqtt"
BASE = "faceplate/front-door"
TOPICS = Topics(BASE)
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@cache
def validator(topic):
    """Of the schema that is published for the topic."""
    [channel] = [channel for channel in CHANNELS if channel.topic == topic]
    schema = json.loads((DOCS / asyncapi.schema_file(channel)).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def fits(topic, tree):
    return validator(topic).is_valid(tree)


def tree_of(message):
    """Topic without the base, and what is told there."""
    topic = message.topic.removeprefix(f"{BASE}/")
    return topic, json.loads(message.payload) if message.content_type else message.payload


def test_what_is_published_is_what_the_code_says():
    """If this fails: `python -m faceplate.bridge.payloads.schemas docs/mqtt`."""
    published = {path.name: path.read_text(encoding="utf-8") for path in DOCS.iterdir() if path.suffix != ".md"}
    made = schemas.documents()
    assert published.keys() == made.keys()
    # One version of pydantic writes 0.0 where another writes 0.
    assert {name: yaml.safe_load(text) for name, text in published.items()} == {
        name: yaml.safe_load(text) for name, text in made.items()
    }


def test_the_command_writes_all_of_it_and_takes_away_what_is_no_more(tmp_path):
    folder = tmp_path / "mqtt"
    schemas.main([str(folder)])
    (folder / "gone-state.schema.json").touch()
    (folder / "asyncapi.yaml").write_text("old")
    schemas.main([str(folder)])
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == schemas.documents()


def test_every_field_is_described():
    for channel in CHANNELS:
        if channel.payload is bytes:
            continue
        schema = schemas.schema_of(channel)
        for kind in (schema, *schema.get("$defs", {}).values()):
            for name, field in kind.get("properties", {}).items():
                assert field.get("description"), f"{channel.topic}: {name}"


@given(rows)
def test_every_event_and_the_states_made_of_it_fit(row):
    for message in (TOPICS.event(row), *TOPICS.access_states(row)):
        validator(tree_of(message)[0]).validate(tree_of(message)[1])


@given(statuses, st.booleans())
def test_every_state_fits(status, has_contact):
    messages = states(status, TOPICS, NOW, {}, has_contact=has_contact)
    for message in (*messages, diagnostics(status, TOPICS)):
        validator(tree_of(message)[0]).validate(tree_of(message)[1])


@pytest.mark.parametrize(
    ("event_type", "topic"),
    [
        *((kind.value, "event/access") for kind in AccessEventType),
        *((kind.value, "event/bell" if kind is DoorEventType.BELL else "event/door") for kind in DoorEventType),
        *((kind.value, "event/system") for kind in (*SystemEventType,)),
    ],
)
def test_a_damaged_row_of_every_type_fits(event_type, topic):
    row = JournalRow(1, "0" * 32, "2026-03-01T12:00:00.123Z", event_type, "?", "", "")
    assert tree_of(TOPICS.event(row))[0] == topic
    validator(topic).validate(tree_of(TOPICS.event(row))[1])


@pytest.mark.parametrize("command", CommandName)
@given(data=st.data())
def test_every_request_fits(command, data):
    validator("command").validate(data.draw(requests(command.value)))


@pytest.mark.parametrize("command", CommandName)
def test_every_answer_fits(command):
    done = Done(id="1", command=command, ok=True, result={"rows": [{"seq": 1}]})
    for answer in (
        done,
        *(Refused(id="1", command=command, ok=False, reason=why, message="") for why in RefusalReason),
    ):
        validator("response").validate(tree_of(TOPICS.response(answer))[1])


@pytest.mark.parametrize("state", Availability)
def test_the_bridges_own_states_fit(state):
    validator("availability").validate(tree_of(TOPICS.availability(state))[1])
    assert fits("daemon", state.value) == (state.value in set(OnOffLine))


DOOR = DoorEvent(DoorEventType.FAULT, Seconds(1.0), Cause.FAULT, "Zoë", mode=DoorMode.LOCKED, detail="the lock")
RIGHT = [
    *(
        tree_of(TOPICS.event(row_of(entry, delayed=2.0)))
        for entry in (
            decision(Outcome.GRANTED, Reason.VERIFIED, duress=True),
            DOOR,
            DoorEvent(DoorEventType.BELL, Seconds(1.0), Cause.CONTACT),
            CommandEvent("lock", "anna (uid 1000, pid 1)", "{}", "forbidden"),
            PeopleEvent(added=("Zoë",)),
            BundleEvent("a/1", "b/2", rolled_back=False),
            EventsLost(3),
        )
    ),
    *(tree_of(message) for message in states(STATUS | {"lockout": 9.0}, TOPICS, NOW, {}, has_contact=True)),
    *(tree_of(message) for message in TOPICS.access_states(row_of(GRANTED))),
    tree_of(diagnostics(STATUS, TOPICS)),
    tree_of(TOPICS.response(Done(id="1", command=CommandName.LOCK, ok=True, result={}))),
    tree_of(TOPICS.response(Refused(id="1", command="lock", ok=False, reason=RefusalReason.STALE, message="late"))),
    *(
        ("command", {"id": "1", "ts": "2026-03-01T12:00:00Z", "command": command, **arguments})
        for command, arguments in {
            "lock": {},
            "unlock": {"pin": "123456"},
            "mode": {"mode": "locked"},
            "set": {"setting": "margin", "value": 0.1},
            "face_unlock": {"on": True},
            "pin": {"pin": "1234"},
            "enrolment": {"seconds": 30, "name": "Zoë"},
            "clear_alarm": {},
            "restart": {},
            "journal": {"after": 0, "limit": 100},
        }.items()
    ),
]
"""One of each, with every key it may have"""

OBJECTS = [(topic, tree) for topic, tree in RIGHT if isinstance(tree, dict)]
PARTS = [(topic, tree, key) for topic, tree in OBJECTS for key in tree]


def name_of(value):
    """Of a test's argument."""
    return str(value.get("event_type") or value.get("command") or "") if isinstance(value, dict) else str(value)


MAY_BE_LEFT_OUT = {"delayed", "score", "duress", "active", "mode", "detail", "refused", "name"}


def test_there_is_a_right_one_of_every_channel():
    made = {topic for topic, _ in RIGHT} | {"availability", "daemon", "snapshot"}
    assert made == {channel.topic for channel in CHANNELS}
    assert {tree["command"] for topic, tree in RIGHT if topic == "command"} == set(CommandName)
    assert all(fits(topic, tree) for topic, tree in RIGHT)


@pytest.mark.parametrize(("topic", "tree"), OBJECTS, ids=name_of)
def test_a_key_more_does_not_fit(topic, tree):
    assert not fits(topic, tree | {"mood": "good"})


@pytest.mark.parametrize(("topic", "tree", "key"), PARTS, ids=name_of)
def test_a_key_less_fits_only_where_it_may_be_left_out(topic, tree, key):
    less = {name: value for name, value in tree.items() if name != key}
    optional = key in MAY_BE_LEFT_OUT and topic.startswith("event/")
    optional |= (topic, tree.get("command"), key) == ("command", "enrolment", "name")
    # Of lost events a damaged row says all but how many.
    optional |= (tree.get("event_type"), key) == ("events_lost", "count")
    assert fits(topic, less) == optional


@pytest.mark.parametrize(("topic", "tree", "key"), PARTS, ids=name_of)
def test_a_value_of_another_kind_does_not_fit(topic, tree, key):
    assert not fits(topic, tree | {key: [[]]})


@pytest.mark.parametrize(("topic", "state"), [right for right in RIGHT if isinstance(right[1], str)])
@pytest.mark.parametrize("wrong", ["", "nonsense", None, 1])
def test_another_word_is_no_state(topic, state, wrong):
    assert fits(topic, state)
    assert not fits(topic, wrong)


ENUMERATED = [
    ("event/access", "event_type", {kind.value for kind in AccessEventType}),
    ("event/access", "reason", {reason.value for reason in Reason}),
    ("event/access", "method", {method.value for method in Method}),
    ("event/door", "event_type", {kind.value for kind in DoorEventType} - {"bell"}),
    ("event/door", "reason", {cause.value for cause in Cause}),
    ("event/door", "mode", {mode.value for mode in DoorMode}),
    ("decision/state", "outcome", {outcome.value for outcome in Outcome} - {"nothing"}),
    ("decision/state", "reason", {reason.value for reason in Reason}),
    ("decision/state", "method", {method.value for method in Method}),
    ("person/state", "method", {method.value for method in Method}),
    ("response", "reason", {reason.value for reason in RefusalReason}),
]


@pytest.mark.parametrize(("topic", "key", "words"), [pytest.param(*each, id="-".join(each[:2])) for each in ENUMERATED])
def test_every_word_is_published_and_no_other_is(topic, key, words):
    tree = next(tree for name, tree in RIGHT if name == topic and key in tree)
    kinds = (Reason, Method, DoorEventType, Cause, DoorMode, Outcome, RefusalReason, AccessEventType, SystemEventType)
    every = {word.value for kind in kinds for word in kind} | {"ring"}
    assert {word for word in every if fits(topic, tree | {key: word})} == words


@pytest.mark.parametrize(
    ("request_", "fitting"),
    [
        *((tree, True) for topic, tree in RIGHT if topic == "command"),
        *((tree | {"ts": "2026-03-01T12:00:00"}, False) for topic, tree in RIGHT if topic == "command"),
        *((tree | {"id": ""}, False) for topic, tree in RIGHT if topic == "command"),
        *((tree | {"pin": pin}, False) for topic, tree in RIGHT if "pin" in tree for pin in ("", "12345x", 123456)),
    ],
    ids=str,
)
def test_the_schema_of_a_request_says_what_its_type_says(request_, fitting):
    assert fits("command", request_) == fitting
    try:
        TypeAdapter(AnyRequest).validate_json(json.dumps(request_))
    except ValueError:
        assert not fitting
    else:
        assert fitting


def asyncapi_document():
    return yaml.safe_load((DOCS / "asyncapi.yaml").read_text(encoding="utf-8"))


def at(document, reference):
    """What a reference in the document points to."""
    assert reference.startswith("#/")
    for part in reference[2:].split("/"):
        document = document[part]
    return document


def test_every_channel_is_in_the_asyncapi_document_with_its_retain_and_direction():
    document = asyncapi_document()
    seen = {}
    for operation in document["operations"].values():
        channel = at(document, operation["channel"]["$ref"])
        assert operation["bindings"]["mqtt"]["qos"] == 1
        topic = channel["address"].removeprefix("{base_topic}/{device_id}/")
        seen[topic] = (operation["bindings"]["mqtt"]["retain"], operation["action"] == "receive")
    assert seen == {channel.topic: (channel.retain, channel.received) for channel in CHANNELS}


def test_every_message_of_the_asyncapi_document_has_its_schema():
    document = asyncapi_document()
    for name, message in document["components"]["messages"].items():
        reference = message["payload"].get("schema", {}).get("$ref")
        assert (reference is None) == (name == "snapshot")
        assert reference is None or (DOCS / reference).is_file()


def references_in(tree):
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from [value] if key == "$ref" else references_in(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from references_in(value)


def test_every_reference_leads_somewhere():
    document = asyncapi_document()
    inner = [reference for reference in references_in(document) if reference.startswith("#")]
    assert len(inner) > len(CHANNELS)
    for reference in inner:
        at(document, reference)


def test_a_broker_is_reached_by_tls_with_a_password_or_a_certificate():
    document = asyncapi_document()
    tls = document["servers"]["tls"]
    assert (tls["protocol"], tls["protocolVersion"]) == ("secure-mqtt", "5.0")
    schemes = [at(document, security["$ref"])["type"] for security in tls["security"]]
    assert schemes == ["userPassword", "X509"]
    will = tls["bindings"]["mqtt"]["lastWill"]
    assert (will["message"], will["retain"]) == (Availability.OFFLINE.value, channels.AVAILABILITY.retain)


def test_states_are_retained_and_nothing_else_is():
    for channel in CHANNELS:
        told_once = channel.topic.startswith("event/") or channel.topic in {"command", "response"}
        assert channel.retain != told_once
        if channel.payload is not bytes:
            TypeAdapter(channel.payload)
