"""The product."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from faceplate.types import Decision, Frame, Match, Sighting


class _Camera(Protocol):
    def frames(self) -> Iterable[Frame]: ...


class _Eyes(Protocol):
    def see(self, frame: Frame) -> Sequence[Sighting]: ...


class _People(Protocol):
    def name(self, sighting: Sighting) -> Match: ...


class _Reception(Protocol):
    def decide(self, frame: Frame, matches: Sequence[Match]) -> Decision: ...


class _Journal(Protocol):
    def write(self, entry: Decision) -> None: ...


class _Door(Protocol):
    def obey(self, decision: Decision) -> None: ...


def guard(  # noqa: PLR0913, PLR0917 - each is one word of the sentence
    camera: _Camera,
    eyes: _Eyes,
    people: _People,
    reception: _Reception,
    journal: _Journal,
    door: _Door,
    show: Callable[[Frame, Sequence[Match], Decision], None],
) -> None:
    """For every frame: find the faces, name each one, decide once, write it down, and let the door obey.

    Ends when the camera gives no more frames. Any error ends it too: whoever called it locks the door.
    """
    for frame in camera.frames():
        sightings = eyes.see(frame)
        matches = [people.name(sighting) for sighting in sightings]
        decision = reception.decide(frame, matches)
        journal.write(decision)
        door.obey(decision)
        show(frame, matches, decision)
