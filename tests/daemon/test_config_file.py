"""config.yaml in the repository: every key there is, with its default, and none that is not.

What is left to `access.risk` is null in it, so that the word counts in a copy of the file; its default stands beside.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from faceplate.config import Config
from faceplate.config.risk import LEVELS, RULES, STANDARD
from faceplate.config_file import load_config

FILE = Path(__file__).parents[2] / "config.yaml"


def keys_of_section(section):
    for name, field in section.model_fields.items():
        yield (name,)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from ((name, *below) for below in keys_of_section(field.annotation))


def keys_of_tree(tree):
    for name, value in tree.items():
        yield (name,)
        if isinstance(value, dict):
            yield from ((name, *below) for below in keys_of_tree(value))


def value_at(thing, path):
    for name in path:
        thing = getattr(thing, name)
    return thing


def test_it_shows_every_key_in_the_order_of_the_configuration():
    assert list(keys_of_tree(yaml.safe_load(FILE.read_text()))) == list(keys_of_section(Config))


@pytest.mark.parametrize("path", [pytest.param(path, id=".".join(path)) for path in keys_of_section(Config)])
def test_its_value_is_the_default(path):
    assert value_at(load_config(FILE), path) == value_at(Config(), path)


def line_of(path):
    """The line of the file that a key stands on."""
    node = yaml.compose(FILE.read_text())
    for name in path:
        node, line = next((value, key.start_mark.line) for key, value in node.value if key.value == name)
    return FILE.read_text().splitlines()[line]


def in_tree(path):
    tree = yaml.safe_load(FILE.read_text())
    for name in path:
        tree = tree[name]
    return tree


BY_RISK = {tuple(rule.path.split(".")): rule for rule in RULES}


@pytest.mark.parametrize("path", list(keys_of_section(Config)), ids=".".join)
def test_what_is_left_to_the_risk_is_null_and_tells_its_default_and_all_else_stands_there(path):
    told = re.search(r"# by risk \(([^)]+)\)", line_of(path))
    assert bool(told) == (path in BY_RISK)
    if told:
        assert in_tree(path) is None
        assert told[1] == f"{value_at(Config(), path)}" or float(told[1]) == value_at(Config(), path)
    elif (default := value_at(Config(), path)) is not None and not isinstance(default, BaseModel | tuple | Path):
        assert in_tree(path) == default or str(in_tree(path)) == str(default)


@pytest.mark.parametrize("level", LEVELS)
def test_in_a_copy_of_it_the_risk_counts(tmp_path, level):
    copy = tmp_path / "config.yaml"
    copy.write_text(FILE.read_text())
    config = load_config(copy, [f"access.risk={level}"])
    assert {path: value_at(config, path) for path in BY_RISK} == {p: rule.value(level) for p, rule in BY_RISK.items()}
    assert (level == STANDARD) == all(value_at(config, path) == value_at(Config(), path) for path in BY_RISK)
