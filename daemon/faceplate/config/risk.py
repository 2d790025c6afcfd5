"""`access.risk`: one word that sets, together, what makes a door careful or quick.

What the file itself gives one of these keys goes before it; a key left out, or null, is left to the word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from faceplate.config.access import AccessConfig, RiskLevel
from faceplate.config.section import Section
from faceplate.config.sensing import PeopleConfig, VisionConfig

STANDARD: Final[RiskLevel] = "standard"
LEVELS: Final[tuple[RiskLevel, ...]] = get_args(RiskLevel)

_SECTIONS: Final[Mapping[str, type[Section]]] = {
    "people": PeopleConfig,
    "access": AccessConfig,
    "vision": VisionConfig,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A key that the word sets. `standard` is the key's own default, so that it stands in one place."""

    path: str
    """Such as access.frames_needed"""

    convenience: object
    high: object

    def value(self, level: RiskLevel) -> object:
        """What the key is at a level."""
        match level:
            case "convenience":
                return self.convenience
            case "high":
                return self.high
            case "standard":
                section, _, key = self.path.partition(".")
                return _default(_SECTIONS[section](), key)


RULES: Final = (
    # The shipped table of rates ends at 5e-6: no lower rate could be shown. `high` is stricter by what else there is.
    Rule("people.false_accept_rate", convenience=1e-5, high=5e-6),
    Rule("people.verification_threshold", convenience=0.3, high=0.5),
    Rule("people.margin", convenience=0.1, high=0.2),
    Rule("access.frames_needed", convenience=2, high=5),
    Rule("access.frames_considered", convenience=4, high=7),
    Rule("access.lockout.failures", convenience=10, high=3),
    Rule("access.lockout.first", convenience=30.0, high=120.0),
    Rule("access.lockout.longest", convenience=600.0, high=3600.0),
    Rule("vision.liveness", convenience="passive", high="challenge"),
    Rule("access.challenge.steps", convenience=2, high=4),
)


def filled(tree: object) -> object:
    """The tree of a configuration file, with a value for each of these keys that the file leaves open.

    What is not as it should be in the tree is left as it is, for the sections to complain of.
    """
    if not isinstance(tree, Mapping):
        return tree
    access = tree.get("access")
    word = access.get("risk") if isinstance(access, Mapping) else None
    level = next((level for level in LEVELS if level == word), STANDARD)
    for rule in RULES:
        tree = _with(tree, rule.path.split("."), rule.value(level))
    return tree


def table() -> str:
    """The levels, as the page on access shows them."""
    rows = [[f"`{rule.path}`", *(_shown(rule.value(level)) for level in LEVELS)] for rule in RULES]
    head = [["sets", *(f"`{level}`" for level in LEVELS)], ["---"] * (len(LEVELS) + 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [*head, *rows])


def _with(tree: Any, path: list[str], value: object) -> Any:  # noqa: ANN401 - YAML
    if not isinstance(tree, Mapping):
        return tree
    key, *below = path
    if below:
        return {**tree, key: _with(tree.get(key, {}), below, value)}
    return tree if tree.get(key) is not None else {**tree, key: value}


def _default(section: object, path: str) -> object:
    for name in path.split("."):
        section = getattr(section, name)
    return section


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
