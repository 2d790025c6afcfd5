"""A person's rights as JSON, in their sealed record and for people to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from faceplate.errors import StoreError
from faceplate.rights import Rights, Role

_TIMES = ("valid_from", "valid_until")
_PINS = ("pin", "duress_pin")


def to_tree(rights: Rights) -> dict[str, Any]:
    """The rights as JSON has them, with the hashes of the PINs: for a sealed record only."""
    tree = asdict(rights)
    return tree | {key: tree[key] and tree[key].astimezone(UTC).isoformat() for key in _TIMES}


def facts_of(rights: Rights) -> dict[str, Any]:
    """The rights as they may be shown: of a PIN, whether it is set."""
    tree = to_tree(rights)
    return tree | {key: tree[key] is not None for key in _PINS}


def from_tree(tree: Mapping[str, Any]) -> Rights:
    """Read what `to_tree` made.

    Raises:
        StoreError: there is a rule in it that this program does not know. It is not left out: it may be the one that
            keeps somebody from coming in.
    """
    try:
        known = dict(tree) | {"role": Role(tree["role"])} | {key: _time(tree[key]) for key in _TIMES}
        return Rights(**known)
    except (KeyError, ValueError, TypeError) as error:
        raise StoreError(
            f"a sealed record holds rights this program cannot read ({error}); use the Faceplate that wrote it"
        ) from None


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"expected a time with its zone, got {text}")
    return time.astimezone(UTC)
