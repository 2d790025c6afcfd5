"""How the door appears in Home Assistant: one message, whose keys and words are held against Home Assistant's own."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceplate.bridge.home_assistant.controls import ENROLMENT_TIME, NEWER_KEYS
from faceplate.bridge.home_assistant.discovery import birth, discovery, removal, topic
from faceplate.bridge.home_assistant.entities import Home
from faceplate.bridge.messages import Topics
from faceplate.bridge.payloads import channels
from faceplate.bridge.payloads.channels import CHANNELS
from faceplate.bridge.payloads.commands import ClosedMode, CommandName
from faceplate.bridge.payloads.events import AccessEventType, SystemEventType
from faceplate.bridge.payloads.words import ModeState
from faceplate.config.bridge import Setting
from faceplate.config.door import InputsConfig
from faceplate.config_file import config_from
from faceplate.events import DoorEventType
from faceplate.restart import RestartReason
from faceplate.types import Outcome, Reason
from strategies_bridge import STATUS, statuses

ROOT = Path(__file__).parents[2]
TAKEN = json.loads((ROOT / "tests" / "data" / "home_assistant.json").read_text(encoding="utf-8"))
"""What Home Assistant takes"""

TOPICS = Topics("faceplate/front-door")
LEAST = Home("front-door", "Front door", TOPICS, "homeassistant")
MOST = replace(LEAST, permitted=frozenset(CommandName), inputs=frozenset(InputsConfig.model_fields), snapshots=True)
homes = st.builds(
    replace,
    st.just(LEAST),
    permitted=st.frozensets(st.sampled_from(CommandName)),
    inputs=st.frozensets(st.sampled_from(sorted(InputsConfig.model_fields))),
    snapshots=st.booleans(),
)

ENTITY_OF = {
    CommandName.UNLOCK: ("lock", "code_format"),
    CommandName.MODE: ("mode", "options"),
    CommandName.SET: ("release_time", "min"),
    CommandName.FACE_UNLOCK: ("face_unlock", "payload_on"),
    CommandName.ENROLMENT: ("start_enrolment", "command_template"),
    CommandName.CLEAR_ALARM: ("clear_alarm", "command_template"),
    CommandName.RESTART: ("restart", "command_template"),
}
"""What there is only if a command is permitted: an entity, and a key of it"""

WITHOUT_ENTITY = {
    CommandName.LOCK: "the lock is there to be looked at, too",
    CommandName.PIN: "a text entity would leave the PIN in Home Assistant's history",
    CommandName.JOURNAL: "its answer is no state",
}


def message(home=MOST, status=STATUS):
    return json.loads(discovery(home, status).payload)


def components(home=MOST, status=STATUS):
    """Those that exist."""
    return {key: component for key, component in message(home, status)["components"].items() if len(component) > 1}


def removed(home):
    return {key for key, component in message(home)["components"].items() if len(component) == 1}


def test_it_is_one_retained_message_where_home_assistant_looks():
    told = discovery(MOST, STATUS)
    assert (told.topic, told.retain) == ("homeassistant/device/front-door/config", True)
    assert birth(MOST) == "homeassistant/status"
    elsewhere = replace(MOST, prefix="ha/west")
    assert (topic(elsewhere), birth(elsewhere)) == ("ha/west/device/front-door/config", "ha/west/status")
    # As Home Assistant reads it.
    assert re.fullmatch(r"\w+/([a-zA-Z0-9_-]+)/config", told.topic.removeprefix("homeassistant/"))


@given(homes, statuses)
def test_there_is_no_key_that_home_assistant_does_not_know(home, status):
    tree = message(home, status)
    assert tree.keys() <= set(TAKEN["message"])
    assert tree["device"].keys() <= set(TAKEN["device"])
    assert tree["origin"].keys() <= set(TAKEN["origin"])
    for key, component in tree["components"].items():
        assert component.keys() - {"platform"} - NEWER_KEYS <= set(TAKEN["platforms"][component["platform"]]), key


def test_there_is_no_word_that_home_assistant_does_not_know():
    for key, component in (components(LEAST) | components(MOST)).items():
        platform = component["platform"]
        kind = component.get("device_class")
        if kind is not None:
            assert kind in [*TAKEN["device_classes"][platform]], key
        unit = component.get("unit_of_measurement")
        if kind in TAKEN["units"] and kind not in {"enum", "timestamp"}:
            assert unit in TAKEN["units"][kind], key
        assert component.get("state_class", "measurement") in TAKEN["state_classes"], key
        assert component.get("entity_category", "config") in TAKEN["entity_categories"], key
        assert not (platform in {"sensor", "binary_sensor"} and component.get("entity_category") == "config"), key


@given(homes)
def test_what_there_is_not_is_said_to_be_gone(home):
    everywhere = message(MOST)["components"].keys() | message(LEAST)["components"].keys()
    assert components(home).keys() | removed(home) == everywhere
    assert components(home).keys() & removed(home) == set()
    for key in removed(home):
        assert message(home)["components"][key].keys() == {"platform"}


def test_every_state_is_used_by_an_entity():
    written = json.dumps(message(MOST))
    for channel in CHANNELS:
        if channel is not channels.RESPONSE:
            assert f'"{TOPICS.of(channel)}"' in written, channel.topic


def test_every_topic_is_one_of_ours():
    ours = {TOPICS.of(channel) for channel in CHANNELS}
    for component in (components(LEAST) | components(MOST)).values():
        topics = {value for key, value in component.items() if key.endswith("topic")}
        assert topics <= ours
        assert {said["topic"] for said in component.get("availability", [])} <= ours


def test_every_command_is_accounted_for():
    assert ENTITY_OF.keys() | WITHOUT_ENTITY.keys() == set(CommandName)


@pytest.mark.parametrize("command", ENTITY_OF)
def test_an_entity_gives_orders_exactly_when_they_are_permitted(command):
    key, sign = ENTITY_OF[command]
    alone = replace(LEAST, permitted=frozenset({command}))
    others = replace(MOST, permitted=frozenset(CommandName) - {command})
    assert sign in components(alone)[key]
    assert sign not in components(others).get(key, {})


@pytest.mark.parametrize("commands", list(combinations(ENTITY_OF, 2)))
def test_nothing_but_the_lock_gives_orders_that_are_not_permitted(commands):
    home = replace(MOST, permitted=frozenset(commands))
    for key, component in components(home).items():
        ordered = set(re.findall(r"'command': '(\w+)'", component.get("command_template", "")))
        assert ordered <= {command.value for command in commands}, key
        assert ("command_topic" in component) == (bool(ordered) or key == "lock"), key


def test_what_cannot_be_set_is_shown():
    shown = components(LEAST)
    for setting in Setting:
        assert setting.value not in shown
        assert shown[f"{setting}_told"]["platform"] == "sensor"
    assert shown["mode_told"]["options"] == [mode.value for mode in ModeState]
    assert shown["face_unlock_told"]["platform"] == "binary_sensor"
    assert not {f"{setting}_told" for setting in Setting} & components(MOST).keys()


def test_no_order_is_retained_or_believed_before_the_door_says_so():
    for key, component in components(MOST).items():
        if "command_topic" in component:
            assert component["command_topic"] == "faceplate/front-door/command"
            assert component["retain"] is False
            assert component["qos"] == 1
            assert component["platform"] == "button" or component["optimistic"] is False, key


@given(statuses)
def test_numbers_have_the_bounds_of_the_daemon(status):
    shown = components(MOST, status)
    for setting in Setting:
        assert [shown[setting]["min"], shown[setting]["max"]] == list(status["bounds"][setting])


@pytest.mark.parametrize("bounds", [None, {}, {"margin": [0, 1]}, "none"])
def test_without_bounds_settings_are_only_shown(bounds):
    shown = components(MOST, STATUS | {"bounds": bounds})
    assert {component["platform"] for component in shown.values()}.isdisjoint({"number"})
    assert all(f"{setting}_told" in shown for setting in Setting)


def test_a_select_has_every_mode_that_can_be_told():
    assert components()["mode"]["options"] == [mode.value for mode in ModeState]
    assert set(ClosedMode) < set(components()["mode"]["options"])


def test_events_and_words_are_all_that_there_are():
    shown = components()
    assert shown["access"]["event_types"] == [kind.value for kind in AccessEventType]
    assert {*shown["events"]["event_types"], "bell"} == {kind.value for kind in DoorEventType}
    assert shown["doorbell"]["event_types"] == ["ring"]
    assert shown["system_events"]["event_types"] == [kind.value for kind in SystemEventType]
    assert shown["last_decision"]["options"] == [kind.value for kind in Outcome if kind is not Outcome.NOTHING]
    assert shown["last_reason"]["options"] == [reason.value for reason in Reason]
    assert shown["restart_reason"]["options"] == [reason.value for reason in RestartReason]


@pytest.mark.parametrize(("wired", "key"), [("contact", "door"), ("tamper", "tamper"), ("bell", "doorbell")])
def test_an_input_that_is_not_wired_has_no_entity(wired, key):
    assert key in components(replace(LEAST, inputs=frozenset({wired})))
    assert key not in components(replace(MOST, inputs=MOST.inputs - {wired}))


def test_pictures_are_shown_only_if_they_are_let_out():
    assert components(MOST)["last_picture"]["platform"] == "image"
    assert "last_picture" not in components(LEAST)


def test_an_entity_is_available_while_both_the_bridge_and_the_daemon_answer():
    tree = message()
    assert [said["topic"] for said in tree["availability"]] == [
        "faceplate/front-door/availability",
        "faceplate/front-door/daemon",
    ]
    assert tree["availability_mode"] == "all"
    for said in tree["availability"]:
        assert said["value_template"] == "{{ 'online' if value == 'online' else 'offline' }}"


def test_what_the_journal_tells_needs_the_bridge_only():
    alone = {key for key, component in components().items() if "availability" in component}
    decided = {"last_person", "last_decision", "last_reason"}
    assert alone == {"access", "events", "doorbell", "system_events", "daemon"} | decided


def test_names_are_as_home_assistant_wants_them():
    shown = components(LEAST) | components(MOST)
    assert [key for key, component in shown.items() if component["name"] is None] == ["lock"]
    for key, component in shown.items():
        name = component["name"]
        assert name is None or (name[0].isupper() and "door " not in name.lower()), key
    for home in (LEAST, MOST):
        names = [(component["platform"], component["name"]) for component in components(home).values()]
        assert len(set(names)) == len(names)


def test_ids_are_unique_and_stay():
    shown = components()
    assert len({component["unique_id"] for component in shown.values()}) == len(shown)
    assert shown["lock"]["unique_id"] == "faceplate_front-door_lock"
    assert shown["lock"]["default_entity_id"] == "lock.front_door"
    assert shown["last_person"]["default_entity_id"] == "sensor.front_door_last_person"


def test_an_id_is_the_name_in_small_letters():
    for component in (components(LEAST) | components(MOST)).values():
        if component["name"] is not None:
            words = "_".join(re.findall(r"\w+", component["name"].lower()))
            assert component["default_entity_id"] == f"{component['platform']}.front_door_{words}"


def rows():
    """The entities as the page lists them."""
    page = (ROOT / "docs" / "home-assistant.md").read_text(encoding="utf-8")
    row = r"^\| `(\w+\.front_door\w*)` \| (.*?) \| ?(.*?) ?\| (.*?) \|$"
    return {tuple(found) for found in re.findall(row, page, re.MULTILINE)}


def test_the_page_lists_them_all():
    least, most = components(LEAST), components(MOST)
    listed = set()
    for key, component in (least | most).items():
        kind = [component.get("entity_category"), None if component.get("enabled_by_default", True) else "off"]
        told = "always" if key in least and key in most else "with" if key in most else "without"
        name = component["name"] or LEAST.name
        listed.add((component["default_entity_id"], name, ", ".join(filter(None, kind)), told))
    assert {(*row[:3], row[3].split()[0]) for row in rows()} == listed


def test_the_page_says_what_each_entity_needs():
    for entity, _, _, needs in rows():
        match needs.replace("`", "").split():
            case ["with", "a", name, "input"]:
                alone, key = replace(LEAST, inputs=frozenset({name})), entity
            case ["with", "bridge.snapshot"]:
                alone, key = replace(LEAST, snapshots=True), entity
            case ["with", name]:
                alone, key = replace(LEAST, permitted=frozenset({CommandName(name)})), entity
            case ["without", name]:
                alone, key = replace(LEAST, permitted=frozenset(CommandName) - {CommandName(name)}), entity
            case _:
                alone, key = LEAST, entity
        assert key in {component["default_entity_id"] for component in components(alone).values()}, needs


def test_two_doors_have_nothing_in_common():
    other = replace(MOST, id="back-door", topics=Topics("faceplate/back-door"))
    ids = [{c[key] for c in components(home).values()} for home in (MOST, other) for key in ("unique_id",)]
    assert ids[0].isdisjoint(ids[1])
    assert topic(MOST) != topic(other)


def test_the_version_is_that_of_the_daemon_that_runs():
    home = replace(MOST, installed="0.2.0")
    assert message(home)["device"]["sw_version"] == STATUS["version"]
    assert components(home)["program"]["latest_version_template"] == "0.2.0"


def test_who_is_enrolled_by_a_button_has_a_time_that_the_daemon_takes():
    assert 0 < ENROLMENT_TIME <= 300


def test_removal_empties_all_that_is_retained():
    gone = removal(MOST)
    assert all((told.payload, told.retain) == ("", True) for told in gone)
    assert {told.topic for told in gone} == {topic(MOST)} | {TOPICS.of(c) for c in CHANNELS if c.retain}


def test_the_configuration_says_what_there_is(tmp_path):
    tree = {
        "device": {"id": "shed", "name": "Shed"},
        "door": {"inputs": {"bell": {"line": 4}}},
        "bridge": {"home_assistant": {"prefix": "ha"}, "commands": {"restart": True}, "snapshot": "enrolled"},
    }
    home = Home.of(config_from(tree, base=tmp_path, where="the test's configuration"), TOPICS)
    permitted = frozenset({CommandName.LOCK, CommandName.JOURNAL, CommandName.RESTART})
    inputs = frozenset({"bell"})
    assert home == Home("shed", "Shed", TOPICS, "ha", permitted=permitted, inputs=inputs, snapshots=True)
