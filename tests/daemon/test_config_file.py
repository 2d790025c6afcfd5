"""config.yaml in the repository: every key there is, with its default, and none that is not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from faceplate.config import Config
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
