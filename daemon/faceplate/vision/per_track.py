"""What is remembered of each track, for as long as it lasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from faceplate.types import Seconds, TrackId
from faceplate.vision.tracker import LOST_AFTER

T = TypeVar("T")


@dataclass(slots=True)
class _Kept(Generic[T]):
    memory: T
    seen: Seconds


class PerTrack(Generic[T]):
    """One memory for each track; it begins anew with the track, and goes with it."""

    def __init__(self, make: Callable[[], T]) -> None:
        """Remember nothing yet; `make` gives the memory that a track begins with."""
        self._make = make
        self._kept: dict[TrackId, _Kept[T]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, track: TrackId, time: Seconds) -> T:
        """The memory of a track that is seen now; those of tracks that were lost are dropped.

        A clock that goes back drops them all.
        """
        self._kept = {one: kept for one, kept in self._kept.items() if 0 <= time - kept.seen <= LOST_AFTER}
        kept = self._kept.setdefault(track, _Kept(self._make(), time))
        kept.seen = time
        return kept.memory
