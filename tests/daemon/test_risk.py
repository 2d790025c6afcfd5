"""One word for how careful a door is: what it sets, and what goes before it."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from faceplate.__main__ import main
from faceplate.commands.demo import FOOTAGE
from faceplate.config import Config
from faceplate.config.risk import LEVELS, RULES, STANDARD, filled, table
from faceplate.config_file import config_from, written_keys
from faceplate.errors import ConfigError
from faceplate.model.bundle import DEFAULT_BUNDLE, load_bundle
from faceplate.recognition import thresholds_of

PAGE = Path(__file__).parents[2] / "docs" / "access.md"
PATHS = [rule.path for rule in RULES]

levels = st.sampled_from([*LEVELS, None])

# Another value than any level's, for each key.
OWN = {
    "people.false_accept_rate": 1e-3,
    "people.verification_threshold": 0.4,
    "people.margin": 0.3,
    "access.frames_needed": 1,
    "access.frames_considered": 9,
    "access.lockout.failures": 7,
    "access.lockout.first": 15.0,
    "access.lockout.longest": 7200.0,
    "vision.liveness": "off",
    "access.challenge.steps": 4,
}


def at(config, path):
    for name in path.split("."):
        config = getattr(config, name)
    return config


def put(tree, path, value):
    *sections, key = path.split(".")
    for name in sections:
        tree = tree.setdefault(name, {})
    tree[key] = value


def config_with(level, own=(), left=()):
    tree: dict[str, object] = {}
    put(tree, "access.risk", level)
    for path in left:
        put(tree, path, None)
    for path in own:
        put(tree, path, OWN[path])
    return config_from(tree, base=Path(), where="the test's configuration")


@given(level=levels, own=st.sets(st.sampled_from(sorted(OWN))), left=st.sets(st.sampled_from(PATHS)))
def test_a_value_in_the_file_goes_before_the_word_and_the_word_before_the_default(level, own, left):
    config = config_with(level, own, left)
    for rule in RULES:
        assert at(config, rule.path) == (OWN[rule.path] if rule.path in own else rule.value(level or STANDARD))


def test_without_a_word_all_is_as_by_default():
    assert config_with(None) == Config()
    assert config_with(STANDARD).people == Config().people
    for rule in RULES:
        assert rule.value(STANDARD) == at(Config(), rule.path)


def test_each_level_asks_more_of_a_living_face_than_the_one_before():
    modes = [config_with(level).vision.liveness for level in LEVELS]
    assert modes == ["passive", "motion", "challenge"]


def test_each_level_is_stricter_than_the_one_before():
    """A rate, failures and frames looked at more are laxer, all else is stricter."""
    laxer = {"people.false_accept_rate", "access.lockout.failures"}
    for rule in RULES:
        if rule.path in {"vision.liveness", "access.frames_considered"}:
            continue
        numbers = [float(str(rule.value(level))) for level in LEVELS]
        assert numbers == sorted(numbers, reverse=rule.path in laxer), rule.path
    shares = [
        at(config_with(v), "access.frames_needed") / at(config_with(v), "access.frames_considered") for v in LEVELS
    ]
    assert shares == sorted(shares)


@pytest.mark.parametrize("level", LEVELS)
def test_the_bundle_that_ships_was_measured_at_every_level(level):
    found = thresholds_of(config_with(level).people, load_bundle(DEFAULT_BUNDLE))
    assert 0 < found.detection < 1


def test_what_the_levels_set_besides_stays_as_it_is():
    high = config_with("high")
    assert high.access.lockout.pin_opens == Config().access.lockout.pin_opens
    assert high.access.pin == Config().access.pin
    assert high.door == Config().door


@pytest.mark.parametrize("word", ["extreme", "HIGH", "", 3, True, ["high"], {"high": 1}])
def test_another_word_is_refused_and_nothing_else_is_complained_of(word):
    with pytest.raises(ConfigError) as refused:
        config_with(word)
    head, *faults = str(refused.value).splitlines()
    assert head.endswith("has 1 fault:")
    assert faults[0].startswith("  access.risk: ")


def test_one_of_two_that_go_together_says_that_the_other_is_wanted():
    with pytest.raises(ConfigError, match=r"frames_needed \(5\) must not exceed .* \(4\); write both, or neither"):
        config_from({"access": {"risk": "high", "frames_considered": 4}}, base=Path(), where="the file")


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda below: (
        st.lists(below, max_size=2)
        | st.dictionaries(
            st.sampled_from(["people", "access", "vision", "risk", "lockout", "margin", "x"]), below, max_size=4
        )
    ),
    max_leaves=12,
)


@given(tree=trees)
def test_whatever_the_file_holds_the_tree_is_left_as_it_was_and_nothing_written_is_lost(tree):
    before = copy.deepcopy(tree)
    after = filled(tree)
    assert tree == before
    assert contains(after, before)


def contains(after, before):
    if isinstance(before, dict):
        return isinstance(after, dict) and all(key in after and contains(after[key], before[key]) for key in before)
    return before is None or after == before


def test_what_the_file_and_the_command_line_write_is_known(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("people: {margin: 0.2, detection_threshold: null}\naccess: {lockout: {failures: 3}, risk: high}\n")
    assert written_keys(file, ["access.frames_needed=4", "people.false_accept_rate="]) == {
        "people.margin",
        "access.lockout.failures",
        "access.risk",
        "access.frames_needed",
    }


@pytest.fixture(scope="module")
def house(tmp_path_factory, runtime):
    """A configuration file, and the man of the package's footage enrolled by three frontal pictures."""
    folder = tmp_path_factory.mktemp("house")
    tree = {
        "people": {"store": "people", "key_file": "gallery.key"},
        "journal": {"path": "journal.sqlite3", "key_file": "journal.key"},
        "access": {"standing_file": "standing.json"},
        "control": {"socket": "control.sock"},
        "vision": {"runtime": runtime, "liveness": "off"},
        "log": {"level": "error"},
    }
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(tree))
    stills = map(str, sorted(FOOTAGE.glob("man-*.jpg")))
    assert main(["people", "add", "Daniel", *stills, "--config", str(file)]) == 0
    return file


@pytest.mark.parametrize(("level", "frame"), [("convenience", 1), ("standard", 2), ("high", None)])
def test_the_level_decides_at_the_door(house, capfd, level, frame):
    """He looks at the camera for three frames, then turns his head up and away."""
    film = str(FOOTAGE / "man-and-woman.mp4")
    assert main(["replay", film, "--json", "--config", str(house), "--set", f"access.risk={level}"]) == 0
    events = map(json.loads, capfd.readouterr().out.splitlines())
    assert next((e["frame"] for e in events if e["event"] == "access_granted"), None) == frame


def test_the_page_shows_the_levels():
    assert table() in PAGE.read_text(encoding="utf-8")
