"""The dashboard and the blueprints: of entities, inputs and words that there are. A real Home Assistant: tests/real."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from faceplate.bridge.home_assistant.discovery import discovery
from faceplate.bridge.home_assistant.entities import Home
from faceplate.bridge.messages import Topics
from faceplate.bridge.payloads.commands import CommandName
from faceplate.bridge.payloads.events import AccessEventType
from faceplate.config.door import InputsConfig
from faceplate.events import DoorEventType
from strategies_bridge import STATUS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "home-assistant"
BLUEPRINTS = sorted((FOLDER / "blueprints" / "automation" / "faceplate").glob("*.yaml"))
ON_EVENTS = [file for file in BLUEPRINTS if file.stem != "lock_at_night"]
MOST = Home(
    "front-door",
    "Front door",
    Topics("faceplate/front-door"),
    "homeassistant",
    permitted=frozenset(CommandName),
    inputs=frozenset(InputsConfig.model_fields),
    snapshots=True,
)


class Loader(yaml.SafeLoader):
    """YAML, with Home Assistant's `!input`."""


Loader.add_constructor("!input", lambda loader, node: f"input:{loader.construct_scalar(node)}")


def test_the_dashboard_names_only_entities_that_there_are():
    text = (FOLDER / "dashboard.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["views"]
    components = json.loads(discovery(MOST, STATUS).payload)["components"].values()
    there = {component["default_entity_id"] for component in components if len(component) > 1}
    named = set(re.findall(r"\b[a-z_]+\.front_door\w*", text))
    assert len(named) > 20
    assert named <= there


def test_every_blueprint_is_on_the_page():
    page = (ROOT / "docs" / "home-assistant.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \| (?:somebody|the door|at your)", page, re.MULTILINE)
    assert all(f"| `{blueprint.stem}` |" in page for blueprint in BLUEPRINTS)


@pytest.mark.parametrize("file", BLUEPRINTS, ids=lambda file: file.stem)
def test_a_blueprint_uses_its_inputs_and_no_others(file):
    tree = yaml.load(file.read_text(encoding="utf-8"), Loader)  # noqa: S506 - safe, but for one tag
    used = set(re.findall(r"input:(\w+)", json.dumps({key: tree[key] for key in tree if key != "blueprint"})))
    assert used == tree["blueprint"]["input"].keys()


@pytest.mark.parametrize("file", BLUEPRINTS, ids=lambda file: file.stem)
def test_a_blueprint_knows_only_events_that_there_are(file):
    words = set(re.findall(r"\b(?:access|door)_(?!of\b)[a-z_]+\b", file.read_text(encoding="utf-8")))
    assert words <= {*AccessEventType, *DoorEventType, "access_"}


@pytest.mark.parametrize(
    "file", [file for file in BLUEPRINTS if file.stem != "lock_at_night"], ids=lambda file: file.stem
)
def test_what_an_event_starts_looks_at_its_age_and_whether_it_came_before(file):
    text = file.read_text(encoding="utf-8")
    tree = yaml.load(text, Loader)  # noqa: S506 - it is a safe one
    # An id that changed is another event; a state that changed is another millisecond.
    assert all(trigger["attribute"] == "id" for trigger in tree["triggers"])
    conditions = [condition["value_template"] for condition in tree["conditions"]]
    assert any("'unavailable' not in [trigger.from_state.state, trigger.to_state.state]" in each for each in conditions)
    assert any("age | float | abs <= max_age | float" in each for each in conditions)
    assert "trigger.to_state.attributes.get('ts')" in tree["variables"]["age"]
