"""What enrolments added to a person, one after the other, so that the last one can be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from faceplate.people import consent, rights_record
from faceplate.people.consent import Consent
from faceplate.rights import Rights


@dataclass(frozen=True, slots=True)
class Addition:
    """What one enrolment added, and what was before."""

    pictures: int

    rights: Rights | None = field(default=None, repr=False)
    """Before; None: it left them as they were, or they were changed by hand since"""

    consent: Consent | None = None
    """Before"""

    def to_tree(self) -> dict[str, Any]:
        """As JSON has it, for a sealed record only."""
        return {
            "pictures": self.pictures,
            "rights": self.rights and rights_record.to_tree(self.rights),
            "consent": consent.to_tree(self.consent),
        }

    @classmethod
    def from_tree(cls, tree: Mapping[str, Any]) -> Self:
        """Read what `to_tree` made."""
        rights = tree["rights"] and rights_record.from_tree(tree["rights"])
        return cls(tree["pictures"], rights, consent.from_tree(tree["consent"]))


def keeping_rights(additions: Sequence[Addition]) -> tuple[Addition, ...]:
    """The same once rights were changed by hand: what an owner set, no undoing takes away."""
    return tuple(replace(addition, rights=None) for addition in additions)
