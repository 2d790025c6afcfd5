"""What the trial of a bundle comes to, for people and for machines. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from faceplate.model.bundle import Manifest
from faceplate.people.comparison import Comparison
from faceplate.people.matching import Thresholds
from faceplate.shadow import Kind, Visit


@dataclass(frozen=True, slots=True)
class Trial:
    """Everything that speaks for or against a bundle."""

    before: str
    after: str
    """Labels"""

    licences: tuple[str, ...]
    thresholds_before: Thresholds | None
    thresholds_after: Thresholds
    comparison: Comparison

    visits: Sequence[Visit] | None
    """None: no clip or camera was watched"""

    warnings: tuple[str, ...]

    def dangers(self) -> list[str]:
        """Why it is refused, whatever anybody says."""
        return [*self.comparison.dangers(), *self._seen(Kind.DIFFERENT, "one of the two takes somebody for another")]

    def losses(self) -> list[str]:
        """Why it is refused, unless the owner accepts it."""
        return [*self.comparison.losses(), *self._seen(Kind.ONLY_BEFORE, "would not be recognised any more")]

    def doubts(self) -> list[str]:
        """What nobody but the owner can judge."""
        unknown = [] if self.thresholds_before else [f"{self.before} is in force, so nothing could be compared with it"]
        golden = "a bundle's golden face would be taken for somebody enrolled, by the new one only: is it them?"
        return [*unknown, *self._seen(Kind.ONLY_AFTER, "is it them?"), *[golden] * bool(self.comparison.golden)]

    def tree(self) -> dict[str, Any]:
        """For machines."""
        visits = None
        if self.visits is not None:
            counts = Counter(visit.kind for visit in self.visits)
            visits = {kind.value: counts[kind] for kind in Kind}
        return {
            "before": self.before,
            "after": self.after,
            "licences": self.licences,
            "thresholds_before": self.thresholds_before and asdict(self.thresholds_before),
            "thresholds_after": asdict(self.thresholds_after),
            "people": [asdict(person) | {"lost": person.lost} for person in self.comparison.people],
            "taken_for": self.comparison.taken_for,
            "strangers_before": self.comparison.strangers_before,
            "strangers_after": self.comparison.strangers_after,
            "visits": visits,
            "warnings": self.warnings,
            "dangers": self.dangers(),
            "losses": self.losses(),
            "doubts": self.doubts(),
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"in force: {self.before}\nnew:      {self.after}"
        yield from (f"licence: {licence}" for licence in self.licences)
        yield f"score needed: {_score(self.thresholds_before)} in force, {_score(self.thresholds_after)} new"
        for person in self.comparison.people:
            before = "?" if person.before is None else person.before
            yield (
                f"{person.name}: of {person.pictures} pictures recognised by the others: {before} in force, "
                f"{person.after} new"
            )
        yield from self._strangers()
        if self.visits is not None:
            yield from _table(self.visits)
        yield from (f"warning: {warning}" for warning in self.warnings)
        yield from (f"REFUSED: {reason}" for reason in self.dangers())
        yield from (f"LOSS: {reason}" for reason in self.losses())
        yield from (f"LOOK: {reason}" for reason in self.doubts())

    def _strangers(self) -> Iterator[str]:
        for which, found in (("in force", self.comparison.strangers_before), ("new", self.comparison.strangers_after)):
            if found is None:
                yield f"strangers, {which}: none could be held against anybody, the bundle brings no embeddings of them"
            else:
                yield f"strangers, {which}: {found[0]} of {found[1]} would be taken for somebody"

    def _seen(self, kind: Kind, what: str) -> list[str]:
        seen = [visit for visit in self.visits or () if visit.kind is kind]
        return [
            f"visit at {visit.time:.1f} s: {_names(visit.before)} in force, {_names(visit.after)} new: {what}"
            for visit in seen
        ]


WORDS = {
    Kind.BOTH: "recognised by both",
    Kind.ONLY_BEFORE: "recognised by the one in force only",
    Kind.ONLY_AFTER: "recognised by the new one only",
    Kind.DIFFERENT: "a different person for each",
    Kind.NEITHER: "recognised by neither",
}


def licences_of(manifest: Manifest) -> tuple[str, ...]:
    """Under which terms each part came, as the bundle's maker says."""
    sources = manifest.provenance.get("sources", ())
    found = [source for source in sources if isinstance(source, dict)] if isinstance(sources, list) else []
    told = [f"{source.get('role', '?')}: {source.get('licence', 'not said')}" for source in found]
    return tuple(dict.fromkeys(told)) or ("the bundle does not say",)


def _table(visits: Sequence[Visit]) -> Iterator[str]:
    counts = Counter(visit.kind for visit in visits)
    yield f"visits watched: {len(visits)}"
    for kind, words in WORDS.items():
        yield f"  {words:38}{counts[kind]:6}"


def _score(thresholds: Thresholds | None) -> str:
    return "?" if thresholds is None else f"above {thresholds.detection:.3f}"


def _names(names: frozenset[str]) -> str:
    return " and ".join(sorted(names)) or "nobody"
