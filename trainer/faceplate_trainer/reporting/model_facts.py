"""What the page tells of the model and of where everything came from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from faceplate.model.bundle import Bundle

_LIMITS = re.compile(r"^## Known limits\s*\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def known_limits(bundle: Bundle) -> tuple[str, ...]:
    """The points under "Known limits" in the bundle's model card, as plain text; none where it has no such part."""
    card = bundle.files.get("MODEL_CARD.md", b"").decode("utf-8", errors="replace")
    found = _LIMITS.search(card)
    points = re.split(r"^\* ", found[1], flags=re.MULTILINE) if found else []
    return tuple(" ".join(point.replace("**", "").replace("`", "").split()) for point in points if point.strip())


def flat(tree: Mapping[str, Any], path: str = "") -> Iterable[tuple[str, str]]:
    """Nested values as rows of a table: "head bias" and "26.152"; lists of more than a few things by their length."""
    for key, value in tree.items():
        name = f"{path} {key}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            yield from flat(value, name)
        elif isinstance(value, list) and len(value) > 8:  # noqa: PLR2004 - more do not fit a line
            yield name, f"{len(value):,} values"
        elif isinstance(value, list):
            yield name, ", ".join(map(str, value))
        else:
            yield name, f"{value:.5g}" if isinstance(value, float) else str(value)
