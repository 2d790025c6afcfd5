"""What somebody agrees to before their face is kept, and that they did."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from faceplate.errors import StoreError

VERSION: Final = "1"
"""Of the text; another text has another version, so that it can be told who agreed to what"""

TEXT: Final = (
    "This door will recognise you by your face. For that it keeps up to 20 small pictures of your face and numbers "
    "made from them, encrypted, on this device only; they are sent to nobody. When you come to the door it writes down "
    "that you came and when. Whoever runs this door can show you what is kept, and erases it when you ask: "
    "`faceplate people remove`. You may say no, and use a key or a PIN instead."
)

_LONGEST = 40
"""Characters of a version"""


@dataclass(frozen=True, slots=True)
class Consent:
    """Somebody agreed."""

    given: datetime
    """Aware, UTC"""

    text: str
    """Version of what they agreed to"""


def consent_given(now: datetime) -> Consent:
    """Somebody agreed to the present text just now."""
    return Consent(now.astimezone(UTC).replace(microsecond=0), VERSION)


def to_tree(consent: Consent | None) -> dict[str, Any] | None:
    """As JSON has it."""
    if consent is None:
        return None
    return {"given": consent.given.astimezone(UTC).isoformat(), "text": consent.text}


def from_tree(tree: Mapping[str, Any] | None) -> Consent | None:
    """Read what `to_tree` made.

    Raises:
        StoreError: it is something else.
    """
    if tree is None:
        return None
    match tree:
        case {"given": str(given), "text": str(text)} if text.isprintable() and len(text) <= _LONGEST:
            with suppress(ValueError):
                if (time := datetime.fromisoformat(given)).tzinfo is not None:
                    return Consent(time.astimezone(UTC), text)
    raise StoreError("a record holds a consent that this program cannot read; use the Faceplate that wrote it")
