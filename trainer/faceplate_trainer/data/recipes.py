"""Recipes: YAML files of sections that come with the program, each known by its name, or that somebody wrote."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TypeVar

from faceplate.config.section import Section
from faceplate.config_file import load_sections
from faceplate.errors import ConfigError

_SUFFIX = ".yaml"

_S = TypeVar("_S", bound=Section)


def shipped(kind: str = "") -> dict[str, Path]:
    """Those of a kind that come with the program, by name; `kind` is a folder below that of all recipes."""
    folder = Path(str(resources.files("faceplate_trainer"))) / "recipes" / kind
    return {file.stem: file for file in sorted(folder.glob(f"*{_SUFFIX}"))}


def load(section: type[_S], recipe: str, overrides: Sequence[str] = (), *, kind: str = "") -> _S:
    """Read a recipe by its shipped name or its file, with `overrides` such as `fit.penalty=1` laid over it.

    Raises:
        ConfigError: there is none, or any value is wrong; all faults in one message.
    """
    known, file = shipped(kind), Path(recipe)
    if recipe in known:
        # Its paths come from the command line, so they start where the user is.
        return load_sections(section, known[recipe], overrides, what="recipe", base=Path.cwd())
    if not file.exists() and file.suffix not in {_SUFFIX, ".yml"}:
        raise ConfigError(f"there is no recipe {recipe!r}: expected a YAML file or one of {', '.join(known)}")
    return load_sections(section, file, overrides, what="recipe")
